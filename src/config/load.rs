//! Layers: flag over `AHTOP_*` over file over default, and what must fit together once they are merged.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::{
    document::{self, File, Layer},
    env::{Env, Overrides},
    error::{ConfigErrors, Diagnostics, Place, quote, show_path},
    listen::Listen,
    paths, roster,
    schema::{Id, KEYS},
    small_file, themes,
    types::{
        Account, Alert, AskTerminal, AuthMode, AuthSource, Budget, Config, Names, Notify, Poll, Presence, SecretSource,
        Serve, StoreServer, Symbols, Theme, Ui, Wall, WallTiles,
    },
    value_type::{Value, ValueType, line, words},
    watch,
};

/// What somebody is told who starts it for the first time.
const FIRST_START: &str = "there is no such file, and nothing else says what to watch.
To begin:

  ahtop demo           shows a simulated call centre; needs no account
  ahtop config init    writes this file to start from

or without a file:

  AHTOP_API_KEY=... ahtop --user ACCOUNT -a AGENT_ID -C CAMPAIGN_NAME";

/// Configuration files are read to here.
const LARGEST: u64 = 4 * 1024 * 1024;

/// A checked configuration and where its values come from.
#[derive(Clone, Debug)]
pub struct Loaded {
    pub config: Config,
    /// What is probably not meant so, one line each, safe to print.
    pub warnings: Vec<String>,
    /// Where each value comes from; without an entry nothing is set.
    pub(super) origins: BTreeMap<Id, (Value, Place)>,
    /// All groups in their order.
    pub(super) groups: Vec<Arc<str>>,
}

impl Loaded {
    /// Where the value of a key comes from; `None`: nothing is set.
    pub fn origin(&self, id: Id) -> Option<&Place> {
        self.origins.get(&id).map(|(_, place)| place)
    }
}

/// What the configuration is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Watch,
    /// To find out what there is to watch: nothing needs to be listed.
    Discover,
    /// The same by flags and variables alone, before there is a file.
    Begin,
}

/// Reads and checks everything.
///
/// # Errors
/// All that is wrong, at once.
pub fn load(purpose: Purpose, flags: &Overrides, env: &Env) -> Result<Loaded, ConfigErrors> {
    let file = if purpose == Purpose::Begin { None } else { paths::config_file(flags, env) };
    let Some((path, named)) = file else { return resolve_for(purpose, flags, env, None) };
    let file: Arc<str> = show_path(&path).into();
    let fail = |message: String| {
        let mut diagnostics = Diagnostics::default();
        diagnostics.push(Place::File(Arc::clone(&file)), message);
        Err(diagnostics.into_errors())
    };
    let bytes = match small_file::read_file(&path, LARGEST) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound && !named => {
            return resolve_for(purpose, flags, env, None).map_err(|mut errors| {
                if said_nothing(flags, env) {
                    // What is missing in detail is no help to somebody who has just installed it.
                    errors.0.clear();
                    errors.0.push(super::ConfigError { place: Place::File(file), message: FIRST_START.to_owned() });
                    return errors;
                }
                let message = "there is no such file; `ahtop config init` writes one to start from".to_owned();
                errors.0.push(super::ConfigError { place: Place::File(file), message });
                errors
            });
        }
        Err(e) => return fail(format!("cannot be read: {e}")),
    };
    match String::from_utf8(bytes) {
        Ok(text) => resolve_for(purpose, flags, env, Some((&path, &text))),
        Err(e) => {
            let good = e.utf8_error().valid_up_to();
            let bytes = e.into_bytes();
            let line = bytes.iter().take(good).filter(|b| **b == b'\n').count() + 1;
            fail(format!("line {line} is not UTF-8"))
        }
    }
}

/// Checks the layers with `file` (its path and its text) already read.
///
/// # Errors
/// All that is wrong, at once.
pub fn resolve(flags: &Overrides, env: &Env, file: Option<(&Path, &str)>) -> Result<Loaded, ConfigErrors> {
    resolve_for(Purpose::Watch, flags, env, file)
}

