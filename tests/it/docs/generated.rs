//! The pages and blocks that are made from the program.

use std::{collections::BTreeSet, fs, path::Path};

use ahtop::{
    app::{Keymap, RowState, command::COMMANDS},
    cli,
    config::{BANDS, KEYS, Key, LISTS, SECTIONS, TRIGGERS, VARIABLES},
    domain::{Condition, Kind, Level},
    exit::Exit,
    report::{BudgetPart, Document, Element, SCHEMA, TokenPart},
};
use clap::{Arg, Command};

use super::{GENERATED, book, read};

const RENEW: &str = "AHTOP_UPDATE_DOCS=1 cargo test --test it docs";

/// A cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").replace('\n', " ")
}

fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}

fn head(title: &str, text: &str) -> String {
    format!("# {title}\n\n<!-- Made from the program by `{RENEW}`: do not edit. -->\n\n{text}\n")
}

fn configuration() -> String {
    let mut out = head(
        "Configuration",
        "The file is `config.toml` in the configuration directory (`ahtop config path` prints it), or the one of `--config` or \
         `AHTOP_CONFIG`. `ahtop config init` writes a commented one: [config.example.toml](../../config.example.toml).\n\n\
         Precedence: flag, then environment variable, then file, then default. An unknown key and a wrong value are \
         errors; `ahtop check` shows all of them with line and column. `ahtop config show` prints the effective \
         configuration, and where each value comes from.\n\n\
         Durations are written `\"60s\"`, `\"10m\"`, `\"1h30m\"`, `\"30d\"`; handling times `\"4:47\"`, `\"1:02:03\"`, \
         `\"4m47s\"`. A relative path is relative to the file.",
    );
    for section in SECTIONS {
        out.push_str(&format!(
            "\n## `[{section}]`\n\n| key | meaning | default | flag, variable |\n|---|---|---|---|\n"
        ));
        for key in KEYS.iter().filter(|key| key.section == section) {
            out.push_str(&row(key));
        }
        if section == "ui" {
            out.push_str(
                "\n`[ui.keys]` gives actions other keys: see [The screen](screen.md#other-keys) and [Keys](keys.md).\n",
            );
        }
    }
    let list = |names: &[&str]| names.iter().map(|name| code(name)).collect::<Vec<_>>().join(", ");
    out.push_str(&format!(
        "\n## `[bands]`\n\nKeys: {}. `agents` and `campaigns` are tables of limits for their kind. See [Bands and \
         alerts](alerts.md#bands).\n",
        list(&BANDS)
    ));
    for (name, keys) in LISTS {
        let about = match name {
            "group" => {
                "Agents and campaigns with a common name and band. The first group that an agent is in is shown in its row."
            }
            "agent" => "The label and the band of one agent. It is watched with that.",
            "campaign" => "The label and the band of one campaign. It is watched with that.",
            "hook" => "A program that is told of alerts, see [Hooks](alerts.md#hooks-tell-another-program).",
            other => panic!("say what [[{other}]] is"),
        };
        out.push_str(&format!("\n## `[[{name}]]`\n\n{about} May be repeated. Keys: {}.\n", list(keys)));
        if name == "hook" {
            out.push_str(&format!("\n`on` takes: {}.\n", list(&TRIGGERS)));
        }
    }
    out.push_str("\n## Environment variables that are not a key\n\n| variable | meaning |\n|---|---|\n");
    for (name, meaning) in VARIABLES {
        out.push_str(&format!("| {} | {} |\n", code(name), cell(meaning)));
    }
    out
}

fn row(key: &Key) -> String {
    let default = key.default.map_or_else(String::new, code);
    let more = if key.value_type.is_list() { "=one,two" } else { "" };
    let (flag, env) = (key.flag.map(code), key.env.map(|env| code(&format!("{env}{more}"))));
    let both = flag.into_iter().chain(env).collect::<Vec<_>>().join(", ");
    format!(
        "| {} | {}. Value: {} | {default} | {both} |\n",
        code(key.name),
        cell(key.doc),
        cell(&key.value_type.expects())
    )
}

