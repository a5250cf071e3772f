//! Tab in real shells: in pseudo-terminals, as somebody types. A shell that is not installed is left out.

use std::{
    fs,
    io::{Read, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, PtySize, native_pty_system};

const CONFIG: &str = r#"
account.name = "acme"
watch = { agents = ["priya@acme.example", "arjun@acme.example", "it's:me"], campaigns = ["COLLECT-IN", "NIGHT (EAST)"] }
[[agent]]
id = "priya@acme.example"
label = "Priya S"
[[group]]
name = "north"
agents = ["priya@acme.example"]
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

fn installed(shell: &str) -> bool {
    Command::new(shell).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// A shell in a terminal.
struct Shell {
    screen: Arc<Mutex<vt100::Parser>>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
}

impl Shell {
    fn start(home: &Path, words: &[&str], setup: &str) -> Shell {
        let size = PtySize { rows: 30, cols: 110, pixel_width: 0, pixel_height: 0 };
        let pty = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(words[0]);
        command.args(&words[1..]);
        command.env_clear();
        for (name, value) in
            [("HOME", home.to_str().unwrap()), ("PATH", &path()), ("TERM", "xterm"), ("LANG", "C.UTF-8")]
        {
            command.env(name, value);
        }
        command.cwd(home);
        let child = pty.slave.spawn_command(command).unwrap();
        let mut output = pty.master.try_clone_reader().unwrap();
        let screen = Arc::new(Mutex::new(vt100::Parser::new(30.try_into().unwrap(), 110.try_into().unwrap(), 0)));
        let shared = screen.clone();
        thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(n @ 1..) = output.read(&mut piece) {
                shared.lock().unwrap().process(&piece[..n]);
            }
        });
        let mut shell = Shell { screen, keys: pty.master.take_writer().unwrap(), child };
        shell.type_in(&format!("{setup}\nPS1='{}'\n", "ready> "));
        shell.sees("ready> ");
        shell
    }

    fn type_in(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    fn sees(&self, text: &str) {
        let began = Instant::now();
        while !self.text().contains(text) {
            assert!(began.elapsed() < Duration::from_secs(30), "no {text:?} in\n{}", self.text());
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Types `line`, presses Tab, and sees `completed` behind the prompt.
    fn completes(&mut self, line: &str, completed: &str) {
        // A clean screen for each: away with the line, and all that stands above.
        self.type_in("\u{15}clear\n");
        let began = Instant::now();
        while self.text().trim() != "ready>" {
            assert!(began.elapsed() < Duration::from_secs(30), "{}", self.text());
            thread::sleep(Duration::from_millis(20));
        }
        self.type_in(line);
        self.sees(line);
        self.type_in("\t");
        self.sees(completed);
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
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
    for (line, completed) in [
        ("ahtop onc", "ahtop once "),
        ("ahtop once --format js", "ahtop once --format json "),
        ("ahtop --config c.toml -a pri", "ahtop --config c.toml -a priya@acme.example "),
        ("ahtop --config c.toml -a priya@ac", "ahtop --config c.toml -a priya@acme.example "),
        ("ahtop --config c.toml -C NIG", "-C NIGHT\\ \\(EAST\\) "),
        ("ahtop --theme cv", "--theme cvd "),
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
    // Words that no command line has, and none at all: an answer without anything in it.
    for words in [&["--", "ahtop", "--zebra", "x", ""][..], &["--"], &["once"]] {
        let mut asked = Command::new(program());
        asked.args(words).env_clear().env("HOME", home.path()).env("_AHTOP_COMPLETE", "bash");
        let output = asked.env("_CLAP_COMPLETE_INDEX", "77").output().unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0), "{words:?}");
    }
}
