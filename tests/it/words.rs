//! One word for one thing: nothing that the program says has a word that `docs/src/glossary.md` has replaced.
//!
//! The handbook is read in `docs.rs`, the screens are in `src/ui/tests_words.rs`. Here are all string literals of the
//! product, the help of each command, the configuration to start from, and the descriptions of the schemas.

use std::{fs, path::Path};

use ahtop::cli;

use super::architecture::{SOURCES, blank, opaque, test_items};

/// Words that have another one, everywhere.
const WORDS: [&str; 18] = [
    "sweep",
    "sweeps",
    "mint",
    "mints",
    "minted",
    "minting",
    "mintings",
    "stranger",
    "strangers",
    "prev2h",
    "d30m",
    "dev",
    "warm-up",
    "failing",
    "viewer",
    "viewers",
    "reckon",
    "reckons",
];
const PHRASES: [&str; 18] = [
    "bad id",
    "bad-id",
    "invalid id",
    "clear band",
    "deserves a look",
    "died early",
    "early death",
    "goes before",
    "holds in the end",
    "killed by",
    "lives for another",
    "needs to look",
    "nobody polls",
    "question, not a verdict",
    "than usual",
    "that is usual",
    "times are usual",
    "unknown to the service",
];
/// Words that only the guides for operators and contributors have: the program itself says `checks`, `connection`,
/// `invalidated`.
const GUIDES: [&str; 10] =
    ["died", "killed", "kills", "link", "polled", "poller", "polling", "polls", "probe", "probes"];

/// The name of a key or a command, and no word of a sentence: what is shown is the wallboard, and the service is checked.
const NAMES: [&str; 2] = ["board", "poll"];

/// Literals that may have such a word: where, a part of the text, and why.
const MAY: [(&str, &str, &str); 15] = [
    ("src/app/model/column.rs", "dev", "the old name of a column, which is read and answered with the new one"),
    ("src/app/model/column.rs", "d30m", "the old name of a column"),
    ("src/app/model/column.rs", "prev2h", "the old name of a column"),
    ("src/commands/logging.rs", "is a link, or no", "a symbolic link"),
    ("src/store/own_file.rs", "link", "a symbolic or a hard link"),
    ("src/sim", "/sim/mint", "a path of the simulated service's control"),
    ("src/store/event.rs", "minted", "what stores of earlier versions hold"),
    ("src/store/status.rs", "strangers", "what stores hold"),
    ("src/store", ".poller", "the name of a lock file"),
    ("src/store/postgres", "poller", "a role, and a column of the server"),
    ("src/store/postgres", "polls", "a column of the server"),
    ("src/store/postgres/link/connect.rs", "probe", "what is sent to the server to hear it again"),
    ("src/store/sqlite", " mint", "the name of a table"),
    ("src/store/sqlite/schema.rs", "mint", "the name of a table"),
    ("src/term/source.rs", "/dev/tty", "a file"),
];

/// The first word of `text` that has another one now.
pub(crate) fn replaced(text: &str) -> Option<&'static str> {
    let text = text.to_lowercase();
    word_of(&text, &WORDS).or_else(|| PHRASES.into_iter().find(|phrase| text.contains(phrase)))
}

pub(crate) fn word_of(text: &str, words: &[&'static str]) -> Option<&'static str> {
    let letters = |c: char| c.is_alphanumeric() || ['-', '_'].contains(&c);
    text.split(|c| !letters(c)).find_map(|word| words.iter().find(|w| **w == word).copied())
}

/// The string literals of product code as people read them, with their lines.
fn literals(text: &str) -> Vec<(usize, String)> {
    let tests = test_items(&blank(text));
    let product = opaque(text).into_iter().filter(|(from, _)| !tests.iter().any(|(a, b)| (a..b).contains(&from)));
    let strings = product.filter(|(from, _)| text[*from..].starts_with(['"', 'r']));
    strings.map(|(from, to)| (text[..from].lines().count(), joined(&text[from..to]))).collect()
}

/// A literal whose lines are continued, as one.
fn joined(literal: &str) -> String {
    let mut lines = literal.split("\\\n");
    let first = lines.next().unwrap_or_default().to_owned();
    lines.fold(first, |text, line| text + line.trim_start())
}

/// The same for what the program itself says.
fn in_product(literal: &str) -> Option<&'static str> {
    replaced(literal).or_else(|| word_of(&literal.to_lowercase(), &GUIDES))
}

/// The same for what is said of the configuration, where one of several words could be the name of a table.
fn of_name(text: &str) -> Option<&'static str> {
    let text = text.to_lowercase();
    word_of(&text, &NAMES).or_else(|| word_of(&text, &GUIDES))
}

/// What is said in `text` of the file at `path` although it should not be.
fn found_in(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (line, literal) in literals(text) {
        let may = MAY.iter().any(|(file, part, _)| path.starts_with(file) && literal.contains(part));
        if let Some(word) = in_product(&literal).filter(|_| !may) {
            found.push(format!("{path}:{line}: '{word}' in {literal}"));
        }
    }
    found
}

#[test]
fn no_text_of_the_program_has_a_word_that_the_glossary_has_replaced() {
    let found: Vec<String> =
        SOURCES.iter().flat_map(|source| found_in(&format!("src/{}", source.path.display()), &source.text)).collect();
    assert!(found.is_empty(), "docs/src/glossary.md has other words for these:\n{}", found.join("\n"));
}

