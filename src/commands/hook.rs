//! `ahtop hook test`: runs the configured hooks by hand with a made-up event, and shows what came back.

use std::{fmt::Write, time::Duration};

use super::{Done, stop};
use crate::{
    alert::{AlertEvent, AlertId, AlertKind, EndReason, Step, Subject},
    alerting::{self, Trial},
    cli::{HookCommand, HookTest},
    config::{Config, Env, Hook, Overrides, Watched},
    domain::{Aht, Band, Clock, EventTime, Kind, Level, Problem, SystemClock, Target, clean_line},
    exit::Exit,
};

/// The target of the made-up alert where the band has none: it alerts at twice of that.
const TARGET: Aht = Aht::from_secs(287);

/// Runs one of them.
pub async fn run(command: &HookCommand, flags: &Overrides, env: &Env) -> Done {
    let HookCommand::Test(args) = command;
    let config = match super::load(flags, env) {
        Ok(loaded) => loaded.config,
        Err(errors) => return Done::failed(Exit::Config, errors.to_string()),
    };
    tokio::select! {
        biased;
        number = stop::signal() => Done::failed(Exit::Signal(number), ""),
        done = test(args, &config) => done,
    }
}

async fn test(args: &HookTest, config: &Config) -> Done {
    let wanted = |hook: &&Hook| args.event.as_deref().is_none_or(|event| hook.on.contains(&event));
    let hooks: Vec<&Hook> = config.hooks.iter().filter(wanted).collect();
    if hooks.is_empty() {
        let of = args.event.as_ref().map_or(String::new(), |event| format!(" with \"{event}\" in its \"on\""));
        return Done::failed(Exit::Config, format!("ahtop: the configuration has no [[hook]]{of}"));
    }
    let (mut out, mut failed) = (String::new(), false);
    for hook in hooks {
        let event = args.event.as_deref().or(hook.on.first().copied()).unwrap_or("crit");
        let payload = payload(config, event);
        let program = clean_line(&hook.command.join(" "), 200);
        let Trial { result, printed } = alerting::try_out(hook, &payload).await;
        failed |= result.is_err();
        // Writing to a string cannot fail.
        let _ = match result {
            Ok(()) => writeln!(out, "ok    {program}: told of {event}"),
            Err(why) => writeln!(out, "fail  {program}: told of {event}: {}", clean_line(why.trim(), 500)),
        };
        for line in printed.lines().filter(|line| !line.trim().is_empty()) {
            let _ = writeln!(out, "      it printed: {}", clean_line(line, 200));
        }
        let _ = writeln!(out, "      it read: {payload}");
    }
    Done { exit: if failed { Exit::Unexpected } else { Exit::Ok }, ..Done::ok(out) }
}

/// What a hook reads of an event that did not happen: its text says so.
fn payload(config: &Config, event: &str) -> String {
    let someone = || Watched {
        target: Target::agent("priya@acme.example"),
        label: Some("Priya".into()),
        groups: Vec::new(),
        band: Band::default(),
        origin: "".into(),
    };
    let watched = config.watch.iter().find(|w| w.target.kind == Kind::Agent).or(config.watch.first());
    let watched = watched.cloned().unwrap_or_else(someone);
    let at = SystemClock::new().now().stamp();
    let alert = made_up(event, &watched, at);
    let text = alerting::payload(&config.account.name, &alert, watched.label.as_deref());
    let Ok(serde_json::Value::Object(mut fields)) = serde_json::from_str(&text) else { return text };
    let sentence = fields.get("text").and_then(|t| t.as_str()).unwrap_or_default();
    let sentence = format!("Test, not an alert: {sentence}");
    fields.insert("text".into(), sentence.into());
    fields.insert("test".into(), true.into());
    serde_json::Value::Object(fields).to_string()
}

fn made_up(event: &str, watched: &Watched, at: EventTime) -> AlertEvent {
    let band = |level: Level| {
        let target = watched.band.target.unwrap_or(TARGET);
        let last = Aht::from_secs(target.secs().saturating_mul(2));
        (
            Subject::Target(watched.target.clone()),
            AlertKind::Band { level, worst: level, first: last, last, peak: Some(last), limits: None },
        )
    };
    let problem = Problem::alerts().find(|problem| problem.word() == event);
    let (subject, kind) = match problem {
        Some(problem) => {
            (Subject::Problem(problem), AlertKind::Problem { text: problem.summary(1).into(), count: 1, rank: 1 })
        }
        None if event == "warn" => band(Level::HighWarn),
        // `crit`, and `clear` of what it began.
        None => band(Level::HighCrit),
    };
    let lasted = Duration::from_secs(31 * 60);
    let step = if event == "clear" { Step::Ended { why: EndReason::Cleared, lasted } } else { Step::Started };
    let serial = at.wall.as_millisecond();
    AlertEvent { id: AlertId { subject, serial }, at, step, kind, muted: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{TRIGGERS, resolve};

    fn config(hooks: &str) -> Config {
        let text = format!("account.name = \"acme\"\n[watch]\nagents = [\"a\"]\n{hooks}");
        let file = Some((std::path::Path::new("c.toml"), text.as_str()));
        resolve(&Overrides::default(), &Env::default(), file).unwrap().config
    }

    #[test]
    fn every_event_can_be_made_up_and_says_that_it_is_a_test() {
        for event in TRIGGERS {
            let value: serde_json::Value = serde_json::from_str(&payload(&config(""), event)).unwrap();
            assert_eq!((&value["event"], &value["test"]), (&event.into(), &true.into()), "{value}");
            assert!(value["text"].as_str().unwrap().starts_with("Test, not an alert: "), "{value}");
        }
    }

    #[tokio::test]
    async fn what_came_back_is_shown_and_a_failure_has_its_exit_code() {
        let hooks = "[[hook]]\non = [\"crit\", \"clear\"]\ncommand = [\"sh\", \"-c\", \"cat; echo seen\"]\n\
                     timeout = \"60s\"\n\
                     [[hook]]\non = [\"token\"]\ncommand = [\"sh\", \"-c\", \"echo no >&2; exit 3\"]\n\
                     timeout = \"60s\"\n";
        let config = config(hooks);
        let told = async |event: Option<&str>| test(&HookTest { event: event.map(str::to_owned) }, &config).await;
        let done = told(Some("clear")).await;
        assert!(done.out.starts_with("ok    sh -c cat; echo seen: told of clear\n"), "{}", done.out);
        assert!(done.out.contains("it printed: seen") && done.exit == Exit::Ok, "{}", done.out);
        let done = told(None).await;
        assert!(done.out.contains("told of crit\n") && done.exit == Exit::Unexpected, "{}", done.out);
        assert!(done.out.contains("told of token: exit status: 3: no\n"), "{}", done.out);
        let done = told(Some("stale")).await;
        assert_eq!((done.exit, done.err.contains("no [[hook]] with \"stale\"")), (Exit::Config, true), "{}", done.err);
    }
}
