//! The configuration as a whole: layers, errors with their exact lines, the template, `show`.

use std::{path::Path, time::Duration};

use proptest::prelude::*;

use super::*;
use crate::domain::{Aht, Kind, Target};

mod errors;

/// A file with all that is needed, to which a test adds its own.
const BASE: &str = "[account]\nuser_name = \"acme\"\n[auth]\napi_key_env = \"K\"\n[watch]\nagents = [\"a\"]\n";

/// A theme file's colours, for the rooms above.
pub(crate) fn themes_of(text: &str) -> Tones {
    super::themes::of(text).unwrap()
}

/// Whoever is logged in is watched, with what `more` says of them, for the rooms above.
pub(crate) fn floor_of(more: &str) -> std::sync::Arc<Floor> {
    let text = format!("[account]\nname = \"acme\"\n[watch]\nagents = \"logged-in\"\n{more}");
    file(&text).unwrap().config.floor.unwrap()
}

fn env(vars: &[(&str, &str)]) -> Env {
    Env::of(vars.iter().copied())
}

fn file(text: &str) -> Result<Loaded, ConfigErrors> {
    resolve(&Overrides::default(), &Env::default(), Some((Path::new("dir/config.toml"), text)))
}

fn flags(values: &[(Id, &str)]) -> Overrides {
    let mut flags = Overrides::default();
    values.iter().for_each(|(id, value)| flags.set(*id, *value));
    flags
}

fn ids(config: &Config) -> Vec<(Kind, &str)> {
    config.watch.iter().map(|w| (w.target.kind, w.target.id.as_ref())).collect()
}

fn watched<'a>(config: &'a Config, target: &Target) -> &'a Watched {
    config.watch.iter().find(|w| w.target == *target).unwrap()
}

#[test]
fn a_user_name_a_key_and_targets_are_enough() {
    let flags = flags(&[(Id::UserName, "acme"), (Id::Agents, "x"), (Id::Agents, "y"), (Id::Campaigns, "C 1")]);
    let config = load(Purpose::Watch, &flags, &env(&[("AHTOP_API_KEY", "hunter2")])).unwrap().config;
    assert_eq!((config.account.name.as_str(), config.account.user_name.as_str()), ("acme", "acme"));
    assert_eq!(config.account.base_url.to_string(), "https://in1-ccaas-api.ozonetel.com");
    let source = SecretSource::KeyEnv("AHTOP_API_KEY".into());
    assert_eq!(config.auth, Some(AuthSource { mode: AuthMode::Token, source }));
    assert_eq!(ids(&config), [(Kind::Campaign, "C 1"), (Kind::Agent, "x"), (Kind::Agent, "y")]);
    assert_eq!(config.watch[1].origin.as_ref(), "--agent");
    assert_eq!(config.budget, Budget::default());
    let secs = Duration::from_secs;
    assert_eq!(config.poll, Poll { min_interval: secs(60), timeout: secs(10), connect_timeout: secs(5) });
    assert_eq!((config.store_url, config.history_keep), (StoreUrl::Auto, secs(30 * 86_400)));
    assert_eq!((config.ui, config.file), (Ui::default(), None));
}

#[test]
fn a_flag_goes_before_a_variable_before_the_file_before_the_default() {
    let text = format!("{BASE}[ui]\nmax_fps = 10\n");
    let max_fps = |flags: &Overrides, vars: &[(&str, &str)], text: &str| {
        resolve(flags, &env(vars), Some((Path::new("c.toml"), text))).unwrap().config.ui.max_fps
    };
    let (none, flag) = (Overrides::default(), flags(&[(Id::MaxFps, "12")]));
    let var = [("AHTOP_MAX_FPS", "11")];
    assert_eq!(max_fps(&none, &[], BASE), 30);
    assert_eq!(max_fps(&none, &[], &text), 10);
    assert_eq!(max_fps(&none, &var, &text), 11);
    assert_eq!(max_fps(&none, &[("AHTOP_MAX_FPS", "")], &text), 10, "an empty variable is none");
    assert_eq!(max_fps(&flag, &var, &text), 12);
}

