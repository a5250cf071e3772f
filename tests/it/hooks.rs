//! The hooks of `examples/hooks/`, each with the configuration lines of its own beginning, against a receiver on this
//! machine. They are Python programs; where there is no Python they are left out.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
};

use ahtop::{
    commands,
    config::{Env, Overrides},
};
use serde_json::Value;

fn python() -> bool {
    Command::new("python3").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// Answers one connection, and hands out what was said on it.
fn receiver(answer: impl FnOnce(TcpStream) -> String + Send + 'static) -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (said, heard) = channel();
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        said.send(answer(stream)).unwrap();
    });
    (port, heard)
}

/// Takes one request, answers with `status`, and gives the request back.
fn http(status: &'static str) -> impl FnOnce(TcpStream) -> String {
    move |stream| {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let (mut head, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if let Some(n) = line.to_ascii_lowercase().strip_prefix("content-length: ") {
                length = n.trim().parse().unwrap();
            }
            head.push_str(&line);
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let mut stream = stream;
        write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno").unwrap();
        head + std::str::from_utf8(&body).unwrap()
    }
}

/// Takes one mail.
fn smtp(stream: TcpStream) -> String {
    let mut out = stream.try_clone().unwrap();
    let mut say = |line: &str| out.write_all(format!("{line}\r\n").as_bytes()).unwrap();
    say("220 here");
    let (mut all, mut data) = (String::new(), false);
    for line in BufReader::new(stream).lines() {
        let line = line.unwrap();
        all.push_str(&format!("{line}\n"));
        match line.to_ascii_uppercase().as_str() {
            "." if data => {
                data = false;
                say("250 taken");
            }
            _ if data => {}
            "DATA" => {
                data = true;
                say("354 go on");
            }
            "QUIT" => {
                say("221 bye");
                break;
            }
            _ => say("250 ok"),
        }
    }
    all
}

fn script(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hooks").join(name).to_str().unwrap().to_owned()
}

/// The configuration lines that the beginning of a hook names.
fn lines(name: &str) -> String {
    let text = fs::read_to_string(script(name)).unwrap();
    let lines = text.lines().skip_while(|l| *l != "[[hook]]").take_while(|l| *l != "\"\"\"");
    lines.collect::<Vec<_>>().join("\n")
}

/// All hooks by their names, each in a configuration that has its lines as they are.
pub(crate) fn configurations() -> Vec<(String, String)> {
    let all = fs::read_dir(script("")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    // What they have in common is none.
    let hooks = all.filter(|name| name.ends_with(".py") && name != "webhook.py");
    let base = "account.name = \"acme\"\nwatch.agents = [\"a1\"]\n";
    let out: Vec<_> = hooks.map(|name| (name.clone(), format!("{base}{}\n", lines(&name)))).collect();
    assert!(out.len() >= 6, "{out:?}");
    out
}

#[test]
fn the_lines_of_every_hook_are_read_as_they_are() {
    let home = tempfile::tempdir().unwrap();
    let env = Env::of(Vec::<(String, String)>::new()).with_dirs(home.path(), home.path());
    let file = home.path().join("c.toml");
    for (name, text) in configurations() {
        fs::write(&file, text).unwrap();
        let loaded = commands::load(&Overrides::with_config(&file), &env).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(loaded.warnings, Vec::<String>::new(), "{name}");
        let [hook] = &loaded.config.hooks[..] else { panic!("{name}: {:?}", loaded.config.hooks) };
        assert_eq!(hook.command[0], format!("/usr/share/ahtop/hooks/{name}"));
    }
}

/// `ahtop hook test EVENT` with the hook as its script says that it is configured, but for the paths.
fn hook_test(home: &Path, name: &str, settings: &str, mode: u32, event: &str) -> (i32, String) {
    let hook = lines(name);
    let file = home.join("settings");
    fs::write(&file, settings).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    let own = hook.split('"').find(|part| part.starts_with("/etc/ahtop/")).unwrap_or("/etc/ahtop/none").to_owned();
    let hook =
        hook.replace(&format!("/usr/share/ahtop/hooks/{name}"), &script(name)).replace(&own, file.to_str().unwrap());
    // Whatever it is usually told of.
    let on = hook.lines().find(|l| l.starts_with("on = ")).unwrap().to_owned();
    let hook = hook.replace(&on, "on = [\"warn\", \"crit\", \"clear\", \"token\"]");
    let config = home.join("c.toml");
    let label = "Rao, <K> & \\\"Söhne\\\"";
    let base =
        format!("account.name = \"acme\"\n[watch]\nagents = [\"a1\"]\n[[agent]]\nid = \"a1\"\nlabel = \"{label}\"\n");
    // A machine that has much else to do may need long to begin with Python.
    let hook = hook.replace("timeout = \"30s\"", "") + "\ntimeout = \"60s\"\n";
    fs::write(&config, base + &hook).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_ahtop"));
    command.args(["hook", "test", event, "--config"]).arg(&config).env_clear().env("HOME", home);
    let path = format!("{}:{}", home.display(), std::env::var("PATH").unwrap());
    let output = command.env("PATH", path).env("LANG", "C.UTF-8").output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout) + &text(output.stderr))
}

