//! README and handbook say what the program does: their commands and configurations are read by the program, their
//! reference pages are made from it, their links lead somewhere, and their words are those of the glossary.
//!
//! `AHTOP_UPDATE_DOCS=1 cargo test --test it docs` writes the generated pages and blocks anew.

mod generated;

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use crate::words;
use ahtop::{
    cli::Cli,
    commands,
    config::{Env, Overrides},
};

/// The pages that are made from the program as a whole, and speak with its words.
const GENERATED: [&str; 3] = ["configuration.md", "command-line.md", "keys.md"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn book() -> PathBuf {
    root().join("docs/src")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn markdown_in(dir: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.extension().is_some_and(|e| e == "md"));
    found.sort();
    found
}

/// README and the book.
fn manual() -> Vec<PathBuf> {
    std::iter::once(root().join("README.md")).chain(markdown_in(&book())).collect()
}

/// A fenced block with the line that it begins in.
struct Block {
    info: String,
    line: usize,
    text: String,
}

fn blocks(text: &str) -> Vec<Block> {
    let mut out: Vec<Block> = Vec::new();
    let mut indent = None;
    for (number, line) in (1..).zip(text.lines()) {
        let inner = line.trim_start();
        match (inner.strip_prefix("```"), indent) {
            (Some(info), None) => {
                indent = Some(line.len() - inner.len());
                out.push(Block { info: info.to_owned(), line: number, text: String::new() });
            }
            (Some(_), Some(_)) => indent = None,
            (None, Some(indent)) => {
                let block = out.last_mut().unwrap();
                block.text.push_str(line.get(indent..).unwrap_or(inner));
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(indent.is_none(), "a block without an end");
    out
}

/// What was written by hand, without code: no blocks, no indented lines, no code spans, no comments.
fn prose(text: &str) -> String {
    let mut out = String::new();
    let (mut fenced, mut made) = (false, false);
    for line in text.lines() {
        if line.starts_with("<!-- generated") || line.starts_with("<!-- /generated") {
            made = line.starts_with("<!-- generated");
        } else if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced && !made && !line.starts_with("    ") && !line.starts_with("<!--") {
            // What stands between the first and the second tick is code, between the second and the third is not.
            out.extend(line.split('`').step_by(2));
        }
        out.push('\n');
    }
    out
}

#[test]
fn the_readme_is_short() {
    let lines = read(&root().join("README.md")).lines().count();
    assert!(lines <= 150, "{lines} lines: the rest belongs into docs/src");
}

/// The configurations of the manual, each with its place, and with an account where it names none. A theme is a file of
/// its own, which the configuration names.
pub(crate) fn configurations() -> Vec<(String, String, Option<String>)> {
    let mut out = Vec::new();
    for page in manual() {
        for block in blocks(&read(&page)) {
            let place = format!("{}:{}", page.display(), block.line);
            let (mut text, theme) = match block.info.as_str() {
                "toml" => (block.text, None),
                "toml,theme" => ("[ui]\ntheme = \"mine.toml\"\n".to_owned(), Some(block.text)),
                other => {
                    assert!(!other.contains("toml"), "{place}: {other}");
                    continue;
                }
            };
            if !text.contains("[account]") {
                text.insert_str(0, "[account]\nname = \"acme\"\nuser_name = \"acme\"\n");
            }
            out.push((place, text, theme));
        }
    }
    assert!(out.len() > 10, "{}", out.len());
    out
}

#[test]
fn every_configuration_in_the_manual_is_one() {
    let dir = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    };
    // The files that the examples name.
    put("roster.csv", "id,label,group\nx@acme.example,X,north\n");
    put("api_key", "secret\n");
    put("mine.toml", "base = \"dark\"\n");
    let env = Env::of(Vec::<(String, String)>::new()).with_dirs(dir.path(), dir.path());
    for (place, text, theme) in configurations() {
        if let Some(theme) = theme {
            put("mine.toml", &theme);
        }
        match commands::load(&Overrides::with_config(put("config.toml", &text)), &env) {
            Ok(loaded) => assert!(loaded.warnings.is_empty(), "{place}: {:?}", loaded.warnings),
            Err(errors) => panic!("{place}: {errors}"),
        }
    }
}

/// The commands in a line of a shell, each as its words. Quotes are understood, a comment ends the line, and what
/// stands in `$(…)` is a command of its own.
fn shell(line: &str) -> Vec<Vec<String>> {
    let mut out = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = line.chars().peekable();
    fn end(word: &mut Option<String>, out: &mut [Vec<String>]) {
        if let (Some(word), Some(last)) = (word.take(), out.last_mut()) {
            last.push(word);
        }
    }
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('$', _) if chars.peek() == Some(&'(') => {
                let inner: String = chars.by_ref().skip(1).take_while(|c| *c != ')').collect();
                out.splice(0..0, shell(&inner));
                word.get_or_insert_default().push_str("SUBSTITUTED");
            }
            (c, Some(q)) if c == q => quote = None,
            (c, Some(_)) => word.get_or_insert_default().push(c),
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            ('#', None) if word.is_none() => break,
            (c, None) if c.is_whitespace() => end(&mut word, &mut out),
            ('|' | ';' | '&', None) => {
                end(&mut word, &mut out);
                out.push(Vec::new());
            }
            // What follows is a file: it is in no command's words.
            ('>' | '<', None) => {
                end(&mut word, &mut out);
                out.push(vec!["file".to_owned()]);
            }
            (c, None) => word.get_or_insert_default().push(c),
        }
    }
    end(&mut word, &mut out);
    out
}

/// The words of a command from `ahtop` on, if it is that.
fn of_ahtop(words: &[String]) -> Option<Vec<String>> {
    let wrappers = ["sudo", "$"];
    let begin = words.iter().position(|w| !w.contains('=') && !wrappers.contains(&w.as_str()))?;
    match words.get(begin..)? {
        [cargo, rest @ ..]
            if cargo == "cargo" && rest.iter().any(|w| w == "--") && rest.contains(&"run".to_owned()) =>
        {
            // An example of the sources has a command line of its own.
            (!rest.contains(&"--example".to_owned())).then(|| {
                let args = rest.iter().skip_while(|w| *w != "--").skip(1).cloned();
                std::iter::once("ahtop".to_owned()).chain(args).collect()
            })
        }
        [name, ..] if name == "ahtop" || name.ends_with("/ahtop") => Some(words.get(begin..)?.to_vec()),
        _ => None,
    }
}

/// Panics unless the program takes these words; help and version are fine.
fn must_be_read(words: &[String], place: &str) {
    if let Err(e) = Cli::read(words) {
        assert_eq!(e.exit_code(), 0, "{place}: {}\n{e}", words.join(" "));
    }
}

#[test]
fn every_command_in_the_manual_is_one() {
    let mut seen = 0;
    for page in manual() {
        let (name, text) = (page.display().to_string(), read(&page));
        for block in blocks(&text).iter().filter(|b| ["sh", "console", "bash"].contains(&b.info.as_str())) {
            for line in block.text.lines() {
                for words in shell(line).iter().filter_map(|words| of_ahtop(words)) {
                    must_be_read(&words, &format!("{name}:{}", block.line));
                    seen += 1;
                }
            }
        }
        if GENERATED.iter().any(|name| page.ends_with(name)) {
            // Its headings name commands without what they need.
            continue;
        }
        // Commands in sentences; one with a word in capitals is a pattern.
        let fenceless: String = {
            let mut fenced = false;
            let keep = |line: &&str| {
                let fence = line.trim_start().starts_with("```");
                fenced ^= fence;
                !fenced && !fence
            };
            text.lines().filter(keep).flat_map(|line| [line, "\n"]).collect()
        };
        for span in fenceless.split('`').skip(1).step_by(2).filter(|span| span.starts_with("ahtop ")) {
            let pattern = |w: &String| w.len() > 2 && w.chars().all(|c| c.is_ascii_uppercase());
            // A table escapes its own sign.
            let commands = shell(&span.replace("\\|", "|"));
            for words in commands.iter().filter_map(|words| of_ahtop(words)).filter(|words| !words.iter().any(pattern))
            {
                must_be_read(&words, &name);
                seen += 1;
            }
        }
    }
    assert!(seen > 60, "{seen}");
}

/// What a service manager, sshd or a key starts.
#[test]
fn every_installed_command_line_is_one() {
    let units =
        ["ahtop.service", "ahtop-wall@.service", "ahtop-listen.conf"].map(|name| root().join("assets").join(name));
    let mut seen = 0;
    for file in manual().into_iter().chain(units) {
        for line in read(&file).lines() {
            let Some((_, rest)) = line.split_once("/usr/local/bin/ahtop ") else { continue };
            let args = rest.split('"').next().unwrap();
            let words: Vec<String> =
                std::iter::once("ahtop").chain(args.split_whitespace()).map(str::to_owned).collect();
            must_be_read(&words, &file.display().to_string());
            seen += 1;
        }
    }
    assert!(seen >= 4, "{seen}");
}

/// The anchor of a heading, as hosts of sources and mdbook make it.
fn slug(heading: &str) -> String {
    let plain = heading.to_lowercase().replace(' ', "-");
    plain.chars().filter(|c| c.is_alphanumeric() || ['-', '_'].contains(c)).collect()
}

fn anchors(text: &str) -> BTreeSet<String> {
    let mut fenced = false;
    let mut out = BTreeSet::new();
    for line in text.lines() {
        fenced ^= line.trim_start().starts_with("```");
        if !fenced && line.starts_with('#') {
            out.insert(slug(line.trim_start_matches('#').trim()));
        }
    }
    out
}

#[test]
fn links_lead_somewhere() {
    let mut seen = 0;
    for page in markdown_in(&root()).into_iter().chain(markdown_in(&book())) {
        let text = read(&page);
        for link in prose(&text).split("](").skip(1) {
            let link = link.split(')').next().unwrap();
            if link.starts_with("https://") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let to = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            assert!(to.exists(), "{}: {link}", page.display());
            // As a book the pages stand alone: a link to Markdown elsewhere would become one to a page that is not there.
            let leaves = page.starts_with(book()) && file.contains("../") && file.ends_with(".md");
            assert!(!leaves, "{}: {link}", page.display());
            assert!(anchor.is_empty() || anchors(&read(&to)).contains(anchor), "{}: no {link}", page.display());
            seen += 1;
        }
    }
    assert!(seen > 40, "{seen}");
}

#[test]
fn the_contents_list_every_page_once() {
    let contents = read(&book().join("SUMMARY.md"));
    for page in markdown_in(&book()) {
        let name = page.file_name().unwrap().to_str().unwrap();
        let times = contents.matches(&format!("]({name})")).count();
        assert_eq!(times, usize::from(name != "SUMMARY.md"), "{name}");
    }
}

/// One word for one thing: these are what the glossary's words replaced. Keys and names of the program are code.
#[test]
fn the_manual_uses_the_words_of_the_glossary() {
    for page in manual() {
        for (number, line) in (1..).zip(prose(&read(&page)).lines()) {
            let found = words::replaced(line).or_else(|| words::word_of(&line.to_lowercase(), &["pid"]));
            assert_eq!(found, None, "{}:{number}: docs/src/glossary.md has another word: {line}", page.display());
        }
    }
}

/// What the tests write anew where a variable says so is in the table, with a command that runs these tests.
#[test]
fn the_guide_for_contributors_names_all_that_is_generated() {
    let guide = read(&root().join("CONTRIBUTING.md"));
    let (mut renewed, mut files) = (BTreeSet::new(), vec![root().join("tests/it")]);
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = read(&path);
            let variables = text.split("var_os(\"").skip(1).filter_map(|rest| rest.split('"').next());
            let renews = |name: &&str| name.contains("RENEW") || name.contains("UPDATE");
            renewed.extend(variables.filter(renews).map(str::to_owned));
        }
    }
    assert!(renewed.len() >= 4, "{renewed:?}");
    for name in renewed {
        let row = guide.lines().find(|line| line.contains(&format!("| `{name}=1 cargo test --test it ")));
        assert!(row.is_some(), "{name} is not in the table of CONTRIBUTING.md");
    }
    for command in guide.split("cargo test ").skip(1).filter(|command| command.starts_with("--test ")) {
        assert!(command.starts_with("--test it"), "there is no such program: cargo test {}", &command[..20]);
    }
}

/// The guides for contributors name places: each is there, and no room is forgotten.
#[test]
fn the_guides_know_their_way_about_the_sources() {
    let guides = ["ARCHITECTURE.md", "CONTRIBUTING.md"].map(|name| read(&root().join(name)));
    let named: BTreeSet<&str> = guides.iter().flat_map(|text| text.split('`').skip(1).step_by(2)).collect();
    for path in
        named.iter().filter(|name| ["src/", "tests/", "docs/", "assets/"].iter().any(|dir| name.starts_with(dir)))
    {
        assert!(root().join(path).exists(), "{path} is elsewhere");
    }
    for entry in fs::read_dir(root().join("src")).unwrap() {
        let name = format!("src/{}", entry.unwrap().file_name().to_str().unwrap());
        // It lists the rooms, and is none.
        assert!(name == "src/lib.rs" || named.contains(name.as_str()), "{name} is not in ARCHITECTURE.md");
    }
}