#[test]
fn every_flag_and_every_variable_reaches_its_key() {
    for key in KEYS.iter().filter(|k| k.flag.is_some()) {
        let value = match key.id {
            Id::Timeout => "9s",
            Id::ConnectTimeout => "4s",
            Id::BaseUrl => "https://api.example.com",
            Id::StoreUrl => "sqlite:///x.db",
            Id::Timezone => "Asia/Kolkata",
            Id::CaFile => "Cargo.toml",
            Id::AgentsCsv => continue,
            _ => match key.value_type {
                ValueType::Word(words) => words.last().unwrap(),
                ValueType::Count { .. } => "7",
                ValueType::Theme(_) => "cvd",
                ValueType::Switch => "yes",
                ValueType::Span { .. } => "5h",
                ValueType::Percent { .. } => "7%",
                ValueType::Key => "F9",
                ValueType::Listen => "[::1]:80",
                _ => "other",
            },
        };
        let value = if matches!(key.value_type, ValueType::Span { max, .. } if max <= 3600) && value == "5h" {
            "33s"
        } else {
            value
        };
        let text = match key.id {
            Id::MaxAgents => BASE.replace("[\"a\"]", "\"logged-in\""),
            _ => BASE.to_owned(),
        };
        let before = format!("{:?}", file(&text).unwrap().config);
        let base = Some((Path::new("dir/config.toml"), text.as_str()));
        let by_flag = resolve(&flags(&[(key.id, value)]), &Env::default(), base).unwrap().config;
        let by_env = resolve(&Overrides::default(), &env(&[(key.env.unwrap(), value)]), base).unwrap().config;
        assert_ne!(format!("{by_flag:?}"), before, "{}", key.name);
        let [a, b] = [by_flag, by_env].map(|mut c| {
            c.watch.clear();
            format!("{c:?}")
        });
        assert_eq!(a, b, "{}", key.name);
    }
}

#[test]
fn alerts_quiet_hours_and_hooks_are_read() {
    let config = file(BASE).unwrap().config;
    let secs = Duration::from_secs;
    let alert = Alert { dwell: secs(300), clear_band_pct: 5, warm_up: 5, bell: false, notify: Notify::Off };
    assert_eq!((config.alert, config.quiet.len(), config.hooks.len()), (alert, 0, 0));
    let text = format!(
        "{BASE}[alert]\nfor = \"0s\"\nclear_band = \"0%\"\nwarm_up = 0\nbell = true\nnotify = \"osc777\"\n\
         [quiet]\nhours = [\"Mon-Fri 22:00-07:00\"]\n[[hook]]\non = [\"token\", \"crit\"]\ncommand = [\"a\", \"b\"]\n"
    );
    let config = file(&text).unwrap().config;
    let alert = Alert { dwell: secs(0), clear_band_pct: 0, warm_up: 0, bell: true, notify: Notify::Osc777 };
    assert_eq!((config.alert, config.quiet), (alert, vec!["Mon-Fri 22:00-07:00".parse().unwrap()]));
    let command = vec!["a".to_owned(), "b".to_owned()];
    let hook = Hook { on: vec!["crit", "token"], command, timeout: secs(10), per_minute: 30 };
    assert_eq!(config.hooks, [hook]);
}

#[test]
fn no_color_goes_before_the_file_and_behind_an_explicit_theme() {
    let text = format!("{BASE}[ui]\ntheme = \"dark\"\n");
    let theme = |flags: &Overrides, vars: &[(&str, &str)]| {
        resolve(flags, &env(vars), Some((Path::new("c.toml"), &text))).unwrap().config.ui.theme
    };
    let none = Overrides::default();
    assert_eq!(theme(&none, &[("NO_COLOR", "1")]), Theme::Mono);
    assert_eq!(theme(&none, &[("NO_COLOR", "")]), Theme::Dark);
    assert_eq!(theme(&none, &[("NO_COLOR", "1"), ("AHTOP_THEME", "cvd")]), Theme::Cvd);
    assert_eq!(theme(&flags(&[(Id::Theme, "light")]), &[("NO_COLOR", "1")]), Theme::Light);
}

