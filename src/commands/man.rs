//! `ahtop man`: the manual page, made from the command line's own definition.

use std::io;

use clap_mangen::Man;

use super::Done;
use crate::{
    app::{Keymap, command::COMMANDS},
    cli,
    exit::Exit,
};

/// The page in roff, with a section for each command.
pub fn run() -> Done {
    match page() {
        Ok(page) => Done::ok(page),
        Err(e) => Done::failed(Exit::Unexpected, format!("ahtop: cannot make the manual page: {e}")),
    }
}

fn page() -> io::Result<String> {
    // The page is the long help: what the short one leaves out has its text here.
    let command = cli::command().mut_args(|arg| arg.hide_short_help(false));
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page)?;
    let mut page = String::from_utf8_lossy(&page).into_owned();
    for sub in command.get_subcommands().filter(|s| !s.is_hide_set()) {
        let inner: Vec<_> = sub.get_subcommands().filter(|s| !s.is_hide_set()).collect();
        if inner.is_empty() {
            section(&mut page, sub.get_name(), sub)?;
        }
        for below in inner {
            section(&mut page, &format!("{} {}", sub.get_name(), below.get_name()), below)?;
        }
    }
    keys(&mut page);
    Ok(page)
}

/// What the keys of the dashboard do, and the commands behind `:`.
fn keys(page: &mut String) {
    page.push_str(".SH KEYS\n");
    page.push_str(
        "The usual keys; those of the tables can be changed in [ui.keys], where the actions are named as below.\n",
    );
    for (title, entries) in Keymap::default().help() {
        page.push_str(&format!(".SS \"{}\"\n", roff(title)));
        for (keys, sentence) in entries {
            page.push_str(&format!(".TP\n\\fB{}\\fR\n{}\n", roff(&keys), roff(sentence)));
        }
    }
    page.push_str(".SS \"Actions for [ui.keys]\"\n");
    let named = Keymap::default();
    let names: Vec<&str> = named.bindings().iter().filter_map(|b| b.action.name()).collect();
    let mut seen: Vec<&str> = Vec::new();
    for name in names {
        if !seen.contains(&name) {
            seen.push(name);
        }
    }
    page.push_str(&format!("{}\n", roff(&seen.join(", "))));
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

fn section(page: &mut String, name: &str, command: &clap::Command) -> io::Result<()> {
    let man = Man::new(command.clone());
    let (mut description, mut options) = (Vec::new(), Vec::new());
    man.render_description_section(&mut description)?;
    if command.get_arguments().next().is_some() {
        man.render_options_section(&mut options)?;
    }
    page.push_str(&format!(".SH \"AHTOP {}\"\n", name.to_uppercase()));
    for part in [description, options] {
        // The heading of a part of its own page is none here.
        let text = String::from_utf8_lossy(&part).into_owned();
        let body = text.lines().filter(|l| !l.starts_with(".SH ") && !l.starts_with(".ie ") && !l.starts_with(".el "));
        body.for_each(|line| page.extend([line, "\n"]));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_page_has_every_command_and_the_exit_codes() {
        let page = super::run().out;
        for key in crate::config::KEYS.iter().filter(|k| k.flag.is_some()) {
            let words = key.doc.split_whitespace().next().unwrap();
            let flag = key.flag.unwrap().replace('-', "\\-");
            let mut places = page.match_indices(&flag);
            let told = places.any(|(at, _)| page[at..].lines().skip(1).take(2).any(|l| l.contains(words)));
            assert!(told, "{flag} has no text");
        }
        for text in [".SH \"AHTOP ONCE\"", ".SH \"AHTOP CONFIG INIT\"", "\\-\\-strict", "AHTOP_API_KEY", "Exit codes"] {
            assert!(page.contains(text), "{text}\n{page}");
        }
        assert_eq!(page.matches(".TH").count(), 1);
        for text in [".SH KEYS", "\\fBCtrl\\-C\\fR", "Sort the other way round", "next_look", "\\fBgroup\\fR [NAME]"] {
            assert!(page.contains(text), "{text}\n{page}");
        }
    }
}
