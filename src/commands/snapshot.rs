//! `ahtop snapshot`: what the store knows now, as a picture in a file. Asks nobody for anything.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use ratatui::buffer::Buffer;

use super::{
    Done, Failure, dashboard,
    session::{place, quiet, zone},
    simulate,
};
use crate::{
    alert::{Policy, persist},
    alerting::{self, Evaluator},
    app::{Alerts, Event, Shared, State, View, Wall, update},
    cli::{Snapshot, SnapshotView},
    config::{Config, Env, Overrides, Theme},
    domain::{BootTime, Clock, ManualClock, Now, Outcome, Reading, Series, SystemClock, Target},
    exit::Exit,
    report::{self, Paper},
    run::{self, EVENTS, Memory, read_shared},
    sim::{self, SimService},
    store::{
        Attention, GenerationAnswer, GenerationAsk, GenerationEnd, Instance, Link, Meter, Pace, PermitAnswer,
        PermitAsk, PermitKind, ReplyKind, Role, SqliteStore, Status, Store, StoreError, open, read_presence,
    },
};

/// When the demo's picture is taken: 12 March 2026, 14:32:07 in India.
const DEMO_AT: i64 = 1_773_306_127;
/// For how long the demo has been watched by then.
const DEMO_WATCHED: Duration = Duration::from_secs(70 * 60);
/// Lease and wants of the demo, which nobody renews.
const DEMO_TTL: Duration = Duration::from_secs(60);

/// Draws the picture into `args.file`.
///
/// # Errors
/// The name of the file, the configuration, a store that is not there, or a file that cannot be written.
pub fn run(args: &Snapshot, flags: &Overrides, env: &Env) -> Result<Done, Failure> {
    let draw: fn(&Buffer, &str, Paper) -> String = match args.file.extension().and_then(|e| e.to_str()) {
        Some("svg") => report::svg,
        Some("txt") => |buffer, _, _| report::words(buffer),
        _ => return Err(Failure::new(Exit::Usage, "the file's name must end in .svg or .txt")),
    };
    let (state, title) = if args.demo { demo(args, flags)? } else { live(args, flags, env)? };
    let paper = if state.config.ui.theme == Theme::Light { Paper::Light } else { Paper::Dark };
    let buffer = paint(state, args);
    std::fs::write(&args.file, draw(&buffer, &title, paper))
        .map_err(|e| Failure::new(Exit::Unexpected, format!("cannot write {}: {e}", args.file.display())))?;
    Ok(Done::ok(""))
}

fn live(args: &Snapshot, flags: &Overrides, env: &Env) -> Result<(State, String), Failure> {
    let config = super::load(flags, env)?.config;
    let place = place(&config, env)?;
    if let Some(file) = place.file()
        && !file.exists()
    {
        let message = format!("nothing is stored at {} yet: start ahtop first", file.display());
        return Err(Failure::new(Exit::Unexpected, message));
    }
    let opened = open(&place, Arc::new(SystemClock::new()))?;
    let now = opened.clock.now();
    let mut shared = shared(opened.store.as_ref())?;
    shared.history = Some(opened.store.history()?);
    let me = Instance::here(Role::Command);
    let mut state = state(args, (&config, flags), me, None, now.clone());
    // A poller that is silent is said to be: the picture knows of what was before it.
    state.started.mono = BootTime(i64::MIN);
    fill(&mut state, opened.store.as_ref(), shared, &alerting::policy(&config), &now)?;
    let at = now.wall.to_zoned(zone(&config)).strftime("%-d %b %Y %H:%M %Z").to_string();
    Ok((state, format!("ahtop  {}  {at}", config.account.name)))
}

/// The simulated call centre, watched for a while in injected time: the same picture on every machine.
fn demo(args: &Snapshot, flags: &Overrides) -> Result<(State, String), Failure> {
    let begin = Timestamp::from_second(DEMO_AT).unwrap_or_default() - DEMO_WATCHED;
    let clock = Arc::new(ManualClock::at(begin));
    let service = sim::Scenario::Busy.service(1, clock.clone());
    // Neither variables nor the directory may make a difference.
    let config = simulate::configuration(&service, "http://127.0.0.1:1", flags, &Env::default())?.config;
    let store = SqliteStore::memory(clock.clone())?;
    let me = Instance { id: "demo".into(), pid: 1, host: "demo".into(), role: Role::Dashboard };
    let mut state = state(args, (&config, flags), me.clone(), Some("DEMO"), clock.now());
    simulate::remember_in(&service, &store)?;
    poll(&service, &clock, &store, &config, &me)?;
    let policy = alerting::policy(&config);
    Evaluator::new(me, config.watch.clone().into(), policy, quiet(&config)).round(&store)?;
    let shared = shared(&store)?;
    let now = clock.now();
    fill(&mut state, &store, shared, &policy, &now)?;
    Ok((state, "ahtop demo".to_owned()))
}

