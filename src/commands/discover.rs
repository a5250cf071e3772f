//! `ahtop discover`: who is logged in now, which campaigns there are, and what of it is watched.
//!
//! Each request has its permit, and the token is that of all dashboards. That a list is refused says nothing about it.

use std::{collections::HashSet, fmt::Write, future::Future, sync::Arc, time::Duration};

use serde::Serialize;

use super::{
    Done, Failure,
    session::{self, account},
    stop,
};
use crate::{
    api::{Auth, Client, ListReply, ListedCampaign, Login},
    cli::{self, DiscoverFormat},
    config::{AuthMode, Config, Env, Id, Overrides, Purpose, SecretSource},
    domain::{Kind, SystemClock, Target, clean_line, fit, plural},
    exit::Exit,
    poll::{Ready, TokenManager},
    report::{self, SCHEMA},
    store::{Handle, Instance, Link, PermitAnswer, Role, open_for},
};

/// So long a token and the permits are waited for.
const PATIENCE: Duration = Duration::from_secs(120);
/// So many of those that were not seen are named in the table.
const NAMED: usize = 20;

/// Asks, and prints what there is.
///
/// # Errors
/// Configuration, credentials, store.
pub async fn run(args: &cli::Discover, flags: &Overrides, env: &Env) -> Result<Done, Failure> {
    let loaded = super::load_for(Purpose::Discover, flags, env)?;
    let found = tokio::select! {
        biased;
        number = stop::signal() => return Ok(Done::failed(Exit::Signal(number), "")),
        found = ask(&loaded.config, env) => found?,
    };
    let view = View::new(&found, &loaded.config);
    let out = match args.format {
        DiscoverFormat::Table => view.table(),
        DiscoverFormat::Csv => view.roster()?,
        DiscoverFormat::Json => report::json_line(&view),
        DiscoverFormat::Toml => view.toml(),
    };
    let mut err: String = loaded.warnings.iter().map(|warning| format!("warning: {warning}\n")).collect();
    if args.format != DiscoverFormat::Table {
        err.push_str(&view.remarks());
    }
    Ok(Done { out, err, exit: view.exit })
}

/// The text of a first configuration that watches what there is, with what `flags` and variables say of the account.
///
/// # Errors
/// Those of [`run`], and where nobody is logged in and no campaign is listed.
pub(super) async fn configuration(flags: &Overrides, env: &Env) -> Result<String, Failure> {
    let config = super::load_for(Purpose::Begin, flags, env)?.config;
    let found = tokio::select! {
        biased;
        number = stop::signal() => return Err(Failure::new(Exit::Signal(number), "")),
        found = ask(&config, env) => found?,
    };
    let view = View::new(&found, &config);
    if view.agents.is_empty() && view.campaigns.is_empty() {
        let exit = if view.exit == Exit::Ok { Exit::Service } else { view.exit };
        let message = format!("{}ahtop: nothing was written: there is nobody to watch yet", view.remarks());
        return Err(Failure::new(exit, message));
    }
    Ok(first_file(&config, &view.toml()))
}

/// What the service said.
struct Found {
    logins: ListReply<Login>,
    campaigns: ListReply<ListedCampaign>,
}

async fn ask(config: &Config, env: &Env) -> Result<Found, Failure> {
    let (asker, client, auth) = begin(config, env).await?;
    let logins = asker.count(client.logins(&auth)).await?;
    let mut campaigns = asker.count(client.available_campaigns(&auth)).await?;
    let known = config.watch.iter().find(|w| w.target.kind == Kind::Campaign);
    if let (ListReply::Refused { .. }, Some(known)) = (&campaigns, known) {
        campaigns = asker.count(client.campaign_status(&known.target.id, &auth)).await?;
    }
    Ok(Found { logins, campaigns })
}

/// Asks who is logged in; with the store that the request was counted in.
///
/// # Errors
/// Credentials, store, a limit that is used up.
pub(super) async fn logins(config: &Config, env: &Env) -> Result<(ListReply<Login>, Handle), Failure> {
    let (asker, client, auth) = begin(config, env).await?;
    let logins = asker.count(client.logins(&auth)).await?;
    Ok((logins, asker.store))
}

/// Opens the store and gets a token.
async fn begin<'a>(config: &'a Config, env: &Env) -> Result<(Asker<'a>, Arc<Client>, Auth), Failure> {
    let Some(keys) = session::keys(config, env).await? else {
        return Err(Failure::new(
            Exit::Credentials,
            "discover asks the service: it needs an [auth] section or AHTOP_API_KEY",
        ));
    };
    let client = Arc::new(session::client(config, &keys)?);
    let clock = Arc::new(SystemClock::new());
    let opened = open_for(&session::place(config, env)?, clock, Some(&account(config)))?;
    let (store, me) = (Handle::new(opened.store), Instance::here(Role::Command));
    let timeout = config.poll.timeout;
    let mut token = TokenManager::new(keys, store.clone(), client.clone(), me.clone(), config.budget, timeout);
    let auth = authorize(&mut token, &store).await?;
    Ok((Asker { store, me, config }, client, auth))
}

