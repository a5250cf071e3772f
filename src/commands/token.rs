//! `ahtop token status`: what the store knows of the token. Reads only, and never shows the token itself.

use std::time::Duration;

use jiff::tz::TimeZone;
use serde::Serialize;

use super::{Done, session};
use crate::{
    app::text::{brief, moment},
    cli::{Output, TokenCommand},
    config::{Env, Overrides},
    domain::{Clock, GENERATIONS_PER_HOUR, Now, SystemClock, clean_line},
    exit::Exit,
    poll::MOST_GENERATIONS,
    report::{SCHEMA, rfc3339},
    store::{EventKind, Status, Store, StoreError, Token, Usage, peek},
};

/// How far back invalidations are listed.
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Invalidations listed at most.
const LISTED: usize = 5;

/// Says what is known of the token.
pub fn run(command: TokenCommand, flags: &Overrides, env: &Env) -> Done {
    let TokenCommand::Status(args) = command;
    let loaded = match super::load(flags, env) {
        Ok(loaded) => loaded,
        Err(errors) => return Done::failed(Exit::Config, errors.to_string()),
    };
    let place = match session::place(&loaded.config, env) {
        Ok(place) => place,
        Err(failure) => return Done::failed(failure.exit, failure.message),
    };
    let zone = session::zone(&loaded.config);
    let clock = std::sync::Arc::new(SystemClock::new());
    match peek(&place, clock.clone()) {
        Ok(None) => match args.format {
            Output::Text => Done::ok("no token: nobody has checked this account here yet\n"),
            Output::Json => Done::json(&Element::new(None, &Usage::default(), &clock.now(), &zone)),
        },
        Ok(Some(store)) => match page(&*store, args.format, &store.now(), &zone) {
            Ok(done) => done,
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
                Duration::ZERO => "expired".to_owned(),
                left => format!("expires in {}", brief(left)),
            };
            format!(
                "generated {} ago by {}, {left}",
                brief(token.generated_at.age(now)),
                clean_line(&token.generated_by, 60)
            )
        }
    }
}

/// The generations of the last hour in one sentence.
pub(super) fn generations(usage: &Usage) -> String {
    format!(
        "{} in the last hour (ahtop stops at {MOST_GENERATIONS}, the service at {GENERATIONS_PER_HOUR} for all clients)",
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
            "{n} in the last hour{every}: another client generates tokens on this account; give ahtop its tokens by \
             [auth] token_command, use mode = \"basic\", or stop the other client"
        ),
    }
}

/// What is known of the token in JSON.
#[derive(Serialize)]
struct Element {
    schema: u32,
    /// Null where none is stored.
    token: Option<TokenElement>,
    generated_1h: u32,
    /// So many ahtop generates in an hour at most.
    limit_1h: usize,
    /// So many the service allows all clients together.
    service_limit_1h: u32,
    invalidated_1h: u32,
}

#[derive(Serialize)]
struct TokenElement {
    generated_at: String,
    generated_by: String,
    expires_in_s: u64,
}

impl Element {
    fn new(token: Option<&Token>, usage: &Usage, now: &Now, zone: &TimeZone) -> Self {
        let token = token.map(|token| TokenElement {
            generated_at: rfc3339(token.generated_at.wall, zone),
            generated_by: clean_line(&token.generated_by, 60),
            expires_in_s: token.remaining(now).as_secs(),
        });
        Element {
            schema: SCHEMA,
            token,
            generated_1h: usage.generated_1h,
            limit_1h: MOST_GENERATIONS,
            service_limit_1h: GENERATIONS_PER_HOUR,
            invalidated_1h: usage.invalidated_1h,
        }
    }
}

fn page(store: &dyn Store, format: Output, now: &Now, zone: &TimeZone) -> Result<Done, StoreError> {
    let (token, usage, status) = (store.token()?, store.usage()?, store.status()?);
    if format == Output::Json {
        return Ok(Done::json(&Element::new(token.as_ref(), &usage, now, zone)));
    }
    let mut page = format!(
        "token         {}\ngenerated     {}\ninvalidated   {}\n",
        life(token.as_ref(), now),
        generations(&usage),
        invalidations(&usage, status.as_ref()),
    );
    let events = store.events(DAY)?;
    for event in events.iter().rev().filter(|e| e.kind == EventKind::TokenInvalidated).take(LISTED) {
        let at = moment(event.at.wall, now.wall, zone);
        page.push_str(&format!("              {at}  {}\n", clean_line(&event.text.to_string(), 200)));
    }
    Ok(Done::ok(page))
}

#[cfg(test)]
mod tests {
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
        assert!(
            page(&store, Output::Text, &clock.now(), &TimeZone::UTC)
                .unwrap()
                .out
                .starts_with("token         none is stored\n")
        );
        generate(None);
        clock.advance(Duration::from_secs(300));
        store.token_invalidated(1, &me).unwrap();
        generate(Some(1));
        clock.advance(Duration::from_secs(720));
        let text = page(&store, Output::Text, &clock.now(), &TimeZone::UTC).unwrap().out;
        for part in [
            "generated 12m ago by pid 2211 (serve), expires in 48m",
            "2 in the last hour (ahtop stops at 4",
            "invalidated   1 in the last hour: another client generates",
            "09:05  token 1 of pid 2211 (serve) was invalidated after 5 min 0 s",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert!(!text.contains("hunter2"));
        let json = page(&store, Output::Json, &clock.now(), &TimeZone::UTC).unwrap().out;
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!((&value["token"]["expires_in_s"], &value["invalidated_1h"]), (&2880.into(), &1.into()), "{json}");
        assert!(!json.contains("hunter2"));
    }
}
