//! `ahtop check`: is the configuration right, is the secret there, how long does a cycle take. Sends nothing.

use std::{fmt::Write, time::Duration};

use serde::Serialize;

use super::{Done, config::warnings};
use crate::{
    cli::{self, CheckFormat},
    config::{Config, Env, LOGGED_IN, Loaded, Overrides, format_duration, secret},
    domain::{Kind, clean, plural},
    exit::Exit,
    report::SCHEMA,
};

/// What was found; its fields are those of the JSON.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    schema: u32,
    exit: u8,
    /// Null where the configuration is not right, and so on.
    account: Option<String>,
    /// Null where none was read.
    file: Option<String>,
    campaigns: usize,
    agents: usize,
    /// Whoever is logged in is watched, so many at most; null where the agents are listed.
    max_agents: Option<usize>,
    /// How long one round over all that is watched takes.
    cycle_s: Option<u64>,
    requests_per_minute: Option<u32>,
    /// Where the secret comes from; null without one.
    secret: Option<String>,
    errors: Vec<Problem>,
    warnings: Vec<String>,
    /// What the service said, with `--live`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) live: Option<serde_json::Value>,
    #[serde(skip)]
    ended: Option<Exit>,
}

/// Something wrong.
#[derive(Debug, Serialize)]
struct Problem {
    /// `config.toml:8:1`, a variable, or a flag.
    place: String,
    message: String,
}

/// Checks what can be checked without the service, and prints it.
pub fn run(args: &cli::Check, flags: &Overrides, env: &Env) -> Done {
    let (mut report, _) = lint(flags, env);
    match args.format {
        CheckFormat::Text => report.text(),
        CheckFormat::Json => report.json(),
        CheckFormat::Csv => {
            Done::failed(Exit::Usage, "ahtop: --format csv needs --live: the names come from the service")
        }
    }
}

/// Checks everything that can be checked without the service. The configuration comes back where it is good, for
/// whoever goes on with it.
pub(super) fn lint(flags: &Overrides, env: &Env) -> (Report, Option<Loaded>) {
    let mut report = Report { schema: SCHEMA, ..Report::default() };
    let loaded = match super::load(flags, env) {
        Ok(loaded) => loaded,
        Err(errors) => {
            let problem =
                |e: &crate::config::ConfigError| Problem { place: e.place.to_string(), message: e.message.clone() };
            report.errors = errors.0.iter().map(problem).collect();
            // The lines of the text are those of all commands.
            report.warnings = vec![errors.to_string()];
            report.end(Exit::Config);
            return (report, None);
        }
    };
    let config = &loaded.config;
    let count = |kind: Kind| config.watch.iter().filter(|w| w.target.kind == kind).count();
    report.account = Some(config.account.name.clone());
    report.file = config.file.as_ref().map(|p| clean(&p.to_string_lossy(), 400).into_owned());
    (report.campaigns, report.agents) = (count(Kind::Campaign), count(Kind::Agent));
    report.max_agents = config.floor.as_ref().map(|floor| floor.max_agents);
    report.cycle_s = Some(takes(config).as_secs());
    report.requests_per_minute = Some(config.budget.usable());
    report.warnings.clone_from(&loaded.warnings);
    let on_floor =
        config.floor.iter().flat_map(|floor| floor.named().iter().map(|w| w.band).chain([floor.band(LOGGED_IN)]));
    let mut bands = config.watch.iter().map(|w| w.band).chain(on_floor).peekable();
    if bands.peek().is_some() && bands.all(|band| band.is_empty()) {
        let text = "no agent and no campaign has a band, so there are no alerts: set [bands] agents and campaigns, \
                    for example agents = { target = \"4:47\" }";
        report.warnings.push(text.into());
    }
    let present = config.auth.as_ref().map(|auth| secret::present(auth, env)).transpose();
    match present {
        Ok(from) => report.secret = from,
        Err(e) => {
            report.errors.push(Problem { place: "credentials".into(), message: e.to_string() });
            report.end(Exit::Credentials);
        }
    }
    (report, Some(loaded))
}

impl Report {
    /// Notes how it ends.
    pub(super) fn end(&mut self, exit: Exit) {
        (self.ended, self.exit) = (Some(exit), exit.code());
    }

    /// How it ends so far.
    pub(super) fn exit(&self) -> Exit {
        self.ended.unwrap_or(Exit::Ok)
    }

