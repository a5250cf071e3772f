//! `ahtop sim` and `ahtop demo`: the simulated service alone, and the dashboard on it.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use jiff::Timestamp;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::{
    Failure, dashboard, once, print,
    session::{Open, Session},
    stop,
};
use crate::{
    cli,
    config::{self, Env, Id, Loaded, Overrides},
    domain::{Aht, Band, Clock, EventTime, Kind, Outcome, Reading, SystemClock, Target},
    exit::Exit,
    poll::Keys,
    run::Memory,
    sim::{self, Roster, SimServer, SimService, Truth, options::RosterChoice},
    store::{Role, Store, StoreError, StorePlace, StoreThread},
};

/// The demo's past: how long, and one reading in how long. Some of them are due when it begins.
const PAST: (Duration, Duration) = (Duration::from_secs(5 * 3600), Duration::from_secs(75));

/// The week before it: from when on, until when, and one reading in how long. About as many as a chart has columns, and
/// no more than the past itself, since the first frame waits for them.
const WEEK: [(Duration, Duration, Duration); 2] = [
    (Duration::from_secs(7 * 86_400), Duration::from_secs(26 * 3600), Duration::from_secs(3600)),
    (Duration::from_secs(26 * 3600), PAST.0, Duration::from_secs(600)),
];

/// Serves the simulated API until interrupted.
///
/// # Errors
/// The port is taken.
pub async fn serve(args: &cli::Sim) -> Result<Exit, Failure> {
    let scenario = args.scenario;
    let mut options = scenario.options(args.seed);
    let (campaigns, agents) = (count(args.campaigns), count(args.agents));
    let demo = Roster::demo();
    if (campaigns, agents) != (demo.campaigns.len(), demo.agents.len()) {
        options.model.roster = RosterChoice::Generated { campaigns, agents, around_the_clock: false };
    }
    let (user, key) = (options.user_name.clone(), options.api_key.clone());
    let service = Arc::new(SimService::new(options, Arc::new(SystemClock::new())).with_script(scenario.script()));
    let server = SimServer::bind(args.port).await.map_err(|e| {
        Failure::new(Exit::Unexpected, format!("cannot listen on 127.0.0.1:{}: {e}; try --port 0", args.port))
    })?;
    print(&format!(
        "simulated AHT API on {base}, user {user}, API key {key} (opens nothing but this); Ctrl-C ends it\n\
         \n  AHTOP_API_KEY={key} ahtop --base-url {base} --user {user} {wants}\n",
        base = server.base_url(),
        wants = some_targets(&service.roster()),
    ));
    let cancel = CancellationToken::new();
    let serving = tokio::spawn(server.serve(service, cancel.clone()));
    let signal = stop::signal().await;
    cancel.cancel();
    let _ = serving.await;
    Ok(Exit::Signal(signal))
}

