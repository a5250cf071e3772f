//! `ahtop token status`: what the store knows of the token. Reads only, and never shows the token itself.

use std::time::Duration;

use super::{Done, session};
use crate::{
    app::text::{brief, moment},
    cli::TokenCommand,
    config::{Env, Overrides},
    domain::{Clock, GENERATIONS_PER_HOUR, Now, SystemClock, clean_line},
    exit::Exit,
    poll::MOST_GENERATIONS,
    store::{EventKind, Status, Store, StoreError, Token, Usage, peek},
};

/// How far back invalidations are listed.
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Invalidations listed at most.
const LISTED: usize = 5;

/// Says what is known of the token.
pub fn run(command: TokenCommand, flags: &Overrides, env: &Env) -> Done {
    let TokenCommand::Status = command;
    let loaded = match super::load(flags, env) {
        Ok(loaded) => loaded,
        Err(errors) => return Done::failed(Exit::Config, errors.to_string()),
    };
    let place = match session::auto_path(&loaded.config, env) {
        Ok(place) => place,
        Err(failure) => return Done::failed(failure.exit, failure.message),
    };
    let zone = session::zone(&loaded.config);
    let clock = std::sync::Arc::new(SystemClock::new());
    match peek(&loaded.config.store_url, &place, clock.clone()) {
        Ok(None) => Done::ok("no token: nothing has polled this account here yet\n"),
        Ok(Some(store)) => match page(&*store, &clock.now(), &zone) {
            Ok(text) => Done::ok(text),
            Err(e) => Done::failed(Exit::Unexpected, e.to_string()),
        },
        Err(e) => Done::failed(Exit::Unexpected, e.to_string()),
    }
}

/// Age and rest of the token in one sentence.
pub(super) fn life(token: Option<&Token>, now: &Now) -> String {
    match token {
        None => "none is stored".into(),
        Some(token) => {
            let left = match token.remaining(now) {
                Duration::ZERO => "it has ended".to_owned(),
                left => format!("{} left", brief(left)),
            };
            format!(
                "minted {} ago by {}, {left}",
                brief(token.generated_at.age(now)),
                clean_line(&token.generated_by, 60)
            )
        }
    }
}

/// The generations of the last hour in one sentence.
pub(super) fn generations(usage: &Usage) -> String {
    format!(
        "{} in the last hour (ahtop stops at {MOST_GENERATIONS}, the service at {GENERATIONS_PER_HOUR} for all programs)",
        usage.generated_1h
    )
}

/// The invalidations of the last hour in one sentence, with what to do.
pub(super) fn invalidations(usage: &Usage, status: Option<&Status>) -> String {
    let every = status.and_then(|s| s.other_clients.as_ref()).and_then(|s| s.generated_every);
    let every = every.map_or_else(String::new, |d| format!(", about every {}", brief(d)));
    match usage.invalidated_1h {
        0 => "none in the last hour".into(),
        n => format!(
            "{n} in the last hour{every}: another program mints on this account; give ahtop its tokens by [auth] \
             token_command, use mode = \"basic\", or stop the other program"
        ),
    }
}

fn page(store: &dyn Store, now: &Now, zone: &jiff::tz::TimeZone) -> Result<String, StoreError> {
    let (token, usage, status) = (store.token()?, store.usage()?, store.status()?);
    let mut page = format!(
        "token         {}\nmintings      {}\nearly deaths  {}\n",
        life(token.as_ref(), now),
        generations(&usage),
        invalidations(&usage, status.as_ref()),
    );
    let events = store.events(DAY)?;
    for event in events.iter().rev().filter(|e| e.kind == EventKind::TokenInvalidated).take(LISTED) {
        let at = moment(event.at.wall, now.wall, zone);
        page.push_str(&format!("              {at}  {}\n", clean_line(&event.text.to_string(), 200)));
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::{
        domain::ManualClock,
        store::{GenerationAnswer, GenerationAsk, GenerationEnd, Instance, Role, SqliteStore, TokenStore},
    };

    #[test]
    fn the_page_tells_everything_but_the_token() {
        let clock = std::sync::Arc::new(ManualClock::at("2026-03-12T09:00:00Z".parse().unwrap()));
        let store = SqliteStore::memory(clock.clone()).unwrap();
        let me = Instance { id: "me".into(), pid: 2211, host: "h".into(), role: Role::Serve };
        let generate = |unfit| {
            let ask = GenerationAsk { unfit, gaps: vec![Duration::ZERO; 4], lock: Duration::from_secs(10) };
            let GenerationAnswer::Go(ticket) = store.begin_generation(&me, &ask).unwrap() else { panic!("no minting") };
            let life = Duration::from_secs(3600);
            store
                .end_generation(ticket, &GenerationEnd::Generated { secret: "hunter2".to_owned().into(), life })
                .unwrap();
        };
        assert!(page(&store, &clock.now(), &TimeZone::UTC).unwrap().starts_with("token         none is stored\n"));
        generate(None);
        clock.advance(Duration::from_secs(300));
        store.token_invalidated(1, &me).unwrap();
        generate(Some(1));
        clock.advance(Duration::from_secs(720));
        let text = page(&store, &clock.now(), &TimeZone::UTC).unwrap();
        for part in [
            "minted 12m ago by pid 2211 (serve), 48m left",
            "2 in the last hour (ahtop stops at 4",
            "early deaths  1 in the last hour: another program mints",
            "09:05  token 1 of pid 2211 (serve) died at the age of 5 min 0 s",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert!(!text.contains("hunter2"));
    }
}
