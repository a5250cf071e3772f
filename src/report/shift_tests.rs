//! The numbers of a report, and what hostile names become in it.

use proptest::prelude::*;

use super::*;
use crate::{
    alert::{EndReason, Policy, Rules},
    config::Watched,
    domain::{Band, BootId, BootTime, Level, Now, Outcome, Reading, Target},
    report::ShiftBuilder,
};

const BEGIN: i64 = 1_773_306_000;

fn at(minute: i64) -> Now {
    let wall = Timestamp::from_second(BEGIN + minute * 60).unwrap();
    Now { boot: BootId("b".into()), mono: BootTime(900_000_000 + minute * 60_000), wall }
}

fn watched(id: &str, label: Option<&str>) -> Watched {
    Watched {
        target: Target::agent(id),
        label: label.map(Into::into),
        groups: vec![],
        band: Band::around(Aht::from_secs(300), Kind::Agent),
        origin: "-a".into(),
    }
}

/// An hour of `id` from minute 0 on, each minute a value; 0 is *no calls*, `None` nothing at all.
fn hour(list: &[Watched], value: impl Fn(i64) -> Option<u32>) -> Shift {
    let rules =
        Rules { dwell: Duration::from_secs(300), clear_band: 0.05, warm_up: 0, stale_after: Duration::from_secs(120) };
    let policy = Policy { agents: rules, campaigns: rules, sweep: Duration::from_secs(60) };
    let mut builder = ShiftBuilder::new(list, at(0).wall, at(60).wall, policy);
    for minute in -30..70 {
        let Some(secs) = value(minute) else { continue };
        let outcome = if secs == 0 { Outcome::NoCalls } else { Outcome::Value(Aht::from_secs(secs)) };
        builder.record(&Reading { target: list[0].target.clone(), at: at(minute).stamp(), outcome, name: None });
    }
    builder.end(&at(70))
}

#[test]
fn the_numbers_are_those_of_the_span() {
    // Outside from minute 20 to 40, nothing known from 50 on.
    let shift = hour(&[watched("a", None)], |m| match m {
        20..40 => Some(500),
        50.. => None,
        m => Some(300 + u32::try_from(m.max(0)).unwrap()),
    });
    let row = &shift.rows[0];
    let secs = |aht: Option<Aht>| aht.map(Aht::secs);
    assert_eq!((secs(row.start), secs(row.end), secs(row.median)), (Some(300), Some(349), Some(344)));
    assert_eq!(row.outside, Duration::from_secs(20 * 60));
    assert!((row.coverage - 51.0 / 60.0).abs() < 0.001, "{}", row.coverage);
    let alert = &row.alerts[0];
    assert_eq!((row.alerts.len(), alert.from, alert.worst), (1, at(20).wall, Level::HighWarn));
    assert_eq!(alert.to, Some((at(40).wall, EndReason::Cleared)));
    assert_eq!((row.chart[0].map(Aht::secs), row.chart[100].map(Aht::secs)), (Some(300), Some(500)));
    // The last answer, of minute 49, holds for two minutes: 51 of 60 minutes are drawn.
    assert_eq!((row.chart.len(), shift.known), (205, (at(0).wall, at(51).wall + Duration::from_secs(15))));
}

#[test]
fn an_alert_from_before_the_span_counts_with_its_part() {
    let shift = hour(&[watched("a", None)], |m| Some(if m < 10 { 700 } else { 300 }));
    let alert = &shift.rows[0].alerts[0];
    assert!(alert.from < shift.from);
    assert_eq!(alert.within(shift.from, shift.to), Duration::from_secs(600));
    let silent = hour(&[watched("a", None)], |_| None);
    assert_eq!((silent.rows[0].coverage, silent.rows[0].median), (0.0, None));
    assert_eq!(hour(&[watched("a", None)], |_| Some(0)).rows[0].coverage, 1.0, "no calls is an answer");
}

#[test]
fn a_chart_covers_the_time_that_there_is_data_for() {
    let shift = hour(&[watched("a", None)], |m| (30..45).contains(&m).then_some(300));
    assert_eq!(shift.known.0, at(30).wall);
    let end = shift.known.1.as_second() - at(0).wall.as_second();
    assert!((46 * 60..47 * 60).contains(&end), "{end}");
    let chart = &shift.rows[0].chart;
    assert!(chart.iter().all(Option::is_some) && chart.len() > 100, "no empty ends, and fine enough: {}", chart.len());
    assert!(text(&shift, ShiftFormat::Html).contains("15:00 to 15:16"));
}

