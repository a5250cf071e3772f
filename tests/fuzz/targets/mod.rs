//! What is tried with inputs that nobody thought of. Whatever the service, the files, the store or the command line bring: no
//! panic, no memory without bound, and no character that a terminal would act upon.

pub(crate) mod floor;

use std::{
    ffi::{OsStr, OsString},
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    os::unix::ffi::OsStrExt,
    path::Path,
    pin::Pin,
    sync::{Arc, Mutex},
};

use ahtop::{
    alerting::Evaluator,
    api::{Auth, Client, Reply, Request, Response, TokenReply, Transport, TransportError},
    app::Event,
    cli::Cli,
    config::{self, ConfigErrors, Env, Loaded, Overrides},
    domain::{Clock, Kind, ManualClock, Quiet, Target},
    report::{self, Export, ExportFormat, ShiftBuilder, ShiftFormat},
    run::Memory,
    store::{Cursor, RangeQuery, ResilientStore, SqliteStore, Store, StoreError},
};
use futures::FutureExt;
use jiff::{Timestamp, tz::TimeZone};

use self::floor::Floor;

/// Panics where something is wrong; else gives a fingerprint of what the input led to.
type Check = dyn FnMut(&[u8]) -> u64;

/// Something that inputs are tried on.
pub(crate) struct Fuzzed {
    /// Parts of inputs that make sense to it, to be put in now and then.
    pub(crate) words: Vec<String>,
    pub(crate) check: Box<Check>,
}

impl Fuzzed {
    pub(crate) fn new(words: &[&str], check: impl FnMut(&[u8]) -> u64 + 'static) -> Fuzzed {
        Fuzzed { words: words.iter().map(|word| (*word).to_owned()).collect(), check: Box::new(check) }
    }
}

/// Something like a fingerprint of what an input led to: those that lead somewhere new are damaged further.
pub(crate) fn shape(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

/// The words of a text without its numbers and quotations: the kind of a message, whatever it speaks of.
pub(crate) fn kind_of(text: &str) -> String {
    let mut quoted = false;
    text.chars()
        .filter(|c| {
            quoted ^= matches!(c, '\'' | '"');
            !quoted && !c.is_ascii_digit()
        })
        .take(200)
        .collect()
}

/// Characters that no output may hold, wherever its texts came from; line ends apart.
pub(crate) fn harmful(text: &str) -> Option<char> {
    text.chars().find(|&c| {
        c != '\n'
            && (c.is_control()
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'))
    })
}

/// The marks of JSON.
const JSON: [&str; 7] = ["{", "}", "[", "]", "\"", ":", ","];

/// Stands for the key and for the token; no sentence may hold it.
const SECRET: &str = "canary-key-5f0c1d";

/// Answers each request with what was put here.
#[derive(Default)]
struct Echo(Mutex<Option<Response>>);

impl Transport for Echo {
    fn send<'a>(
        &'a self,
        request: Request,
    ) -> Pin<Box<dyn Future<Output = Result<Response, TransportError>> + Send + 'a>> {
        let response = self.0.lock().unwrap().clone().unwrap();
        let fits = response.body.len() <= request.route.max_body();
        Box::pin(std::future::ready(if fits { Ok(response) } else { Err(TransportError::TooLarge { status: 200 }) }))
    }
}

/// A text that the screen, the log and the store may get.
fn is_clean(text: &str, most: usize) {
    assert_eq!(harmful(text), None, "{text:?}");
    assert!(text.chars().count() <= most, "{text:?}");
    assert!(!text.to_lowercase().contains(SECRET), "the secret in {text:?}");
}

