//! The house rules that a compiler does not check: floors, circles, and who may know which library.
//!
//! Each file is looked at whole, but for what is compiled for tests alone. Sources are read as text: comments and the
//! contents of strings are blanked first, so that no word in them counts.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

/// Rooms by floor, from the ground. A room imports from lower floors and from itself.
const FLOORS: [&[&str]; 9] = [
    &["domain"],
    &["config"],
    &["store", "api"],
    &["alert", "poll"],
    &["app"],
    &["ui", "term"],
    &["sim", "report", "run", "alerting"],
    &["web"],
    &["commands", "cli", "exit", "main", "lib"],
];

/// Libraries that only one room may name.
const KEEPERS: [(&str, &[&str]); 9] = [
    ("reqwest::", &["api"]),
    ("rusqlite::", &["store"]),
    ("tokio_postgres::", &["store/postgres"]),
    ("Color::", &["ui/theme.rs", "ui/theme", "report/svg.rs", "term/pen.rs"]),
    ("crossterm::execute", &["term"]),
    ("Instant::now()", &["poll", "sim", "run", "term", "api", "store", "alerting", "web"]),
    // It knows nothing of the actions in `[ui.keys]`: the loader of the commands does.
    ("config::load(", &["commands/mod.rs"]),
    ("settings::load(", &["commands/mod.rs"]),
    ("Timestamp::now()", &["domain/clock.rs", "api/http.rs"]),
];

/// A file of the program.
pub(crate) struct Source {
    /// From `src` on.
    pub(crate) path: PathBuf,
    /// Its module: `["alert", "rules"]`.
    module: Vec<String>,
    pub(crate) text: String,
    /// The text without comments, contents of strings, and items for tests.
    code: String,
}

impl Source {
    fn room(&self) -> &str {
        match self.module.first() {
            Some(first) => first,
            None => self.path.file_stem().unwrap().to_str().unwrap(),
        }
    }
}

pub(crate) static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(sources);

/// All files of the program: those that the two roots reach by `mod`, which are not for tests.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut found, mut tests, mut open) = (vec![], vec![], vec![]);
    open.extend(["lib.rs", "main.rs"].map(|file| (root.join(file), vec![], false)));
    while let Some((path, module, for_tests)) = open.pop() {
        let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let whole = blank(&text);
        let code = without_tests(&whole);
        for (name, at) in modules(&whole) {
            let test = for_tests || !modules(&code).iter().any(|(other, _)| *other == name);
            let child: Vec<String> = module.iter().cloned().chain([name.to_owned()]).collect();
            // The item begins with its attributes, behind the end of the one before.
            let begin = whole[..at].rfind([';', '}']).map_or(0, |i| i + 1);
            let given = text[begin..at].split("#[path = \"").nth(1).and_then(|rest| rest.split('"').next());
            open.push((file_of(&path, name, given), child, test));
        }
        let path = path.strip_prefix(&root).unwrap().to_owned();
        if for_tests { tests.push(path) } else { found.push(Source { path, module, text, code }) }
    }
    let seen: BTreeSet<_> = found.iter().map(|s| s.path.clone()).chain(tests).collect();
    let missed: Vec<_> = all_files(&root, "rs").into_iter().filter(|path| !seen.contains(path)).collect();
    assert!(missed.is_empty(), "not reached: {missed:?}");
    found
}

/// The files below `root` whose names end in `.` and this.
fn all_files(root: &Path, extension: &str) -> Vec<PathBuf> {
    let (mut found, mut open) = (vec![], vec![root.to_owned()]);
    while let Some(dir) = open.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == extension) {
                found.push(path.strip_prefix(root).unwrap().to_owned());
            }
        }
    }
    found
}

/// The modules of a file that have files of their own, and where they are named.
fn modules(code: &str) -> Vec<(&str, usize)> {
    let named = words(code, "mod").map(|at| (ident(&code[at + 4..]), at));
    named.filter(|(name, at)| code[at + 4 + name.len()..].starts_with(';')).collect()
}

fn file_of(parent: &Path, name: &str, path: Option<&str>) -> PathBuf {
    let dir = parent.parent().unwrap();
    if let Some(path) = path {
        return dir.join(path);
    }
    let stem = parent.file_stem().unwrap().to_str().unwrap();
    let dir = if ["mod", "lib", "main"].contains(&stem) { dir.to_owned() } else { dir.join(stem) };
    let file = dir.join(format!("{name}.rs"));
    if file.exists() { file } else { dir.join(name).join("mod.rs") }
}

/// The identifier that `text` begins with.
fn ident(text: &str) -> &str {
    &text[..text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len())]
}

