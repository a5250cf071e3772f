//! Stored readings one by one: nothing is kept, so that a million of them cost no memory.

use std::io::{self, Write};

use clap::ValueEnum;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::{SCHEMA, csv::cell, document::rfc3339};
use crate::domain::{Kind, Outcome, Reading, clean, clean_line};

/// How readings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// A line for each reading, with a header
    Csv,
    /// One JSON object
    Json,
    /// A JSON object in each line
    Ndjson,
}

/// The columns, in this order for ever; new ones come behind.
const COLUMNS: [&str; 8] = ["read_at", "kind", "id", "name", "condition", "aht_s", "error", "label"];

/// A reading as it stands in the JSON.
#[derive(Serialize)]
struct Record<'a> {
    read_at: String,
    kind: Kind,
    id: &'a str,
    name: Option<String>,
    /// `value`, `no_calls`, `invalid` or `no_answer`.
    condition: &'static str,
    aht_s: Option<u32>,
    error: Option<String>,
    /// The configured label; `name` is the service's.
    label: Option<&'a str>,
}

impl<'a> Record<'a> {
    fn new(reading: &'a Reading, label: Option<&'a str>, zone: &TimeZone) -> Self {
        let (condition, error) = match &reading.outcome {
            Outcome::Value(_) => ("value", None),
            Outcome::NoCalls => ("no_calls", None),
            Outcome::Invalid => ("invalid", None),
            Outcome::Failed(why) => ("no_answer", Some(clean_line(why, 500))),
        };
        Record {
            read_at: rfc3339(reading.at.wall, zone),
            kind: reading.target.kind,
            id: &reading.target.id,
            name: reading.name.as_deref().map(|n| clean(n, 300).into_owned()),
            condition,
            aht_s: reading.outcome.aht().map(|aht| aht.secs()),
            error,
            label,
        }
    }
}

/// Writes readings as they come.
pub struct Export<W: Write> {
    out: Out<W>,
    zone: TimeZone,
    written: u64,
}

enum Out<W: Write> {
    Csv(Box<::csv::Writer<W>>),
    Json(W),
    Ndjson(W),
}

impl<W: Write> Export<W> {
    /// Begins: times are those of `zone`.
    pub fn begin(format: ExportFormat, zone: TimeZone, mut out: W) -> io::Result<Self> {
        let out = match format {
            ExportFormat::Csv => {
                let mut writer = ::csv::Writer::from_writer(out);
                writer.write_record(COLUMNS)?;
                Out::Csv(Box::new(writer))
            }
            ExportFormat::Json => {
                write!(out, "{{\"schema\":{SCHEMA},\"readings\":[")?;
                Out::Json(out)
            }
            ExportFormat::Ndjson => Out::Ndjson(out),
        };
        Ok(Export { out, zone, written: 0 })
    }

    /// Writes one reading; `label`: what the configuration calls whom it is about.
    pub fn record(&mut self, reading: &Reading, label: Option<&str>) -> io::Result<()> {
        let record = Record::new(reading, label, &self.zone);
        let first = self.written == 0;
        self.written += 1;
        match &mut self.out {
            Out::Csv(writer) => writer
                .write_record([
                    record.read_at.as_str(),
                    record.kind.word(),
                    &cell(record.id),
                    &cell(record.name.as_deref().unwrap_or_default()),
                    record.condition,
                    &record.aht_s.map_or(String::new(), |s| s.to_string()),
                    &cell(record.error.as_deref().unwrap_or_default()),
                    &cell(record.label.unwrap_or_default()),
                ])
                .map_err(Into::into),
            Out::Json(out) => {
                out.write_all(if first { b"\n" } else { b",\n" })?;
                harmless(&record, out)
            }
            Out::Ndjson(out) => {
                harmless(&record, out)?;
                out.write_all(b"\n")
            }
        }
    }

    /// Ends; gives how many readings were written.
    pub fn end(self) -> io::Result<u64> {
        match self.out {
            Out::Csv(mut writer) => writer.flush()?,
            Out::Json(mut out) => {
                out.write_all(b"\n]}\n")?;
                out.flush()?;
            }
            Out::Ndjson(mut out) => out.flush()?,
        }
        Ok(self.written)
    }
}