/// The first line says the status and what was asked for, the rest is the body.
pub(crate) fn replies() -> Fuzzed {
    let words: Vec<&str> = JSON
        .into_iter()
        .chain([
            "\\u0000",
            "\\ud83d",
            "null",
            "true",
            "\"AHT\":",
            "\"status\":",
            "\"message\":",
            "\"details\":",
            "\"data\":",
            "\"token\":",
            "\"AgentName\":",
            "\"CampaignName\":",
            "\"AgentID\":",
            "success",
            "error",
            "max limit exceeded",
            "agentId is Invalid",
            "Token Expired",
            "userName or apiKey is Invalid",
            "No Data Found",
            "00:04:51",
            "99:59:59",
            "<html>",
            "200 agent\n",
            "429 campaign\n",
            "401 basic\n",
            "405 token\n",
            "503 wait\n",
            SECRET,
            "canary\\u002dkey-5f0c1d",
        ])
        .collect();
    let echo = Arc::new(Echo::default());
    let (agent, campaign) = (Target::agent("A-1"), Target::campaign("A-1"));
    let now = Timestamp::from_second(1_769_999_000).unwrap();
    Fuzzed::new(&words, move |input| {
        let client = Client::new(echo.clone(), "acme");
        let end = input.iter().position(|b| *b == b'\n').unwrap_or(0);
        let head = String::from_utf8_lossy(&input[..end]);
        let status = head.split(' ').next().and_then(|s| s.parse().ok()).unwrap_or(200);
        let wait = head.contains("wait").then_some(std::time::Duration::from_secs(7));
        let body = input[end..].strip_prefix(b"\n").unwrap_or(input).to_vec();
        *echo.0.lock().unwrap() = Some(Response { status, retry_after: wait, body });
        let secret = || SECRET.to_owned().into();
        let target = if head.contains("campaign") { &campaign } else { &agent };
        let (reply, sentence) = if head.contains("token") {
            let reply = client.generate_token(&secret(), now).now_or_never().unwrap();
            let sentence = reply.sentence();
            match reply {
                TokenReply::Generated { life, .. } => {
                    assert!(status < 300 && (60..=3600).contains(&life.as_secs()), "{status} {life:?}");
                    return shape(&sentence);
                }
                TokenReply::Refused(reply) => (reply, sentence),
            }
        } else {
            let auth = if head.contains("basic") { Auth::ApiKey(secret()) } else { Auth::Bearer(secret()) };
            let reply = client.aht(target, &auth).now_or_never().unwrap();
            let sentence = reply.sentence(target);
            (reply, sentence)
        };
        is_clean(&sentence, 600);
        is_clean(&reply.account_sentence(), 600);
        match &reply {
            Reply::Value { aht, name } => {
                assert!(status < 300 && aht.secs() > 0, "{status} {aht}");
                name.iter().for_each(|name| is_clean(name, 500));
            }
            Reply::NoCalls { name } => name.iter().for_each(|name| is_clean(name, 500)),
            Reply::Malformed { excerpt: text }
            | Reply::TokenRejected { message: text }
            | Reply::CredentialsRejected { message: text, .. } => is_clean(text, 200),
            _ => {}
        }
        // What the service said stands behind the first colon or parenthesis.
        shape((std::mem::discriminant(&reply), kind_of(ahtop::domain::opening(&sentence))))
    })
}

/// What a configuration came to, as it is told.
fn told(loaded: &Result<Loaded, ConfigErrors>) -> u64 {
    match loaded {
        Ok(loaded) => {
            let shown = config::show(loaded);
            assert_eq!(harmful(&shown), None, "{shown:?}");
            for warning in &loaded.warnings {
                assert_eq!(harmful(warning), None, "{warning:?}");
            }
            shape(kind_of(&loaded.warnings.join("")))
        }
        Err(errors) => {
            let text = errors.to_string();
            assert!(!text.is_empty());
            assert_eq!(harmful(&text), None, "{text:?}");
            // One kind of mistake after the other, and not all their mixtures.
            shape(kind_of(&errors.0[errors.0.len() - 1].message))
        }
    }
}

