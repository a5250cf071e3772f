//! Has the secret from where the configuration says, and keeps it out of every message.

use std::{io, os::unix::fs::PermissionsExt, path::Path, process::Stdio, time::Duration};

use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use tokio::{
    io::AsyncReadExt,
    process::{ChildStdout, Command},
    time::timeout,
};

use super::{
    env::Env,
    error::show_path,
    pgpass,
    postgres_url::PostgresUrl,
    process_group::ProcessGroup,
    small_file,
    types::{AuthMode, AuthSource, SecretSource, StoreServer},
    value_type::Value,
};
use crate::domain::clean;

/// Keys and tokens are read to here.
const LARGEST: usize = 64 * 1024;
/// A command has so long for its first line and its end.
const COMMAND_LIMIT: Duration = Duration::from_secs(30);
/// What a command wrote is there when it has ended; only a program that left its process group keeps the output open for
/// longer.
const AFTER_END: Duration = Duration::from_millis(500);

/// How requests are authorized.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// Tokens are generated with this API key.
    TokenFromKey(SecretString),
    /// The API key goes with each request.
    Basic(SecretString),
    /// [`token_from`] this command whenever a token is needed; ahtop never generates one.
    TokenFromCommand(Vec<String>),
}

/// Why there is no secret. Never holds any of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SecretError(String);

/// Has the secret of `auth`.
///
/// # Errors
/// One sentence that says what to do.
pub async fn credentials(auth: &AuthSource, env: &Env) -> Result<Credentials, SecretError> {
    let key = match &auth.source {
        SecretSource::KeyEnv(name) => from_env(name, env)?,
        SecretSource::KeyFile(path) => from_file("api_key_file", path, env, secret)?,
        SecretSource::KeyCommand(argv) => from_command("api_key_command", argv, COMMAND_LIMIT, secret).await?,
        SecretSource::TokenCommand(argv) => return Ok(Credentials::TokenFromCommand(argv.clone())),
    };
    Ok(match auth.mode {
        AuthMode::Token => Credentials::TokenFromKey(key),
        AuthMode::Basic => Credentials::Basic(key),
    })
}

/// Runs a `token_command` and gives the bearer token that it prints.
///
/// # Errors
/// One sentence that says what to do, without anything that the command printed.
pub async fn token_from(argv: &[String]) -> Result<SecretString, SecretError> {
    from_command("token_command", argv, COMMAND_LIMIT, secret).await
}

/// Shortest token that clients of the listener may have: nobody must be able to guess it.
const SHORTEST: usize = 16;

/// The token that clients of the listener must have.
///
/// # Errors
/// One sentence that says what to do.
pub fn listener_token(path: &Path, env: &Env) -> Result<SecretString, SecretError> {
    let token = from_file("[serve] token_file", path, env, secret)?;
    if token.expose_secret().len() < SHORTEST {
        let message = format!(
            "[serve] token_file {} holds fewer than {SHORTEST} characters: write a longer one, as `openssl rand -hex 32` makes",
            show_path(path)
        );
        return Err(SecretError(message));
    }
    // It stands in an address and in a cookie.
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    if !token.expose_secret().bytes().all(plain) {
        let message = format!(
            "[serve] token_file {} holds a character other than letters, digits and -._~: write one as `openssl rand \
             -hex 32` makes",
            show_path(path)
        );
        return Err(SecretError(message));
    }
    Ok(token)
}

/// Whether the secret is there, without running a command: variables and files are read, programs are looked for.
/// Returns where it comes from, in words.
pub fn present(auth: &AuthSource, env: &Env) -> Result<String, SecretError> {
    let found = |name: &str, argv: &[String]| {
        let program = argv.first().map(String::as_str).unwrap_or_default();
        match find_program(program, env) {
            true => Ok(format!("{name} {} (not run)", clean(program, 200))),
            false => Err(SecretError(format!("{name}: there is no program '{}'", clean(program, 200)))),
        }
    };
    match &auth.source {
        SecretSource::KeyEnv(name) => from_env(name, env).map(|_| format!("the environment variable {name}")),
        SecretSource::KeyFile(path) => from_file("api_key_file", path, env, secret).map(|_| show_path(path)),
        SecretSource::KeyCommand(argv) => found("api_key_command", argv),
        SecretSource::TokenCommand(argv) => found("token_command", argv),
    }
}

