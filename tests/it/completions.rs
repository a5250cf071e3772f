//! Tab in real shells: in pseudo-terminals, as somebody types. One that is not installed is left out, which is said; with
//! `AHTOP_REQUIRE_SHELLS` set that is a failure.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::pty::{self, Pty};

const CONFIG: &str = r#"
account.name = "acme"
watch = { agents = ["priya@acme.example", "arjun@acme.example", "it's:me"], campaigns = ["COLLECT-IN", "NIGHT (EAST)"] }
[[agent]]
id = "priya@acme.example"
label = "Priya S"
[[group]]
name = "north"
agents = ["priya@acme.example"]
[[group]]
name = "South Side"
agents = ["arjun@acme.example"]
"#;

fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("c.toml"), CONFIG).unwrap();
    fs::write(home.path().join("mine.toml"), "base = \"dark\"\n").unwrap();
    home
}

fn program() -> PathBuf {
    env!("CARGO_BIN_EXE_ahtop").into()
}

/// The program's directory goes first: the scripts call it by its name.
fn path() -> String {
    format!("{}:/usr/local/bin:/usr/bin:/bin", program().parent().unwrap().display())
}

fn ahtop(home: &Path, args: &[&str]) -> String {
    let mut command = Command::new(program());
    let command = command.args(args).env_clear().env("HOME", home).env("PATH", path()).stdin(Stdio::null());
    String::from_utf8(command.output().unwrap().stdout).unwrap()
}

/// Says it where a shell is missing, past what the test harness hides.
fn installed(shell: &str) -> bool {
    let found = Command::new(shell).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        assert!(std::env::var_os("AHTOP_REQUIRE_SHELLS").is_none(), "{shell} is not installed");
        let mut terminal = std::io::stderr();
        writeln!(terminal, "skipped: {shell} is not installed, its completion was not tried").unwrap();
    }
    found
}

/// A shell in a terminal.
struct Shell(Pty);

impl Shell {
    fn start(home: &Path, words: &[&str], setup: &str) -> Shell {
        let variables = [("HOME", home.to_str().unwrap()), ("PATH", &path()), ("TERM", "xterm"), ("LANG", "C.UTF-8")];
        let mut command = pty::command(words[0], words[1..].iter().copied(), variables);
        command.cwd(home);
        let mut shell = Shell(Pty::start(command, 110, 30));
        shell.0.press(format!("{setup}\nPS1='{}'\n", "ready> "));
        shell.sees("ready> ");
        shell
    }

    fn sees(&self, text: &str) {
        self.0.until(text, |pty| pty.text().contains(text));
    }

    /// Types `line`, presses Tab, and sees `completed` behind the prompt.
    fn completes(&mut self, line: &str, completed: &str) {
        // A clean screen for each: away with the line, and all that stands above.
        self.0.press("\u{15}clear\n");
        self.0.until("the prompt alone", |pty| pty.text().trim() == "ready>");
        self.0.press(line);
        self.sees(line);
        self.0.press("\t");
        self.sees(completed);
    }
}

#[test]
fn bash_completes_what_an_agent_is_called() {
    if !installed("bash") {
        return;
    }
    let home = home();
    let words = ["bash", "--norc", "--noprofile", "-i"];
    let mut bash = Shell::start(home.path(), &words, "eval \"$(ahtop completions bash)\"");
    for (line, completed) in [
        ("ahtop onc", "ahtop once "),
        ("ahtop history exp", "ahtop history export "),
        ("ahtop once --form", "ahtop once --format "),
        ("ahtop once --format js", "ahtop once --format json "),
        ("ahtop snapshot x.svg --view bud", "--view budget "),
        ("ahtop --config c.toml -a pri", "ahtop --config c.toml -a priya@acme.example "),
        ("ahtop --config c.toml -a priya@", "ahtop --config c.toml -a priya@acme.example "),
        ("ahtop --config c.toml -a priya@ac", "ahtop --config c.toml -a priya@acme.example "),
        ("ahtop --config c.toml --agent=arj", "--agent=arjun@acme.example "),
        ("ahtop --config c.toml -a it", "-a it\\'s:me "),
        ("ahtop --config 'c.toml' -C COL", "-C COLLECT-IN "),
        ("ahtop --config c.toml -C NIG", "-C NIGHT\\ \\(EAST\\) "),
        ("ahtop --config c.toml -C NIGHT\\ \\(E", "-C NIGHT\\ \\(EAST\\) "),
        ("ahtop --config c.toml -C \"NIGHT (E", "-C \"NIGHT (EAST)\" "),
        ("ahtop --theme cv", "--theme cvd "),
        ("ahtop --config c.toml --theme ./mi", "--theme ./mine.toml "),
        ("ahtop --config c", "ahtop --config c.toml "),
        ("ahtop --timezone Asia/Kolk", "--timezone Asia/Kolkata "),
        ("ahtop once --sort vs", "ahtop once --sort vs_target "),
        ("ahtop once --config c.toml --filter group:n", "--filter group:north "),
        ("ahtop once --config c.toml --filter gro", "--filter group:"),
        ("ahtop once --config c.toml --filter \"kind:agent group:so", "--filter \"kind:agent group:south\" "),
        ("ahtop once --config c.toml --filter state:no_a", "--filter state:no_answer "),
        ("ahtop once --config c.toml --filter '!state:no_a", "--filter '!state:no_answer' "),
    ] {
        bash.completes(line, completed);
    }
}

