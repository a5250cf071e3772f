//! A day of truth as a table, for measurements.

use std::io::{self, Write};

use super::{Model, Truth};
use crate::domain::Kind;

impl Model {
    /// Writes `target,kind,goal_s,t_s,aht_s`: for each target that the service knows its value at `from` and a line per
    /// change until `to`, times in seconds since `from`, no calls as 0. The goal is the middle of the band.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_trace(&mut self, out: &mut impl Write, from: i64, to: i64) -> io::Result<()> {
        let mut csv = csv::WriterBuilder::new().from_writer(out);
        csv.write_record(["target", "kind", "goal_s", "t_s", "aht_s"])?;
        let mut targets = self.roster().targets();
        targets.sort_by_key(|t| t.kind == Kind::Campaign);
        for target in targets {
            let goal = self.roster().campaign(&target).map_or(0, |c| c.mean_s).to_string();
            for (t, truth) in self.changes(&target, from, to) {
                let aht = match truth {
                    Truth::Invalid => break,
                    Truth::NoCalls => 0,
                    Truth::Secs(s) => s,
                };
                let t_s = format!("{:.2}", (t - from) as f64 / 1000.0);
                csv.write_record([&*target.id, target.kind.word(), &goal, &t_s, &aht.to_string()])?;
            }
        }
        csv.flush()
    }
}