#[test]
fn lists_entries_groups_and_roster_become_one_list() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("r.csv"), "id,label,group\nr1,Ravi,south\nr2,\"Rao, K\",north\n").unwrap();
    let text = r#"
        account.name = "acme"
        watch = { agents = ["b", "a"], campaigns = ["C"], agents_csv = "r.csv" }
        [bands]
        target = "4:00"
        high_warn = "9:00"
        agents = { target = "4:10", low_warn = "2:00" }
        [[group]]
        name = "north"
        agents = ["a", "g"]
        bands = { target = "4:20" }
        [[group]]
        name = "late"
        agents = ["r2", "a"]
        campaigns = ["C"]
        bands = { target = "4:30", low_warn = "3:00" }
        [[agent]]
        id = "r1"
        label = "Ravi S"
        bands = { target = "5:00" }
        [[agent]]
        id = "new"
        [[campaign]]
        name = "D"
    "#;
    let path = dir.path().join("config.toml");
    std::fs::write(&path, text).unwrap();
    let named = Overrides::with_config(&path);
    let loaded = load(Purpose::Watch, &named, &Env::default()).unwrap();
    let config = &loaded.config;
    let (agent, campaign) = (Kind::Agent, Kind::Campaign);
    assert_eq!(
        ids(config),
        [
            (campaign, "C"),
            (campaign, "D"),
            (agent, "b"),
            (agent, "a"),
            (agent, "r1"),
            (agent, "r2"),
            (agent, "new"),
            (agent, "g")
        ]
    );
    let of = |target: Target| {
        let w = watched(config, &target);
        let secs = |aht: Option<Aht>| aht.map_or(0, Aht::secs);
        let groups = w.groups.join(" ");
        (w.label.as_deref().unwrap_or(""), groups, [w.band.low_warn, w.band.target, w.band.high_warn].map(secs))
    };
    assert_eq!(of(Target::campaign("C")), ("", "late".into(), [180, 270, 540]));
    assert_eq!(of(Target::campaign("D")), ("", String::new(), [0, 240, 540]));
    assert_eq!(of(Target::agent("b")), ("", String::new(), [120, 250, 540]));
    assert_eq!(of(Target::agent("a")), ("", "north late".into(), [180, 260, 540]));
    assert_eq!(of(Target::agent("r1")), ("Ravi S", "south".into(), [120, 300, 540]));
    assert_eq!(of(Target::agent("r2")), ("Rao, K", "north late".into(), [180, 260, 540]));
    assert_eq!(watched(config, &Target::agent("r2")).origin.as_ref(), "r.csv line 3");
    assert_eq!(watched(config, &Target::agent("b")).origin.as_ref(), "config.toml line 3");
    assert_eq!(config.auth, None, "without a source of a secret it only watches");

    let mut only = flags(&[(Id::Agents, "r1")]);
    only.config = Some(path);
    let config = load(Purpose::Watch, &only, &Env::default()).unwrap().config;
    assert_eq!(ids(&config), [(agent, "r1")]);
    assert_eq!(config.watch[0].label.as_deref(), Some("Ravi S"));
    assert_eq!(config.watch[0].groups.join(" "), "south");
}

