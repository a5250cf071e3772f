//! `ahtop completions`: a script for a shell, which asks this program for what fits each time that Tab is pressed.
//!
//! So agents, campaigns and groups are those of the configuration as it is now, and a new flag needs no new script.

use std::{
    ffi::{OsStr, OsString},
    io::{self, Write},
    path::Path,
    sync::Arc,
    time::Duration,
};

use clap_complete::{
    ArgValueCandidates, ArgValueCompleter, CompletionCandidate, PathCompleter,
    engine::ValueCompleter,
    env::{Bash, Elvish, EnvCompleter, Fish, Powershell, Zsh},
};

use super::{Done, floor, session};
use crate::{
    app::{Column, View, filter_hints},
    cli::{self, Shell},
    config::{Env, KEYS, LOGGED_IN, Loaded, Overrides, ValueType},
    domain::{Kind, SystemClock, clean_line},
    exit::Exit,
    store::peek,
};

/// The variable by which a script says that a shell asks, and which one.
const VARIABLE: &str = "_AHTOP_COMPLETE";

/// As a file in `$fpath` the script is run for the first Tab, which it must answer too.
const ZSH_AUTOLOADED: &str = "[[ ${funcstack[1]} != _ahtop ]] || _clap_dynamic_completer_ahtop \"$@\"\n";

/// The script for a shell.
pub fn run(args: &cli::Completions) -> Done {
    let mut script = Vec::new();
    match of(args.shell).write_registration(VARIABLE, "ahtop", "ahtop", "ahtop", &mut script) {
        Ok(()) => {
            let more = if args.shell == Shell::Zsh { ZSH_AUTOLOADED } else { "" };
            Done::ok(format!("{}\n{more}", String::from_utf8_lossy(&script).trim()))
        }
        Err(e) => Done::failed(Exit::Unexpected, format!("ahtop: {e}")),
    }
}

fn of(shell: Shell) -> &'static dyn EnvCompleter {
    match shell {
        Shell::Bash => &OurBash,
        Shell::Zsh => &Zsh,
        Shell::Fish => &Fish,
        Shell::Elvish => &Elvish,
        Shell::Powershell => &Powershell,
    }
}

/// The answer, where a shell asks what fits; `None` where the program is called for something else.
pub fn answer(args: impl IntoIterator<Item = OsString>, env: &Env) -> Option<Exit> {
    let name = env.get(VARIABLE)?;
    let shells: [&dyn EnvCompleter; 5] = [&OurBash, &Zsh, &Fish, &Elvish, &Powershell];
    let shell = shells.into_iter().find(|shell| shell.is(name))?;
    let words: Vec<OsString> = args.into_iter().skip_while(|word| word != "--").skip(1).collect();
    let mut out = Vec::new();
    let here = std::env::current_dir().ok();
    // A shell that asks shows no errors: where nothing fits, nothing is offered.
    if !words.is_empty() {
        let _ = shell.write_complete(&mut command(&words, env), words, here.as_deref(), &mut out);
    }
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(&out).and_then(|()| stdout.flush());
    Some(Exit::Ok)
}

/// Of bash only the script is our own: at the `@` of an agent's ID the usual one would take a new word to begin.
struct OurBash;

impl EnvCompleter for OurBash {
    fn name(&self) -> &'static str {
        "bash"
    }

    fn is(&self, name: &str) -> bool {
        name == "bash"
    }

    fn write_registration(
        &self,
        _var: &str,
        _name: &str,
        _bin: &str,
        _completer: &str,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        out.write_all(include_bytes!("../../assets/completion.bash"))
    }

    fn write_complete(
        &self,
        command: &mut clap::Command,
        args: Vec<OsString>,
        here: Option<&Path>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        Bash.write_complete(command, args, here, out)
    }
}

/// The command line, with what each flag takes.
fn command(words: &[OsString], env: &Env) -> clap::Command {
    let asked = Arc::new(Asked { flags: flags(words), env: env.clone() });
    let mut command = cli::command();
    for key in KEYS.iter() {
        let Some(flag) = key.flag.map(|flag| flag.trim_start_matches("--")) else { continue };
        let asked = asked.clone();
        if let ValueType::Theme(words) = key.value_type {
            let themes = ArgValueCompleter::new(move |typed: &OsStr| themes(words, typed));
            command = command.mut_arg(flag, |arg| arg.add(themes));
            continue;
        }
        let values: Box<dyn Fn() -> Vec<CompletionCandidate> + Send + Sync> = match key.value_type {
            ValueType::Word(words) => Box::new(|| plain(words)),
            ValueType::Switch => Box::new(|| plain(&["true", "false"])),
            ValueType::Zone => Box::new(zones),
            ValueType::Agents => Box::new(move || {
                let mut agents = asked.watched(Kind::Agent);
                agents.extend(plain(&[LOGGED_IN]));
                agents
            }),
            ValueType::Ids => Box::new(move || asked.watched(Kind::Campaign)),
            _ => continue,
        };
        command = command.mut_arg(flag, |arg| arg.add(ArgValueCandidates::new(values)));
    }
    let filters = ArgValueCompleter::new(move |typed: &OsStr| asked.filters(typed));
    command.mut_subcommand("once", |once| {
        let once = once.mut_arg("sort", |arg| arg.add(ArgValueCandidates::new(columns)));
        once.mut_arg("filter", |arg| arg.add(filters))
    })
}