fn command_line() -> String {
    let mut command = cli::command();
    command.build();
    let mut out = head(
        "Command line",
        "`ahtop --help` and `ahtop COMMAND --help` print the same; `ahtop man` prints a manual page.",
    );
    out.push_str(&about(&command));
    out.push_str(&format!("\n{}", usage(&command)));
    let shown = |c: &&Command| !c.is_hide_set() && c.get_name() != "help";
    let mut subs: Vec<&Command> = command.get_subcommands().filter(shown).collect();
    subs.sort_by_key(|sub| sub.get_name());
    for sub in subs {
        let inner: Vec<&Command> = sub.get_subcommands().filter(shown).collect();
        if inner.is_empty() {
            out.push_str(&section(sub, &format!("ahtop {}", sub.get_name())));
        }
        for below in inner {
            out.push_str(&section(below, &format!("ahtop {} {}", sub.get_name(), below.get_name())));
        }
    }
    out.push_str("\n## Flags of the configuration\n\nThey may stand before or behind the command.\n\n| flag | meaning |\n|---|---|\n");
    for arg in settings(&command) {
        out.push_str(&flag(arg));
    }
    out.push_str("\n## Exit codes\n\n");
    out.push_str(&exits());
    out
}

/// The sentences about a command, and its example.
fn about(command: &Command) -> String {
    let text = command.get_long_about().or(command.get_about()).unwrap().to_string();
    let lines = text.lines().map(|line| match line.trim_start() {
        example if example.starts_with("AHTOP_API_KEY=") => format!("```sh\n{example}\n```\n"),
        line => format!("{}\n", line.replace('<', "&lt;")),
    });
    format!("\n{}", lines.collect::<String>())
}

fn usage(command: &Command) -> String {
    format!("```text\n{}\n```\n", command.clone().term_width(0).render_usage().to_string().trim())
}

fn is_setting(arg: &Arg) -> bool {
    arg.get_help_heading() == Some("Configuration")
}

/// The flags of the configuration that a command takes.
fn settings(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|arg| is_setting(arg) && !arg.is_hide_set())
}

fn section(command: &Command, title: &str) -> String {
    let mut out = format!("\n## `{title}`\n{}\n{}", about(command), usage(command));
    let own =
        |arg: &&Arg| !is_setting(arg) && !arg.is_hide_set() && !["help", "version"].contains(&arg.get_id().as_str());
    let mut own = command.get_arguments().filter(own).peekable();
    if own.peek().is_some() {
        out.push_str("\n| | |\n|---|---|\n");
        own.for_each(|arg| out.push_str(&flag(arg)));
    }
    let taken: BTreeSet<String> = settings(command).map(|arg| code(&format!("--{}", arg.get_id()))).collect();
    let all: BTreeSet<String> = KEYS.iter().filter_map(|key| key.flag).chain(["--config"]).map(code).collect();
    let left: Vec<&str> = all.difference(&taken).map(String::as_str).collect();
    let these: Vec<&str> = taken.iter().map(String::as_str).collect();
    out.push_str(&match (these.as_slice(), left.as_slice()) {
        ([], _) => "\nTakes no flag of the configuration.\n".to_owned(),
        (_, []) => "\nTakes the [flags of the configuration](#flags-of-the-configuration).\n".to_owned(),
        (_, [one]) => {
            format!("\nTakes the [flags of the configuration](#flags-of-the-configuration), but not {one}.\n")
        }
        (these, _) => format!(
            "\nOf the [flags of the configuration](#flags-of-the-configuration) it takes {}.\n",
            these.join(", ")
        ),
    });
    out
}