/// As whom to ask: with the stored token, or with a new one within the account's ceiling.
async fn authorize(token: &mut TokenManager, store: &Handle) -> Result<Auth, Failure> {
    let began = store.direct().now().mono;
    loop {
        let now = store.direct().now();
        let wait = match token.ready(&now, true).await? {
            Ready::Send(auth, _) => return Ok(auth),
            Ready::Drain => Duration::from_millis(100),
            Ready::Wait(link, until) => {
                let exit = match &link {
                    Link::Down { .. } => Exit::Service,
                    Link::Throttled { .. } => Exit::Throttled,
                    _ => Exit::Credentials,
                };
                // A key that is refused stays refused; the others may come right within our patience.
                let hopeless = matches!(link, Link::Credentials { .. } | Link::Down { .. });
                if hopeless || until.since(began) >= PATIENCE {
                    return Err(Failure::new(exit, link.sentence()));
                }
                until.since(now.mono).max(Duration::from_millis(50))
            }
        };
        tokio::time::sleep(wait).await;
    }
}

/// Sends what has a permit.
struct Asker<'a> {
    store: Handle,
    me: Instance,
    config: &'a Config,
}

impl Asker<'_> {
    /// Waits for a permit, sends `request` and counts it.
    async fn count<T>(&self, request: impl Future<Output = ListReply<T>>) -> Result<ListReply<T>, Failure> {
        let began = self.store.direct().now().mono;
        let ask = session::permit_ask(self.config);
        let permit = loop {
            let me = self.me.clone();
            let now = self.store.direct().now().mono;
            match self.store.call(move |s| s.permit(&me, &ask)).await? {
                PermitAnswer::Granted { id, void_at } if self.store.direct().now().mono < void_at => break id,
                // This process was stopped, or the machine has much else to do.
                PermitAnswer::Granted { id, .. } => self.store.call(move |s| s.finish(id, false)).await?,
                PermitAnswer::Wait(d) if now.since(began) + d >= PATIENCE => {
                    let why = self.store.call(|s| s.usage()).await?.why_wait(ask.cap);
                    return Err(Failure::new(Exit::Throttled, format!("{why}: try again in a minute")));
                }
                PermitAnswer::Wait(d) => tokio::time::sleep(d).await,
            }
        };
        let reply = request.await;
        self.store.call(move |s| s.finish(permit, true)).await?;
        Ok(reply)
    }
}

/// An agent who is logged in; the fields are those of the JSON.
#[derive(Debug, Serialize)]
struct Agent {
    id: String,
    name: Option<String>,
    /// The service's own word.
    state: Option<String>,
    skills: Vec<String>,
    watched: bool,
    /// The first configured one.
    group: Option<String>,
}

/// A campaign; the fields are those of the JSON.
#[derive(Debug, Serialize)]
struct Campaign {
    name: String,
    #[serde(rename = "type")]
    kind: Option<String>,
    /// The service's own word.
    state: Option<String>,
    watched: bool,
}

/// What was found, beside what is configured; the fields are those of the JSON.
#[derive(Debug, Serialize)]
struct View {
    schema: u32,
    account: String,
    agents: Vec<Agent>,
    campaigns: Vec<Campaign>,
    /// Watched, and not among those above.
    not_seen: NotSeen,
    /// Why there is no list, or why it is incomplete.
    errors: Vec<String>,
    #[serde(skip)]
    exit: Exit,
}

#[derive(Debug, Serialize)]
struct NotSeen {
    agents: Vec<String>,
    campaigns: Vec<String>,
}