fn harmless(record: &Record<'_>, out: &mut impl Write) -> io::Result<()> {
    super::json::to_writer(record, out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::{Aht, Clock, ManualClock, Target};

    fn reading(id: &str, name: &str, outcome: Outcome) -> Reading {
        let at = ManualClock::at("2026-01-31T09:02:07Z".parse().unwrap()).now().stamp();
        Reading { target: Target::agent(id), at, outcome, name: Some(name.into()) }
    }

    fn export(format: ExportFormat, readings: &[Reading]) -> String {
        let mut out = Vec::new();
        let mut export = Export::begin(format, TimeZone::get("Asia/Kolkata").unwrap(), &mut out).unwrap();
        readings.iter().for_each(|r| export.record(r, (&*r.target.id == "a").then_some("=Kavya")).unwrap());
        assert_eq!(export.end().unwrap(), readings.len() as u64);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn hostile_names_make_a_valid_and_harmless_csv() {
        let out = export(
            ExportFormat::Csv,
            &[
                reading("a", "Rao, \"K\"", Outcome::Value(Aht::from_secs(291))),
                reading("=cmd|'/c calc'!A1", "two\nlines\r\n", Outcome::NoCalls),
                reading("+1", "\u{1b}[2J\u{202e}x", Outcome::Invalid),
                reading("b", " @sum(A1)", Outcome::Failed("=1+1: \"no\"\nanswer".into())),
            ],
        );
        let at = "2026-01-31T14:32:07+05:30";
        let lines = [
            "read_at,kind,id,name,condition,aht_s,error,label".to_owned(),
            format!("{at},agent,a,\"Rao, \"\"K\"\"\",value,291,,'=Kavya"),
            format!("{at},agent,'=cmd|'/c calc'!A1,two\u{fffd}lines\u{fffd}\u{fffd},no_calls,,,"),
            format!("{at},agent,'+1,\u{fffd}[2J\u{fffd}x,invalid,,,"),
            format!("{at},agent,b,'@sum(A1),no_answer,,\"'=1+1: \"\"no\"\" answer\","),
        ];
        assert_eq!(out.lines().collect::<Vec<_>>(), lines);
    }

    /// Counts lines and keeps nothing, and remembers the largest piece that it was handed.
    #[derive(Default)]
    struct Counter {
        lines: usize,
        largest: usize,
    }

    impl Write for Counter {
        fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
            self.lines += piece.iter().filter(|b| **b == b'\n').count();
            self.largest = self.largest.max(piece.len());
            Ok(piece.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn readings_stream_in_small_pieces() {
        let one = reading("=cmd", "Rao, \"K\"\n", Outcome::Value(Aht::from_secs(291)));
        let mut out = Counter::default();
        let mut export = Export::begin(ExportFormat::Csv, TimeZone::UTC, &mut out).unwrap();
        for _ in 0..100_000 {
            export.record(&one, Some("K")).unwrap();
        }
        assert_eq!(export.end().unwrap(), 100_000);
        assert_eq!(out.lines, 100_001);
        assert!(out.largest <= 64 * 1024, "{}", out.largest);
    }

    #[test]
    fn the_other_formats_are_json() {
        let readings = [reading("a", "n", Outcome::Value(Aht::from_secs(9))), reading("b", "m", Outcome::NoCalls)];
        let all: serde_json::Value = serde_json::from_str(&export(ExportFormat::Json, &readings)).unwrap();
        assert_eq!((all["schema"].as_u64(), all["readings"].as_array().map(Vec::len)), (Some(1), Some(2)));
        let lines = export(ExportFormat::Ndjson, &readings);
        let lines: Vec<serde_json::Value> = lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(all["readings"].as_array().unwrap(), &lines);
        assert_eq!((&lines[1]["condition"], &lines[1]["aht_s"]), (&"no_calls".into(), &serde_json::Value::Null));
        let none: serde_json::Value = serde_json::from_str(&export(ExportFormat::Json, &[])).unwrap();
        assert_eq!(none["readings"].as_array().map(Vec::len), Some(0));
    }

    proptest! {
        #[test]
        fn whatever_the_texts_each_reading_is_one_record(id in any::<String>(), name in any::<String>(), why in any::<String>()) {
            let readings = [reading(&id, &name, Outcome::Failed(why.as_str().into())), reading("z", "z", Outcome::NoCalls)];
            let out = export(ExportFormat::Csv, &readings);
            let mut csv = ::csv::Reader::from_reader(out.as_bytes());
            let rows: Vec<_> = csv.records().map(Result::unwrap).collect();
            prop_assert_eq!(rows.len(), 2);
            prop_assert!(rows.iter().all(|r| r.len() == 8 && r.iter().all(|c| !c.starts_with(['=', '+', '-', '@']))));
            prop_assert!(!out.chars().any(|c| c.is_control() && c != '\n'));
            let ndjson = export(ExportFormat::Ndjson, &readings);
            prop_assert_eq!(ndjson.lines().count(), 2);
            prop_assert!(!ndjson.chars().any(|c| c.is_control() && c != '\n'));
        }
    }
}
