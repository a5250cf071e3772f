//! The manual pages in `assets/man/` are those of the program: they are made again from its definition and compared.
//!
//! `RENEW_MAN=1 cargo test --test it man` writes them.

use std::{collections::BTreeMap, fs, path::Path};

use ahtop::{
    app::{Context, Keymap, command::COMMANDS},
    cli,
    config::VARIABLES,
    exit::Exit,
};
use clap_mangen::Man;

/// Each page by its name.
fn pages() -> BTreeMap<String, String> {
    // The page is the long help: what the short one leaves out has its text here.
    let program = cli::command().mut_args(|arg| arg.hide_short_help(false)).disable_help_subcommand(true);
    let mut pages = BTreeMap::new();
    add(&mut pages, program, &[]);
    pages
}

/// The page of `command`, which stands below `above`, and of what is below it.
fn add(pages: &mut BTreeMap<String, String>, command: clap::Command, above: &[&str]) {
    let path: Vec<&str> = above.iter().copied().chain([command.get_name()]).collect();
    let (name, words) = (path.join("-"), path.join(" "));
    for sub in command.get_subcommands().filter(|s| !s.is_hide_set()) {
        add(pages, sub.clone(), &path);
    }
    // Only a version knows when it was made; a date would differ each day.
    let man = Man::new(command.clone().display_name(name.clone()).bin_name(&words));
    let man = man.title(name.to_uppercase()).source(format!("ahtop {}", env!("CARGO_PKG_VERSION"))).manual("ahtop");
    let mut page = Vec::new();
    man.render_title(&mut page).unwrap();
    man.render_name_section(&mut page).unwrap();
    // All of the program's own flags there would hide what there is to see.
    let usage = command.clone().bin_name(&words).render_usage().to_string();
    let usage = usage.trim_start_matches("Usage: ").trim_start_matches(&words);
    page.extend(format!(".SH SYNOPSIS\n\\fB{}\\fR{}\n", roff(&words), roff(usage)).into_bytes());
    man.render_description_section(&mut page).unwrap();
    if command.get_arguments().any(|a| !a.is_hide_set()) {
        man.render_options_section(&mut page).unwrap();
    }
    if command.get_subcommands().any(|s| !s.is_hide_set()) {
        man.render_subcommands_section(&mut page).unwrap();
    }
    let mut page = once_each(&String::from_utf8(page).unwrap());
    if above.is_empty() {
        surroundings(&mut page);
        keys(&mut page);
        let subs: Vec<String> = pages.keys().map(|name| format!(".BR {}", reference(name))).collect();
        page.push_str(&format!(".SH \"SEE ALSO\"\n{}\n", subs.join(",\n")));
    } else {
        page.push_str(".SH \"SEE ALSO\"\n.BR ahtop (1)\nhas the options that set the configuration, the ");
        page.push_str("environment variables and the exit codes.\n");
    }
    pages.insert(name, page);
}

/// The page with the definitions in front alone: each part came with them.
fn once_each(page: &str) -> String {
    let (mut seen, mut out) = (Vec::new(), String::new());
    for line in page.lines() {
        if line.starts_with(".ie ") || line.starts_with(".el ") {
            if seen.contains(&line) {
                continue;
            }
            seen.push(line);
        }
        out.extend([line, "\n"]);
    }
    out
}

fn reference(name: &str) -> String {
    format!("{} (1)", roff(name))
}

/// The variables and the exit codes, and the files.
fn surroundings(page: &mut String) {
    page.push_str(".SH ENVIRONMENT\nBeside the variables that are named with the options:\n");
    for (name, meaning) in VARIABLES {
        page.push_str(&format!(".TP\n\\fB{}\\fR\n{}\n", roff(name), roff(meaning)));
    }
    page.push_str(".SH \"EXIT STATUS\"\n");
    for (exit, meaning) in Exit::TABLE {
        page.push_str(&format!(".TP\n\\fB{}\\fR\n{}\n", exit.code(), roff(meaning)));
    }
    page.push_str(".TP\n\\fB128+n\\fR\nended by signal n\n.SH FILES\n");
    for (command, text) in [
        ("ahtop config path", "says where the configuration file is; ahtop config init writes one to start from."),
        ("ahtop doctor", "says where the store and the log are."),
    ] {
        page.push_str(&format!(".PP\n\\fB{}\\fR {}\n", roff(command), roff(text)));
    }
}