impl View {
    fn new(found: &Found, config: &Config) -> View {
        let (mut errors, mut exit) = (Vec::new(), Exit::Ok);
        let logins = rows(&found.logins, "who is logged in", &mut errors, Some(&mut exit));
        let campaigns = rows(&found.campaigns, "the campaigns", &mut errors, None);
        let listed = |target: &Target| config.watch.iter().find(|w| w.target == *target).cloned();
        // Where whoever is logged in is watched, all of them are.
        let watched = |target: &Target| match &config.floor {
            Some(floor) if target.kind == Kind::Agent => Some(floor.watched(&target.id)),
            _ => listed(target),
        };
        let line = |text: &Arc<str>| text.to_string();
        let agents: Vec<Agent> = logins
            .unwrap_or_default()
            .iter()
            .map(|login| {
                let watched = watched(&Target::agent(&*login.id));
                Agent {
                    id: line(&login.id),
                    name: login.name.as_ref().map(line),
                    state: login.state.as_ref().map(line),
                    skills: login.skills.iter().map(line).collect(),
                    watched: watched.is_some(),
                    group: watched.and_then(|w| w.groups.first().map(line)),
                }
            })
            .collect();
        let listed: Vec<Campaign> = campaigns
            .unwrap_or_default()
            .iter()
            .map(|campaign| Campaign {
                name: line(&campaign.name),
                kind: campaign.kind.as_ref().map(line),
                state: campaign.state.as_ref().map(line),
                watched: watched(&Target::campaign(&*campaign.name)).is_some(),
            })
            .collect();
        let seen: HashSet<Target> = agents
            .iter()
            .map(|a| Target::agent(a.id.as_str()))
            .chain(listed.iter().map(|c| Target::campaign(c.name.as_str())))
            .collect();
        // Of what was not listed at all nobody can say that it was not seen.
        let not_seen = |kind: Kind, known: bool| -> Vec<String> {
            let of_kind = config.watch.iter().filter(|w| known && w.target.kind == kind && !seen.contains(&w.target));
            of_kind.map(|w| w.target.id.to_string()).collect()
        };
        let not_seen = NotSeen {
            agents: not_seen(Kind::Agent, logins.is_some()),
            campaigns: not_seen(Kind::Campaign, campaigns.is_some()),
        };
        let account = config.account.name.clone();
        View { schema: SCHEMA, account, agents, campaigns: listed, not_seen, errors, exit }
    }

    /// For people.
    fn table(&self) -> String {
        let line = |text: &str| clean_line(text, 300);
        let mut out = String::new();
        let yes = |watched: bool| if watched { "yes" } else { "no" }.to_owned();
        let agents = self.agents.iter().map(|a| {
            let name = a.name.as_deref().map(line).unwrap_or_default();
            let state = a.state.as_deref().map(line).unwrap_or_default();
            [line(&a.id), name, state, line(&a.skills.join(", ")), yes(a.watched)]
        });
        let campaigns = self.campaigns.iter().map(|c| {
            let kind = c.kind.as_deref().map(line).unwrap_or_default();
            [line(&c.name), kind, c.state.as_deref().map(line).unwrap_or_default(), yes(c.watched)]
        });
        // Writing to a string cannot fail.
        if !self.agents.is_empty() {
            let new = self.agents.iter().filter(|a| !a.watched).count();
            let _ = writeln!(out, "{} logged in, {new} of them not watched", plural(self.agents.len(), "agent"));
            out.push_str(&columns(["AGENT", "NAME", "STATE", "SKILLS", "WATCHED"], agents.collect()));
        }
        if !self.campaigns.is_empty() {
            let new = self.campaigns.iter().filter(|c| !c.watched).count();
            let gap = if out.is_empty() { "" } else { "\n" };
            let _ = writeln!(out, "{gap}{}, {new} of them not watched", plural(self.campaigns.len(), "campaign"));
            out.push_str(&columns(["CAMPAIGN", "TYPE", "STATE", "WATCHED"], campaigns.collect()));
        }
        out.push_str(&self.remarks());
        out
    }

    /// What was not seen, and what went wrong: a line each.
    fn remarks(&self) -> String {
        let not_seen =
            [("agent", "not logged in", &self.not_seen.agents), ("campaign", "not listed", &self.not_seen.campaigns)];
        let mut out = String::new();
        for (what, how, ids) in not_seen.into_iter().filter(|(_, _, ids)| !ids.is_empty()) {
            let named: Vec<String> = ids.iter().take(NAMED).map(|id| clean_line(id, 100)).collect();
            let more = match ids.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let watched = plural(ids.len(), format_args!("watched {what}"));
            let are = if ids.len() == 1 { "is" } else { "are" };
            let _ = writeln!(out, "{watched} {are} {how}: {}{more}", named.join(", "));
        }
        for error in &self.errors {
            let _ = writeln!(out, "{}", clean_line(error, 400));
        }
        if self.agents.is_empty() && self.exit == Exit::Ok {
            out.push_str("nobody is logged in now\n");
        }
        out
    }

    /// A roster that `agents_csv` takes.
    fn roster(&self) -> Result<String, Failure> {
        let rows = self
            .agents
            .iter()
            .map(|a| [a.id.as_str(), a.name.as_deref().unwrap_or_default(), a.group.as_deref().unwrap_or_default()]);
        let mut out = Vec::new();
        report::roster(rows, &mut out)?;
        Ok(String::from_utf8(out).unwrap_or_default())
    }

