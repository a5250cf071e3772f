//! `ahtop check --live`: asks the service once for each ID, after saying what that takes.

use std::{
    io::{self, BufRead, IsTerminal},
    pin::pin,
};

use serde::Serialize;

use super::{
    Done, Failure,
    check::{self, Report},
    floor, print, print_error,
    progress::Progress,
    session::{self, Open, Session},
    stop,
    sweep::{Freshness, sweep},
};
use crate::{
    cli::{self, CheckFormat},
    config::{Config, Env, Overrides, Watched, format_duration},
    domain::{Aht, Kind, Now, Outcome, Reading, clean_line},
    exit::Exit,
    report,
    store::Role,
};

/// So many of something are told one by one.
const TOLD: usize = 5;

/// What the service said of an ID; its fields are those of the JSON.
#[derive(Clone, Debug, Serialize)]
struct Answer {
    kind: Kind,
    id: String,
    result: Result,
    aht_s: Option<u32>,
    /// The service's.
    name: Option<String>,
    label: Option<String>,
    /// The first one.
    group: Option<String>,
    /// Where it is configured.
    origin: String,
    error: Option<String>,
}

/// How it is with an ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Result {
    Ok,
    NoCalls,
    UnknownId,
    NoAnswer,
}

impl Result {
    const ALL: [Result; 4] = [Result::Ok, Result::NoCalls, Result::UnknownId, Result::NoAnswer];

    const fn word(self) -> &'static str {
        match self {
            Result::Ok => "ok",
            Result::NoCalls => "no calls",
            Result::UnknownId => "unknown ID",
            Result::NoAnswer => "no answer",
        }
    }
}

/// Lints the configuration and then asks the service.
///
/// # Errors
/// Credentials, store.
pub async fn run(args: &cli::Check, flags: &Overrides, env: &Env) -> std::result::Result<Exit, Failure> {
    let (mut report, loaded) = check::lint(flags, env);
    let linted = report.exit();
    let text = args.format == CheckFormat::Text;
    if text {
        report.text().print();
    }
    let Some(loaded) = loaded.filter(|_| linted == Exit::Ok) else {
        return Ok(match args.format {
            CheckFormat::Text => linted,
            CheckFormat::Json => report.json().print(),
            CheckFormat::Csv => Done { out: String::new(), ..report.text() }.print(),
        });
    };
    let config = &loaded.config;
    if config.auth.is_none() {
        return Err(Failure::new(
            Exit::Credentials,
            "check --live needs an [auth] section: without credentials it cannot check",
        ));
    }
    // One for the token, and one for the list of who is logged in.
    let lists = usize::from(config.floor.is_some());
    let (requests, takes) = (config.most_watched() + 1 + lists, format_duration(check::takes(config)));
    let announced = format!("live: at most {requests} requests, about {takes}");
    if text {
        print(&format!("{announced}\n"));
    }
    if !args.yes && io::stdin().is_terminal() {
        if !text {
            print_error(&announced);
        }
        if !agreed() {
            return Ok(Exit::Ok);
        }
    }
    let mut stop = pin!(stop::signal());
    let config = &tokio::select! {
        config = floor::settled(config, env) => config?,
        signal = &mut stop => return Ok(Exit::Signal(signal)),
    };
    let keys = session::keys(config, env).await?;
    let session =
        Session::open(Open { place: session::place(config, env)?, role: Role::Command, keys, wants: vec![], config })?;
    let result = ask(&session, (args, config, env), &mut report, stop).await;
    session.close().await;
    result
}

