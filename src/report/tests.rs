//! Each format as a whole, and what hostile texts become in it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use insta::assert_snapshot;
use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::*;
use crate::{
    app::RowState,
    config::{Budget, Watched},
    domain::{Aht, Band, BootId, BootTime, Now, Outcome, Reading, Row, Target, clean},
    store::Usage,
};

const STALE: Duration = Duration::from_secs(180);

/// `secs` seconds after 14:30:00 in India.
fn at(secs: i64) -> Now {
    let wall = "2026-01-31T09:00:00.123Z".parse::<jiff::Timestamp>().unwrap() + jiff::SignedDuration::from_secs(secs);
    Now { boot: BootId("b".into()), mono: BootTime(10_000_000 + secs * 1000), wall }
}

fn read(row: &mut Row, secs: i64, outcome: Outcome, name: Option<&str>) {
    let now = at(secs);
    let reading = Reading { target: row.target.clone(), at: now.stamp(), outcome, name: name.map(Into::into) };
    row.record(&reading, &now);
}

fn watched(target: &Target, label: Option<&str>) -> Watched {
    let label = label.map(Into::into);
    Watched { target: target.clone(), label, groups: vec![], band: Band::default(), origin: "-a".into() }
}

fn document(list: &[(Watched, Option<Row>)]) -> Document {
    let facts = Facts {
        account: "acme",
        budget: Budget::default(),
        usage: Usage { used_60s: 45, throttled_1h: 0, generated_1h: 1, ..Usage::default() },
        token_left: Some(Duration::from_millis(2_460_900)),
    };
    let zone = TimeZone::get("Asia/Kolkata").unwrap();
    let rows: BTreeMap<Target, Row> =
        list.iter().filter_map(|(w, row)| Some((w.target.clone(), row.clone()?))).collect();
    let watched: Vec<Watched> = list.iter().map(|(w, _)| w.clone()).collect();
    Document::new(&facts, &watched, &rows, &View { now: &at(127), zone: &zone, stale_after: STALE })
}

/// One target in each condition, each read at another time.
fn every_condition() -> Document {
    let value = |secs| Outcome::Value(Aht::from_secs(secs));
    let failed = || Outcome::Failed("no answer within 10s: the service is slow".into());
    let row = |target: Target, readings: &[(i64, Outcome)], name| {
        let mut row = Row::new(target);
        for (secs, outcome) in readings {
            read(&mut row, *secs, outcome.clone(), name);
        }
        row
    };
    let list = [
        (Target::campaign("COLLECT-IN"), None, vec![(113, value(3723))], Some("COLLECT-IN")),
        (Target::agent("priya@acme.example"), Some("Priya"), vec![(86, value(595))], Some("Priya S")),
        (Target::agent("luis@acme.example"), None, vec![(75, Outcome::NoCalls)], Some("王小明")),
        (Target::agent("new@acme.example"), None, vec![], None),
        (Target::agent("kavya@acme.example"), None, vec![(-245, value(242))], Some("प्रिया")),
        (Target::agent("A-1099"), None, vec![(-7200, value(60)), (7, Outcome::Invalid)], None),
        (Target::agent("gone@acme.example"), None, vec![(-245, value(60)), (100, failed())], None),
        (Target::agent("slow@acme.example"), None, vec![(100, value(60)), (120, failed())], None),
    ];
    let rows: Vec<(Watched, Option<Row>)> = list
        .into_iter()
        .map(|(t, label, readings, name)| {
            let mut watched = watched(&t, label);
            // Two have a band, of which one has a fresh value.
            if label.is_some() || name == Some("प्रिया") {
                watched.band = Band::around(Aht::from_secs(287), t.kind);
            }
            (watched, (!readings.is_empty()).then(|| row(t, &readings, name)))
        })
        .collect();
    document(&rows)
}

