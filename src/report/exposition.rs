//! The text format of metrics: OpenMetrics, and the older one of Prometheus for those that do not ask for it.
//!
//! The client library for Rust is not used: it counts in registries of its own, while everything here is in the store
//! already. The types that only OpenMetrics has (`info`, `stateset`) are written as gauges, as Prometheus stores them: a
//! textfile collector refuses a file that names them.

use std::fmt::Write as _;

/// Which text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposition {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// The text format of Prometheus, 0.0.4.
    Prometheus,
}

impl Exposition {
    /// Its media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Exposition::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Exposition::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// The types of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Gauge,
    Counter,
    Histogram,
}

/// A label with its value.
pub(super) type Label<'a> = (&'a str, &'a str);

/// The text while it grows.
#[derive(Debug)]
pub(super) struct Text {
    form: Exposition,
    out: String,
}

impl Text {
    pub(super) fn new(form: Exposition) -> Self {
        Text { form, out: String::new() }
    }

    /// Begins a family, whose samples follow. The name of a counter has no `_total`; one that ends in a unit says so.
    pub(super) fn family(&mut self, name: &str, kind: Type, help: &str) {
        let word = match kind {
            Type::Gauge => "gauge",
            Type::Counter => "counter",
            Type::Histogram => "histogram",
        };
        let old = self.form == Exposition::Prometheus;
        let suffix = if old && kind == Type::Counter { "_total" } else { "" };
        // Writing to a String cannot fail.
        let _ = writeln!(self.out, "# TYPE {name}{suffix} {word}");
        let unit = ["seconds", "bytes"].into_iter().find(|unit| name.ends_with(&format!("_{unit}")));
        if let Some(unit) = unit.filter(|_| !old) {
            let _ = writeln!(self.out, "# UNIT {name} {unit}");
        }
        let _ = writeln!(self.out, "# HELP {name}{suffix} {help}");
    }

    /// Adds a sample.
    pub(super) fn sample(&mut self, name: &str, labels: &[Label<'_>], value: f64) {
        self.out.push_str(name);
        for (i, (label, text)) in labels.iter().enumerate() {
            let _ = write!(self.out, "{}{label}=\"", if i == 0 { '{' } else { ',' });
            for c in text.chars() {
                match c {
                    '\\' => self.out.push_str("\\\\"),
                    '"' => self.out.push_str("\\\""),
                    '\n' => self.out.push_str("\\n"),
                    c => self.out.push(c),
                }
            }
            self.out.push('"');
        }
        let _ = writeln!(self.out, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }

    /// A family with a single sample without labels.
    pub(super) fn single(&mut self, name: &str, kind: Type, help: &str, value: f64) {
        self.family(name, kind, help);
        let total = if kind == Type::Counter { "_total" } else { "" };
        self.sample(&format!("{name}{total}"), &[], value);
    }

    /// The text with its end.
    pub(super) fn finish(mut self) -> String {
        if self.form == Exposition::OpenMetrics {
            self.out.push_str("# EOF\n");
        }
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(form: Exposition) -> String {
        let mut text = Text::new(form);
        text.family("a_seconds", Type::Gauge, "How long.");
        text.sample("a_seconds", &[("id", "x\\y\"z\n"), ("kind", "agent")], 1.5);
        text.single("b", Type::Counter, "How often.", 12_345_678.0);
        text.finish()
    }

    #[test]
    fn both_forms_name_counters_in_their_own_way() {
        assert_eq!(
            text(Exposition::OpenMetrics),
            "# TYPE a_seconds gauge\n# UNIT a_seconds seconds\n# HELP a_seconds How long.\n\
             a_seconds{id=\"x\\\\y\\\"z\\n\",kind=\"agent\"} 1.5\n\
             # TYPE b counter\n# HELP b How often.\nb_total 12345678\n# EOF\n"
        );
        assert_eq!(
            text(Exposition::Prometheus),
            "# TYPE a_seconds gauge\n# HELP a_seconds How long.\n\
             a_seconds{id=\"x\\\\y\\\"z\\n\",kind=\"agent\"} 1.5\n\
             # TYPE b_total counter\n# HELP b_total How often.\nb_total 12345678\n"
        );
    }
}
