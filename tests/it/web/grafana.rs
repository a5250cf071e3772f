//! The dashboard for Grafana: each of its queries has an answer of a Prometheus that scrapes us, in the unit of its panel.

use std::{
    fs,
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::Duration,
};

use ahtop::store::{Link, Meter, ReplyKind};
use serde_json::Value;
use tokio::time::{sleep, timeout};

use super::{
    assets::{asset, tool},
    client::{LIMIT, World, say},
};
use crate::live::Home;

struct Prometheus {
    child: Child,
    address: String,
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Prometheus {
    /// It scrapes `target` each second.
    fn start(mut program: Command, home: &Home, target: &str) -> Prometheus {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let file = home.write(
            "prometheus.yml",
            &format!(
                "global: {{scrape_interval: 1s}}\n\
                 scrape_configs: [{{job_name: ahtop, static_configs: [{{targets: ['{target}']}}]}}]\n"
            ),
        );
        program.arg(format!("--config.file={}", file.display())).arg(format!("--web.listen-address={address}"));
        program.arg(format!("--storage.tsdb.path={}", home.path("data").display()));
        let child = program.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        Prometheus { child, address }
    }

    /// What it answers; nothing while it does not listen.
    async fn get(&self, path: &str) -> Option<Value> {
        tokio::net::TcpStream::connect(&self.address).await.ok()?;
        let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n");
        serde_json::from_str(&say(&self.address, request.as_bytes()).await.body).ok()
    }

    /// The samples of a query; a text says why it is none.
    async fn query(&self, expression: &str) -> Result<Vec<Value>, String> {
        let query: String =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("query", expression).finish();
        let Some(answer) = self.get(&format!("/api/v1/query?{query}")).await else { return Ok(vec![]) };
        match answer["data"]["result"].as_array() {
            Some(samples) => Ok(samples.clone()),
            None => Err(format!("{expression}: {answer}")),
        }
    }
}

/// In which unit Grafana shows what such a query gives; `None`: a number.
fn unit(expression: &str) -> Option<&'static [&'static str]> {
    match expression {
        // What is counted has no unit, whatever is counted.
        counted if counted.starts_with("count") => None,
        e if e.contains("_seconds") => Some(&["s", "dthms"]),
        e if e.contains("_bytes") => Some(&["bytes"]),
        _ => None,
    }
}

#[tokio::test]
async fn every_query_has_an_answer_in_the_unit_of_its_panel() {
    let dashboard: Value = serde_json::from_str(&fs::read_to_string(asset("grafana/ahtop.json")).unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut queries = vec![];
    for panel in panels {
        let title = panel["title"].as_str().unwrap();
        for target in panel["targets"].as_array().unwrap() {
            let expression = target["expr"].as_str().unwrap();
            let shown = panel["fieldConfig"]["defaults"]["unit"].as_str();
            match unit(expression) {
                Some(units) => assert!(shown.is_some_and(|shown| units.contains(&shown)), "{title}: {shown:?}"),
                None => assert_eq!(shown, None, "{title}"),
            }
            assert_eq!(target["datasource"]["uid"], "${datasource}", "{title}");
            queries.push((title, expression, target["legendFormat"].as_str().unwrap()));
        }
    }
    assert!(queries.len() > 20);

    let Some(program) = tool("/usr/bin/prometheus") else { return };
    let (world, home) = (World::new(|_| {}).await, Home::new());
    world.fill();
    let mut meter = Meter::default();
    let prometheus = Prometheus::start(program, &home, &world.address);
    let variable = &dashboard["templating"]["list"][1];
    assert_eq!(variable["query"], "label_values(ahtop_build_info, instance)");
    let settled = async {
        loop {
            // What is a rate needs to change between two scrapes.
            meter.reply(ReplyKind::Value, Duration::from_millis(120), ahtop::domain::Clock::now(&*world.clock).mono);
            world.link_with(Link::Live, meter.traffic(ahtop::domain::Clock::now(&*world.clock).mono));
            let mut silent = vec![];
            for (title, expression, legend) in &queries {
                let expression = expression.replace("$instance", ".*");
                let samples = prometheus.query(&expression).await.unwrap();
                let labels = legend.split("{{").skip(1).map(|rest| rest.split("}}").next().unwrap());
                for (label, sample) in labels.flat_map(|label| samples.iter().map(move |sample| (label, sample))) {
                    assert!(sample["metric"][label].is_string(), "{title}: {label} of {sample}");
                }
                // A quantile of nothing is no number.
                let is_number = |s: &Value| s["value"][1].as_str().unwrap().parse::<f64>().unwrap().is_finite();
                if !samples.iter().any(is_number) {
                    silent.push(expression);
                }
            }
            if silent.is_empty() {
                return;
            }
            sleep(Duration::from_millis(500)).await;
        }
    };
    timeout(LIMIT, settled).await.expect("each query has an answer");

    // Some of the figures, as a panel has them.
    for (expression, expected) in [
        ("count(ahtop_band_level{kind=\"agent\"} == 2) or vector(0)", "1"),
        ("ahtop_aht_seconds{kind=\"campaign\"}", "291"),
        ("ahtop_link_state{} == 1", "1"),
    ] {
        let samples = prometheus.query(expression).await.unwrap();
        assert_eq!((samples.len(), samples[0]["value"][1].as_str()), (1, Some(expected)), "{expression}: {samples:?}");
    }
    let instances = prometheus.get("/api/v1/label/instance/values?match[]=ahtop_build_info").await.unwrap();
    assert_eq!(instances["data"], serde_json::json!([world.address]));
}