#[test]
fn zsh_completes_what_an_agent_is_called() {
    if !installed("zsh") {
        return;
    }
    let home = home();
    let setup =
        "autoload -U compinit; compinit -u -d dump; unsetopt zle_bracketed_paste; source <(ahtop completions zsh)";
    let mut zsh = Shell::start(home.path(), &["zsh", "-f", "-i"], setup);
    // As packages install it: a file that is loaded at the first Tab, which is answered too.
    fs::create_dir(home.path().join("functions")).unwrap();
    fs::write(home.path().join("functions/_ahtop"), ahtop(home.path(), &["completions", "zsh"])).unwrap();
    let installed =
        "fpath=($PWD/functions $fpath); autoload -U compinit; compinit -u -d dump2; unsetopt zle_bracketed_paste";
    let mut loads = Shell::start(home.path(), &["zsh", "-f", "-i"], installed);
    loads.completes("ahtop --config c.toml -a pri", "ahtop --config c.toml -a priya@acme.example ");
    for (line, completed) in [
        ("ahtop onc", "ahtop once "),
        ("ahtop once --format js", "ahtop once --format json "),
        ("ahtop --config c.toml -a pri", "ahtop --config c.toml -a priya@acme.example "),
        ("ahtop --config c.toml -a priya@ac", "ahtop --config c.toml -a priya@acme.example "),
        ("ahtop --config c.toml -C NIG", "-C NIGHT\\ \\(EAST\\) "),
        ("ahtop --theme cv", "--theme cvd "),
        ("ahtop once --sort vs", "ahtop once --sort vs_target "),
        ("ahtop once --config c.toml --filter group:n", "--filter group:north "),
        ("ahtop once --config c.toml --filter gro", "--filter group:"),
    ] {
        zsh.completes(line, completed);
    }
}

#[test]
fn fish_completes_what_an_agent_is_called() {
    if !installed("fish") {
        return;
    }
    let home = home();
    let fitting = |line: &str| {
        let script = format!("ahtop completions fish | source; complete -C '{line}'");
        let mut fish = Command::new("fish");
        let fish = fish.args(["--no-config", "-c", &script]).env_clear().env("HOME", home.path()).env("PATH", path());
        String::from_utf8(fish.current_dir(home.path()).output().unwrap().stdout).unwrap()
    };
    assert!(fitting("ahtop onc").starts_with("once\t"), "{}", fitting("ahtop onc"));
    assert_eq!(fitting("ahtop --config c.toml -a pri"), "priya@acme.example\tPriya S\n");
    assert_eq!(fitting("ahtop once --config c.toml --filter group:"), "group:north\ngroup:south\n");
    assert_eq!(fitting("ahtop once --sort vs"), "vs_target\tdifference to the target\n");
}

#[test]
fn every_shell_has_a_script_and_an_answer() {
    let home = home();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = ahtop(home.path(), &["completions", shell]);
        assert!(script.contains("ahtop") && script.contains("_AHTOP_COMPLETE"), "{shell}\n{script}");
        let mut asked = Command::new(program());
        asked.args(["--", "ahtop", "--config", "c.toml", "-a", "pri"]).current_dir(home.path());
        asked.env_clear().env("HOME", home.path()).env("_AHTOP_COMPLETE", shell).env("_CLAP_COMPLETE_INDEX", "4");
        let answer = String::from_utf8(asked.output().unwrap().stdout).unwrap();
        assert!(answer.starts_with("priya@acme.example"), "{shell} {answer}");
    }
    // Fields, numbers, and what stands behind a field; the words before stay. Columns are those of the menu.
    for (words, offered) in [
        (["--filter", ""], "state: group: name: id: kind: login: aht> age> vs>"),
        (["--filter", "gr"], "group:north group:south"),
        (["--filter", "!login:"], "!login:in !login:out"),
        (["--filter", "x kind:c"], "x kind:campaign"),
        (["--filter", "zebra"], ""),
        (["--sort", "a"], "aht ago_2h age"),
        (["--sort", "tr"], ""),
    ] {
        let mut asked = Command::new(program());
        asked.args(["--", "ahtop", "once", "--config", "c.toml"]).args(words).current_dir(home.path());
        asked.env_clear().env("HOME", home.path()).env("_AHTOP_COMPLETE", "bash").env("_CLAP_COMPLETE_INDEX", "5");
        let answer = String::from_utf8(asked.output().unwrap().stdout).unwrap();
        assert_eq!(answer.split('\n').collect::<Vec<_>>().join(" "), offered, "{words:?}");
    }
    // Words that no command line has, and none at all: an answer without anything in it.
    for words in [&["--", "ahtop", "--zebra", "x", ""][..], &["--"], &["once"]] {
        let mut asked = Command::new(program());
        asked.args(words).env_clear().env("HOME", home.path()).env("_AHTOP_COMPLETE", "bash");
        let output = asked.env("_CLAP_COMPLETE_INDEX", "77").output().unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0), "{words:?}");
    }
}