fn find_program(program: &str, env: &Env) -> bool {
    let runs = |path: &Path| path.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0);
    if program.contains('/') {
        return runs(Path::new(program));
    }
    std::env::split_paths(env.get("PATH").unwrap_or("/usr/local/bin:/usr/bin:/bin")).any(|dir| runs(&dir.join(program)))
}

fn from_env(name: &str, env: &Env) -> Result<SecretString, SecretError> {
    let value = env.get(name).ok_or_else(|| {
        SecretError(format!("the environment variable {name} is not set; it should hold the API key"))
    })?;
    secret(&format!("the environment variable {name}"), value.trim_end_matches(['\n', '\r']))
}

fn from_file(name: &str, path: &Path, env: &Env, check: Check) -> Result<SecretString, SecretError> {
    let shown = show_path(path);
    let fail = |what: &str| SecretError(format!("{name} {shown} {what}"));
    let unread = |e: io::Error| fail(&format!("cannot be read: {e}"));
    // Looked at when it is open, so that what was checked is what is read.
    let (file, meta) = small_file::open(path).map_err(unread)?;
    // The service manager lets a service in by an access list, whose mask shows as permissions of the group.
    let handed_over = env.get("CREDENTIALS_DIRECTORY").is_some_and(|dir| path.starts_with(dir));
    let others = if handed_over { 0o007 } else { 0o077 };
    if meta.permissions().mode() & others != 0 {
        return Err(fail(&format!("can be read by others: run `chmod 600 {}`", shell_word(&shown))));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(LARGEST + 1));
    small_file::read_to(file, LARGEST as u64, &mut bytes).map_err(unread)?;
    let text = std::str::from_utf8(&bytes).map_err(|_| fail("is not text"))?;
    check(&format!("{name} {shown}"), text.trim_end_matches(['\n', '\r']))
}

impl SecretSource {
    /// The source that the value of a key names; `None` for a value that is of no such key.
    pub(super) fn of_key(value: Value) -> Option<SecretSource> {
        match value {
            Value::Path(path) => Some(SecretSource::KeyFile(path)),
            Value::Text(name) => Some(SecretSource::KeyEnv(name)),
            Value::Argv(words) => Some(SecretSource::KeyCommand(words)),
            _ => None,
        }
    }
}

/// What a secret must be like, named by its source.
type Check = fn(&str, &str) -> Result<SecretString, SecretError>;

/// The password for the store's server: from where the configuration says, else from `~/.pgpass`.
///
/// # Errors
/// One sentence that says what to do.
pub async fn store_password(
    server: &StoreServer,
    url: &PostgresUrl,
    env: &Env,
) -> Result<Option<SecretString>, SecretError> {
    match &server.password {
        Some(SecretSource::KeyFile(path)) => from_file("[store] password_file", path, env, password).map(Some),
        Some(SecretSource::KeyEnv(name)) => {
            let value = env.get(name).ok_or_else(|| {
                SecretError(format!("the environment variable {name} is not set; it should hold the store's password"))
            })?;
            password(&format!("the environment variable {name}"), value.trim_end_matches(['\n', '\r'])).map(Some)
        }
        Some(SecretSource::KeyCommand(argv) | SecretSource::TokenCommand(argv)) => {
            from_command("[store] password_command", argv, COMMAND_LIMIT, password).await.map(Some)
        }
        None => {
            let home = || env.get("HOME").map(|home| Path::new(home).join(".pgpass"));
            let Some(path) = env.get("PGPASSFILE").map(Into::into).or_else(home) else { return Ok(None) };
            if !path.exists() {
                return Ok(None);
            }
            let all = from_file("the password file", &path, env, |_, text| Ok(SecretString::from(text)))?;
            let found = pgpass::find(all.expose_secret(), &url.hosts, &url.database, &url.user);
            Ok(found.map(SecretString::from))
        }
    }
}