    /// The table `[watch]`, an id a line.
    fn toml(&self) -> String {
        let agents = self.agents.iter().map(|a| (a.id.as_str(), a.name.as_deref()));
        let campaigns = self.campaigns.iter().map(|c| (c.name.as_str(), None));
        format!("[watch]\nagents = {}\ncampaigns = {}\n", array(agents), array(campaigns))
    }
}

/// The rows of a list; `None` where there is none, which `errors` and `exit` tell then.
fn rows<'a, T>(
    reply: &'a ListReply<T>,
    what: &str,
    errors: &mut Vec<String>,
    exit: Option<&mut Exit>,
) -> Option<&'a [T]> {
    let (text, code) = match reply {
        ListReply::Rows { rows, unread } => {
            if *unread > 0 {
                errors.push(format!("{unread} entries of the list of {what} have no ID that can be asked for"));
            }
            return Some(rows);
        }
        ListReply::Throttled { .. } => {
            (format!("cannot list {what}: the service limits these requests; try again in a minute"), Exit::Throttled)
        }
        ListReply::Refused { why } => {
            (format!("cannot list {what}: the account does not give it ({why})"), Exit::Service)
        }
        ListReply::Failed { why } => (format!("cannot list {what}: {why}"), Exit::Service),
    };
    errors.push(text);
    if let Some(exit) = exit {
        *exit = code;
    }
    None
}

/// Titles and cells, each column as wide as its widest cell.
fn columns<const N: usize>(titles: [&str; N], cells: Vec<[String; N]>) -> String {
    let all = || std::iter::once(titles.map(str::to_owned)).chain(cells.iter().cloned());
    let width = |i: usize| {
        let widest = all().map(|row| unicode_width::UnicodeWidthStr::width(row[i].as_str())).max();
        widest.unwrap_or_default().min(40)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    all()
        .map(|row| {
            let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| fit(cell, width, "…")).collect();
            format!("{}\n", cells.join("  ").trim_end())
        })
        .collect()
}

/// An array of TOML over several lines, each with what it is about.
fn array<'a>(ids: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> String {
    let lines: String = ids
        .map(|(id, name)| {
            let name = name.map(|name| format!("  # {}", clean_line(name, 100))).unwrap_or_default();
            format!("  {},{name}\n", quoted(id))
        })
        .collect();
    if lines.is_empty() { "[]".into() } else { format!("[\n{lines}]") }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A whole file: the account as it was asked, and what was found.
fn first_file(config: &Config, watch: &str) -> String {
    let mut text = String::from(
        "#:schema ./config.schema.json\n\
         # Configuration of ahtop, made from who was logged in. `ahtop config schema` and the manual name every key;\n\
         # `ahtop discover` shows who has come since.\n\n[account]\n",
    );
    let mut line = |key: &str, value: &str| text.push_str(&format!("{key} = {}\n", quoted(value)));
    line("name", &config.account.name);
    line("user_name", &config.account.user_name);
    if Some(config.account.base_url.to_string().as_str()) != Id::BaseUrl.key().default {
        line("base_url", &config.account.base_url.to_string());
    }
    if let Some(zone) = &config.account.timezone {
        line("timezone", zone);
    }
    if let Some(path) = &config.account.ca_file {
        line("ca_file", &path.to_string_lossy());
    }
    text.push_str("\n# Where the key comes from, never the key itself.\n[auth]\n");
    let mut line = |key: &str, value: &str| text.push_str(&format!("{key} = {value}\n"));
    let argv = |words: &[String]| toml::Value::from(words.to_vec()).to_string();
    if let Some(auth) = &config.auth {
        if auth.mode == AuthMode::Basic {
            line("mode", "\"basic\"");
        }
        match &auth.source {
            SecretSource::KeyEnv(name) => line("api_key_env", &quoted(name)),
            SecretSource::KeyFile(path) => line("api_key_file", &quoted(&absolute(path))),
            SecretSource::KeyCommand(words) => line("api_key_command", &argv(words)),
            SecretSource::TokenCommand(words) => line("token_command", &argv(words)),
        }
    }
    text.push_str(&format!(
        "\n{watch}\n\
         # Bands say which handling times need attention; without them there are no alerts.\n\
         #[bands]\n#agents = {{ target = \"4:47\" }}\n#campaigns = {{ target = \"4:47\" }}\n"
    ));
    text
}

/// A path that a flag gave is relative to where we are, and one in the file to the file.
fn absolute(path: &std::path::Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).to_string_lossy().into_owned()
}