    /// Lines for people.
    pub(super) fn text(&self) -> Done {
        let Some(account) = &self.account else {
            return Done::failed(self.exit(), self.warnings.concat());
        };
        let agents = self.max_agents.map_or_else(|| plural(self.agents, Kind::Agent), whoever);
        let mut out = format!(
            "ok: account {account}, {}, {agents} ({})\n",
            plural(self.campaigns, Kind::Campaign),
            self.file.as_deref().unwrap_or("no file"),
        );
        let cycle = Duration::from_secs(self.cycle_s.unwrap_or_default());
        let rate = self.requests_per_minute.unwrap_or_default();
        // Writing to a string cannot fail.
        let most = if self.max_agents.is_some() { "at most " } else { "" };
        let _ = writeln!(out, "ok: a cycle takes {most}{} at {rate} requests a minute", format_duration(cycle));
        let mut err = warnings(&self.warnings);
        match &self.secret {
            Some(from) => out.push_str(&format!("ok: secret from {from}\n")),
            None if self.errors.is_empty() => out.push_str("ok: no secret: this is a read-only dashboard\n"),
            None => self.errors.iter().for_each(|e| err.push_str(&format!("{}\n", e.message))),
        }
        Done { out, err, exit: self.exit() }
    }

    /// The same as one object.
    pub(super) fn json(&mut self) -> Done {
        if self.account.is_none() {
            self.warnings.clear();
        }
        Done { exit: self.exit(), ..Done::json(self) }
    }
}

/// Who is watched where that is whoever is logged in.
pub(super) fn whoever(most: usize) -> String {
    format!("whoever is logged in, at most {most} agents")
}

/// How long one cycle takes at the full rate; never shorter than the interval that is configured.
pub(super) fn takes(config: &Config) -> Duration {
    let requests = u64::try_from(config.most_watched()).unwrap_or(u64::MAX);
    let secs = requests.saturating_mul(60).div_ceil(u64::from(config.budget.usable()));
    Duration::from_secs(secs).max(config.poll.min_interval)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Id;

    fn flags(agents: usize) -> Overrides {
        let mut flags = Overrides::default();
        flags.set(Id::UserName, "acme");
        (0..agents).for_each(|i| flags.set(Id::Agents, format!("a{i}")));
        flags
    }

    #[test]
    fn a_good_configuration_says_what_a_cycle_takes_and_that_nothing_alerts() {
        let (report, loaded) = lint(&flags(100), &Env::of([("AHTOP_API_KEY", "hunter2")]));
        let done = report.text();
        assert_eq!(
            done.out,
            "ok: account acme, 0 campaigns, 100 agents (no file)\n\
             ok: a cycle takes 2m14s at 45 requests a minute\n\
             ok: secret from the environment variable AHTOP_API_KEY\n"
        );
        assert!(done.err.starts_with("warning: no agent and no campaign has a band"), "{}", done.err);
        assert_eq!((done.exit, loaded.is_some()), (Exit::Ok, true));
        let done = lint(&flags(1), &Env::default()).0.text();
        assert!(done.out.contains("a cycle takes 60s"), "{}", done.out);
        assert!(done.out.contains("ok: no secret: this is a read-only dashboard"), "{}", done.out);
    }

    #[test]
    fn a_bad_configuration_and_a_missing_secret_have_their_exit_codes() {
        let (report, loaded) = lint(&flags(0), &Env::of([("AHTOP_API_KEY", "k")]));
        assert_eq!((report.text().exit, loaded.is_none()), (Exit::Config, true));
        let (report, loaded) = lint(&flags(1), &Env::of([("AHTOP_API_KEY_FILE", "/no/such/file")]));
        assert_eq!((report.text().exit, loaded.is_some()), (Exit::Credentials, true));
        let err = report.text().err;
        assert!(err.contains("\napi_key_file /no/such/file cannot be read"), "{err}");
    }

    #[test]
    fn a_program_reads_the_same() {
        let json = |agents, env: &Env| -> serde_json::Value {
            let args = cli::Check { format: CheckFormat::Json, ..cli::Check::default() };
            let done = run(&args, &flags(agents), env);
            let value: serde_json::Value = serde_json::from_str(&done.out).unwrap();
            assert_eq!(value["exit"], done.exit.code());
            value
        };
        let good = json(2, &Env::of([("AHTOP_API_KEY", "hunter2")]));
        assert_eq!(
            (&good["agents"], &good["cycle_s"], &good["errors"]),
            (&2.into(), &60.into(), &serde_json::json!([]))
        );
        assert!(!good.to_string().contains("hunter2"));
        let bad = json(0, &Env::of([("AHTOP_MIN_INTERVAL", "x"), ("AHTOP_API_KEY", "k")]));
        assert_eq!((&bad["exit"], &bad["errors"][0]["place"]), (&3.into(), &"AHTOP_MIN_INTERVAL".into()), "{bad}");
        assert!(bad["account"].is_null());
        let args = cli::Check { format: CheckFormat::Csv, ..cli::Check::default() };
        assert_eq!(run(&args, &flags(1), &Env::default()).exit, Exit::Usage);
    }
}