const TEXT: &str = "Test, not an alert: Rao, <K> & \"Söhne\": ";

#[test]
fn chats_and_ntfy_are_told_in_the_form_that_they_take() {
    if !python() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    for (name, path) in [
        ("slack.py", "/services/T/B/x"),
        ("teams.py", "/w?sig=x"),
        ("googlechat.py", "/v1?key=x"),
        ("ntfy.py", "/floor"),
    ] {
        let (port, heard) = receiver(http("200 OK"));
        let settings = format!("http://127.0.0.1:{port}{path}\ntk_secret\n");
        let settings = if name == "ntfy.py" { settings } else { settings.lines().next().unwrap().to_owned() };
        let (code, told) = hook_test(home.path(), name, &settings, 0o600, "crit");
        assert_eq!(code, 0, "{name}\n{told}");
        assert!(told.starts_with("ok    ") && told.contains("it printed: HTTP 200"), "{told}");
        assert!(!told.contains("services/T") && !told.contains("tk_secret"), "{told}");
        let request = heard.recv().unwrap();
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(&format!("POST {path}")), "{head}");
        let json = || serde_json::from_str::<Value>(body).unwrap();
        match name {
            "slack.py" => {
                let text = json()["text"].as_str().unwrap().to_owned();
                assert!(text.starts_with(":red_circle: acme: Test, not an alert: Rao, &lt;K&gt; &amp; "), "{text}");
            }
            "googlechat.py" => {
                assert!(json()["text"].as_str().unwrap().contains(TEXT), "{body}");
                assert_eq!(json()["thread"]["threadKey"], "acme agent a1");
                assert!(head.contains("messageReplyOption="), "{head}");
            }
            "teams.py" => {
                let card = &json()["attachments"][0]["content"];
                assert_eq!((&card["type"], &card["body"][0]["color"]), (&"AdaptiveCard".into(), &"Attention".into()));
                let text = card["body"][0]["text"].as_str().unwrap().to_owned();
                assert!(text.contains("\\<K\\>"), "{text}");
            }
            _ => {
                assert!(body.starts_with(TEXT), "{body}");
                for line in ["Title: ahtop acme", "Priority: high", "Authorization: Bearer tk_secret"] {
                    assert!(head.contains(line), "{line}\n{head}");
                }
            }
        }
    }
}

#[test]
fn a_receiver_that_refuses_and_a_secret_that_lies_open_are_told() {
    if !python() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let (port, heard) = receiver(http("403 Forbidden"));
    let (code, told) = hook_test(home.path(), "slack.py", &format!("http://127.0.0.1:{port}/x"), 0o600, "clear");
    assert!(code == 1 && told.contains("told of clear: exit status: 1: HTTP 403: no"), "{told}");
    assert!(heard.recv().unwrap().contains(":white_check_mark:"));
    let (code, told) = hook_test(home.path(), "teams.py", "http://127.0.0.1:1/x", 0o644, "crit");
    assert!(code == 1 && told.contains("can be read by others: chmod 600"), "{told}");
    let (code, told) = hook_test(home.path(), "ntfy.py", "http://127.0.0.1:1/secret-topic", 0o600, "token");
    assert!(code == 1 && told.contains("cannot be reached") && !told.contains("secret-topic"), "{told}");
}

#[test]
fn a_mail_arrives_with_subject_and_text() {
    if !python() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let (port, heard) = receiver(smtp);
    let settings = format!(
        r#"{{"host": "127.0.0.1", "port": {port}, "from": "ahtop@acme.example", "to": ["floor@acme.example"], "tls": "none"}}"#
    );
    let (code, told) = hook_test(home.path(), "mail.py", &settings, 0o600, "warn");
    assert!(code == 0 && told.contains("it printed: sent to 1"), "{told}");
    let mail = heard.recv().unwrap();
    for part in
        ["RCPT TO:<floor@acme.example>", "Subject: ", "Auto-Submitted: auto-generated", "From: ahtop@acme.example"]
    {
        assert!(mail.to_ascii_uppercase().contains(&part.to_ascii_uppercase()), "{part}\n{mail}");
    }
}

#[test]
fn the_desktop_is_told_by_its_own_program() {
    if !python() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let fake = home.path().join("notify-send");
    fs::write(&fake, "#!/bin/sh\nprintf '%s\\n' \"$@\" > \"$HOME/seen\"\n").unwrap();
    fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).unwrap();
    let (code, told) = hook_test(home.path(), "desktop.py", "", 0o600, "warn");
    assert_eq!(code, 0, "{told}");
    let seen = fs::read_to_string(home.path().join("seen")).unwrap();
    assert!(
        seen.starts_with("--urgency=normal\n--app-name=ahtop\n--\nahtop acme\nTest, not an alert: Rao, &lt;K&gt;"),
        "{seen}"
    );
}
