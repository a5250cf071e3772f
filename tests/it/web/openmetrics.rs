//! A strict reader of OpenMetrics 1.0, which refuses what a scraper might forgive.

use std::collections::{BTreeMap, BTreeSet};

/// A sample's name and its labels, sorted.
pub(crate) type Series = (String, BTreeMap<String, String>);

/// A family with its samples.
#[derive(Debug, Default)]
struct Family {
    kind: String,
    help: bool,
    unit: bool,
    samples: Vec<(Series, f64)>,
}

/// All samples of `text`; panics where anything is not as the format wants it.
pub(crate) fn read(text: &str) -> BTreeMap<Series, f64> {
    let body = text.strip_suffix("# EOF\n").unwrap_or_else(|| panic!("no end: {text}"));
    assert!(!body.contains(['\r']) && !body.contains("# EOF"));
    let (mut families, mut current) = (BTreeMap::<String, Family>::new(), None::<String>);
    for line in body.strip_suffix('\n').unwrap().split('\n') {
        if let Some(meta) = line.strip_prefix("# ") {
            let mut words = meta.splitn(3, ' ');
            let (what, name, rest) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
            assert!(is_name(name), "{line}");
            if current.as_deref() != Some(name) {
                assert!(!families.contains_key(name), "{name} is opened twice");
                families.insert(name.to_owned(), Family::default());
                current = Some(name.to_owned());
            }
            let family = families.get_mut(name).unwrap();
            assert!(family.samples.is_empty(), "what is said of a family stands before its samples: {line}");
            match what {
                "TYPE" => {
                    assert!(family.kind.is_empty() && ["gauge", "counter", "histogram"].contains(&rest), "{line}");
                    family.kind = rest.to_owned();
                }
                "UNIT" => {
                    assert!(!std::mem::replace(&mut family.unit, true), "{line}");
                    assert!(name.ends_with(&format!("_{rest}")), "{line}");
                }
                "HELP" => assert!(!std::mem::replace(&mut family.help, true) && !rest.is_empty(), "{line}"),
                _ => panic!("{line}"),
            }
            continue;
        }
        let name = current.clone().unwrap_or_else(|| panic!("a sample without a family: {line}"));
        let family = families.get_mut(&name).unwrap();
        let ((sample, labels), value) = sample(line);
        let suffix = sample.strip_prefix(&name).unwrap_or_else(|| panic!("{line} is not of {name}"));
        let (wanted, is_counter): (&[&str], bool) = match family.kind.as_str() {
            "gauge" => (&[""], false),
            "counter" => (&["_total"], true),
            "histogram" => (&["_bucket", "_count", "_sum"], true),
            _ => panic!("{name} has no type"),
        };
        assert!(wanted.contains(&suffix), "{line}");
        assert!(!is_counter || value >= 0.0 && value.is_finite(), "{line}");
        assert_eq!(labels.contains_key("le"), suffix == "_bucket", "{line}");
        family.samples.push(((sample, labels), value));
    }
    let (mut all, mut names) = (BTreeMap::new(), BTreeSet::new());
    for (name, family) in families {
        assert!(!family.samples.is_empty() || family.kind == "gauge", "{name} has no sample");
        assert!(family.help, "{name} has no help");
        assert_eq!(family.unit, name.ends_with("_seconds") || name.ends_with("_bytes"), "the unit of {name}");
        if family.kind == "histogram" {
            histogram(&name, &family);
        }
        let suffixes: BTreeSet<String> = family.samples.iter().map(|((sample, _), _)| sample.clone()).collect();
        assert!(suffixes.into_iter().all(|sample| names.insert(sample)), "{name} has a name of another family");
        for (series, value) in family.samples {
            assert!(all.insert(series.clone(), value).is_none(), "{series:?} is there twice");
        }
    }
    all
}

/// Buckets ascend, are summed up, and end with the count.
fn histogram(name: &str, family: &Family) {
    let of = |suffix: &'static str| family.samples.iter().filter(move |((s, _), _)| *s == format!("{name}{suffix}"));
    let buckets: Vec<(f64, f64)> = of("_bucket")
        .map(|((_, labels), value)| {
            let le = &labels["le"];
            assert!(le == "+Inf" || le.contains('.'), "{le} is not as it should be written");
            (le.trim_start_matches('+').parse().unwrap(), *value)
        })
        .collect();
    assert!(buckets.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{buckets:?}");
    let count = of("_count").next().unwrap().1;
    assert_eq!(buckets.last().unwrap(), &(f64::INFINITY, count));
    assert_eq!(of("_sum").count(), 1);
}

fn sample(line: &str) -> (Series, f64) {
    let end = line.find(['{', ' ']).unwrap_or_else(|| panic!("{line}"));
    let (name, mut rest) = line.split_at(end);
    assert!(is_name(name), "{line}");
    let mut labels = BTreeMap::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        loop {
            let (label, value) = rest.split_once("=\"").unwrap_or_else(|| panic!("{line}"));
            assert!(is_name(label) && !label.contains(':'), "{line}");
            let (text, after) = quoted(value);
            assert!(labels.insert(label.to_owned(), text).is_none(), "{line}");
            rest = after;
            match rest.strip_prefix(',') {
                Some(more) => rest = more,
                None => break,
            }
        }
        rest = rest.strip_prefix('}').unwrap_or_else(|| panic!("{line}"));
    }
    let value = rest.strip_prefix(' ').unwrap_or_else(|| panic!("{line}"));
    ((name.to_owned(), labels), value.parse().unwrap_or_else(|_| panic!("{line}")))
}

/// The text up to its closing quote, and what follows that.
fn quoted(text: &str) -> (String, &str) {
    let (mut out, mut chars) = (String::new(), text.char_indices());
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (out, &text[at + 1..]),
            '\\' => out.push(match chars.next().unwrap().1 {
                'n' => '\n',
                c @ ('\\' | '"') => c,
                c => panic!("\\{c}"),
            }),
            c => out.push(c),
        }
    }
    panic!("no end: {text}")
}

fn is_name(text: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    !text.is_empty() && text.chars().all(good) && !text.starts_with(|c: char| c.is_ascii_digit())
}