fn resolve_for(
    purpose: Purpose,
    flags: &Overrides,
    env: &Env,
    file: Option<(&Path, &str)>,
) -> Result<Loaded, ConfigErrors> {
    let mut diagnostics = Diagnostics::default();
    let read = match file {
        Some((path, text)) => document::read(path, text, &mut diagnostics),
        None => Some(File::default()),
    };
    let (flags, mut env_layer) = (from_flags(flags, &mut diagnostics), from_env(env, &mut diagnostics));
    // Of a file with syntax errors nobody can say what is missing in it.
    let Some(read) = read else { return Err(diagnostics.into_errors()) };
    // The variable with the key itself gives way to every source that is named.
    let named = |layer: &Layer| Id::SECRETS.iter().any(|id| layer.places.contains_key(id));
    if env.get("AHTOP_API_KEY").is_some() && ![&flags, &env_layer, &read.layer].into_iter().any(named) {
        let place = Place::Env("AHTOP_API_KEY".into());
        env_layer.take(Id::ApiKeyEnv, place, Ok(Value::Text("AHTOP_API_KEY".into())), "", &mut diagnostics);
    }
    let mut layers = Layers {
        purpose,
        flags,
        env: env_layer,
        file: read,
        path: file.map(|(path, _)| path.to_owned()),
        home: env.get("HOME").map(PathBuf::from),
        credentials: env.get("CREDENTIALS_DIRECTORY").map(PathBuf::from),
        origins: BTreeMap::new(),
    };
    match layers.assemble(env, &mut diagnostics) {
        Some(loaded) if diagnostics.is_empty() => Ok(loaded),
        _ => Err(diagnostics.into_errors()),
    }
}

/// True where neither a flag nor a variable sets any key.
fn said_nothing(flags: &Overrides, env: &Env) -> bool {
    flags.values().next().is_none() && !KEYS.iter().any(|key| key.env.is_some_and(|name| env.get(name).is_some()))
}

fn from_flags(flags: &Overrides, diagnostics: &mut Diagnostics) -> Layer {
    let mut layer = Layer::default();
    for (id, values) in flags.values() {
        let Some(flag) = id.key().flag else { continue };
        take_texts(&mut layer, id, &Place::Flag(flag), values.iter().map(String::as_str), diagnostics);
    }
    layer
}

fn from_env(env: &Env, diagnostics: &mut Diagnostics) -> Layer {
    let mut layer = Layer::default();
    for key in &KEYS {
        let Some((name, value)) = key.env.and_then(|name| Some((name, env.get(name)?))) else { continue };
        let place = Place::Env(name.into());
        if key.value_type.is_list() {
            take_texts(&mut layer, key.id, &place, value.split(','), diagnostics);
        } else {
            take_texts(&mut layer, key.id, &place, std::iter::once(value), diagnostics);
        }
    }
    for name in env.broken.iter().filter(|n| n.starts_with("AHTOP_")) {
        diagnostics.push(Place::Env(name.as_str().into()), "is not UTF-8");
    }
    if env.get("NO_COLOR").is_some() && !layer.places.contains_key(&Id::Theme) {
        layer.take(Id::Theme, Place::Env("NO_COLOR".into()), Ok(Value::Text("mono".into())), "", diagnostics);
    }
    layer
}

fn take_texts<'a>(
    layer: &mut Layer,
    id: Id,
    place: &Place,
    texts: impl Iterator<Item = &'a str>,
    diagnostics: &mut Diagnostics,
) {
    if !id.key().value_type.is_list() {
        for text in texts {
            layer.take(id, place.clone(), id.key().value_type.text(text), "", diagnostics);
        }
        return;
    }
    layer.places.insert(id, place.clone());
    let list = layer.lists.entry(id).or_default();
    for text in texts {
        if let Err(message) = line(text) {
            diagnostics.push(place.clone(), format!("id {message}"));
        } else if list.iter().any(|(id, _)| id == text) {
            diagnostics.push(place.clone(), format!("{} is given twice", quote(text)));
        } else {
            list.push((text.to_owned(), place.clone()));
        }
    }
}