#[test]
fn whoever_is_logged_in_is_watched_with_the_details_of_the_configuration() {
    let dir = tempfile::tempdir().unwrap();
    let roster = dir.path().join("roster.csv");
    std::fs::write(&roster, "id,label,group\nravi,Ravi S,south\nmaya,,south\n").unwrap();
    let text = format!(
        "[account]\nname = \"acme\"\n[watch]\nagents = \"logged-in\"\ncampaigns = [\"X\"]\nagents_csv = {roster:?}\n\
         [bands.agents]\ntarget = \"4:00\"\n[[agent]]\nid = \"Ravi\"\nlabel = \"Other\"\nbands = {{ target = \"5:00\" }}\n\
         [[group]]\nname = \"north\"\nagents = [\"asha\"]\nbands = {{ target = \"3:00\" }}\n"
    );
    let loaded = file(&text).unwrap();
    let (config, floor) = (&loaded.config, loaded.config.floor.clone().unwrap());
    assert_eq!((ids(config), floor.max_agents, config.most_watched()), (vec![(Kind::Campaign, "X")], 200, 201));
    let of = |id: &str| {
        let watched = floor.watched(&id.into());
        assert_eq!((watched.target, watched.band), (Target::agent(id), floor.band(id)));
        (watched.label.as_deref().map(str::to_owned), watched.groups.join(" "), watched.band.target.unwrap().secs())
    };
    assert_eq!(of("ravi"), (Some("Ravi S".into()), "south".into(), 240));
    assert_eq!(of("Ravi"), (Some("Other".into()), String::new(), 300));
    // Of those that differ by case alone, the first.
    assert_eq!(of("RAVI"), of("ravi"));
    assert_eq!(of("Asha"), (None, "north".into(), 180));
    assert_eq!(of("new"), (None, String::new(), 240));
    assert_eq!(&*floor.watched(&"new".into()).origin, "config.toml line 4");
    let again = file(&show(&loaded).replace("ca_file", "#ca_file")).unwrap().config;
    let floor = again.floor.unwrap();
    assert_eq!((floor.named().len(), floor.max_agents), (4, 200));
    assert_eq!(floor.watched(&"asha".into()).groups.join(" "), "north");
    // A flag says it, too, and then the rest of the file is detail.
    let base = file(BASE).unwrap().config.watch;
    let by_flag = resolve(&flags(&[(Id::Agents, "logged-in")]), &Env::default(), Some((Path::new("c"), BASE))).unwrap();
    assert_eq!((base.len(), by_flag.config.watch.len(), by_flag.config.floor.is_some()), (1, 0, true));
    // Without credentials somebody else asks who is logged in.
    let shows = "[account]\nname = \"acme\"\n[presence]\nmode = \"off\"\n[watch]\nagents = \"logged-in\"\n";
    assert!(file(shows).unwrap().config.floor.is_some());
}

