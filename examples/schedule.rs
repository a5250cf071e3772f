//! Measures schedules on days of true values: `cargo run --release --example schedule -- TRACE.csv…` prints a JSON
//! array with an object for each trace and policy.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "its output is its purpose")]

use std::{path::PathBuf, process::ExitCode, time::Duration};

use ahtop::poll::measure::{Conditions, Day, Figures, Policy, generate, measure};
use clap::Parser;

/// Compares schedules on days of true values.
#[derive(Parser)]
struct Args {
    /// Files of `target,kind,goal_s,t_s,aht_s`, a line for each change of a target's true value.
    #[arg(required_unless_present = "generate")]
    traces: Vec<PathBuf>,
    /// Requests a minute.
    #[arg(long, default_value_t = 50.0, value_parser = rate)]
    rate: f64,
    /// `all`, or one of `round_robin`, `skip_idle`, `echo`, `presence` (with `--logins`), `clairvoyant`.
    #[arg(long, default_value = "all", value_parser = policies)]
    policy: Policies,
    /// Seeds the latencies.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Averages over so many seeds, from `--seed` on.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: u64,
    /// No target is asked more often than every so many seconds.
    #[arg(long, default_value_t = 0)]
    min_interval: u64,
    /// Does not tell the schedule that each target has a limit at 1.2 times its goal.
    #[arg(long)]
    no_bands: bool,
    /// Adds the policy `presence`: reads who was logged in from `TRACE.logins.csv` beside each trace, lines of
    /// `target,in_s,out_s`. A look each minute costs a request.
    #[arg(long)]
    logins: bool,
    /// For this share of the agents, 0 to 1, the logins are those of another agent.
    #[arg(long, default_value_t = 0.0, value_parser = share, requires = "logins")]
    wrong: f64,
    /// The logins are known so many seconds late.
    #[arg(long, default_value_t = 0, requires = "logins")]
    late: u64,
    /// Also measures so many generated days of each size of `--sizes`, averaged.
    #[arg(long, value_name = "DAYS")]
    generate: Option<u64>,
    /// Numbers of targets of the generated days.
    #[arg(long, value_delimiter = ',', default_values_t = [20, 50, 100, 200, 500])]
    sizes: Vec<usize>,
}

#[derive(Clone)]
struct Policies(Vec<Policy>);

fn policies(name: &str) -> Result<Policies, String> {
    if name == "all" {
        return Ok(Policies(Policy::ALL.to_vec()));
    }
    let found = Policy::ALL.into_iter().find(|p| p.name() == name);
    found.map(|p| Policies(vec![p])).ok_or_else(|| {
        let names: Vec<&str> = Policy::ALL.into_iter().map(Policy::name).collect();
        format!("it is `all` or one of {}", names.join(", "))
    })
}

fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err("it is between 0 and 1".to_owned()) }
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    if (0.1..=10_000.0).contains(&rate) { Ok(rate) } else { Err("it is between 0.1 and 10000".to_owned()) }
}

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(json) => {
            println!("{json}");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("schedule: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<String, String> {
    // Each group of days becomes one object for each policy.
    let mut groups: Vec<Vec<Day>> = Vec::new();
    for path in &args.traces {
        let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy();
        let mut day = Day::parse(&name, &text).map_err(|e| format!("{}: {e}", path.display()))?;
        if args.logins {
            let path = path.with_extension("logins.csv");
            let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
            day = day.with_logins(&text).map_err(|e| format!("{}: {e}", path.display()))?;
        }
        groups.push(vec![day]);
    }
    for &n in args.sizes.iter().filter(|_| args.generate.is_some()) {
        groups.push((1..=args.generate.unwrap_or(0)).map(|seed| generate(n, seed)).collect());
    }
    let mut lines = Vec::new();
    for days in &groups {
        for &policy in args.policy.0.iter().filter(|policy| args.logins || **policy != Policy::Presence) {
            let mut all = Vec::new();
            for day in days {
                for seed in args.seed..args.seed.saturating_add(args.seeds) {
                    let min_interval = Duration::from_secs(args.min_interval);
                    let conditions = Conditions {
                        rate: args.rate,
                        min_interval,
                        seed,
                        bands: !args.no_bands,
                        wrong: args.wrong,
                        late: Duration::from_secs(args.late),
                    };
                    all.push(measure(day, policy, &conditions));
                }
            }
            let Some(figures) = Figures::average(&all) else { continue };
            lines.push(serde_json::to_string(&figures).map_err(|e| e.to_string())?);
        }
    }
    Ok(format!("[\n{}\n]", lines.join(",\n")))
}