/// Reads the targets in turn at the usual pace, as a poller does, until the picture is taken.
fn poll(
    service: &SimService,
    clock: &ManualClock,
    store: &dyn Store,
    config: &Config,
    me: &Instance,
) -> Result<(), StoreError> {
    let rate = config.budget.usable();
    // A little slower than the budget, which is meant for any minute.
    let gap = Duration::from_millis(60_000 / u64::from(rate) + 1);
    let targets: Vec<Target> = config.watch.iter().map(|w| w.target.clone()).collect();
    let steps = u32::try_from(DEMO_WATCHED.as_millis() / gap.as_millis()).unwrap_or(0);
    let wants: Vec<_> = targets.iter().map(|t| (t.clone(), Attention::Listed)).collect();
    store.lease(me, DEMO_WATCHED + DEMO_TTL)?;
    let (since, mut turn, mut meter) = (clock.now().stamp(), targets.iter().cycle(), Meter::default());
    for _ in 0..steps {
        clock.advance(gap);
        if store.token()?.is_none_or(|t| t.remaining(&clock.now()).is_zero()) {
            generate(store, me)?;
        }
        let Some(target) = turn.next() else { break };
        let ask = PermitAsk {
            kind: PermitKind::Aht,
            cap: rate,
            pace: Pace::Burst,
            void_after: Duration::from_secs(1),
            timeout: config.poll.timeout,
        };
        if let PermitAnswer::Granted { id, .. } = store.permit(me, &ask)? {
            let now = clock.now();
            let reading = reading(service, target, &now);
            let kind = match reading.outcome {
                Outcome::NoCalls => ReplyKind::NoCalls,
                Outcome::Invalid => ReplyKind::Invalid,
                _ => ReplyKind::Value,
            };
            meter.reply(kind, service.latency(), now.mono);
            store.finish_with_reading(id, &reading)?;
        }
    }
    store.want(me, &wants, DEMO_TTL)?;
    let token = store.token()?;
    let now = clock.now();
    store.set_status(&Status {
        since,
        rate: f64::from(rate),
        targets: u32::try_from(targets.len()).unwrap_or(u32::MAX),
        sweep: gap.saturating_mul(u32::try_from(targets.len()).unwrap_or(u32::MAX)),
        next: turn.next().cloned(),
        traffic: meter.traffic(now.mono),
        token_until: token.map(|t| {
            let left = t.remaining(&now);
            Now { mono: now.mono + left, wall: now.wall.checked_add(left).unwrap_or(now.wall), ..now.clone() }.stamp()
        }),
        ..Status::new(now.stamp(), Link::Live)
    })
}

fn generate(store: &dyn Store, me: &Instance) -> Result<(), StoreError> {
    let ask = GenerationAsk { unfit: None, gaps: vec![Duration::ZERO; 10], lock: Duration::from_secs(10) };
    if let GenerationAnswer::Go(ticket) = store.begin_generation(me, &ask)? {
        let life = Duration::from_secs(3600);
        store.end_generation(ticket, &GenerationEnd::Generated { secret: "demo".into(), life })?;
    }
    Ok(())
}

fn reading(service: &SimService, target: &Target, now: &Now) -> Reading {
    let outcome = simulate::outcome(service.truth(target, now.mono));
    let name = (outcome != Outcome::Invalid).then(|| service.roster().name(target).unwrap_or_default().into());
    Reading { target: target.clone(), at: now.stamp(), outcome, name }
}

/// What the instances share besides readings, without the history's size.
fn shared(store: &dyn Store) -> Result<Shared, StoreError> {
    let presence = read_presence(store, &mut 0)?.map(std::sync::Arc::new);
    Ok(Shared { events: Some(store.events(EVENTS)?), presence, ..read_shared(store)? })
}

fn state(
    args: &Snapshot,
    (config, flags): (&Config, &Overrides),
    me: Instance,
    mode: Option<&'static str>,
    now: Now,
) -> State {
    let shown = dashboard::Shown { mode, locked: args.view == SnapshotView::Wall };
    let mut state = State::new(dashboard::facts(config, me, config.auth.is_some(), shown), now);
    state.navigation.view = match args.view {
        SnapshotView::Overview | SnapshotView::Wall => View::Overview,
        SnapshotView::Agents => View::Agents,
        SnapshotView::Campaigns => View::Campaigns,
        SnapshotView::Alerts => View::Alerts,
        SnapshotView::Budget => View::Budget,
        SnapshotView::Log => View::Log,
    };
    state.size = args.size;
    dashboard::named(Memory::default(), config, flags).choices.apply(&mut state);
    state
}

fn fill(state: &mut State, store: &dyn Store, shared: Shared, policy: &Policy, now: &Now) -> Result<(), StoreError> {
    let snapshot = store.snapshot(Series::SPAN)?;
    update(state, Event::Loaded(snapshot), now.clone());
    update(state, Event::Shared(Box::new(shared)), now.clone());
    if let Some(registry) = persist::read_registry(store, &mut persist::Known::default())? {
        let alarms = Alerts::new(&registry, &state.config.watched, policy, now);
        update(state, Event::Alerts(Box::new(alarms)), now.clone());
    }
    // Nobody has looked at it yet: the first page.
    state.navigation.wall = state.navigation.wall.take().map(|_| Wall::new(now.mono));
    Ok(())
}

fn paint(mut state: State, args: &Snapshot) -> Buffer {
    let look = run::still_look(&state.config.ui, false);
    run::draw_still(&mut state, args.size, &look)
}