pub(crate) fn configurations() -> Fuzzed {
    let dir = tempfile::tempdir().unwrap();
    let env = Env::of([("HOME", dir.path().to_str().unwrap()), ("AHTOP_API_KEY", "key")]);
    let mut words: Vec<String> =
        ["=", "\"", "'", "[", "]", "{", "}", "\n", "#", ".", ",", "\"\"\"", "true", "5s", "1h"]
            .iter()
            .chain(&[
                "5%",
                "4:47",
                "Mon-Fri 22:00-07:00",
                "0x",
                "1979-05-27T07:32:00Z",
                "inf",
                "ctrl-q",
                "\\u0000",
                "http://",
            ])
            .map(|w| (*w).to_owned())
            .collect();
    words.extend(config::SECTIONS.iter().map(|s| format!("[{s:?}]\n").replace('"', "")));
    words.extend(config::KEYS.iter().map(|k| format!("{} = ", k.name)));
    words.extend(
        ["[[group]]", "[[agent]]", "[[campaign]]", "[[hook]]", "[ui.keys]", "[bands.agents]"].map(|s| format!("{s}\n")),
    );
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    Fuzzed::new(&words, move |input| match std::str::from_utf8(input) {
        Ok(text) => told(&config::resolve(&Overrides::default(), &env, Some((&dir.path().join("config.toml"), text)))),
        Err(_) => {
            let path = dir.path().join("config.toml");
            fs::write(&path, input).unwrap();
            told(&config::load(config::Purpose::Watch, &Overrides::with_config(&path), &env))
        }
    })
}

pub(crate) fn rosters() -> Fuzzed {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.toml");
    let env = Env::of([("AHTOP_API_KEY", "key")]);
    let text = "[account]\nuser_name = \"acme\"\n[watch]\nagents = [\"a\"]\nagents_csv = \"roster.csv\"\n\
                [[group]]\nname = \"north\"\nagents = [\"a\"]\n";
    let words =
        ["id", "label", "group", ",", "\"", "\"\"", "\r\n", "\n", ";", "\t", "north", "a@acme.example", "\u{feff}"];
    Fuzzed::new(&words, move |input| {
        fs::write(dir.path().join("roster.csv"), input).unwrap();
        let loaded = config::resolve(&Overrides::default(), &env, Some((&path, text)));
        for watched in loaded.iter().flat_map(|l| &l.config.watch) {
            let label = watched.label.as_deref().unwrap_or_default();
            assert!(!watched.target.id.is_empty() && watched.target.kind == Kind::Agent);
            // The terminal gets it by way of the cells, which clean it; a line of text it must be at least.
            assert!(
                ![&watched.target.id, label].iter().any(|t| t.contains(['\n', '\r', '\0', '\u{1b}'])),
                "{watched:?}"
            );
        }
        told(&loaded)
    })
}