#[test]
fn paths_in_the_file_are_relative_to_it_and_credentials_to_their_directory() {
    let text = "[account]\nuser_name = \"acme\"\n[auth]\napi_key_file = \"key\"\n[watch]\nagents = [\"a\"]\n";
    let source = |vars: &[(&str, &str)], text: &str| {
        let loaded = resolve(&Overrides::default(), &env(vars), Some((Path::new("dir/config.toml"), text))).unwrap();
        match loaded.config.auth.unwrap().source {
            SecretSource::KeyFile(path) => path.to_str().unwrap().to_owned(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(source(&[], text), "dir/key");
    assert_eq!(source(&[("CREDENTIALS_DIRECTORY", "/run/c")], text), "/run/c/key");
    assert_eq!(source(&[("CREDENTIALS_DIRECTORY", "/run/c")], &text.replace("\"key\"", "\"/etc/key\"")), "/etc/key");
    assert_eq!(source(&[("HOME", "/home/x")], &text.replace("\"key\"", "\"~/k/key\"")), "/home/x/k/key");
    assert_eq!(source(&[("AHTOP_API_KEY_FILE", "key")], text), "key");
    // The key itself in the environment is for where nothing is named.
    assert_eq!(source(&[("AHTOP_API_KEY", "hunter2")], text), "dir/key");
    assert_eq!(source(&[("AHTOP_API_KEY", "hunter2"), ("AHTOP_API_KEY_FILE", "key")], text), "key");
}

#[test]
fn a_missing_file_is_an_error_only_if_somebody_named_it() {
    let dir = tempfile::tempdir().unwrap();
    let env = Env::of([("AHTOP_API_KEY", "k")]).with_dirs(dir.path(), dir.path());
    assert!(load(Purpose::Watch, &flags(&[(Id::UserName, "acme"), (Id::Agents, "x")]), &env).is_ok());
    let errors = load(Purpose::Watch, &flags(&[(Id::UserName, "acme")]), &env).unwrap_err().to_string();
    assert!(errors.ends_with("config.toml: there is no such file; `ahtop config init` writes one to start from"));
    let errors = load(Purpose::Watch, &Overrides::default(), &env).unwrap_err().to_string();
    assert!(errors.contains("ahtop demo") && !errors.contains("is missing"), "{errors}");
    let mut named = flags(&[(Id::UserName, "acme"), (Id::Agents, "x")]);
    named.config = Some(dir.path().join("other.toml"));
    assert!(load(Purpose::Watch, &named, &env).unwrap_err().to_string().contains("other.toml: cannot be read: "));
    std::fs::write(dir.path().join("config.toml"), b"a = 1\nb = \"\xff\"\n").unwrap();
    let errors = load(Purpose::Watch, &Overrides::default(), &env).unwrap_err().to_string();
    assert!(errors.ends_with("config.toml: line 2 is not UTF-8"), "{errors}");
}

#[test]
fn no_file_that_the_configuration_names_can_hold_us_up() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    assert!(std::process::Command::new("mkfifo").arg(path("fifo.toml")).status().unwrap().success());
    std::os::unix::fs::symlink("/dev/zero", path("zero.toml")).unwrap();
    for name in ["fifo.toml", "zero.toml"] {
        let mut named = flags(&[(Id::UserName, "acme"), (Id::Agents, "x")]);
        named.config = Some(path(name));
        let told = load(Purpose::Watch, &named, &Env::default()).unwrap_err().to_string();
        assert!(told.ends_with(&format!("{name}: cannot be read: it is not a regular file")), "{told}");
        let text = format!(
            "[account]\nuser_name = \"acme\"\nca_file = \"{name}\"\n[auth]\napi_key_env = \"K\"\n\
             [watch]\nagents_csv = \"{name}\"\n[ui]\ntheme = \"{name}\"\n"
        );
        let here = path("config.toml");
        let told = resolve(&Overrides::default(), &Env::default(), Some((&here, &text))).unwrap_err().to_string();
        for key in ["ca_file", "agents_csv", "theme"] {
            let what = format!("'{key}': cannot read {}: it is not a regular file", path(name).display());
            assert!(told.contains(&what), "{told}");
        }
    }
}

#[test]
fn a_variable_that_is_nearly_right_is_pointed_out() {
    let vars = env(&[("AHTOP_MIN_INTERVALL", "9s"), ("AHTOP_XYZ", "1"), ("OTHER", "1")]);
    let loaded = resolve(&Overrides::default(), &vars, Some((Path::new("c.toml"), BASE))).unwrap();
    assert_eq!(
        loaded.warnings,
        ["'AHTOP_MIN_INTERVALL' is not a variable of ahtop; did you mean 'AHTOP_MIN_INTERVAL'?"]
    );
}

/// The template with every `#key = value` and `#[table]` made real.
fn uncommented() -> String {
    let real = |line: &str| {
        let body = line.strip_prefix('#')?;
        (body.starts_with('[') || body.starts_with(|c: char| c.is_ascii_lowercase()) && body.contains(" = "))
            .then(|| body.to_owned())
    };
    EXAMPLE.lines().map(|l| real(l).unwrap_or_else(|| l.to_owned())).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_template_is_valid_as_it_is_and_names_no_default_that_is_not_real() {
    let loaded = file(EXAMPLE).unwrap();
    assert_eq!(ids(&loaded.config).len(), 3);
    let text = uncommented();
    let root: toml::Table = text.parse().unwrap();
    for key in &KEYS {
        let node = root.get(key.section).and_then(|s| s.get(key.name));
        let written = node.unwrap_or_else(|| panic!("{} is not in the template", key.name));
        if let Some(default) = key.default {
            let plain = written.as_str().map_or_else(|| written.to_string(), str::to_owned);
            assert_eq!(plain, default, "{}", key.name);
        }
        for name in [key.flag, key.env].into_iter().flatten() {
            assert!(EXAMPLE.contains(name), "{name} is not in the template");
        }
    }
    for (list, keys) in LISTS {
        let entry = root[list].as_array().unwrap()[0].as_table().unwrap();
        keys.iter().for_each(|k| assert!(entry.contains_key(*k), "{list} {k}"));
    }
    BANDS.iter().for_each(|k| assert!(root["bands"].as_table().unwrap().contains_key(*k), "bands {k}"));
}

#[test]
fn every_line_of_the_template_is_valid() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("ca.pem"), "").unwrap();
    std::fs::write(dir.path().join("roster.csv"), "id,label,group\n").unwrap();
    let text = uncommented();
    let path = dir.path().join("config.toml");
    let errors = resolve(&Overrides::default(), &Env::default(), Some((&path, &text))).unwrap_err();
    let second = errors.0.iter().filter(|e| e.message.ends_with("is a second source of the secret: name exactly one"));
    assert_eq!((second.count(), errors.0.len()), (3, 3), "{errors}");
}

#[test]
fn what_is_shown_says_where_it_comes_from() {
    let text = format!("{BASE}[poll]\ntimeout = \"3s\"\n[ui]\ntheme = \"dark\"\n");
    let vars = env(&[("AHTOP_MAX_FPS", "9"), ("K", "hunter2")]);
    let flags = flags(&[(Id::Reserve, "7")]);
    let shown = show(&resolve(&flags, &vars, Some((Path::new("dir/config.toml"), &text))).unwrap());
    for line in [
        "# effective configuration; file: dir/config.toml",
        "name = \"acme\"  # from [account] user_name",
        "user_name = \"acme\"  # config.toml line 2",
        "# timezone is not set",
        "api_key_env = \"K\"  # config.toml line 4",
        "reserve = 7  # --reserve",
        "min_interval = \"60s\"  # default",
        "connect_timeout = \"3s\"  # from [poll] timeout",
        "max_fps = 9  # AHTOP_MAX_FPS",
        "  \"a\",  # config.toml line 6",
    ] {
        assert!(shown.lines().any(|l| l == line), "{line}\n{shown}");
    }
    assert!(!shown.contains("hunter2"));
}

#[test]
fn what_is_shown_can_be_read_again_and_means_the_same() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("ca.pem"), "").unwrap();
    std::fs::write(dir.path().join("roster.csv"), "id,label,group\nr1,\"R \"\"1\"\" \u{202e}x\",south\n").unwrap();
    let text = uncommented();
    let keep = |l: &&str| !["api_key_env", "api_key_file", "token_command"].iter().any(|k| l.starts_with(k));
    let text = text.lines().filter(keep).collect::<Vec<_>>().join("\n");
    let path = dir.path().join("config.toml");
    let read = |text: &str| resolve(&Overrides::default(), &Env::default(), Some((&path, text)));
    let first = read(&text).unwrap();
    let second = read(&show(&first)).unwrap();
    let strip = |loaded: &Loaded| {
        let mut config = loaded.config.clone();
        config.watch.iter_mut().for_each(|w| w.origin = "".into());
        for rebind in &mut config.ui.keys {
            rebind.place = Place::Default;
            rebind.keys.iter_mut().for_each(|(_, place)| *place = Place::Default);
        }
        config
    };
    assert_eq!(format!("{:#?}", strip(&first)), format!("{:#?}", strip(&second)));
}

