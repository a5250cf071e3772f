//! `ahtop doctor`: one page about everything that ahtop depends on, each line with its remedy. Reads only: it makes no
//! store, generates no token, and sends nothing unless it is told to (`--live`).

mod account;
mod finding;
mod live;
mod machine;
mod place;
mod shared;
#[cfg(test)]
mod tests;
mod words;

use serde::Serialize;

use self::finding::{Element, Finding, Level};
use super::{Done, stop};
use crate::{
    cli::{self, Output},
    config::{Env, Overrides},
    exit::Exit,
    report::SCHEMA,
};

/// The page in JSON.
#[derive(Serialize)]
struct Page {
    schema: u32,
    exit: u8,
    findings: Vec<Element>,
}

/// Looks at everything. The exit code is that of the first thing that is bad, else 0.
pub async fn run(args: &cli::Doctor, flags: &Overrides, env: &Env) -> Done {
    let (mut findings, loaded) = account::look(flags, env);
    if let Some(loaded) = &loaded {
        findings.extend(shared::look(&loaded.config, env));
    }
    findings.extend(machine::look(loaded.as_ref().map(|l| &l.config), env));
    match &loaded {
        Some(loaded) if args.live => tokio::select! {
            biased;
            // What it runs for a token ends with it.
            number = stop::signal() => return Done { exit: Exit::Signal(number), ..page(&findings, args.format) },
            looked = live::look(&loaded.config, env) => findings.extend(looked),
        },
        Some(_) => findings.push(Finding::ok("service", words::NOT_ASKED)),
        None => {}
    }
    page(&findings, args.format)
}

fn page(findings: &[Finding], format: Output) -> Done {
    let exit = findings.iter().find_map(|f| match f.level {
        Level::Bad(exit) => Some(exit),
        _ => None,
    });
    let exit = exit.unwrap_or(Exit::Ok);
    let findings = findings.iter();
    let done = match format {
        Output::Text => Done::ok(findings.map(Finding::line).collect::<String>()),
        Output::Json => {
            Done::json(&Page { schema: SCHEMA, exit: exit.code(), findings: findings.map(Finding::element).collect() })
        }
    };
    Done { exit, ..done }
}