/// An argument in each line, in the bytes that it has.
pub(crate) fn command_lines() -> Fuzzed {
    let command = ahtop::cli::command();
    let mut words: Vec<String> =
        vec!["\n".into(), "=".into(), "--".into(), "-".into(), "-a\nx\n".into(), "-C\n".into()];
    let named = |command: &clap::Command| {
        let flags = command.get_arguments().filter_map(|a| Some(format!("--{}\n", a.get_long()?)));
        let choices =
            command.get_arguments().flat_map(|a| a.get_possible_values()).map(|v| format!("{}\n", v.get_name()));
        flags.chain(choices).collect::<Vec<_>>()
    };
    words.extend(named(&command));
    for sub in command.get_subcommands() {
        words.push(format!("{}\n", sub.get_name()));
        words.extend(named(sub));
        for sub in sub.get_subcommands() {
            words.push(format!("{}\n", sub.get_name()));
            words.extend(named(sub));
        }
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let env = Env::default();
    Fuzzed::new(&words, move |input| {
        // Each is parsed anew, which takes long: what is longer than any command line says nothing more.
        let args = input.split(|b| *b == b'\n').take(40).map(|arg| OsStr::from_bytes(arg).to_owned());
        match Cli::read([OsString::from("ahtop")].into_iter().chain(args)) {
            Err(e) => {
                assert!(matches!(e.exit_code(), 0 | 2));
                shape((e.exit_code(), e.kind().as_str(), kind_of(e.to_string().lines().next().unwrap_or_default())))
            }
            Ok(cli) => {
                // A file that is named is none of this test's business.
                let mut flags = cli.options.0;
                flags.config = None;
                let loaded = config::resolve(&flags, &env, None);
                let command = format!("{:?}", cli.command.as_ref().map(std::mem::discriminant));
                shape((command, told(&loaded)))
            }
        }
    })
}

/// Keys, pastes, sizes, the mouse, readings and time, in the order of the bytes: see [`Floor::play`].
pub(crate) fn screens() -> Fuzzed {
    let words = [
        "/state:high\r",
        ":group north\r",
        ":filter !a\r",
        ":columns age trend\r",
        ":theme cvd\r",
        ":names hidden\r",
        ":symbols ascii\r",
        ":sort aht reversed\r",
        ":\t\t\r",
        "a",
        "m",
        "jj\r",
        "w",
        "\x03",
        "N",
        "u",
        "z",
        "c",
        "b",
        "x",
        "?",
        "4",
        "5",
        "6",
        "2",
        "\r-",
        "\r--",
        "o",
        "O",
        "P",
        "n",
        "y",
        "t",
        "s",
        "p",
        "\x1b",
        "0",
        "+",
    ];
    let dir = tempfile::tempdir().unwrap();
    let clock = floor::clock();
    let path = dir.path().join("acme.db");
    floor::fill(&path, &clock);
    let store = SqliteStore::open(&path, clock.clone()).unwrap();
    let mut loaded = Floor::new(clock.clone());
    loaded.load(&store).unwrap();
    Fuzzed::new(&words, move |input| {
        // A clock of its own: what one input does with time is not seen by the next.
        let time = ManualClock::at(clock.now().wall);
        time.advance(clock.now().mono.since(time.now().mono));
        time.step_wall(clock.now().wall.as_millisecond() - time.now().wall.as_millisecond());
        let mut floor = loaded.clone();
        floor.clock = Arc::new(time);
        floor.play(&input[..input.len().min(400)]);
        let state = &floor.state;
        let open = state.navigation.overlay.as_ref().map(std::mem::discriminant);
        shape((
            state.navigation.view,
            open,
            state.navigation.wall.is_some(),
            state.navigation.command.is_some(),
            state.preferences.names,
            state.preferences.columns.len(),
            state.preferences.theme,
        ))
    })
}

/// The file with the choices of the last time.
pub(crate) fn choices() -> Fuzzed {
    let dir = tempfile::tempdir().unwrap();
    let words: Vec<&str> = JSON
        .into_iter()
        .chain([
            "null",
            "true",
            "\"sort\":",
            "\"columns\":",
            "\"names\":",
            "\"sections\":",
            "\"theme\":",
            "\"symbols\":",
            "\"chosen\":",
            "\"of\":",
            "aht",
            "age",
            "state",
            "name",
            "trend",
            "hidden",
            "mono",
        ])
        .collect();
    let clock = floor::clock();
    Fuzzed::new(&words, move |input| {
        let path = dir.path().join("ui-acme.json");
        fs::write(&path, input).unwrap();
        let (memory, notice) = Memory::load(path);
        let mut floor = Floor::new(clock.clone());
        memory.choices.apply(&mut floor.state);
        let text = notice.map(|notice| {
            let text = notice.text.clone();
            floor.tell(Event::Notice(notice));
            text
        });
        floor.draw();
        floor.press("2");
        floor.draw();
        shape((
            kind_of(&text.unwrap_or_default()),
            floor.state.preferences.columns.len(),
            floor.state.preferences.names,
        ))
    })
}

/// Lines `table|column|value` that a member of the group writes into the store, as numbers where they are some and else as
/// text, past all that the tables forbid; `+table` doubles its rows, `-table` empties it, `@place|hex` writes over the file; `=keys` are pressed
/// then.
pub(crate) fn stores() -> Fuzzed {
    let dir = tempfile::tempdir().unwrap();
    let clock = floor::clock();
    let whole = dir.path().join("whole.db");
    floor::fill(&whole, &clock);
    let whole = fs::read(whole).unwrap();
    let words = [
        "\n",
        "|",
        "reading|",
        "latest|",
        "target|",
        "event|",
        "document|",
        "post|",
        "instance|",
        "want|",
        "lease|",
        "permit|",
        "gate|",
        "token|",
        "mint|",
        "meta|",
        "boot|",
        "phrase|",
        "tally|",
        "|wall|",
        "|mono|",
        "|what|",
        "|text|",
        "|name|",
        "|kind|",
        "|value|",
        "|until|",
        "|taken|",
        "|life|",
        "|revision|",
        "|wants|",
        "|boot|",
        "|target|",
        "|failures|",
        "null",
        "-1",
        "manual",
        "link",
        "agent",
        "{\"state\":\"live\"}",
        "[]",
        "{}",
        "+reading",
        "+event",
        "-boot",
        "-latest",
        "@100|ff",
        "@4096|00000000",
        "@28|7fffffff",
        "\n=4\n",
        "\n=6\n",
        "\n=w\n",
        "\n=2jj\r-\n",
    ];
    let mut turn = 0;
    Fuzzed::new(&words, move |input| {
        turn += 1;
        let place = dir.path().join(format!("{turn}"));
        fs::create_dir(&place).unwrap();
        let path = place.join("acme.db");
        let mut bytes = whole.clone();
        let text = String::from_utf8_lossy(input);
        let lines: Vec<&str> = text.lines().take(40).collect();
        let overwritten = lines.iter().filter_map(|l| overwrite(&mut bytes, l.strip_prefix('@')?)).count();
        fs::write(&path, &bytes).unwrap();
        if overwritten == 0 {
            tamper(&path, &lines);
        }
        let store: Result<Arc<dyn Store>, StoreError> = if overwritten == 0 {
            SqliteStore::open(&path, clock.clone()).map(|store| Arc::new(store) as Arc<dyn Store>)
        } else {
            ResilientStore::open(path.clone(), clock.clone()).map(|(store, _)| Arc::new(store) as Arc<dyn Store>)
        };
        let led_to = match store {
            Err(e) => kind_of(&e.to_string()),
            Ok(store) => {
                let keys: Vec<&str> = lines.iter().filter_map(|l| l.strip_prefix('=')).collect();
                // The same for the same input.
                kind_of(&looked_at(&store, &clock, &keys, usize::try_from(shape(input) >> 40).unwrap()))
            }
        };
        fs::remove_dir_all(&place).unwrap();
        shape(led_to)
    })
}

/// `place|hex`: puts the bytes there.
fn overwrite(file: &mut [u8], line: &str) -> Option<()> {
    let (at, hex) = line.split_once('|')?;
    let at = at.parse::<usize>().ok()? % file.len();
    let digits: Vec<u8> = hex.chars().filter_map(|c| c.to_digit(16)?.try_into().ok()).collect();
    for (byte, pair) in file[at..].iter_mut().zip(digits.chunks(2)) {
        *byte = pair.iter().fold(0, |byte, digit| byte << 4 | digit);
    }
    Some(())
}

fn tamper(path: &Path, lines: &[&str]) {
    let open = || rusqlite::Connection::open(path).unwrap();
    // A member of the group is not held to what the tables allow.
    open()
        .execute_batch(
            "PRAGMA synchronous = OFF; PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET sql = replace(replace(replace(sql, ' STRICT, WITHOUT', ' WITHOUT'), ' STRICT', ''), ' NOT NULL', '')
                WHERE type = 'table' AND name NOT LIKE 'sqlite_%';",
        )
        .unwrap();
    let conn = open();
    conn.execute_batch("PRAGMA synchronous = OFF").unwrap();
    let list = |sql: &str| -> Vec<String> {
        let mut statement = conn.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let tables = list("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name");
    // What is no name stands for one all the same.
    let pick = |names: &[String], name: &str| match names.iter().find(|n| *n == name) {
        Some(name) => name.clone(),
        None => names[usize::try_from(shape(name) % names.len() as u64).unwrap()].clone(),
    };
    for line in lines.iter().filter(|line| !line.starts_with('=')) {
        if let Some(table) = line.strip_prefix('-') {
            conn.execute(&format!("DELETE FROM {}", pick(&tables, table)), []).unwrap();
            continue;
        }
        let (table, rest) = line.strip_prefix('+').unwrap_or(line).split_once('|').unwrap_or((line, ""));
        let table = pick(&tables, table.trim_start_matches('+'));
        let columns = list(&format!("SELECT name FROM pragma_table_info('{table}') ORDER BY cid"));
        if line.starts_with('+') {
            let rest = columns[1..].join(", ");
            // Where a row cannot be there twice it stays alone.
            let _ = conn
                .execute(&format!("INSERT OR IGNORE INTO {table}({rest}) SELECT {rest} FROM {table} LIMIT 5000"), []);
            continue;
        }
        let (column, value) = rest.split_once('|').unwrap_or((rest, ""));
        let column = pick(&columns, column);
        let sql = format!("UPDATE OR IGNORE {table} SET {column} = ?1 WHERE rowid % ?2 = 0 OR ?2 = 1");
        let sql = if table_has_rowid(&conn, &table) {
            sql
        } else {
            format!("UPDATE OR IGNORE {table} SET {column} = ?1 WHERE ?2 > 0")
        };
        let every = 1 + shape(line) % 3;
        let every = i64::try_from(every).unwrap();
        let _ = match (value, value.parse::<i64>(), value.parse::<f64>()) {
            ("null", ..) => conn.execute(&sql, rusqlite::params![rusqlite::types::Null, every]),
            (_, Ok(number), _) => conn.execute(&sql, rusqlite::params![number, every]),
            (_, _, Ok(number)) => conn.execute(&sql, rusqlite::params![number, every]),
            _ if value.starts_with('~') => conn.execute(&sql, rusqlite::params![value.as_bytes(), every]),
            _ => conn.execute(&sql, rusqlite::params![value, every]),
        };
    }
}

fn table_has_rowid(conn: &rusqlite::Connection, table: &str) -> bool {
    conn.prepare(&format!("SELECT rowid FROM {table}")).is_ok()
}

/// Reads, draws, exports and uses what a store holds; gives the words of what failed. `keys` are pressed, and what else is
/// looked at is one of many ways by `turn`.
fn looked_at(store: &Arc<dyn Store>, clock: &Arc<ManualClock>, keys: &[&str], turn: usize) -> String {
    let mut failed = String::new();
    let mut note = |result: Result<(), StoreError>| {
        if let Err(e) = result {
            assert_eq!(harmful(&e.to_string()), None, "{e}");
            failed.push_str(&kind_of(&e.to_string()));
        }
    };
    let mut floor = Floor::new(clock.clone());
    note(floor.load(&**store));
    let views = ["1", "2", "3", "4", "5", "6", "2\r-", "N2", "NNN6", "4\r", "w", "b"];
    let some = |less: usize| views[(turn / less + less) % views.len()];
    for keys in keys.iter().copied().chain([some(1), some(17)]) {
        floor.press(keys);
        let buffer = floor.draw();
        if turn.is_multiple_of(8) {
            let picture = report::svg(&buffer, "acme", report::Paper::Dark);
            assert_eq!(harmful(&picture), None);
        }
    }
    note(store.since(Cursor(0), 1000).map(drop));
    note(store.token().map(drop));
    note(store.version().map(drop));
    let now = clock.now();
    let from = now.wall.checked_sub(std::time::Duration::from_secs(8 * 3600)).unwrap();
    let mut shift = ShiftBuilder::new(&floor::watched(), from, now.wall, floor::policy());
    let format = [ExportFormat::Csv, ExportFormat::Json, ExportFormat::Ndjson][turn % 3];
    let mut out = Vec::new();
    let mut export = Export::begin(format, TimeZone::UTC, &mut out).unwrap();
    note(store.range(&RangeQuery::default(), &mut |reading| {
        shift.record(&reading);
        export.record(&reading, None).unwrap();
        true
    }));
    export.end().unwrap();
    assert_eq!(harmful(&String::from_utf8(out).unwrap()), None, "{format:?}");
    let format = [ShiftFormat::Markdown, ShiftFormat::Html, ShiftFormat::Svg][turn % 3];
    let mut out = Vec::new();
    report::shift(&shift.end(&now), "acme", &TimeZone::UTC, format, &mut out).unwrap();
    assert_eq!(harmful(&String::from_utf8(out).unwrap()), None, "{format:?}");
    let mut evaluator = Evaluator::new(floor::me(), floor::watched(), floor::policy(), Quiet::default());
    note(evaluator.round(&**store).map(drop));
    note(floor::acts(&**store));
    failed
}
