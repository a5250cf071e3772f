//! What stands ready in `assets`: alert rules and a dashboard that name metrics which there are, and a proxy that lets
//! everything through.

use std::{
    collections::BTreeSet,
    fs,
    io::Write,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use ahtop::{
    config::Listen,
    web::{Bound, Server},
};
use serde_json::Value;

use super::client::{World, anew, options, skipped, store};
use crate::live::{Home, until};

pub(super) fn asset(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(name)
}

/// `None` where a program is not installed: the test says so and ends.
pub(super) fn tool(place: &str) -> Option<Command> {
    let found = Path::new(place).exists();
    if !found {
        skipped(place);
    }
    found.then(|| Command::new(place))
}

fn fed(mut command: Command, input: &str) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[tokio::test]
async fn prometheus_finds_no_fault_in_the_metrics() {
    let Some(mut promtool) = tool("/usr/bin/promtool") else { return };
    let world = World::new(|options| options.metrics_names = true).await;
    world.fill();
    anew().await;
    promtool.args(["check", "metrics"]);
    let checked = fed(promtool, &world.get("/metrics").await.body);
    let said = [checked.stdout, checked.stderr].concat();
    assert!(checked.status.success() && said.is_empty(), "{}", String::from_utf8_lossy(&said));
}

#[test]
fn alert_rules_pass_their_tests() {
    let Some(mut promtool) = tool("/usr/bin/promtool") else { return };
    promtool.args(["test", "rules"]).arg(asset("prometheus/ahtop.test.yml"));
    let tested = promtool.output().unwrap();
    assert!(tested.status.success(), "{}", String::from_utf8_lossy(&[tested.stdout, tested.stderr].concat()));
    // None of them goes untested.
    let [rules, tests] =
        ["rules", "test"].map(|f| fs::read_to_string(asset(&format!("prometheus/ahtop.{f}.yml"))).unwrap());
    for name in rules.lines().filter_map(|l| l.trim().strip_prefix("- alert: ")) {
        let head = format!(
            "alertname: {name}
"
        );
        let fires = tests.split(&head).skip(1).any(|rest| rest.trim_start().starts_with("exp_alerts"));
        assert!(fires, "{name} never fires in a test");
    }
}

/// The names of metrics in an expression.
fn metrics(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let ours = words.filter(|w| w.starts_with("ahtop_") || w.starts_with("process_"));
    ours.map(|w| w.strip_suffix("_bucket").unwrap_or(w)).collect()
}

#[test]
fn rules_and_dashboard_name_metrics_that_there_are() {
    let page = fs::read_to_string(asset("../docs/src/web.md")).unwrap();
    let rules = fs::read_to_string(asset("prometheus/ahtop.rules.yml")).unwrap();
    let dashboard: Value = serde_json::from_str(&fs::read_to_string(asset("grafana/ahtop.json")).unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let queries: Vec<_> =
        panels.iter().flat_map(|p| p["targets"].as_array().unwrap()).map(|t| t["expr"].as_str().unwrap()).collect();
    assert!(queries.len() >= panels.len() && panels.len() > 10);
    let (queries, mut seen) = (queries.join("\n"), 0);
    for name in metrics(&queries).into_iter().chain(metrics(&rules)) {
        assert!(page.contains(&format!("`{name}`")), "{name} is no metric");
        seen += 1;
    }
    assert!(seen > 20, "{seen}");
    // The words of the states that rules wait for.
    for word in rules.split("state=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        let states = ahtop::report::link_states().into_iter().chain(ahtop::report::ALERT_STATES);
        assert!(states.into_iter().any(|state| state == word), "{word}");
    }
}

/// nginx with the fragment as it is, but for its address, its certificate and the socket.
#[tokio::test]
async fn a_proxy_lets_everything_through_and_adds_tls() {
    let tools = ["/usr/sbin/nginx", "/usr/bin/openssl", "/usr/bin/curl"].map(tool);
    let [Some(mut nginx), Some(mut openssl), Some(_)] = tools else { return };
    let home = Home::new();
    let socket = home.path("web.sock");
    let (store, clock) = store();
    let mut options = options(&store, &clock);
    options.hosts = vec!["board.example".into()];
    options.token = Some("0123456789abcdef".into());
    let _server =
        Server::start(Bound::bind(&Listen::parse(&format!("unix:{}", socket.display())).unwrap()).unwrap(), options);
    let (certificate, key) = (home.path("certificate.pem"), home.path("key.pem"));
    let made = openssl
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"])
        .args(["-subj", "/CN=board.example", "-addext", "subjectAltName=DNS:board.example"])
        .args(["-keyout", key.to_str().unwrap(), "-out", certificate.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));

    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut fragment = fs::read_to_string(asset("nginx-ahtop.conf")).unwrap();
    for (theirs, ours) in [
        ("listen 443 ssl", format!("listen 127.0.0.1:{port} ssl")),
        ("/etc/ssl/certs/board.example.pem", certificate.display().to_string()),
        ("/etc/ssl/private/board.example.key", key.display().to_string()),
        ("unix:/run/ahtop/web.sock", format!("unix:{}", socket.display())),
    ] {
        assert_eq!(fragment.matches(&format!("{theirs};")).count(), 1, "{theirs}");
        fragment = fragment.replace(&format!("{theirs};"), &format!("{ours};"));
    }
    home.write("ahtop.conf", &fragment);
    let root = home.root().display();
    let places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let places: String = places.iter().map(|p| format!("{p}_temp_path {root}/{p};\n")).collect();
    let whole = format!(
        "daemon off; master_process off; pid {root}/nginx.pid; error_log stderr;\nevents {{}}\n\
         http {{ access_log off;\n{places}include {root}/ahtop.conf; }}\n"
    );
    let file = home.write("nginx.conf", &whole);
    nginx.args(["-e", "stderr", "-p", home.root().to_str().unwrap(), "-c", file.to_str().unwrap()]);
    let mut proxy = nginx.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let (name, ca) = (format!("board.example:{port}:127.0.0.1"), certificate.display().to_string());
    let curl = move |path: &str, more: &[&str]| {
        let url = format!("https://board.example:{port}{path}");
        let mut curl = Command::new("/usr/bin/curl");
        curl.args(["-s", "-i", "--max-time", "20", "--cacert", &ca, "--resolve", &name]).args(more).arg(url);
        let mut child = curl.stdout(Stdio::piped()).spawn().unwrap();
        let out = child.stdout.take().unwrap();
        (child, std::io::BufReader::new(out))
    };
    let outcome = tokio::task::spawn_blocking(move || {
        use std::io::{BufRead, Read};
        let get = |path: &str, more: &[&str]| {
            let (mut child, mut out) = curl(path, more);
            let mut text = String::new();
            let _ = out.read_to_string(&mut text);
            let _ = child.wait();
            text
        };
        let bearer = ["-H", "Authorization: Bearer 0123456789abcdef"];
        until("nginx answers", || get("/healthz", &[]).starts_with("HTTP/1.1 200"));
        let entered = get("/enter?token=0123456789abcdef", &[]);
        let (closed, open) = (get("/metrics", &[]), get("/metrics", &bearer));
        // The stream comes at once, not when it ends.
        let (mut child, out) = curl("/events?size=80x24", &["-N", bearer[0], bearer[1]]);
        let beat = out.lines().map_while(Result::ok).any(|line| line == "event: beat");
        let _ = child.kill();
        let _ = child.wait();
        (entered, closed, open, beat)
    })
    .await;
    let _ = proxy.kill();
    let log = proxy.wait_with_output().map(|o| String::from_utf8_lossy(&o.stderr).into_owned()).unwrap_or_default();
    let (entered, closed, open, beat) = outcome.unwrap_or_else(|e| panic!("{e}: {log}"));
    assert!(entered.contains("; Secure") && entered.starts_with("HTTP/1.1 303"), "{entered} {log}");
    assert!(closed.starts_with("HTTP/1.1 401") && open.contains("ahtop_build_info"), "{closed} {open} {log}");
    assert!(beat, "{log}");
}