fn agreed() -> bool {
    // Standard output may be a file.
    let _ = io::Write::write_all(&mut io::stderr().lock(), b"go on? [y/N] ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}

async fn ask(
    session: &Session,
    (args, config, env): (&cli::Check, &Config, &Env),
    report: &mut Report,
    stop: impl Future<Output = u8>,
) -> std::result::Result<Exit, Failure> {
    let mut answers: Vec<Answer> = Vec::new();
    let mut progress = Progress::new(args.quiet, env);
    let mut each = |reading: &Reading, _: &Now, progress: &mut Progress| {
        let Some(watched) = config.watch.iter().find(|w| w.target == reading.target) else { return };
        let answer = Answer::new(watched, reading);
        if args.format == CheckFormat::Text {
            progress.clear();
            print(&format!("{}\n", answer.line()));
        }
        // What is asked once more counts with its last answer.
        answers.retain(|a| (a.kind, a.id.as_str()) != (answer.kind, answer.id.as_str()));
        answers.push(answer);
    };
    let swept = tokio::select! {
        swept = sweep(session, &config.watch, Freshness::Anew, &mut each, &mut progress) => swept?,
        signal = stop => return Ok(Exit::Signal(signal)),
    };
    drop(progress);
    if let Some(why) = &swept.why {
        print_error(&format!("ahtop: {why}"));
    }
    let any = |result: Result| answers.iter().any(|a| a.result == result);
    let exit = match swept.exit {
        Exit::Ok if any(Result::NoAnswer) => Exit::Service,
        Exit::Ok if any(Result::UnknownId) => Exit::InvalidTargets,
        exit => exit,
    };
    let printed = match args.format {
        CheckFormat::Text => print(&format!("{}{}\n", names(&answers), summary(&answers))),
        CheckFormat::Json => {
            report.live = serde_json::to_value(&answers).ok();
            report.end(exit);
            report.json().print()
        }
        CheckFormat::Csv => {
            print_error(&summary(&answers));
            print(&roster(&answers)?)
        }
    };
    Ok(if printed == Exit::Ok { exit } else { printed })
}

impl Answer {
    fn new(watched: &Watched, reading: &Reading) -> Self {
        let (result, error) = match &reading.outcome {
            Outcome::Value(_) => (Result::Ok, None),
            Outcome::NoCalls => (Result::NoCalls, None),
            Outcome::Invalid => (Result::UnknownId, None),
            Outcome::Failed(why) => (Result::NoAnswer, Some(clean_line(why, 500))),
        };
        let line = |text: &str| clean_line(text, 100);
        Answer {
            kind: watched.target.kind,
            id: watched.target.id.to_string(),
            result,
            aht_s: reading.outcome.aht().map(Aht::secs),
            name: reading.name.as_deref().map(line).filter(|name| !name.is_empty()),
            label: watched.label.as_deref().map(line),
            group: watched.groups.first().map(|group| group.to_string()),
            origin: watched.origin.to_string(),
            error,
        }
    }

    /// One line.
    fn line(&self) -> String {
        let whom = format!("{:<10}  {} {}", self.result.word(), self.kind, clean_line(&self.id, 100));
        match (self.result, self.aht_s, &self.error) {
            (Result::Ok, Some(secs), _) => format!("{whom}: {}", Aht::from_secs(secs)),
            (Result::UnknownId, ..) => format!("{whom}: unknown ID ({})", self.origin),
            (_, _, Some(error)) => format!("{whom}: {error}"),
            _ => whom,
        }
    }

    /// The label and the name, where they differ.
    fn differs(&self) -> Option<(&str, &str)> {
        let (label, name) = (self.label.as_deref()?, self.name.as_deref()?);
        (!label.trim().eq_ignore_ascii_case(name.trim())).then_some((label, name))
    }
}

/// All labels that are not the service's names, in one line; nothing where there are none.
fn names(answers: &[Answer]) -> String {
    let differ: Vec<_> = answers.iter().filter_map(Answer::differs).collect();
    let told: Vec<String> =
        differ.iter().take(TOLD).map(|(label, name)| format!("\"{label}\" is \"{name}\"")).collect();
    let more = match differ.len().saturating_sub(TOLD) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    match differ.len() {
        0 => String::new(),
        1 => format!("1 label is not the service's name: {}\n", told.concat()),
        n => format!("{n} labels are not the service's names: {}{more}\n", told.join(", ")),
    }
}

/// `live: 75 ok, 21 no calls, 1 unknown ID: ghost@acme.example (roster.csv line 92)`
fn summary(answers: &[Answer]) -> String {
    let count = |result: Result| answers.iter().filter(|a| a.result == result).count();
    let counts = Result::ALL.map(|result| (result, count(result)));
    let counts = counts.into_iter().filter(|(result, n)| *n > 0 || *result == Result::Ok);
    let mut text = counts.map(|(result, n)| format!("{n} {}", result.word())).collect::<Vec<_>>().join(", ");
    let unknown: Vec<_> = answers.iter().filter(|a| a.result == Result::UnknownId).collect();
    let place = |a: &&Answer| format!("{} ({})", clean_line(&a.id, 100), a.origin);
    let told: Vec<String> = unknown.iter().take(TOLD).map(place).collect();
    if !told.is_empty() {
        text.push_str(&format!(": {}", told.join(", ")));
    }
    match unknown.len().saturating_sub(TOLD) {
        0 => format!("live: {text}"),
        more => format!("live: {text} and {more} more"),
    }
}

/// The agents that the service knows, as a roster with its names, in the order of the answers.
fn roster(answers: &[Answer]) -> std::result::Result<String, Failure> {
    let known = answers.iter().filter(|a| a.kind == Kind::Agent && a.result != Result::UnknownId);
    let rows = known.map(|a| {
        let label = a.name.as_deref().or(a.label.as_deref()).unwrap_or_default();
        [a.id.as_str(), label, a.group.as_deref().unwrap_or_default()]
    });
    let mut out = Vec::new();
    report::roster(rows, &mut out)?;
    Ok(String::from_utf8(out).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Band, Clock, ManualClock, Target};

    fn answer(id: &str, label: Option<&str>, name: Option<&str>, outcome: Outcome) -> Answer {
        let now = ManualClock::at(jiff::Timestamp::UNIX_EPOCH).now();
        let target = Target::agent(id);
        let watched = Watched {
            target: target.clone(),
            label: label.map(Into::into),
            groups: vec!["north".into()],
            band: Band::default(),
            origin: "config.toml line 8".into(),
        };
        Answer::new(&watched, &Reading { target, at: now.stamp(), outcome, name: name.map(Into::into) })
    }

    fn value() -> Outcome {
        Outcome::Value(Aht::from_secs(291))
    }

    #[test]
    fn each_answer_has_its_line() {
        let line = |outcome| answer("p@acme.example", None, None, outcome).line();
        assert_eq!(line(value()), "ok          agent p@acme.example: 4:51");
        assert_eq!(line(Outcome::NoCalls), "no calls    agent p@acme.example");
        assert_eq!(line(Outcome::Invalid), "unknown ID  agent p@acme.example: unknown ID (config.toml line 8)");
        assert_eq!(line(Outcome::Failed("HTTP 503".into())), "no answer   agent p@acme.example: HTTP 503");
    }

    #[test]
    fn differences_are_one_line_and_the_end_says_what_it_came_to() {
        let other = |i: usize| answer(&format!("a{i}"), Some("Pri\u{2028}ya"), Some("Priya\u{1b}[2J S"), value());
        let mut answers =
            vec![answer("p", Some("priya s"), Some("Priya S"), value()), answer("g", None, None, Outcome::Invalid)];
        assert_eq!(names(&answers), "");
        assert_eq!(summary(&answers), "live: 1 ok, 1 unknown ID: g (config.toml line 8)");
        answers.push(other(0));
        assert_eq!(names(&answers), "1 label is not the service's name: \"Pri ya\" is \"Priya\u{fffd}[2J S\"\n");
        answers.extend((1..9).map(other));
        assert!(names(&answers).starts_with("9 labels are not the service's names: \"Pri"), "{}", names(&answers));
        assert!(names(&answers).ends_with(" and 4 more\n"), "{}", names(&answers));
    }

    #[test]
    fn a_roster_has_the_names_of_the_service_and_leaves_out_whom_it_does_not_know() {
        let answers = [
            answer("p@acme.example", Some("Pri"), Some("Rao, \"P\""), value()),
            answer("idle", Some("Idle"), None, Outcome::NoCalls),
            answer("ghost", Some("Ghost"), None, Outcome::Invalid),
        ];
        let text = roster(&answers).unwrap();
        assert_eq!(text, "id,label,group\np@acme.example,\"Rao, \"\"P\"\"\",north\nidle,Idle,north\n");
    }
}
