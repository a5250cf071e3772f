//! `ahtop check --live`: asks the service once for each target, after saying what that takes.

use std::io::{self, BufRead, IsTerminal};

use super::{
    Failure, check, complain, print,
    session::{self, Open, Session},
    stop,
    sweep::{Freshness, sweep},
};
use crate::{
    cli,
    config::{Config, Env, Overrides, Watched, format_duration},
    domain::{Now, Outcome, Reading, clean_line},
    exit::Exit,
    store::Role,
};

/// Lints the configuration and then asks the service.
///
/// # Errors
/// Credentials, store.
pub async fn run(args: &cli::Check, flags: &Overrides, env: &Env) -> Result<Exit, Failure> {
    let (done, loaded) = check::lint(flags, env);
    let linted = done.print();
    let Some(loaded) = loaded.filter(|_| linted == Exit::Ok) else { return Ok(linted) };
    let config = &loaded.config;
    if config.auth.is_none() {
        return Err(Failure::new(Exit::Credentials, "check --live needs an [auth] section: this process only watches"));
    }
    let (requests, takes) = (config.watch.len() + 1, format_duration(check::takes(config)));
    print(&format!("live: at most {requests} requests, about {takes}\n"));
    if !args.yes && io::stdin().is_terminal() && !agreed() {
        return Ok(Exit::Ok);
    }
    let stop = stop::signal();
    let keys = session::keys(config, env).await?;
    let session = Session::open(Open {
        auto_path: session::auto_path(config, env)?,
        role: Role::Command,
        keys,
        wants: vec![],
        config,
    })?;
    let result = ask(&session, config, stop).await;
    session.close().await;
    result
}

fn agreed() -> bool {
    print("go on? [y/N] ");
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}

async fn ask(session: &Session, config: &Config, stop: impl Future<Output = u8>) -> Result<Exit, Failure> {
    let (mut invalid, mut failing) = (0_usize, 0_usize);
    let mut each = |reading: &Reading, _: &Now| {
        let Some(watched) = config.watch.iter().find(|w| w.target == reading.target) else { return };
        match reading.outcome {
            Outcome::Invalid => invalid += 1,
            Outcome::Failed(_) => failing += 1,
            _ => {}
        }
        print(&format!("{}\n", line(watched, reading)));
    };
    let swept = tokio::select! {
        swept = sweep(session, &config.watch, Freshness::Anew, &mut each) => swept?,
        signal = stop => return Ok(Exit::Signal(signal)),
    };
    if let Some(why) = &swept.why {
        complain(&format!("ahtop: {why}"));
    }
    Ok(match swept.exit {
        Exit::Ok if failing > 0 => Exit::Service,
        Exit::Ok if invalid > 0 => Exit::InvalidTargets,
        exit => exit,
    })
}

/// One line about one answer.
fn line(watched: &Watched, reading: &Reading) -> String {
    let target = format!("{} {}", watched.target.kind, clean_line(&watched.target.id, 100));
    let name = reading.name.as_deref().map(|n| clean_line(n, 100)).filter(|n| !n.is_empty());
    let differs = match (&watched.label, &name) {
        (Some(label), Some(name)) if !label.trim().eq_ignore_ascii_case(name) => {
            let label = clean_line(label, 100);
            format!("; the service calls it \"{name}\", the configuration \"{label}\" ({})", watched.origin)
        }
        _ => String::new(),
    };
    match &reading.outcome {
        Outcome::Value(aht) => format!("ok        {target}: {aht}{differs}"),
        Outcome::NoCalls => format!("no calls  {target}{differs}"),
        Outcome::Invalid => format!("invalid   {target}: the service does not know this id ({})", watched.origin),
        Outcome::Failed(why) => format!("failing   {target}: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Aht, Band, Clock, ManualClock, Target};

    #[test]
    fn each_answer_has_its_line() {
        let now = ManualClock::at(jiff::Timestamp::UNIX_EPOCH).now();
        let mut watched = Watched {
            target: Target::agent("p@acme.example"),
            label: None,
            groups: vec![],
            band: Band::default(),
            origin: "config.toml line 8".into(),
        };
        let mut reading = Reading {
            target: watched.target.clone(),
            at: now.stamp(),
            outcome: Outcome::Value(Aht::from_secs(291)),
            name: Some("Priya\u{1b}[2J S".into()),
        };
        assert_eq!(line(&watched, &reading), "ok        agent p@acme.example: 4:51");
        watched.label = Some("Pri\u{2028}ya".into());
        assert_eq!(
            line(&watched, &reading),
            "ok        agent p@acme.example: 4:51; the service calls it \"Priya\u{fffd}[2J S\", the configuration \
             \"Pri ya\" (config.toml line 8)"
        );
        reading.outcome = Outcome::Invalid;
        assert_eq!(
            line(&watched, &reading),
            "invalid   agent p@acme.example: the service does not know this id (config.toml line 8)"
        );
    }
}