struct Layers {
    purpose: Purpose,
    flags: Layer,
    env: Layer,
    file: File,
    path: Option<PathBuf>,
    home: Option<PathBuf>,
    credentials: Option<PathBuf>,
    origins: BTreeMap<Id, (Value, Place)>,
}

impl Layers {
    /// The layers, uppermost first.
    fn all(&self) -> [&Layer; 3] {
        [&self.flags, &self.env, &self.file.layer]
    }

    /// Where `id` is spoken of, in the layer that decides.
    fn place(&self, id: Id) -> Option<&Place> {
        self.all().into_iter().find_map(|layer| layer.places.get(&id))
    }

    /// Where to complain about something that is missing.
    fn whole(&self) -> Place {
        self.path.as_deref().map_or(Place::Default, |p| Place::File(show_path(p).into()))
    }

    /// The value that holds, remembered with its origin; the default also where what was said is not valid.
    fn value(&mut self, id: Id) -> Option<Value> {
        let layer = self.all().into_iter().find(|layer| layer.places.contains_key(&id));
        let found = layer.and_then(|s| Some((s.values.get(&id)?.clone(), s.places.get(&id)?.clone())));
        let default = || Some((id.key().value_type.text(id.key().default?).ok()?, Place::Default));
        let (value, place) = found.or_else(default)?;
        let value = self.resolved(id, value, &place);
        self.origins.insert(id, (value.clone(), place));
        Some(value)
    }

    /// A relative `api_key_file`, `token_file` or `password_file` is a credential where the service manager hands some
    /// over. Other paths in the file are relative to the file, and `~/` is the home directory; elsewhere the shell has seen to that.
    fn resolved(&self, id: Id, value: Value, place: &Place) -> Value {
        let Value::Path(path) = value else { return value };
        let in_file = matches!(place, Place::At { .. });
        Value::Path(match (&self.credentials, &self.home, self.path.as_deref().and_then(Path::parent)) {
            (Some(dir), _, _)
                if matches!(id, Id::ApiKeyFile | Id::TokenFile | Id::StorePasswordFile)
                    && path.is_relative()
                    && !path.starts_with("~") =>
            {
                dir.join(path)
            }
            (_, Some(home), _) if in_file && path.starts_with("~") => {
                path.strip_prefix("~").map(|rest| home.join(rest)).unwrap_or(path)
            }
            (_, _, Some(dir)) if in_file => dir.join(path),
            _ => path,
        })
    }