/// Where `word`, with a space behind it, stands as a word of its own.
fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word).map(|(at, _)| at).filter(move |&at| {
        let before = code[..at].chars().next_back();
        before.is_none_or(|c| c.is_whitespace()) && code[at + word.len()..].starts_with(' ')
    })
}

/// The text with each character of comments and of strings as a space: the places of all others stay.
pub(crate) fn blank(text: &str) -> String {
    let mut out = text.as_bytes().to_vec();
    for (from, to) in opaque(text) {
        out[from..to].iter_mut().filter(|b| **b != b'\n').for_each(|b| *b = b' ');
    }
    // Other letters are in comments and strings alone.
    out.iter_mut().filter(|b| !b.is_ascii()).for_each(|b| *b = b' ');
    String::from_utf8(out).unwrap()
}

/// Where comments, strings and characters begin and end.
pub(crate) fn opaque(text: &str) -> Vec<(usize, usize)> {
    let (bytes, mut at, mut found) = (text.as_bytes(), 0, Vec::new());
    while at < bytes.len() {
        let rest = &text[at..];
        let raw = rest.strip_prefix('r').map(|r| r.len() - r.trim_start_matches('#').len());
        let in_word =
            at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_') && bytes[at - 1] != b'b';
        let end = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |i| i + 2)
        } else if rest.starts_with('"') {
            string_end(rest)
        } else if let Some(n) = raw.filter(|&n| !in_word && rest[1 + n..].starts_with('"')) {
            let close = format!("\"{}", "#".repeat(n));
            rest[2 + n..].find(&close).map_or(rest.len(), |i| 2 + n + i + close.len())
        } else if rest.starts_with("'\\") {
            // An escape's own character may be a quote.
            3 + rest[3..].find('\'').map_or(0, |i| i + 1)
        } else if rest.starts_with('\'') && rest.chars().nth(2) == Some('\'') {
            2 + rest.chars().nth(1).map_or(0, char::len_utf8)
        } else {
            at += rest.chars().next().unwrap().len_utf8();
            continue;
        };
        found.push((at, at + end));
        at += end;
    }
    found
}