/// What the keys of the dashboard do, and the commands behind `:`.
fn keys(page: &mut String) {
    page.push_str(".SH KEYS\n");
    page.push_str("Keys of the tables can be changed in [ui.keys], where the actions have the names below.\n");
    let keymap = Keymap::default();
    for context in Context::ALL {
        page.push_str(&format!(".SS \"{}\"\n", roff(context.title())));
        for binding in keymap.bindings().iter().filter(|b| b.context == context) {
            let keys = binding.keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
            page.push_str(&format!(".TP\n\\fB{}\\fR\n{}\n", roff(&keys), roff(binding.help)));
        }
    }
    page.push_str(".SS \"Actions for [ui.keys]\"\n");
    let mut names: Vec<&str> = Vec::new();
    for name in keymap.bindings().iter().filter_map(|b| b.action.name()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    page.push_str(&format!("{}\n", roff(&names.join(", "))));
    page.push_str(".SS \"Commands behind :\"\n");
    for (name, takes, sentence) in COMMANDS {
        page.push_str(&format!(".TP\n\\fB{}\\fR {}\n{}\n", roff(name), roff(takes), roff(sentence)));
    }
}

/// Text that roff takes for nothing else.
fn roff(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('"', "\\(dq");
    // A dot or a quote at the beginning of a line would be a command.
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}

#[test]
fn the_manual_pages_are_current() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/man");
    let made = pages();
    if std::env::var_os("RENEW_MAN").is_some() {
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        made.iter().for_each(|(name, page)| fs::write(dir.join(format!("{name}.1")), page).unwrap());
    }
    let file = |e: fs::DirEntry| {
        (e.file_name().into_string().unwrap().replace(".1", ""), fs::read_to_string(e.path()).unwrap())
    };
    let kept: BTreeMap<String, String> = fs::read_dir(&dir).unwrap().map(|e| file(e.unwrap())).collect();
    for name in made.keys().chain(kept.keys()) {
        assert!(
            made.get(name) == kept.get(name),
            "assets/man/{name}.1 is not what the program says: `RENEW_MAN=1 cargo test --test it man`, then look at the \
             difference"
        );
    }
}

#[test]
fn the_pages_have_every_command_flag_key_and_exit_code() {
    let pages = pages();
    let page = &pages["ahtop"];
    for key in ahtop::config::KEYS.iter().filter(|k| k.flag.is_some()) {
        let words = key.doc.split_whitespace().next().unwrap();
        let flag = key.flag.unwrap().replace('-', "\\-");
        let mut places = page.match_indices(&flag);
        let told = places.any(|(at, _)| page[at..].lines().skip(1).take(2).any(|l| l.contains(words)));
        assert!(told, "{flag} has no text");
    }
    for text in ["AHTOP_API_KEY", ".SH \"EXIT STATUS\"", ".SH KEYS", "\\fBCtrl\\-C\\fR", "next_look", "\\fBgroup\\fR"] {
        assert!(page.contains(text), "{text}\n{page}");
    }
    assert!(pages["ahtop-once"].contains("\\-\\-strict"));
    for (name, page) in &pages {
        assert_eq!(page.matches(".TH").count(), 1, "{name}");
        assert!(page.contains(".SH SYNOPSIS\n\\fBahtop"), "{name}\n{page}");
        assert!(page.contains(".SH \"SEE ALSO\""), "{name}");
    }
    for name in ["ahtop-config-init", "ahtop-history-export", "ahtop-config"] {
        assert!(pages.contains_key(name), "{name}");
    }
    assert!(!pages.contains_key("ahtop-man"));
}

/// What a reader of the pages sees, where the program that shows them is there.
#[test]
fn groff_finds_nothing_wrong_with_the_pages() {
    let dir = tempfile::tempdir().unwrap();
    for (name, page) in pages() {
        let path = dir.path().join(&name);
        fs::write(&path, page).unwrap();
        let Ok(output) = std::process::Command::new("groff").args(["-man", "-ww", "-Tutf8"]).arg(&path).output() else {
            return;
        };
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && said.is_empty(), "{}: {said}", path.display());
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(shown.contains(&format!("{}(1)", name.to_uppercase())), "{shown}");
    }
}
