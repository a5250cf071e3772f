//! The house rules that a compiler does not check: floors, and who may know which library.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test crate")]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Rooms by floor, from the ground. A room imports from lower floors and from itself.
const FLOORS: [&[&str]; 8] = [
    &["domain"],
    &["config"],
    &["store", "api"],
    &["alert", "poll"],
    &["app"],
    &["ui", "term"],
    &["sim", "report", "run", "watch"],
    &["commands", "cli", "exit", "main", "lib"],
];

/// Libraries that only one room may name.
const KEEPERS: [(&str, &[&str]); 6] = [
    ("reqwest::", &["api"]),
    ("rusqlite::", &["store"]),
    ("Color::", &["ui/theme.rs", "ui/theme", "report/svg.rs", "term/pen.rs"]),
    ("crossterm::execute", &["term"]),
    ("Instant::now()", &["poll", "sim", "run", "term", "api", "store", "watch"]),
    ("Timestamp::now()", &["domain/clock.rs", "api/http.rs"]),
];

fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = vec![];
    let mut open = vec![root.clone()];
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") && !path.to_string_lossy().contains("/tests") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path.strip_prefix(&root).unwrap().to_owned(), text));
            }
        }
    }
    assert!(found.len() > 30, "the sources are elsewhere");
    found
}

fn room(path: &Path) -> String {
    let first = path.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

fn floor(room: &str) -> usize {
    FLOORS.iter().position(|rooms| rooms.contains(&room)).unwrap_or_else(|| panic!("{room} is on no floor"))
}

/// The part of a source before its unit tests.
fn product(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod ").next().unwrap()
}

/// Rooms named by `crate::room` in code, also within `use crate::{a::…, b::…}`.
fn imports(text: &str) -> Vec<String> {
    let code: String = text.lines().filter(|l| !l.trim_start().starts_with("//")).map(|l| format!("{l}\n")).collect();
    let mut rooms = vec![];
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let (mut depth, mut word, mut fresh) = (1, String::new(), true);
            for c in group.chars() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 1 => fresh = true,
                    c if depth == 1 && fresh && (c.is_alphanumeric() || c == '_') => word.push(c),
                    ':' if !word.is_empty() => {
                        rooms.push(std::mem::take(&mut word));
                        fresh = false;
                    }
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
            }
        } else {
            rooms.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    rooms.retain(|r| FLOORS.iter().any(|f| f.contains(&r.as_str())));
    rooms
}

#[test]
fn a_room_imports_only_from_lower_floors() {
    let mut wrong = vec![];
    for (path, text) in sources() {
        let here = room(&path);
        for import in imports(product(&text)) {
            if import != here && floor(&import) >= floor(&here) && floor(&here) < 7 {
                wrong.push(format!("{} imports {import}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_simulator_shares_no_code_with_the_client() {
    for (path, text) in sources() {
        if room(&path) == "sim" {
            assert!(!imports(&text).contains(&"api".to_owned()), "{} imports api", path.display());
        }
    }
}

#[test]
fn a_library_with_a_keeper_is_named_nowhere_else() {
    let mut wrong = vec![];
    for (path, text) in sources() {
        for (name, keepers) in KEEPERS {
            let here = path.to_string_lossy();
            let kept = keepers.iter().any(|k| here.starts_with(k));
            let named = product(&text).lines().any(|l| !l.trim_start().starts_with("//") && l.contains(name));
            if named && !kept {
                wrong.push(format!("{here} names {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_file_says_what_it_is_for_and_stays_readable() {
    let mut wrong = vec![];
    for (path, text) in sources() {
        if !text.starts_with("//!") {
            wrong.push(format!("{} does not say what it is for", path.display()));
        }
        let lines = product(&text).lines().count();
        if lines > 600 {
            wrong.push(format!("{} has {lines} lines", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