fn flag(arg: &Arg) -> String {
    let short = arg.get_short().map(|c| format!("-{c}"));
    let long = arg.get_long().map(|long| format!("--{long}"));
    let value = match arg.get_value_names() {
        Some([name]) if arg.get_action().takes_values() => format!(" {name}"),
        _ => String::new(),
    };
    let mut name = short.into_iter().chain(long).collect::<Vec<_>>().join(", ") + &value;
    if arg.is_positional() {
        name = value.trim().to_owned();
    }
    let mut help = cell(&arg.get_help().unwrap().to_string());
    // The flags of the configuration say these themselves.
    if !is_setting(arg) {
        let words: Vec<String> = arg.get_possible_values().iter().map(|word| code(word.get_name())).collect();
        if !words.is_empty() && arg.get_action().takes_values() {
            help.push_str(&format!(": {}", words.join(", ")));
        }
        if let ([default], true) = (arg.get_default_values(), arg.get_action().takes_values()) {
            help.push_str(&format!(" (default {})", code(&default.to_string_lossy())));
        }
    }
    format!("| {} | {help} |\n", code(&name))
}

fn keys() -> String {
    let mut out = head(
        "Keys",
        "The middle column is the name of the action in [`[ui.keys]`](screen.md#other-keys). `?` in the dashboard shows the \
         keys as you have configured them.",
    );
    out.push_str(Keymap::default().markdown().trim_end());
    out.push_str("\n\n## Commands behind `:`\n\n| | | |\n|---|---|---|\n");
    for (name, takes, sentence) in COMMANDS {
        let takes = if takes.is_empty() { String::new() } else { code(takes) };
        out.push_str(&format!("| {} | {takes} | {} |\n", code(name), cell(sentence)));
    }
    out
}

fn exits() -> String {
    let mut out = String::from("| exit code | meaning |\n|---|---|\n");
    for (exit, meaning) in Exit::TABLE {
        out.push_str(&format!("| {} | {} |\n", exit.code(), cell(meaning)));
    }
    out.push_str("| 128+n | ended by signal n |\n");
    out
}

fn json() -> String {
    let document = Document {
        schema: SCHEMA,
        account: "acme".into(),
        taken_at: "2026-01-31T14:32:07+05:30".into(),
        targets: vec![Element {
            kind: Kind::Agent,
            id: "priya@acme.example".into(),
            name: Some("Priya S".into()),
            aht_s: Some(291),
            condition: Condition::Value,
            read_at: Some("2026-01-31T14:31:26+05:30".into()),
            age_s: Some(41),
            error: None,
            label: Some("Priya".into()),
            level: Some("ok"),
            vs_target_pct: Some(1.4),
            state: RowState::Fresh(Level::Inside),
        }],
        budget: BudgetPart { limit: 50, used_60s: 45, throttled_1h: 0 },
        token: TokenPart { generated_1h: 1, expires_in_s: Some(2460) },
    };
    format!("```json\n{}\n```\n", serde_json::to_string_pretty(&document).unwrap())
}

fn conditions() -> String {
    let words: Vec<String> = Condition::ALL.iter().map(|condition| code(condition.word())).collect();
    format!("{}.\n", words.join(", "))
}

/// Compares `text` with the file, or writes it there.
fn settle(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|now| now == text) {
        return;
    }
    assert!(
        std::env::var_os("AHTOP_UPDATE_DOCS").is_some(),
        "{} is not what the program says: {RENEW}",
        path.display()
    );
    fs::write(path, text).unwrap();
}

/// `text` with `made` between the marks of `name`.
fn filled(text: &str, name: &str, made: &str) -> String {
    let (begin, end) = (format!("<!-- generated: {name} -->\n"), "<!-- /generated -->");
    let (before, rest) = text.split_once(&begin).unwrap_or_else(|| panic!("no block {name}"));
    let (_, after) = rest.split_once(end).unwrap();
    format!("{before}{begin}\n{made}\n{end}{after}")
}

#[test]
fn generated_pages_are_what_the_program_says() {
    for (page, text) in GENERATED.into_iter().zip([configuration(), command_line(), keys()]) {
        settle(&book().join(page), &text);
    }
    let page = book().join("json.md");
    let mut text = read(&page);
    for (name, made) in [("json", json()), ("conditions", conditions()), ("exits", exits())] {
        text = filled(&text, name, &made);
    }
    settle(&page, &text);
}