    fn text(&mut self, id: Id) -> Option<String> {
        match self.value(id) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    fn count(&mut self, id: Id) -> u32 {
        match self.value(id) {
            Some(Value::Count(n)) => n,
            _ => 0,
        }
    }

    fn span(&mut self, id: Id) -> Duration {
        match self.value(id) {
            Some(Value::Span(span)) => span,
            _ => Duration::ZERO,
        }
    }

    fn path(&mut self, id: Id) -> Option<PathBuf> {
        match self.value(id) {
            Some(Value::Path(path)) => Some(path),
            _ => None,
        }
    }

    /// `None` only where a key is not valid, which `diagnostics` knows then.
    fn assemble(&mut self, env: &Env, diagnostics: &mut Diagnostics) -> Option<Loaded> {
        let auth = self.auth(diagnostics);
        let account = self.account(auth.is_some(), diagnostics);
        let budget = self.budget(diagnostics);
        let poll = self.poll(diagnostics);
        let presence = Presence {
            auto: self.text(Id::PresenceMode).as_deref() != Some("off"),
            interval: self.span(Id::PresenceInterval),
        };
        let ui = Ui {
            theme: self.theme(diagnostics),
            symbols: symbols(self.text(Id::Symbols).as_deref()),
            age_step: self.span(Id::AgeStep),
            max_fps: self.count(Id::MaxFps),
            mouse: self.value(Id::Mouse) == Some(Value::Switch(true)),
            operator: self.text(Id::Operator).map(Into::into).or_else(|| env.login()),
            ask_terminal: match self.text(Id::AskTerminal).as_deref() {
                Some("always") => AskTerminal::Always,
                Some("never") => AskTerminal::Never,
                _ => AskTerminal::Auto,
            },
            keys: std::mem::take(&mut self.file.keys),
        };
        let wall = Wall {
            title: self.text(Id::WallTitle),
            page_seconds: self.count(Id::PageSeconds),
            names: names(self.text(Id::Names).as_deref()),
            exit_key: self.text(Id::ExitKey).and_then(|text| text.parse().ok()),
            tiles: WallTiles::of(&words(self.value(Id::WallTiles))),
        };
        let store_url = self.text(Id::StoreUrl).and_then(|text| text.parse().ok());
        let store_server = self.store_server();
        let history_keep = self.span(Id::HistoryKeep);
        let alert = self.alert();
        let quiet = words(self.value(Id::QuietHours)).iter().filter_map(|text| text.parse().ok()).collect();
        let serve = self.serve(diagnostics);
        let watch::Merged { watch, floor, groups } = self.watch(auth.is_some(), presence.auto, diagnostics);
        let config = Config {
            file: self.path.clone(),
            account: account?,
            auth,
            budget,
            poll,
            presence,
            store_url: store_url?,
            store_server,
            history_keep,
            watch,
            floor: floor.map(Arc::new),
            ui,
            alert,
            quiet,
            hooks: std::mem::take(&mut self.file.hooks),
            wall,
            serve,
        };
        let holds_key = config.auth.as_ref().and_then(|auth| match &auth.source {
            SecretSource::KeyEnv(name) => Some(name.as_str()),
            _ => None,
        });
        let warnings = env.warnings(holds_key);
        Some(Loaded { config, warnings, origins: std::mem::take(&mut self.origins), groups })
    }

    fn account(&mut self, polls: bool, diagnostics: &mut Diagnostics) -> Option<Account> {
        let user_name = self.text(Id::UserName);
        let mut name = self.text(Id::AccountName);
        if self.place(Id::UserName).is_none() && polls {
            let message = "[account] user_name is missing: the CloudAgent account name (--user, AHTOP_USER)";
            diagnostics.push(self.whole(), message);
        }
        if self.place(Id::AccountName).is_none() {
            let named = user_name.as_ref().filter(|user| ValueType::Name.text(user).is_ok());
            if let Some(user) = named {
                let value = Value::Text(user.clone());
                self.origins.insert(Id::AccountName, (value, Place::From("[account] user_name")));
                name = Some(user.clone());
            } else if let Some(user) = &user_name {
                let message = format!("[account] name is missing, and user name {} cannot serve as one", quote(user));
                diagnostics.push(self.whole(), message);
            } else if !polls && self.place(Id::UserName).is_none() {
                let message = "[account] name is missing: it names the shared state (--account, AHTOP_ACCOUNT)";
                diagnostics.push(self.whole(), message);
            }
        }
        let ca_file = self.path(Id::CaFile);
        if let Some(path) = &ca_file
            && let Err(e) = small_file::open(path)
            && let Some(place) = self.place(Id::CaFile)
        {
            diagnostics.push(place.clone(), format!("'ca_file': cannot read {}: {e}", show_path(path)));
        }
        Some(Account {
            name: name.unwrap_or_default(),
            base_url: self.text(Id::BaseUrl)?.parse().ok()?,
            user_name: user_name.unwrap_or_default(),
            timezone: self.text(Id::Timezone),
            ca_file,
        })
    }

    fn theme(&mut self, diagnostics: &mut Diagnostics) -> Theme {
        match self.value(Id::Theme) {
            Some(Value::Path(path)) => {
                let place = self.place(Id::Theme).cloned().unwrap_or(Place::Default);
                Theme::File(themes::read(&path, &place, diagnostics))
            }
            Some(Value::Text(word)) => theme(&word),
            _ => Theme::Auto,
        }
    }

    /// The source of the secret: the uppermost layer that names one decides, and it must name one only.
    fn auth(&mut self, diagnostics: &mut Diagnostics) -> Option<AuthSource> {
        let mode = if self.text(Id::AuthMode).as_deref() == Some("basic") { AuthMode::Basic } else { AuthMode::Token };
        let named = |layer: &Layer| -> Vec<(Place, Id)> {
            let mut named: Vec<_> =
                Id::SECRETS.iter().filter_map(|id| Some((layer.places.get(id)?.clone(), *id))).collect();
            named.sort();
            named
        };
        for layer in self.all() {
            for (place, id) in named(layer).iter().skip(1) {
                let message = format!("'{}' is a second source of the secret: name exactly one", id.key().name);
                diagnostics.push(place.clone(), message);
            }
        }
        let (place, id) = self.all().into_iter().find_map(|layer| named(layer).into_iter().next())?;
        if let (Place::Env(_), Some(token)) = (&place, self.file.layer.places.get(&Id::TokenCommand)) {
            // A key in the surroundings would make ahtop generate tokens, and kill the token that the command hands
            // out.
            let message =
                format!("would make ahtop generate tokens, but {} has token_command: unset one of them", token.words());
            diagnostics.push(place.clone(), message);
        }
        let source = match (id, self.value(id)?) {
            (Id::ApiKeyEnv, Value::Text(name)) => SecretSource::KeyEnv(name),
            (Id::ApiKeyFile, Value::Path(path)) => SecretSource::KeyFile(path),
            (Id::ApiKeyCommand, Value::Argv(words)) => SecretSource::KeyCommand(words),
            (Id::TokenCommand, Value::Argv(words)) => SecretSource::TokenCommand(words),
            _ => return None,
        };
        if mode == AuthMode::Basic && matches!(source, SecretSource::TokenCommand(_)) {
            diagnostics.push(place, "'token_command' needs mode = \"token\": basic mode has no token");
        }
        Some(AuthSource { mode, source })
    }

    /// The first of the file, the variable and the command gives the password.
    fn store_server(&mut self) -> StoreServer {
        let sources = [Id::StorePasswordFile, Id::StorePasswordEnv, Id::StorePasswordCommand].map(|id| self.value(id));
        let password = sources.into_iter().flatten().find_map(SecretSource::of_key);
        StoreServer { password, ca_file: self.path(Id::StoreCaFile) }
    }

    fn budget(&mut self, diagnostics: &mut Diagnostics) -> Budget {
        let budget =
            Budget { requests_per_minute: self.count(Id::RequestsPerMinute), reserve: self.count(Id::Reserve) };
        if budget.reserve >= budget.requests_per_minute
            && let Some(place) = self.place(Id::Reserve).or(self.place(Id::RequestsPerMinute))
        {
            let (reserve, limit) = (budget.reserve, budget.requests_per_minute);
            let message = format!("'reserve' ({reserve}) must be less than 'requests_per_minute' ({limit})");
            diagnostics.push(place.clone(), message);
        }
        budget
    }

    fn poll(&mut self, diagnostics: &mut Diagnostics) -> Poll {
        let min_interval = self.span(Id::MinInterval);
        let timeout = self.span(Id::Timeout);
        let mut connect_timeout = self.span(Id::ConnectTimeout);
        if connect_timeout > timeout {
            match self.place(Id::ConnectTimeout) {
                Some(place) => diagnostics.push(place.clone(), "'connect_timeout' must not be longer than 'timeout'"),
                None => {
                    connect_timeout = timeout;
                    let origin = (Value::Span(timeout), Place::From("[poll] timeout"));
                    self.origins.insert(Id::ConnectTimeout, origin);
                }
            }
        }
        Poll { min_interval, timeout, connect_timeout }
    }

    fn alert(&mut self) -> Alert {
        Alert {
            dwell: self.span(Id::AlertFor),
            clear_band_pct: match self.value(Id::ClearBand) {
                Some(Value::Percent(n)) => n,
                _ => 0,
            },
            warm_up: self.count(Id::WarmUp),
            bell: matches!(self.value(Id::Bell), Some(Value::Switch(true))),
            notify: match self.text(Id::Notify).as_deref() {
                Some("osc9") => Notify::Osc9,
                Some("osc777") => Notify::Osc777,
                _ => Notify::Off,
            },
        }
    }

    /// Where others can read: from other machines only with a token, or where that was said in so many words.
    fn serve(&mut self, diagnostics: &mut Diagnostics) -> Serve {
        let serve = Serve {
            listen: self.text(Id::Listen).and_then(|text| Listen::parse(&text).ok()),
            hosts: words(self.value(Id::Hosts)),
            token_file: self.path(Id::TokenFile),
            unauthenticated: self.value(Id::Unauthenticated) == Some(Value::Switch(true)),
            metrics_names: self.value(Id::MetricsNames) == Some(Value::Switch(true)),
        };
        let open = serve.token_file.is_none() && !serve.unauthenticated;
        if let Some(listen) = serve.listen.as_ref().filter(|listen| open && !listen.is_local())
            && let Some(place) = self.place(Id::Listen)
        {
            let message = format!(
                "other machines reach {listen}: set [serve] token_file, or unauthenticated = true if all of them may read"
            );
            diagnostics.push(place.clone(), message);
        }
        if serve.unauthenticated
            && serve.token_file.is_some()
            && let Some(place) = self.place(Id::Unauthenticated)
        {
            diagnostics
                .push(place.clone(), "'unauthenticated' and 'token_file' exclude each other: take one of them away");
        }
        serve
    }

    fn watch(&mut self, polls: bool, asks: bool, diagnostics: &mut Diagnostics) -> watch::Merged {
        let max_agents = self.count(Id::MaxAgents) as usize;
        let path = self.path(Id::AgentsCsv);
        let rows = match (path, self.place(Id::AgentsCsv)) {
            (Some(path), Some(place)) => roster::read(&path, place, diagnostics),
            _ => Vec::new(),
        };
        let speaks = |layer: &&Layer| Id::WATCH.iter().any(|id| layer.places.contains_key(id));
        let upper = [&self.flags, &self.env].into_iter().find(speaks);
        let layer = upper.unwrap_or(&self.file.layer);
        let sources = watch::Sources {
            layer,
            by_file: upper.is_none(),
            file: &self.file,
            roster: &rows,
            by_roster: layer.places.contains_key(&Id::AgentsCsv),
            max_agents,
        };
        let merged = watch::merge(&sources, diagnostics);
        if polls
            && !asks
            && merged.floor.is_some()
            && let Some(place) = self.place(Id::PresenceMode)
        {
            let message = "'mode' must be \"auto\" where [watch] agents is \"logged-in\": otherwise nobody asks who is";
            diagnostics.push(place.clone(), message);
        }
        // Who only watches shows all that the store has.
        let nothing = merged.watch.is_empty() && merged.floor.is_none();
        if nothing && polls && self.purpose == Purpose::Watch && diagnostics.is_empty() {
            let message = "nothing to watch: list ids in [watch] agents or campaigns, give -a ID or -C NAME, or set \
                           agents = \"logged-in\"";
            diagnostics.push(self.whole(), message);
        }
        merged
    }
}

fn theme(word: &str) -> Theme {
    Theme::ALL.into_iter().find(|t| t.word() == word).unwrap_or(Theme::Auto)
}

fn names(word: Option<&str>) -> Names {
    Names::ALL.into_iter().find(|n| word == Some(n.word())).unwrap_or_default()
}

fn symbols(word: Option<&str>) -> Symbols {
    Symbols::ALL.into_iter().find(|s| Some(s.word()) == word).unwrap_or(Symbols::Auto)
}