proptest! {
    #[test]
    fn no_text_panics_and_no_error_can_break_a_terminal(text in any::<String>()) {
        if let Err(errors) = file(&text) {
            let one_line = |e: &ConfigError| crate::domain::clean(&e.to_string(), 5000) == e.to_string();
            prop_assert!(errors.0.iter().all(one_line), "{}", errors);
        }
    }

    #[test]
    fn no_garbled_template_panics(at in 0usize..6000, len in 0usize..40, by in "[\\[\\]\"=#a-z{}\\n\u{1b}é0-9]{0,6}") {
        let text = uncommented();
        let floor = |i: usize| (0..=i.min(text.len())).rev().find(|&i| text.is_char_boundary(i)).unwrap();
        let garbled = format!("{}{by}{}", &text[..floor(at)], &text[floor(at + len)..]);
        if let Err(errors) = file(&garbled) {
            prop_assert!(!errors.0.is_empty());
        }
    }

    #[test]
    fn no_flag_or_variable_panics(text in any::<String>(), i in 0..KEYS.len()) {
        let key = &KEYS[i];
        let _ = resolve(&flags(&[(key.id, &text)]), &Env::default(), None);
        if let Some(name) = key.env {
            let _ = resolve(&Overrides::default(), &env(&[(name, &text)]), None);
        }
    }
}
