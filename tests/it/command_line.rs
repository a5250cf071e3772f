//! The binary itself: exit codes, what goes to which stream, closed pipes, and that no secret gets out.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output, Stdio},
};

const SECRET: &str = "hunter2-hunter2";

/// The program in a home of its own, with nothing of ours around it.
fn ahtop(home: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ahtop"));
    command.args(args).env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin").stdin(Stdio::null());
    command
}

fn run(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn a_template_is_written_found_shown_and_checked() {
    let home = tempfile::tempdir().unwrap();
    let (code, path, _) = run(&mut ahtop(home.path(), &["config", "path"]));
    assert_eq!(code, 0);
    assert_eq!(run(&mut ahtop(home.path(), &["check"])).0, 3, "there is nothing yet");
    assert_eq!(run(&mut ahtop(home.path(), &["config", "init"])), (0, path.clone(), String::new()));
    assert_eq!(run(&mut ahtop(home.path(), &["config", "init"])).0, 3, "it is there already");
    assert_eq!(fs::read_to_string(path.trim_end()).unwrap(), include_str!("../../config.example.toml"));
    let (code, shown, _) = run(ahtop(home.path(), &["config", "show"]).env("AHTOP_API_KEY", SECRET));
    assert_eq!((code, shown.contains("user_name = \"acme\""), shown.contains(SECRET)), (0, true, false));
    assert_eq!(run(&mut ahtop(home.path(), &["check"])).0, 4, "the variable with the key is not set");
    let (code, out, err) = run(ahtop(home.path(), &["check"]).env("AHTOP_API_KEY", SECRET));
    assert_eq!((code, err.lines().count()), (0, 1));
    assert!(err.starts_with("warning: no agent and no campaign has a band"), "{err}");
    assert!(out.lines().count() == 3 && out.lines().all(|l| l.starts_with("ok: ")), "{out}");
}

#[test]
fn a_bad_file_gives_3_and_all_errors_on_standard_error() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("c.toml");
    fs::write(&file, "[poll]\nintervall = \"60s\"\ntimeout = \"2m\"\n").unwrap();
    let file = file.to_str().unwrap();
    let (code, out, err) = run(&mut ahtop(home.path(), &["check", "--config", file, "--user", "u", "-a", "x"]));
    let expected = format!(
        "{file}:2:1: unknown key 'intervall' in [poll]; did you mean 'min_interval'?\n\
         {file}:3:11: 'timeout': '2m' is not from 1s to 60s\n"
    );
    assert_eq!((code, out.as_str(), err), (3, "", expected));
}

#[test]
fn a_key_that_others_can_read_is_refused_with_4_and_not_shown() {
    let home = tempfile::tempdir().unwrap();
    let key = home.path().join("key");
    fs::write(&key, SECRET).unwrap();
    let args = ["check", "--user", "u", "-a", "x", "--api-key-file", key.to_str().unwrap()];
    for (mode, code) in [(0o644, 4), (0o600, 0)] {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        let (got, out, err) = run(&mut ahtop(home.path(), &args));
        assert_eq!((got, out.contains(SECRET), err.contains(SECRET)), (code, false, false), "{err}");
        assert_eq!(err.contains(&format!("run `chmod 600 {}`", key.display())), code == 4, "{err}");
    }
}

#[test]
fn usage_errors_give_2_and_help_gives_0() {
    let home = tempfile::tempdir().unwrap();
    for (args, code) in [(&["--zebra"][..], 2), (&["sim", "--user", "u"], 2), (&["--help"], 0), (&["--version"], 0)] {
        assert_eq!(run(&mut ahtop(home.path(), args)).0, code, "{args:?}");
    }
}

#[test]
fn the_board_needs_a_terminal_and_says_what_does_not() {
    let home = tempfile::tempdir().unwrap();
    let (code, out, err) = run(&mut ahtop(home.path(), &["wall", "--account", "acme", "-C", "X"]));
    assert_eq!((code, out.as_str(), err.contains("ahtop snapshot --view wall")), (2, "", true), "{err}");
    let picture = home.path().join("wall.txt");
    let args = ["snapshot", "--demo", "--view", "wall", "--names", "hidden", picture.to_str().unwrap()];
    assert_eq!(run(&mut ahtop(home.path(), &args)), (0, String::new(), String::new()));
    let drawn = fs::read_to_string(&picture).unwrap();
    let mut hidden = drawn.split("agent ").skip(1);
    assert!(hidden.any(|rest| rest.starts_with(|c: char| c.is_ascii_digit())), "{drawn}");
}

#[test]
fn names_are_hidden_in_every_picture_or_the_flag_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let picture = home.path().join("view.txt");
    let draw = |view: &str, names: &str| {
        let args = ["snapshot", "--demo", "--view", view, "--names", names, picture.to_str().unwrap()];
        assert_eq!(run(&mut ahtop(home.path(), &args)), (0, String::new(), String::new()));
        fs::read_to_string(&picture).unwrap()
    };
    let roster = ahtop::sim::Roster::demo();
    for view in ["overview", "agents", "campaigns", "alerts", "budget", "log", "wall"] {
        let hidden = draw(view, "hidden");
        for agent in &roster.agents {
            let shown = [&*agent.name, &*agent.id].iter().any(|word| hidden.contains(word));
            assert!(!shown, "{view} shows {}:\n{hidden}", agent.id);
        }
    }
    assert!(roster.agents.iter().any(|a| draw("agents", "full").contains(&*a.name)));
    for args in [&["--names", "hidden"][..], &["once", "--names", "hidden"], &["demo", "--names", "hidden"]] {
        let (code, out, err) = run(&mut ahtop(home.path(), args));
        assert_eq!((code, out.as_str(), err.contains("--names")), (2, "", true), "{args:?}: {err}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let home = tempfile::tempdir().unwrap();
    for args in [&["man"][..], &["config", "path"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = ahtop(home.path(), args).stdout(writer).output().unwrap();
        assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), &b""[..]), "{args:?}");
    }
}

#[test]
fn every_command_with_a_configuration_refuses_keys_that_are_none() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("c.toml");
    fs::write(&file, "[account]\nuser_name = \"u\"\n[watch]\nagents = [\"x\"]\n[ui.keys]\nfrolic = \"q\"\n").unwrap();
    for command in [
        "",
        "once",
        "stream",
        "serve",
        "doctor",
        "token status",
        "check",
        "plan",
        "discover",
        "config show",
        "report",
        "replay",
        "history export",
        "history prune",
        "history backtest",
        "snapshot x.svg",
    ] {
        let args = ["--config", file.to_str().unwrap()].into_iter().chain(command.split_whitespace());
        let (code, out, err) = run(&mut ahtop(home.path(), &args.collect::<Vec<_>>()));
        assert_eq!(code, 3, "{command}: {out}{err}");
        assert!(format!("{out}{err}").contains("c.toml:6:1: unknown action 'frolic'"), "{command}: {out}{err}");
    }
    let left: Vec<_> = fs::read_dir(home.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!left.contains(&"x.svg".into()), "{left:?}");
}

#[test]
fn a_demo_without_room_for_temporary_files_says_which_variable_names_another_place() {
    let home = tempfile::tempdir().unwrap();
    let missing = home.path().join("missing");
    let (code, out, err) = run(ahtop(home.path(), &["demo"]).env("TMPDIR", &missing));
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.contains(missing.to_str().unwrap()) && err.contains("TMPDIR"), "{err}");
}