/// The length of a string in quotes.
fn string_end(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => drop(chars.next()),
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Blanked code without the items under `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    let mut out = code.to_owned();
    for (from, to) in test_items(code).into_iter().rev() {
        out.replace_range(from..to, "");
    }
    out
}

/// Where the items under `#[cfg(test)]` of blanked code begin and end.
pub(crate) fn test_items(code: &str) -> Vec<(usize, usize)> {
    let (mut found, mut start) = (Vec::new(), 0);
    while let Some(from) = code[start..].find("#[cfg(test)]").map(|at| start + at) {
        let (mut depth, mut to) = (0, code.len());
        for (at, c) in code[from..].char_indices() {
            match c {
                '(' | '[' => depth += 1,
                ')' | ']' => depth -= 1,
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 && (c == ';' || c == '}') {
                to = from + at + 1;
                break;
            }
        }
        found.push((from, to));
        start = to;
    }
    found
}

type Names = Vec<String>;

/// The paths that a `use` names, taken apart: `a::{b, c::d as e}` gives `a::b` and `a::c::d`.
fn expand(tree: &str) -> Vec<Names> {
    let tree = tree.trim();
    let Some(open) = tree.find('{') else {
        let path = tree.split(" as ").next().unwrap();
        return vec![path.split("::").map(|part| part.trim().to_owned()).collect()];
    };
    let (mut depth, mut item, mut all) = (0, String::new(), vec![]);
    let inner = &tree[open + 1..tree.rfind('}').unwrap_or(tree.len())];
    for c in inner.chars().chain([',']) {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if c == ',' && depth == 0 {
            let whole = format!("{}{}", &tree[..open], item.trim());
            if !item.trim().is_empty() {
                all.extend(expand(&whole));
            }
            item.clear();
        } else {
            item.push(c);
        }
    }
    all
}

/// Which file of the program uses which.
struct Graph<'a> {
    files: BTreeMap<&'a [String], &'a Source>,
    /// Of each module: what it uses, from the crate's root on, and whether it hands that on.
    uses: BTreeMap<&'a [String], Vec<(bool, Names)>>,
    defined: BTreeMap<&'a [String], BTreeSet<&'a str>>,
}

impl<'a> Graph<'a> {
    fn new(sources: &'a [Source]) -> Self {
        let library: Vec<&Source> = sources.iter().filter(|s| s.path != Path::new("main.rs")).collect();
        let files = library.iter().map(|s| (&*s.module, *s)).collect();
        let mut graph = Graph { files, uses: BTreeMap::new(), defined: BTreeMap::new() };
        for source in library {
            let mut uses = vec![];
            for at in words(&source.code, "use") {
                let tree = source.code[at + 4..].split(';').next().unwrap();
                let public = source.code[..at].trim_end().rsplit([';', '}', '\n']).next().unwrap().contains("pub");
                uses.extend(expand(tree).iter().filter_map(|p| Some((public, graph.absolute(p, &source.module)?))));
            }
            let kinds = ["fn", "struct", "enum", "trait", "type", "const", "static", "union"];
            let defined = kinds
                .iter()
                .flat_map(|kind| words(&source.code, kind).map(|at| ident(&source.code[at + kind.len() + 1..])));
            graph.defined.insert(&source.module, defined.collect());
            graph.uses.insert(&source.module, uses);
        }
        graph
    }

    /// A path as seen from `module`, from the crate's root on. `None`: of another crate.
    fn absolute(&self, path: &[String], module: &[String]) -> Option<Names> {
        let (mut base, mut rest) = (module, path);
        match path.first()?.as_str() {
            "crate" => return Some(path[1..].to_vec()),
            "self" => rest = &path[1..],
            "super" => {
                while rest.first().is_some_and(|p| p == "super") {
                    (base, rest) = (base.split_last().map_or(base, |(_, up)| up), &rest[1..]);
                }
            }
            child => {
                let child: Names = base.iter().cloned().chain([child.to_owned()]).collect();
                self.files.get(&*child)?;
            }
        }
        Some(base.iter().chain(rest).cloned().collect())
    }

    /// The module that defines what a path names: what a module only hands on is followed to where it comes from.
    fn origin(&self, path: &[String], seen: &[&[String]]) -> &'a [String] {
        let at = (0..=path.len()).rev().find(|&n| self.files.contains_key(&path[..n])).unwrap_or(0);
        let (module, _) = self.files.get_key_value(&path[..at]).unwrap();
        let Some(name) = path.get(at) else { return module };
        if self.defined[module].contains(name.as_str()) || seen.contains(module) {
            return module;
        }
        for (_, used) in self.uses[module].iter().filter(|(public, _)| *public) {
            let from = match used.last() {
                Some(last) if last == "*" => [&used[..used.len() - 1], &path[at..]].concat(),
                Some(last) if last == name => [&used[..], &path[at + 1..]].concat(),
                _ => continue,
            };
            let origin = self.origin(&from, &[seen, &[*module]].concat());
            if origin != *module {
                return origin;
            }
        }
        module
    }

    fn edges(&self, module: &'a [String]) -> BTreeSet<&'a [String]> {
        let code = &self.files[module].code;
        let mut paths: Vec<Names> = vec![];
        // What is imported as a module, or is one below, counts where something of it is named.
        let mut short: BTreeMap<&str, &[String]> = BTreeMap::new();
        for (_, used) in self.uses[module].iter().filter(|(public, _)| !public) {
            match self.files.get_key_value(&**used) {
                Some((file, _)) => drop(short.insert(used.last().map_or("", |l| l), file)),
                None => paths.push(used.clone()),
            }
        }
        for (file, _) in self.files.iter().filter(|(f, _)| f.len() == module.len() + 1 && f.starts_with(module)) {
            short.entry(&file[module.len()]).or_insert(file);
        }
        let body = without_uses(code);
        for (at, _) in body.match_indices("::") {
            let begin = body[..at].rfind(|c: char| !c.is_alphanumeric() && c != '_').map_or(0, |i| i + 1);
            let first = &body[begin..at];
            if body[..begin].ends_with("::") {
                continue;
            }
            let path: Names = body[begin..].split("::").map(|p| ident(p).to_owned()).collect();
            let length = body[begin..].split("::").take_while(|p| ident(p).len() == p.len()).count() + 1;
            let path = &path[..length.min(path.len())];
            if ["crate", "super", "self"].contains(&first) {
                paths.extend(self.absolute(path, module));
            } else if let Some(file) = short.get(first) {
                paths.push(file.iter().chain(&path[1..]).cloned().collect());
            }
        }
        paths.iter().map(|path| self.origin(path, &[])).filter(|to| *to != module).collect()
    }

    /// Files that use each other, by whatever way: the groups of more than one.
    fn circles(&self) -> Vec<Vec<&'a Path>> {
        let edges: BTreeMap<_, _> = self.files.keys().map(|m| (*m, self.edges(m))).collect();
        let reached = |from: &'a [String]| {
            let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
            while let Some(module) = open.pop() {
                open.extend(edges[module].iter().filter(|to| seen.insert(**to)));
            }
            seen
        };
        let all: BTreeMap<_, _> = edges.keys().map(|m| (*m, reached(m))).collect();
        let mut circles = BTreeSet::new();
        for (module, to) in all.iter().filter(|(module, to)| to.contains(*module)) {
            let circle = to.iter().filter(|other| all[*other].contains(module));
            circles.insert(circle.map(|m| self.files[m].path.as_path()).collect::<Vec<_>>());
        }
        circles.into_iter().collect()
    }
}