/// `--config` as it was typed so far; whatever else is on the line.
fn flags(words: &[OsString]) -> Overrides {
    let mut words = words.iter().filter_map(|word| word.to_str());
    while let Some(word) = words.next() {
        let file = match word.strip_prefix("--config") {
            Some("") => words.next(),
            Some(rest) => rest.strip_prefix('='),
            None => None,
        };
        if let Some(file) = file {
            return Overrides::with_config(file);
        }
    }
    Overrides::default()
}

/// What the values are looked for with.
struct Asked {
    flags: Overrides,
    env: Env,
}

impl Asked {
    fn loaded(&self) -> Option<Loaded> {
        super::load(&self.flags, &self.env).ok()
    }

    /// What the last word of a filter may become, with the words before it.
    fn filters(&self, typed: &OsStr) -> Vec<CompletionCandidate> {
        let (Some(typed), Some(loaded)) = (typed.to_str(), self.loaded()) else { return Vec::new() };
        let watched = floor::known(&loaded.config, &self.env).watch;
        let (before, last) = typed.split_at(typed.rfind(char::is_whitespace).map_or(0, |blank| blank + 1));
        let fitting = |word: &str| filter_hints::completions_in(View::Overview, &watched, word);
        let mut words = fitting(last);
        // A field alone would get a blank behind it: its values are offered at once.
        if let [field] = words.as_slice()
            && let values = fitting(field)
            && !values.is_empty()
        {
            words = values;
        }
        words.retain(|word| is_harmless(word));
        words.into_iter().map(|word| CompletionCandidate::new(format!("{before}{word}"))).collect()
    }

    /// What is watched, with labels; where the configuration names nothing, what the store has.
    fn watched(&self, kind: Kind) -> Vec<CompletionCandidate> {
        let Some(loaded) = self.loaded() else { return Vec::new() };
        let config = &floor::known(&loaded.config, &self.env);
        let own = config.watch.iter().map(|w| (w.target.clone(), w.label.clone()));
        let mut all: Vec<_> = own.filter(|(target, _)| target.kind == kind).collect();
        if config.watch.is_empty()
            && let Ok(place) = session::place(config, &self.env)
            && let Ok(Some(store)) = peek(&place, Arc::new(SystemClock::new()))
            && let Ok(snapshot) = store.snapshot(Duration::ZERO)
        {
            let rows = snapshot.rows.into_iter().filter(|row| row.target.kind == kind);
            all.extend(rows.map(|row| (row.target, row.name)));
        }
        let candidate = |(target, label): (crate::domain::Target, Option<Arc<str>>)| {
            is_harmless(&target.id).then(|| {
                let label = label.map(|label| clean_line(&label, 60).into());
                CompletionCandidate::new(&*target.id).help(label)
            })
        };
        all.into_iter().filter_map(candidate).collect()
    }
}

/// A shell puts it on its line as it is.
fn is_harmless(word: &str) -> bool {
    clean_line(word, usize::MAX) == word
}

/// What a table can be ordered by.
fn columns() -> Vec<CompletionCandidate> {
    let candidate = |c: Column| CompletionCandidate::new(c.word()).help(Some(c.spec().label.into()));
    Column::sort_menu().into_iter().map(candidate).collect()
}

/// The themes of the program, and files that may be some.
fn themes(words: &[&str], typed: &OsStr) -> Vec<CompletionCandidate> {
    let typed_text = typed.to_string_lossy();
    let mut all = plain(words);
    all.retain(|theme| theme.get_value().to_string_lossy().starts_with(&*typed_text));
    let is_theme = |path: &Path| path.extension() == Some(OsStr::new("toml"));
    all.extend(PathCompleter::file().filter(is_theme).complete(typed));
    all
}

fn plain(words: &[&str]) -> Vec<CompletionCandidate> {
    words.iter().map(|word| CompletionCandidate::new(*word)).collect()
}

fn zones() -> Vec<CompletionCandidate> {
    jiff::tz::db().available().map(|name| CompletionCandidate::new(name.as_str())).collect()
}
