//! `ahtop check`: is the configuration right, is the secret there, what will a sweep take. Sends nothing.

use std::{fmt::Write, time::Duration};

use super::{Done, config::warnings};
use crate::{
    config::{Config, Env, Loaded, Overrides, format_duration, secret},
    domain::{Kind, clean},
    exit::Exit,
};

/// Checks everything that can be checked without the service. The configuration comes back where it is good, for
/// whoever goes on with it.
pub fn lint(flags: &Overrides, env: &Env) -> (Done, Option<Loaded>) {
    let loaded = match super::load(flags, env) {
        Ok(loaded) => loaded,
        Err(errors) => return (Done::failed(Exit::Config, errors.to_string()), None),
    };
    let mut done = Done { err: warnings(&loaded.warnings), ..Done::ok(summary(&loaded.config)) };
    let secret = match &loaded.config.auth {
        None => Ok("no secret: this process only watches what others poll".to_owned()),
        Some(auth) => secret::present(auth, env).map(|from| format!("secret from {from}")),
    };
    match secret {
        Ok(line) => done.out.push_str(&format!("ok: {line}\n")),
        Err(e) => {
            done.err.push_str(&format!("{e}\n"));
            done.exit = Exit::Credentials;
        }
    }
    (done, Some(loaded))
}

fn summary(config: &Config) -> String {
    let count = |kind: Kind| match config.watch.iter().filter(|w| w.target.kind == kind).count() {
        1 => format!("1 {kind}"),
        n => format!("{n} {kind}s"),
    };
    let from = config.file.as_ref().map_or("no file".into(), |p| clean(&p.to_string_lossy(), 400).into_owned());
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        out,
        "ok: account {}, {}, {} ({from})",
        config.account.name,
        count(Kind::Campaign),
        count(Kind::Agent)
    );
    let _ = writeln!(
        out,
        "ok: a sweep takes {} at {} requests a minute",
        format_duration(takes(config)),
        config.budget.usable()
    );
    out
}

/// How long one sweep takes at the full rate; never shorter than the interval that is configured.
pub(super) fn takes(config: &Config) -> Duration {
    let requests = u64::try_from(config.watch.len()).unwrap_or(u64::MAX);
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
    fn a_good_configuration_says_what_a_sweep_takes() {
        let (done, loaded) = lint(&flags(100), &Env::of([("AHTOP_API_KEY", "hunter2")]));
        assert_eq!(
            done.out,
            "ok: account acme, 0 campaigns, 100 agents (no file)\n\
             ok: a sweep takes 2m14s at 45 requests a minute\n\
             ok: secret from the environment variable AHTOP_API_KEY\n"
        );
        assert_eq!((done.err.as_str(), done.exit, loaded.is_some()), ("", Exit::Ok, true));
        let (done, _) = lint(&flags(1), &Env::default());
        assert!(done.out.contains("a sweep takes 60s"), "{}", done.out);
        assert!(done.out.contains("ok: no secret: this process only watches"), "{}", done.out);
    }

    #[test]
    fn a_bad_configuration_and_a_missing_secret_have_their_exit_codes() {
        let (done, loaded) = lint(&flags(0), &Env::of([("AHTOP_API_KEY", "k")]));
        assert_eq!((done.exit, loaded.is_none()), (Exit::Config, true));
        let (done, loaded) = lint(&flags(1), &Env::of([("AHTOP_API_KEY_FILE", "/no/such/file")]));
        assert_eq!((done.exit, loaded.is_some()), (Exit::Credentials, true));
        assert!(done.err.starts_with("api_key_file /no/such/file cannot be read"), "{}", done.err);
    }
}