fn without_uses(code: &str) -> String {
    let mut out = code.to_owned();
    for at in words(code, "use") {
        let end = at + code[at..].find(';').unwrap_or(0);
        out.replace_range(at..end, &" ".repeat(end - at));
    }
    out
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let circles = Graph::new(&SOURCES).circles();
    assert!(circles.is_empty(), "{circles:#?}");
}

/// Two files, one of which uses the other by a name that a third hands on, and is used by it.
#[test]
fn a_circle_is_found_whichever_way_it_goes() {
    let source = |module: &str, code: &str| Source {
        path: format!("{module}.rs").into(),
        module: module.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect(),
        text: code.to_owned(),
        code: without_tests(&blank(code)),
    };
    let circles = |low: &str, high: &str| {
        let mut sources =
            vec![source("", "pub mod room;"), source("room", "mod low;\nmod high;\npub use high::High;\n")];
        sources.extend([source("room/low", low), source("room/high", high)]);
        Graph::new(&sources).circles().len()
    };
    let high = "use super::low::Low;\npub struct High(Low);\n";
    assert_eq!(circles("pub struct Low;\n", high), 0);
    for low in [
        "use super::High;\npub struct Low(Box<High>);\n",
        "use crate::{room::{High as Up}, other};\npub struct Low;\n",
        "mod tests;\nuse super::high;\npub struct Low(Box<high::High>);\n",
        "#[cfg(test)]\nmod tests {}\npub struct Low(Box<super::high::High>);\n",
        "pub struct Low(Box<crate::room::High>);\n",
    ] {
        assert_eq!(circles(low, high), 1, "{low}");
    }
    for low in [
        "// use super::High;\npub struct Low;\n",
        "pub const LOW: &str = \"\\\" use super::High; \";\npub struct Low;\n",
        "#[cfg(test)]\nmod tests { use super::super::High; }\npub struct Low;\n",
        "#[cfg(test)]\nuse super::{High};\npub struct Low;\n",
    ] {
        assert_eq!(circles(low, high), 0, "{low}");
    }
}

fn floor(room: &str) -> usize {
    FLOORS.iter().position(|rooms| rooms.contains(&room)).unwrap_or_else(|| panic!("{room} is on no floor"))
}

/// Rooms named by `crate::room` in code, also within `use crate::{a::…, b::…}`.
fn imports(code: &str) -> Vec<String> {
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
    for source in SOURCES.iter() {
        let here = source.room();
        for import in imports(&source.code) {
            if import != here && floor(&import) >= floor(here) && floor(here) < 8 {
                wrong.push(format!("{} imports {import}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_simulator_shares_no_code_with_the_client() {
    for source in SOURCES.iter() {
        if source.room() == "sim" {
            assert!(
                !imports(&blank(&source.text)).contains(&"api".to_owned()),
                "{} imports api",
                source.path.display()
            );
        }
    }
}

#[test]
fn a_library_with_a_keeper_is_named_nowhere_else() {
    let mut wrong = vec![];
    for source in SOURCES.iter() {
        for (name, keepers) in KEEPERS {
            let here = source.path.to_string_lossy();
            let kept = keepers.iter().any(|k| here.starts_with(k));
            if source.code.contains(name) && !kept {
                wrong.push(format!("{here} names {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_file_says_what_it_is_for_and_stays_readable() {
    let mut wrong = vec![];
    for source in SOURCES.iter() {
        if !source.text.starts_with("//!") {
            wrong.push(format!("{} does not say what it is for", source.path.display()));
        }
        let lines = source.code.lines().count();
        if lines > 600 {
            wrong.push(format!("{} has {lines} lines", source.path.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A connection over HTTP/2 that is silently dead is noticed late. Without its library none is made.
#[test]
fn http_is_spoken_in_its_first_version_alone() {
    let lock = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock")).unwrap();
    let has = |name: &str| lock.contains(&format!("name = \"{name}\"\n"));
    assert!(has("hyper") && !has("h2"));
}

/// Snapshots that nobody reads approve whatever changes. What must hold for many sizes and looks is an assertion.
#[test]
fn the_snapshots_are_few_enough_to_be_read() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let all = all_files(&src, "snap");
    assert!(!all.is_empty() && all.len() <= 60, "{} files: more than somebody looks at", all.len());
    for file in all {
        let lines = fs::read_to_string(src.join(&file)).unwrap().lines().count();
        assert!(lines <= 130, "{} has {lines} lines: more than a screen and its styles", file.display());
    }
}