fn text(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// The table without colours.
fn plain(document: &Document, ascii: bool, out: &mut Vec<u8>) -> std::io::Result<()> {
    table(document, &TableLook { ascii, paint: &|_, text| text.to_owned() }, out)
}

#[test]
fn the_json_keeps_its_schema() {
    let d = every_condition();
    assert_snapshot!(text(|out| json(&d, out)).replace("},", "},\n"), @r##"
    {"schema":1,"account":"acme","taken_at":"2026-01-31T14:32:07+05:30","targets":[{"kind":"campaign","id":"COLLECT-IN","name":"COLLECT-IN","aht_s":3723,"condition":"value","read_at":"2026-01-31T14:31:53+05:30","age_s":14,"error":null,"label":null,"level":null,"vs_target_pct":null},
    {"kind":"agent","id":"priya@acme.example","name":"Priya S","aht_s":595,"condition":"value","read_at":"2026-01-31T14:31:26+05:30","age_s":41,"error":null,"label":"Priya","level":"very_high","vs_target_pct":107.3},
    {"kind":"agent","id":"luis@acme.example","name":"王小明","aht_s":null,"condition":"no_calls","read_at":"2026-01-31T14:31:15+05:30","age_s":52,"error":null,"label":null,"level":null,"vs_target_pct":null},
    {"kind":"agent","id":"new@acme.example","name":null,"aht_s":null,"condition":"waiting","read_at":null,"age_s":null,"error":null,"label":null,"level":null,"vs_target_pct":null},
    {"kind":"agent","id":"kavya@acme.example","name":"प्रिया","aht_s":242,"condition":"stale","read_at":"2026-01-31T14:25:55+05:30","age_s":372,"error":null,"label":null,"level":null,"vs_target_pct":-15.7},
    {"kind":"agent","id":"A-1099","name":null,"aht_s":null,"condition":"invalid","read_at":"2026-01-31T14:30:07+05:30","age_s":120,"error":"the service does not know this ID","label":null,"level":null,"vs_target_pct":null},
    {"kind":"agent","id":"gone@acme.example","name":null,"aht_s":60,"condition":"no_answer","read_at":"2026-01-31T14:25:55+05:30","age_s":372,"error":"no answer within 10s: the service is slow","label":null,"level":null,"vs_target_pct":null},
    {"kind":"agent","id":"slow@acme.example","name":null,"aht_s":60,"condition":"value","read_at":"2026-01-31T14:31:40+05:30","age_s":27,"error":"no answer within 10s: the service is slow","label":null,"level":null,"vs_target_pct":null}],"budget":{"limit":50,"used_60s":45,"throttled_1h":0},
    "token":{"generated_1h":1,"expires_in_s":2460}}
    "##);
    let one = document(&[]);
    let keys: Vec<String> = serde_json::to_value(&one).unwrap().as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["account", "budget", "schema", "taken_at", "targets", "token"]);
}

#[test]
fn a_line_of_the_stream_is_an_element_with_schema_and_account() {
    let d = every_condition();
    let line = text(|out| ndjson("acme", &d.targets[1], out));
    assert_snapshot!(line.trim_end(), @r#"{"schema":1,"account":"acme","kind":"agent","id":"priya@acme.example","name":"Priya S","aht_s":595,"condition":"value","read_at":"2026-01-31T14:31:26+05:30","age_s":41,"error":null,"label":"Priya","level":"very_high","vs_target_pct":107.3}"#);
    assert!(line.ends_with("}\n"));
    let mut value: Value = serde_json::from_str(&line).unwrap();
    let object = value.as_object_mut().unwrap();
    assert_eq!(object.remove("schema"), Some(1.into()));
    assert_eq!(object.remove("account"), Some("acme".into()));
    assert_eq!(value, serde_json::to_value(&d.targets[1]).unwrap());
}

#[test]
fn the_csv_keeps_its_columns() {
    assert_snapshot!(text(|out| csv(&every_condition(), out)), @"
    kind,id,name,condition,aht_s,read_at,age_s,error,label,level,vs_target_pct
    campaign,COLLECT-IN,COLLECT-IN,value,3723,2026-01-31T14:31:53+05:30,14,,,,
    agent,priya@acme.example,Priya S,value,595,2026-01-31T14:31:26+05:30,41,,Priya,very_high,107.3
    agent,luis@acme.example,王小明,no_calls,,2026-01-31T14:31:15+05:30,52,,,,
    agent,new@acme.example,,waiting,,,,,,,
    agent,kavya@acme.example,प्रिया,stale,242,2026-01-31T14:25:55+05:30,372,,,,-15.7
    agent,A-1099,,invalid,,2026-01-31T14:30:07+05:30,120,the service does not know this ID,,,
    agent,gone@acme.example,,no_answer,60,2026-01-31T14:25:55+05:30,372,no answer within 10s: the service is slow,,,
    agent,slow@acme.example,,value,60,2026-01-31T14:31:40+05:30,27,no answer within 10s: the service is slow,,,
    ");
}

#[test]
fn the_table_is_aligned_by_the_width_on_the_screen() {
    assert_snapshot!(text(|out| plain(&every_condition(), false, out)), @"
    acme  2026-01-31T14:32:07+05:30
    KIND      NAME               ID                      AHT  VS TGT   AGE  STATE
    campaign  COLLECT-IN         COLLECT-IN          1:02:03       -  0:14  ok
    agent     Priya              priya@acme.example     9:55   +107%  0:41  V.HIGH
    agent     王小明             luis@acme.example         -       -  0:52  no calls
    agent     new@acme.example   new@acme.example          -       -     -  waiting
    agent     प्रिया              kavya@acme.example     4:02    -16%  6:12  STALE
    agent     A-1099             A-1099                    -       -  2:00  unknown ID
    agent     gone@acme.example  gone@acme.example      1:00       -  6:12  no answer: no answer within 10s: the service is slow
    agent     slow@acme.example  slow@acme.example      1:00       -  0:27  ok (last try: no answer within 10s: the service is slow)
    45 of 50 requests in the last minute; in the last hour throttled 0 times and generated 1 token; token expires in 41:00
    ");
}

#[test]
fn a_level_has_its_colours_and_they_take_no_room() {
    let d = every_condition();
    let paint = |state: RowState, text: &str| format!("<{}>{text}</>", state.rank());
    let painted = text(|out| table(&d, &TableLook { ascii: false, paint: &paint }, out));
    let line = painted.lines().find(|l| l.contains("priya@")).unwrap();
    assert!(
        line.contains("<0>9:55</>   <0>+107%</>") && line.ends_with(&format!("<0>{}</>", d.targets[1].state.word())),
        "{line}"
    );
    let bare = (0..=9).fold(painted.replace("</>", ""), |text, rank| text.replace(&format!("<{rank}>"), ""));
    assert_eq!(bare, text(|out| plain(&d, false, out)));
}

#[test]
fn a_column_that_is_too_wide_is_cut_with_a_mark() {
    let target = Target::agent("a".repeat(50));
    let d = document(&[(watched(&target, Some("王".repeat(30).as_str())), None)]);
    assert_snapshot!(text(|out| plain(&d, true, out)), @"
    acme  2026-01-31T14:32:07+05:30
    KIND   NAME                                  ID                                    AHT  VS TGT  AGE  STATE
    agent  王王王王王王王王王王王王王王王王...   aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...    -       -    -  waiting
    45 of 50 requests in the last minute; in the last hour throttled 0 times and generated 1 token; token expires in 41:00
    ");
}

fn hostile(name: &str, id: &str) -> Document {
    let target = Target::agent(id);
    let mut row = Row::new(target.clone());
    read(&mut row, 0, Outcome::Value(Aht::from_secs(60)), Some(name));
    read(&mut row, 1, Outcome::Failed(Arc::from(name)), None);
    document(&[(watched(&target, None), Some(row))])
}

#[test]
fn a_formula_is_disarmed_and_quotes_are_doubled() {
    for (name, cell) in [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        (" =1", "'=1"),
        ("a=1", "a=1"),
        ("a \"b\", c", "\"a \"\"b\"\", c\""),
        ("a\nb", "a\u{fffd}b"),
        ("\t=1", "\u{fffd}=1"),
    ] {
        let out = text(|out| csv(&hostile(name, "=A1"), out));
        let line = out.lines().nth(1).unwrap();
        assert!(line.starts_with(&format!("agent,'=A1,{cell},value,60,")), "{line}");
        assert_eq!(out.lines().count(), 2, "{out}");
    }
}

#[test]
fn the_json_gives_an_id_to_the_letter_and_yet_harmless() {
    let id = "a\u{1b}[2J\u{9b}\u{202e}\u{e0001}\u{7f}\"\\é王";
    let out = text(|out| json(&hostile("x", id), out));
    assert_eq!(clean(out.trim_end(), usize::MAX), out.trim_end());
    let value: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(value["targets"][0]["id"], id);
}

#[test]
fn before_the_first_token_there_is_no_end_of_it() {
    let facts = Facts {
        account: "acme",
        budget: Budget::default(),
        usage: Usage { throttled_1h: 1, ..Usage::default() },
        token_left: None,
    };
    let (now, zone) = (at(0), TimeZone::UTC);
    let view = View { now: &now, zone: &zone, stale_after: STALE };
    let d = Document::new(&facts, &[], &BTreeMap::new(), &view);
    assert_eq!(d.token.expires_in_s, None);
    assert_snapshot!(text(|out| plain(&d, false, out)), @"
    acme  2026-01-31T09:00:00+00:00
    KIND  NAME  ID  AHT  VS TGT  AGE  STATE
    0 of 50 requests in the last minute; in the last hour throttled once and generated 0 tokens; no token
    ");
    assert!(text(|out| json(&d, out)).contains(r#""taken_at":"2026-01-31T09:00:00+00:00""#));
}

proptest! {
    #[test]
    fn no_output_holds_anything_that_a_terminal_acts_upon(name in any::<String>(), id in any::<String>()) {
        let d = hostile(&name, &id);
        let outputs = [
            text(|out| json(&d, out)),
            text(|out| ndjson("acme", &d.targets[0], out)),
            text(|out| csv(&d, out)),
            text(|out| plain(&d, false, out)),
            text(|out| plain(&d, true, out)),
        ];
        for out in outputs {
            for line in out.lines() {
                prop_assert_eq!(clean(line, usize::MAX), line);
            }
        }
        let value: Value = serde_json::from_str(&text(|out| json(&d, out))).unwrap();
        prop_assert_eq!(&value["targets"][0]["id"], &id);
    }

    #[test]
    fn the_state_stands_in_one_column_whatever_the_names(name in "\\PC{0,60}", id in "\\PC{1,60}") {
        let out = text(|out| plain(&hostile(&name, &id), false, out));
        let column = |line: &str, word: &str| line.find(word).map(|i| line[..i].width());
        let lines: Vec<&str> = out.lines().collect();
        prop_assert_eq!(column(lines[1], "STATE"), column(lines[2], "ok (last try"));
    }
}