#[test]
fn no_help_of_a_command_has_such_a_word() {
    let mut open = vec![cli::command()];
    while let Some(mut command) = open.pop() {
        open.extend(command.get_subcommands().cloned());
        let help = command.render_long_help().to_string();
        for line in help.lines().map(|line| line.replace("--warm-up", "")) {
            let line = line.replace("AHTOP_WARM_UP", "");
            assert_eq!(in_product(&line), None, "{}: {line}", command.get_name());
        }
    }
}

#[test]
fn no_configuration_and_no_schema_has_such_a_word() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let example = fs::read_to_string(root.join("config.example.toml")).unwrap();
    for line in example.lines() {
        assert_eq!(replaced(&line.replace("--warm-up", "")), None, "config.example.toml: {line}");
        assert_eq!(of_name(line.strip_prefix("# ").unwrap_or_default()), None, "config.example.toml: {line}");
    }
    for line in fs::read_to_string(root.join("config.schema.json")).unwrap().lines() {
        let said = line.trim_start().strip_prefix("\"description\": ").unwrap_or_default();
        assert_eq!(of_name(said).or_else(|| replaced(said)), None, "config.schema.json: {line}");
    }
    let mut schemas = 0;
    for dir in ["assets", "docs/src/schemas"] {
        for entry in fs::read_dir(root.join(dir)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|e| e != "json") {
                continue;
            }
            schemas += 1;
            for line in fs::read_to_string(&path).unwrap().lines().filter(|line| line.contains("\"description\"")) {
                assert_eq!(replaced(line), None, "{}: {line}", path.display());
            }
        }
    }
    assert!(schemas >= 10, "{schemas}");
}

#[test]
fn such_a_word_is_found_wherever_it_stands() {
    let found = |code: &str| found_in("src/x.rs", code).len();
    assert_eq!(found(r##"fn f() { say("the token was minted") }"##), 1);
    assert_eq!(found("fn f() { say(\"the service does not know it: \\\n    an invalid \\\n    id\") }"), 1);
    assert_eq!(found(r##"const X: &str = r#"a "sweep" takes"#;"##), 1);
    assert_eq!(found(r##"fn f() { say("the poller died") }"##), 1);
    // A comment, a name in code and a test are not what the program says.
    assert_eq!(found("// minted\nfn mint() {}\n#[cfg(test)]\nmod tests { const X: &str = \"minted\"; }"), 0);
    assert_eq!(found(r##"fn f() { say('"', "developer", "a minty sweeper") }"##), 0);
    assert_eq!(replaced("Agents: 3 Bad IDs"), Some("bad id"));
    // Each exception is still needed.
    let said: Vec<(String, Vec<(usize, String)>)> =
        SOURCES.iter().map(|s| (format!("src/{}", s.path.display()), literals(&s.text))).collect();
    let needed = |file: &str, part: &str| {
        said.iter().any(|(path, all)| {
            path.starts_with(file) && all.iter().any(|(_, text)| text.contains(part) && in_product(text).is_some())
        })
    };
    let idle: Vec<_> = MAY.iter().filter(|(file, part, _)| !needed(file, part)).collect();
    assert!(idle.is_empty(), "not needed any more: {idle:?}");
}

/// Rooms whose texts stand together, and where: so they are read through in one go, and translated one day.
const TOGETHER: [(&str, &str); 2] =
    [("src/ui/", "src/ui/words/"), ("src/commands/doctor/", "src/commands/doctor/words.rs")];

/// True where a lower-case word has another word behind it, or a part that is put in.
fn is_sentence(literal: &str) -> bool {
    let words: Vec<&str> = literal.split([' ', '"']).collect();
    let word = |text: &str| text.len() > 1 && text.chars().all(|c| c.is_ascii_lowercase());
    words.windows(2).any(|pair| word(pair[0]) && pair[1].starts_with(|c: char| c.is_alphabetic() || c == '{'))
}

#[test]
fn the_texts_of_a_room_stand_together() {
    let mut found = Vec::new();
    let mut texts = [0, 0];
    for source in SOURCES.iter() {
        let path = format!("src/{}", source.path.display());
        let Some(room) = TOGETHER.iter().position(|(room, _)| path.starts_with(room)) else { continue };
        let sentences = literals(&source.text).into_iter().filter(|(_, literal)| is_sentence(literal));
        match path.starts_with(TOGETHER[room].1) {
            true => texts[room] += sentences.count(),
            false => found.extend(sentences.map(|(line, literal)| format!("{path}:{line}: {literal}"))),
        }
    }
    assert!(found.is_empty(), "these belong to the words of their room:\n{}", found.join("\n"));
    assert!(texts.iter().all(|n| *n > 40), "{texts:?}");
    for (literal, sentence) in [
        ("\"no rows\"", true),
        ("\"oldest {}\"", true),
        ("\"reading the history\"", true),
        ("\"LC_ALL\"", false),
        ("\" {mode} \"", false),
        ("\"%-d %b %H:%M\"", false),
        ("\"Log\"", false),
    ] {
        assert_eq!(is_sentence(literal), sentence, "{literal}");
    }
}