fn count(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// A few flags to start with.
fn some_targets(roster: &Roster) -> String {
    let campaigns = roster.campaigns.iter().take(2).map(|c| format!("-C {}", c.name));
    let agents = roster.agents.iter().filter(|a| a.exists && a.takes_calls).take(3).map(|a| format!("-a {}", a.id));
    campaigns.chain(agents).collect::<Vec<_>>().join(" ")
}

/// Starts the service inside, with a store that ends with it, and opens the dashboard on it.
///
/// # Errors
/// No loopback, no temporary directory, or what the dashboard cannot do.
pub async fn demo(args: &cli::Demo, flags: &Overrides, env: &Env) -> Result<Exit, Failure> {
    if !dashboard::has_screen(env) {
        dashboard::needs_no_screen(flags)?;
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let scenario = args.scenario;
    let mut options = scenario.options(args.seed);
    options.model.scripts = args.scripts;
    let service = Arc::new(SimService::new(options, clock).with_script(scenario.script()));
    // Beside the poller, which it talks to most.
    let thread = StoreThread::start()?;
    let server = thread.spawn(SimServer::bind(0)).await.map_err(std::io::Error::other)??;
    let dir = tempfile::tempdir().map_err(|e| {
        let place = std::env::temp_dir();
        let why = format!(
            "the demo keeps its history in a directory for temporary files, and {} cannot be used: {e}. Name another one \
             with TMPDIR.",
            place.display()
        );
        Failure::new(Exit::Unexpected, why)
    })?;
    let loaded = configuration(&service, &server.base_url(), flags, env)?;
    let cancel = CancellationToken::new();
    let serving = thread.spawn(server.serve(service.clone(), cancel.clone()));
    let config = &loaded.config;
    let key = service.options().api_key;
    let auto_path = dir.path().join("demo.db");
    remember(&service, &auto_path)?;
    let session = Session::open_at(
        thread,
        Open {
            config,
            place: StorePlace::File(auto_path),
            role: Role::Dashboard,
            keys: Some(Keys::Token(key.into())),
            wants: config.watch.iter().map(|w| w.target.clone()).collect(),
        },
    )?;
    let result = if dashboard::has_screen(env) {
        let shown = dashboard::Shown { mode: Some("DEMO"), locked: args.wall };
        dashboard::open_on(session, config, env, shown, dashboard::named(Memory::default(), config, flags)).await
    } else {
        let result = once::on(&session, &cli::Once::default(), config, env, super::stop::signal()).await;
        session.close().await;
        result
    };
    cancel.cancel();
    let _ = serving.await;
    result
}

/// The demo's configuration, written as a user would and read the same way.
pub(crate) fn configuration(
    service: &SimService,
    base_url: &str,
    flags: &Overrides,
    env: &Env,
) -> Result<Loaded, Failure> {
    let roster = service.roster();
    let user = service.options().user_name;
    let file = File::of(&roster, base_url, &user);
    let text = toml::to_string(&file).map_err(|e| Failure::new(Exit::Unexpected, e.to_string()))?;
    // The demo is not about the user's account: of the environment it takes only what concerns the screen.
    let screen =
        [Id::Theme, Id::Symbols, Id::AgeStep, Id::MaxFps, Id::Mouse, Id::Operator, Id::AskTerminal, Id::Timezone];
    let screen = screen.iter().filter_map(|id| id.key().env).chain(["NO_COLOR", "LOGNAME", "USER"]);
    let env = Env::of(screen.filter_map(|name| Some((name, env.get(name)?.to_owned()))));
    Ok(config::resolve(flags, &env, Some((Path::new("demo.toml"), &text)))?)
}

/// Puts the past into the store, as a poller would have.
fn remember(service: &SimService, path: &Path) -> Result<(), Failure> {
    let opened = crate::store::open(&StorePlace::File(path.to_owned()), service.clock().clone())?;
    append(service, opened.store.as_ref(), sim::days_before(service, &WEEK))?;
    Ok(remember_in(service, opened.store.as_ref())?)
}

/// The same into a store that is open.
pub(crate) fn remember_in(service: &SimService, store: &dyn Store) -> Result<(), StoreError> {
    append(service, store, sim::history(service, PAST.0, PAST.1))
}

fn append(service: &SimService, store: &dyn Store, past: Vec<sim::PastReading>) -> Result<(), StoreError> {
    let boot = service.clock().now().boot;
    let readings: Vec<Reading> = past
        .into_iter()
        .map(|past| Reading {
            target: Target { kind: past.kind, id: past.id.into() },
            at: EventTime {
                boot: boot.clone(),
                mono: past.mono,
                wall: Timestamp::from_millisecond(past.unix_ms).unwrap_or_default(),
            },
            outcome: outcome(past.truth),
            name: past.name.map(Into::into),
        })
        .collect();
    store.append(&readings)
}

/// The truth as it would have been read.
pub(crate) fn outcome(truth: Truth) -> Outcome {
    match truth {
        Truth::Secs(secs) => Outcome::Value(Aht::from_secs(secs)),
        Truth::NoCalls => Outcome::NoCalls,
        Truth::Invalid => Outcome::Invalid,
    }
}

/// A configuration file, as far as the demo needs it.
#[derive(Serialize)]
struct File<'a> {
    account: BTreeMap<&'static str, &'a str>,
    group: Vec<GroupEntry<'a>>,
    campaign: Vec<CampaignEntry<'a>>,
    agent: Vec<AgentEntry<'a>>,
}

#[derive(Serialize)]
struct GroupEntry<'a> {
    name: &'a str,
    agents: Vec<&'a str>,
}

#[derive(Serialize)]
struct CampaignEntry<'a> {
    name: &'a str,
    bands: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
struct AgentEntry<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    bands: BTreeMap<&'static str, String>,
}

impl<'a> File<'a> {
    fn of(roster: &'a Roster, base_url: &'a str, user: &'a str) -> Self {
        let band = |kind: Kind, id: &str| {
            let band = roster.band(&Target { kind, id: id.into() }).unwrap_or_default();
            limits(band)
        };
        let group = |name| GroupEntry {
            name,
            agents: roster.agents.iter().filter(|a| a.group == name).map(|a| a.id.as_str()).collect(),
        };
        File {
            account: BTreeMap::from([
                ("name", "demo"),
                ("base_url", base_url),
                ("user_name", user),
                ("timezone", "Asia/Kolkata"),
            ]),
            group: sim::model::GROUPS.map(group).into(),
            campaign: roster
                .campaigns
                .iter()
                .map(|c| CampaignEntry { name: &c.name, bands: band(Kind::Campaign, &c.name) })
                .collect(),
            agent: roster
                .agents
                .iter()
                .map(|a| AgentEntry { id: &a.id, label: a.label.as_deref(), bands: band(Kind::Agent, &a.id) })
                .collect(),
        }
    }
}

fn limits(band: Band) -> BTreeMap<&'static str, String> {
    band.limits().into_iter().filter_map(|(name, limit)| Some((name, limit?.to_string()))).collect()
}