/// A password may hold anything that fits on a line.
fn password(source: &str, text: &str) -> Result<SecretString, SecretError> {
    if text.is_empty() || text.len() > LARGEST || text.contains(['\0', '\n']) {
        return Err(SecretError(format!("{source} does not give one line with a password")));
    }
    Ok(SecretString::from(text))
}

/// A path as a shell takes it.
fn shell_word(path: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '+' | ',' | '@' | ':' | '=');
    if path.chars().all(plain) { path.to_owned() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

/// Checks that `text` can stand in a header.
fn secret(source: &str, text: &str) -> Result<SecretString, SecretError> {
    if text.is_empty() {
        return Err(SecretError(format!("{source} is empty")));
    }
    if text.len() > LARGEST {
        return Err(SecretError(format!("{source} gives more than 64 KiB")));
    }
    if !text.bytes().all(|b| b.is_ascii_graphic()) {
        let message = format!("{source} holds a space, a line break or another character that no key has");
        return Err(SecretError(message));
    }
    Ok(SecretString::from(text))
}

async fn from_command(name: &str, argv: &[String], limit: Duration, check: Check) -> Result<SecretString, SecretError> {
    let (program, args) = argv.split_first().ok_or_else(|| SecretError(format!("{name} is empty")))?;
    let shown = clean(program, 200);
    let fail = |what: String| SecretError(format!("{name} '{shown}' {what}; run it by hand to see why"));
    // Its messages are not shown: they could hold the secret, and would be painted over the screen.
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let (mut child, group) = ProcessGroup::spawn(&mut command).map_err(|e| fail(format!("cannot be run: {e}")))?;
    let Some(mut stdout) = child.stdout.take() else { return Err(fail("has no output".into())) };
    let mut output = Output::new();
    let ended = timeout(limit, async {
        loop {
            tokio::select! {
                status = child.wait() => return status.map(Some),
                more = output.read(&mut stdout) => match more {
                    _ if output.too_long() => return Ok(None),
                    true => {}
                    false => return child.wait().await.map(Some),
                },
            }
        }
    })
    .await;
    // From here on nothing of it runs: neither itself, where its time is over or it prints without end, nor what it
    // left behind. Its end is taken note of, or it would stay as a zombie for a while.
    drop(group);
    let _ = timeout(AFTER_END, child.wait()).await;
    let status = match ended {
        Err(_) => return Err(fail(format!("did not end within {} s", limit.as_secs()))),
        Ok(Err(e)) => return Err(fail(format!("cannot be waited for: {e}"))),
        Ok(Ok(status)) => status,
    };
    if let Some(status) = status.filter(|status| !status.success()) {
        return Err(fail(format!("failed ({status})")));
    }
    let rest = async { while !output.too_long() && output.read(&mut stdout).await {} };
    let _ = timeout(AFTER_END, rest).await;
    if output.too_long() {
        return Err(fail("prints more than 64 KiB".into()));
    }
    let line = output.bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let text = std::str::from_utf8(line).map_err(|_| fail("printed something that is not text".into()))?;
    check(&format!("the first line of {name} '{shown}'"), text.trim_end_matches('\r'))
}

/// What a program prints, up to a little more than is taken.
struct Output {
    bytes: Zeroizing<Vec<u8>>,
}

impl Output {
    const PIECE: usize = 4096;

    fn new() -> Self {
        // It never grows: that would leave copies of the secret behind.
        Output { bytes: Zeroizing::new(Vec::with_capacity(LARGEST + Self::PIECE)) }
    }

    fn too_long(&self) -> bool {
        self.bytes.len() > LARGEST
    }

    /// Reads a piece; false at the end.
    async fn read(&mut self, from: &mut ChildStdout) -> bool {
        let mut piece = Zeroizing::new([0u8; Self::PIECE]);
        match from.read(&mut piece[..]).await {
            Ok(0) | Err(_) => false,
            Ok(n) => {
                self.bytes.extend_from_slice(&piece[..n]);
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use super::*;

    fn file(dir: &tempfile::TempDir, name: &str, text: &[u8], mode: u32) -> PathBuf {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    fn sh(script: &str) -> Vec<String> {
        ["/bin/sh", "-c", script].map(str::to_owned).to_vec()
    }

    async fn run(script: &str) -> Result<SecretString, SecretError> {
        from_command("api_key_command", &sh(script), Duration::from_secs(20), secret).await
    }

    #[test]
    fn a_file_that_others_can_read_is_refused_with_the_remedy() {
        let dir = tempfile::tempdir().unwrap();
        for mode in [0o640, 0o604, 0o660, 0o644, 0o610] {
            let path = file(&dir, "key", b"k3y\n", mode);
            let error = from_file("api_key_file", &path, &Env::default(), secret).unwrap_err().to_string();
            assert!(error.ends_with(&format!("run `chmod 600 {}`", path.display())), "{error}");
        }
        for mode in [0o600, 0o400] {
            let path = file(&dir, &format!("good{mode}"), b"k3y\r\n", mode);
            assert_eq!(from_file("api_key_file", &path, &Env::default(), secret).unwrap().expose_secret(), "k3y");
        }
    }

    #[test]
    fn a_credential_may_show_its_access_list_as_group_permissions() {
        let dir = tempfile::tempdir().unwrap();
        let env = Env::of([("CREDENTIALS_DIRECTORY", dir.path().to_str().unwrap())]);
        assert!(from_file("api_key_file", &file(&dir, "a", b"k", 0o440), &env, secret).is_ok());
        assert!(from_file("api_key_file", &file(&dir, "b", b"k", 0o444), &env, secret).is_err());
    }

    #[test]
    fn files_that_hold_no_key_are_refused_without_showing_them() {
        let dir = tempfile::tempdir().unwrap();
        for (text, what) in [
            (&b""[..], "is empty"),
            (b"\n", "is empty"),
            (b"hunter2 hunter3", "no key has"),
            (b"hunter2\nhunter3\n", "no key has"),
            (b"hunter2\x1b", "no key has"),
            (b"hunter2\xff", "is not text"),
            (&[b'x'; LARGEST + 1], "is larger than 64 KiB"),
        ] {
            let error = from_file("api_key_file", &file(&dir, "key", text, 0o600), &Env::default(), secret)
                .unwrap_err()
                .to_string();
            assert!(error.contains(what) && !error.contains("hunter"), "{error}");
        }
        let error = from_file("api_key_file", dir.path(), &Env::default(), secret).unwrap_err().to_string();
        assert!(error.ends_with("it is a directory"), "{error}");
        assert!(
            from_file("api_key_file", &dir.path().join("none"), &Env::default(), secret)
                .unwrap_err()
                .to_string()
                .contains("cannot be")
        );
    }

    #[test]
    fn the_remedy_can_be_pasted_whatever_the_path() {
        assert_eq!(shell_word("/a/b-c.key"), "/a/b-c.key");
        assert_eq!(shell_word("/a b/it's"), r"'/a b/it'\''s'");
    }

    #[tokio::test]
    async fn a_command_gives_its_first_line() {
        for script in ["echo k3y", "printf k3y", "printf 'k3y\\r\\nmore\\n'", "echo k3y; head -c 60000 /dev/zero"] {
            assert_eq!(run(script).await.unwrap().expose_secret(), "k3y", "{script}");
        }
    }

    /// Waits until the process whose number a script left in `file` has ended. A script that was ended before it could
    /// write has left nothing.
    async fn gone(file: &Path) {
        let Some(pid) = fs::read_to_string(file).ok().and_then(|text| text.trim().parse::<i32>().ok()) else { return };
        let _ = fs::remove_file(file);
        for _ in 0..3000 {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            // A zombie waits for whoever collects orphans here.
            if stat.is_empty() || stat.contains(") Z ") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{pid} still runs");
    }

    #[tokio::test]
    async fn nothing_of_a_command_is_left_however_it_ends() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pid");
        let script = |rest: &str| format!("sleep 600 & echo $! > {}; {rest}", file.display());
        assert_eq!(run(&script("echo k3y")).await.unwrap().expose_secret(), "k3y");
        gone(&file).await;
        for (rest, limit, what) in [("wait", 1, "did not end within 1 s"), ("exec yes", 20, "prints more than 64 KiB")]
        {
            let told = from_command("token_command", &sh(&script(rest)), Duration::from_secs(limit), secret)
                .await
                .unwrap_err();
            assert!(told.to_string().contains(what), "{told}");
            gone(&file).await;
        }
        let dropped = timeout(Duration::from_secs(1), run(&script("wait"))).await;
        assert!(dropped.is_err());
        gone(&file).await;
    }

    #[tokio::test]
    async fn a_program_that_leaves_the_group_does_not_hold_us_up_and_keeps_nothing_open() {
        let dir = tempfile::tempdir().unwrap();
        let (go, out) = (dir.path().join("go"), dir.path().join("out"));
        // A process that another test has just begun may have the other end for a moment too.
        let left = format!(
            "trap '' PIPE; : > {0}.in; until [ -e {0} ]; do sleep 0.05; done; \
             while [ -e {0} ] && echo x; do sleep 0.05; done; [ -e {0} ] && echo closed > {1}",
            go.display(),
            out.display()
        );
        let script =
            format!("setsid sh -c \"{left}\" & until [ -e {}.in ]; do sleep 0.05; done; echo k3y", go.display());
        assert_eq!(run(&script).await.unwrap().expose_secret(), "k3y");
        fs::write(&go, "").unwrap();
        for _ in 0..3000 {
            if fs::read_to_string(&out).is_ok_and(|text| text == "closed\n") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the output is still open");
    }

    #[tokio::test]
    async fn a_command_that_fails_is_told_without_its_output() {
        for (script, what) in [
            ("echo hunter2; exit 3", "failed (exit status: 3)"),
            ("echo hunter2 >&2; kill -9 $$", "failed (signal: 9"),
            ("true", "is empty"),
            ("echo; echo hunter2", "is empty"),
            ("echo hunter2 x", "no key has"),
            ("printf 'hunter2\\377'", "is not text"),
            ("head -c 70000 /dev/zero | tr '\\0' x", "prints more than 64 KiB"),
            ("echo hunter2; head -c 70000 /dev/zero", "prints more than 64 KiB"),
            ("exec yes hunter2", "prints more than 64 KiB"),
        ] {
            let error = run(script).await.unwrap_err().to_string();
            assert!(error.contains(what) && !error.contains("hunter"), "{script}: {error}");
        }
        let error = from_command("token_command", &["/no/such".to_owned()], COMMAND_LIMIT, secret).await.unwrap_err();
        assert!(error.to_string().starts_with("token_command '/no/such' cannot be run"), "{error}");
        let error = from_command("token_command", &sh("sleep 60"), Duration::from_secs(1), secret).await.unwrap_err();
        assert!(error.to_string().contains("did not end within 1 s"), "{error}");
    }

    #[tokio::test]
    async fn credentials_follow_source_and_mode_and_hide_in_debug() {
        let env = Env::of([("K", "hunter2")]);
        let source = |mode, source| AuthSource { mode, source };
        let key = source(AuthMode::Token, SecretSource::KeyEnv("K".into()));
        let got = credentials(&key, &env).await.unwrap();
        assert!(matches!(&got, Credentials::TokenFromKey(k) if k.expose_secret() == "hunter2"));
        assert!(!format!("{got:?} {env:?}").contains("hunter2"));
        assert_eq!(present(&key, &env), Ok("the environment variable K".into()));
        let basic = source(AuthMode::Basic, SecretSource::KeyCommand(sh("echo k")));
        assert!(matches!(credentials(&basic, &env).await.unwrap(), Credentials::Basic(_)));
        assert_eq!(present(&basic, &env), Ok("api_key_command /bin/sh (not run)".into()));
        let token = source(AuthMode::Token, SecretSource::TokenCommand(sh("echo t0ken")));
        let Credentials::TokenFromCommand(argv) = credentials(&token, &env).await.unwrap() else { panic!() };
        assert_eq!(token_from(&argv).await.unwrap().expose_secret(), "t0ken");
        let missing = source(AuthMode::Token, SecretSource::KeyEnv("NONE".into()));
        assert!(present(&missing, &env).unwrap_err().to_string().contains("NONE is not set"));
        let missing = source(AuthMode::Token, SecretSource::TokenCommand(vec!["no-such-program".into()]));
        assert!(present(&missing, &env).is_err());
    }
}