#[test]
fn the_worst_stand_first_and_three_lines_say_it_in_short() {
    let list = [watched("calm", None), watched("worse", None), watched("bad", None)];
    let rules =
        Rules { dwell: Duration::from_secs(300), clear_band: 0.05, warm_up: 0, stale_after: Duration::from_secs(120) };
    let policy = Policy { agents: rules, campaigns: rules, sweep: Duration::from_secs(60) };
    let mut builder = ShiftBuilder::new(&list, at(0).wall, at(60).wall, policy);
    for minute in 0..60 {
        for (w, until) in list.iter().zip([0, 50, 20]) {
            let outcome = Outcome::Value(Aht::from_secs(if minute < until { 700 } else { 300 }));
            builder.record(&Reading { target: w.target.clone(), at: at(minute).stamp(), outcome, name: None });
        }
    }
    let shift = builder.end(&at(60));
    let names = |format| {
        let out = text(&shift, format);
        let mut found: Vec<_> = ["calm", "worse", "bad"].map(|name| (out.rfind(&format!(">{name}<")), name)).into();
        found.sort_unstable();
        found.into_iter().map(|(_, name)| name).collect::<Vec<_>>()
    };
    let html = text(&shift, ShiftFormat::Html);
    let rows: Vec<&str> = html.split("<tr><th scope=\"row\"").skip(1).collect();
    let first = |name: &str| rows.iter().position(|row| row.contains(&format!(">{name}</th>")));
    assert_eq!((first("worse"), first("bad"), first("calm")), (Some(0), Some(1), Some(2)));
    assert_eq!(names(ShiftFormat::Svg), ["worse", "bad", "calm"]);
    for line in [
        "<li>2 alerts, of which 0 go on. Outside the band at the end: 0 of 3 agents.</li>",
        "<li>Longest outside the band: worse 50 min, bad 20 min.</li>",
        "<li>Data from 14:30 to 15:30; 100 % of the whole time has a fresh answer.</li>",
    ] {
        assert!(html.contains(line), "{line}\n{html}");
    }
}

fn text(shift: &Shift, format: ShiftFormat) -> String {
    let mut out = Vec::new();
    super::shift(shift, "acme", &TimeZone::get("Asia/Kolkata").unwrap(), format, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn each_format_is_one_self_contained_file() {
    let grouped = Watched { groups: vec!["north".into()], ..watched("b", None) };
    let shift = hour(&[watched("a", Some("Asha <script>|`x`")), grouped], |m| Some(if m > 20 { 700 } else { 300 }));
    let md = text(&shift, ShiftFormat::Markdown);
    assert!(
        md.starts_with("# Shift report acme: Thu 12 Mar 2026 14:30 to 15:30 IST\n\n- 1 alert, which goes on."),
        "{md}"
    );
    assert!(
        md.contains("| Asha &lt;script&gt;\\|\\`x\\` | - | 5:00 | 5:00 | ▲ 11:40 | 11:40 | +6:40 | 39 min | 1 | 39 min | 100 % |"),
        "{md}"
    );
    assert!(md.contains("| 14:51 | - | Asha &lt;script&gt;\\|\\`x\\` | VERY HIGH | goes on |"), "{md}");
    let html = text(&shift, ShiftFormat::Html);
    assert!(html.contains("Asha &#60;script&#62;|`x`") && html.matches("<script").count() == 1);
    assert!(html.contains("default-src 'none'"), "nothing is loaded from elsewhere");
    assert!(!html.contains("://") && !html.contains("src="));
    assert_eq!((html.matches("<svg").count(), html.matches(">no values</td>").count()), (1, 1));
    let svg = text(&shift, ShiftFormat::Svg);
    assert!(svg.starts_with("<svg xmlns=") && svg.ends_with("</svg>\n"));
    assert_eq!(svg.matches("<path").count(), 1, "the second one has no values");
}

#[test]
fn a_column_of_groups_stands_where_anybody_has_one() {
    let list = [watched("a", None), Watched { groups: vec!["north".into()], ..watched("b", None) }];
    for (list, expected) in [(&list[..1], false), (&list, true)] {
        let shift = hour(list, |_| Some(300));
        assert_eq!(text(&shift, ShiftFormat::Html).contains(">group</th>"), expected);
        assert_eq!(text(&shift, ShiftFormat::Markdown).contains("| group |"), expected);
    }
}

proptest! {
    #[test]
    fn no_name_breaks_a_file(name in any::<String>(), value in 1u32..100_000) {
        let shift = hour(&[watched("a", Some(&name))], |m| (m % 7 != 0).then_some(value));
        for format in [ShiftFormat::Markdown, ShiftFormat::Html, ShiftFormat::Svg] {
            let out = text(&shift, format);
            prop_assert!(!out.chars().any(|c| c.is_control() && c != '\n'));
            let scripts = usize::from(format == ShiftFormat::Html);
            prop_assert_eq!(out.to_lowercase().matches("<script").count(), scripts);
            // Whatever a name holds, there are as many elements as with a harmless one.
            let harmless = text(&hour(&[watched("a", Some("x"))], |m| (m % 7 != 0).then_some(value)), format);
            prop_assert_eq!(out.matches('<').count(), harmless.matches('<').count());
            if format == ShiftFormat::Markdown {
                let columns = |l: &str| l.replace("\\|", "").matches('|').count();
                prop_assert!(out.lines().filter(|l| l.starts_with("| ")).all(|l| [6, 11].contains(&columns(l))), "{}", out);
            }
        }
    }
}
