//! Columns, sections, names, pins, the command line, the mouse, the log: what people do with the tables.

use tui_input::Input;

use crate::{
    alert::{Alert, AlertId, AlertKind, Subject},
    app::{
        Column, Effect, Event, FrameLayout, Item, Names, Overlay, Pointer, SavedPreferences, Sort, TableArea, View,
        columns, command,
        fixture::{self, Floor},
        items, lines, log, names, needs,
    },
    config::{Symbols, Theme, Ui},
    domain::{Aht, Kind, Level, Outcome, Target},
    store::{self, Attention, EventKind, Words},
};

/// A floor where a2 is much too long, a4 a little, a3 much too short.
fn floor() -> Floor {
    let mut floor = Floor::new();
    for (id, secs) in [("a1", 290), ("a2", 468), ("a3", 62), ("a4", 391), ("a5", 0)] {
        floor.agent(id, secs);
    }
    floor
}

/// What the effects remember last.
fn remembered(effects: &[Effect]) -> Option<SavedPreferences> {
    effects.iter().rev().find_map(|e| match e {
        Effect::Remember(choices) => Some((**choices).clone()),
        _ => None,
    })
}

#[test]
fn columns_are_hidden_shown_and_moved_and_the_four_that_matter_stay() {
    let mut floor = floor();
    assert_eq!(floor.keys("c"), []);
    assert_eq!(floor.state.navigation.overlay, Some(Overlay::Columns { cursor: 0 }));
    floor.keys("j ");
    assert!(!columns::shown(&floor.state).contains(&Column::Group));
    assert_eq!(floor.state.navigation.overlay, Some(Overlay::Columns { cursor: 9 }), "the cursor goes with its column");
    floor.keys(" ");
    assert_eq!(columns::shown(&floor.state).last(), Some(&Column::Group), "it comes back at the end");
    floor.keys("KKK");
    assert_eq!(columns::shown(&floor.state)[6], Column::Group);
    let effects = floor.keys("J");
    assert_eq!(remembered(&effects).unwrap().columns, columns::shown(&floor.state));
    floor.keys("g ");
    assert_eq!(floor.state.notices.status_message.as_deref(), Some("the column name is always shown"));
    floor.keys("0");
    assert!(floor.state.preferences.columns.is_empty() && floor.state.notices.status_message.is_none());
    for _ in 0..20 {
        floor.keys("j<Enter>K");
        let shown = columns::shown(&floor.state);
        assert!(Column::ALL.iter().filter(|c| c.fixed()).all(|c| shown.contains(c)), "{shown:?}");
        assert_eq!(columns::entries(&floor.state).len(), Column::ALL.len());
    }
    floor.keys("q");
    assert_eq!(floor.state.navigation.overlay, None);
}

#[test]
fn sections_keep_the_order_within_and_only_rows_are_selected() {
    let mut floor = floor();
    floor.keys("2z");
    let shown: Vec<String> = items(&floor.state, Kind::Agent)
        .iter()
        .map(|item| match item {
            Item::Section(s) => {
                format!("[{} {} {:?}]", s.name.unwrap_or("-"), s.rows, s.median.map(|m| (m.aht.secs(), m.of)))
            }
            Item::Row(line) => line.target().id.to_string(),
        })
        .collect();
    assert_eq!(shown.join(" "), "[north 3 Some((176, 2))] a3 a1 a5 [south 3 Some((429, 2))] a2 a4 a6");
    floor.room(0, 3);
    for (keys, selected, offset) in [
        ("j", "a3", 0),
        ("jj", "a5", 1),
        ("j", "a2", 3),
        ("k", "a5", 3),
        ("G", "a6", 5),
        ("g", "a3", 0),
        ("<PgDn>", "a2", 3),
        ("<PgUp>", "a1", 2),
    ] {
        floor.keys(keys);
        assert_eq!(floor.selected().as_deref(), Some(selected), "{keys}");
        assert_eq!(floor.state.navigation.offset[&Kind::Agent], offset, "{keys}");
    }
    floor.keys("g");
    floor.room(0, 3);
    let wants = needs::attention(&floor.state);
    let of = |id: &str| wants.iter().find(|(t, _)| *t == Target::agent(id)).unwrap().1;
    assert_eq!((of("a3"), of("a1"), of("a5")), (Attention::Selected, Attention::OnScreen, Attention::Listed));
    assert_eq!(items(&floor.state, Kind::Campaign).len(), 2, "campaigns are the roll-up themselves");
    floor.keys("z");
    assert_eq!(floor.ids(Kind::Agent).join(" "), "a2 a3 a4 a1 a6 a5");
}

#[test]
fn the_next_row_that_deserves_a_look_is_found_round_and_round() {
    let mut floor = floor();
    floor.keys("2");
    for expected in ["a2", "a3", "a4", "a2"] {
        floor.keys("n");
        assert_eq!(floor.selected().as_deref(), Some(expected));
    }
    floor.keys("/a5<Enter>n");
    assert_eq!(floor.selected().as_deref(), Some("a5"), "what a filter has found deserves it");
    floor.keys("<Esc>3n");
    assert_eq!(floor.state.notices.status_message.as_deref(), Some("No row needs attention"));
}

#[test]
fn a_pin_draws_attention_for_half_an_hour() {
    let mut floor = floor();
    floor.keys("2jP");
    assert_eq!(floor.state.notices.status_message.as_deref(), Some("pinned for 30 minutes"));
    floor.keys("j");
    assert_eq!(floor.state.notices.status_message, None, "until the next key");
    let attention = |floor: &Floor| {
        let wants = needs::attention(&floor.state);
        wants.into_iter().find(|(t, _)| *t == Target::agent("a2")).unwrap().1
    };
    assert_eq!(attention(&floor), Attention::Selected);
    floor.advance(29 * 60);
    assert_eq!(attention(&floor), Attention::Selected);
    floor.advance(61);
    assert_eq!(attention(&floor), Attention::Listed);
    floor.keys("kPP");
    assert!(floor.state.navigation.pins.is_empty());
}

#[test]
fn an_id_is_copied_as_it_is_configured() {
    let mut floor = floor();
    assert_eq!(floor.keys("2y"), [Effect::Copy("a2".to_owned())]);
    assert!(floor.state.notices.status_message.as_deref().unwrap().starts_with("copied a2"));
    floor.keys("/nobody<Enter>");
    assert_eq!(floor.keys("y"), []);
}

#[test]
fn in_the_view_of_alerts_keys_are_about_the_alert_and_those_of_tables_say_so() {
    let mut floor = floor();
    let alert = |id: &str, secs: u32| {
        let at = floor.now().stamp();
        let id = AlertId { subject: Subject::Target(Target::agent(id)), serial: i64::from(secs) };
        let (level, aht) = (Level::HighWarn, Aht::from_secs(secs));
        let kind = AlertKind::Band { level, worst: level, first: aht, last: aht, peak: Some(aht), limits: None };
        Alert { id, since: at.clone(), exact: true, started: at, kind, ended: None, ack: None }
    };
    floor.state.live.alerts = vec![alert("a2", 468), alert("a4", 391)];
    assert_eq!(floor.keys("4jjy"), [Effect::Copy("a4".to_owned())]);
    assert_eq!(floor.keys("r"), [Effect::RequestPoll(Target::agent("a4"))]);
    assert_eq!(floor.state.notices.status_message.as_deref(), Some("a4 is checked next"));
    floor.keys("P");
    assert!(floor.state.navigation.pins.contains_key(&Target::agent("a4")));
    for key in ["o", "O", "c", "z"] {
        let before = (floor.state.preferences.sort, floor.state.preferences.sections);
        floor.keys(key);
        assert!(floor.state.notices.status_message.as_deref().is_some_and(|said| said.contains("table")), "{key}");
        assert!(floor.state.navigation.overlay.is_none() && !floor.state.filter().editing, "{key}");
        assert_eq!((floor.state.preferences.sort, floor.state.preferences.sections), before);
    }
}

#[test]
fn without_a_selection_the_detail_is_about_who_deserves_a_look_most() {
    let mut floor = floor();
    floor.keys("1");
    assert_eq!(fixture::chart(&floor.state, 1).map(|c| c.targets), Some(vec![Target::agent("a2")]));
    floor.keys("g");
    let selected = floor.state.navigation.selected.values().next().cloned();
    assert!(selected.is_some());
    assert_eq!(fixture::chart(&floor.state, 1).map(|c| c.targets), selected.map(|target| vec![target]));
}

#[test]
fn names_go_from_full_to_hidden_and_campaigns_keep_theirs() {
    let mut floor = floor();
    let mut watched = floor.state.config.watched.to_vec();
    watched[3].label = Some("Imran Qureshi".into());
    floor.state.config.watched = watched.into();
    let shown = |floor: &Floor, kind| {
        let lines = lines(&floor.state, kind);
        let line = lines.iter().find(|l| ["a2", "RENEW"].contains(&&*l.target().id)).unwrap();
        (names::name(&floor.state, line).into_owned(), names::id(&floor.state, line).into_owned())
    };
    let target = Target::agent("a2");
    for (name, id, veiled) in [
        ("Imran Qureshi", "a2", "agent a2 is invalid"),
        ("IQ", "IQ", "agent IQ is invalid"),
        ("a2", "a2", "agent a2 is invalid"),
        ("agent 2", "agent 2", "agent 2 is invalid"),
    ] {
        assert_eq!(shown(&floor, Kind::Agent), (name.to_owned(), id.to_owned()));
        assert_eq!(shown(&floor, Kind::Campaign).0, "RENEW");
        let told = |words: Words| names::told(&floor.state, &words, false);
        assert_eq!(told(Words::from("agent ").id(&target).own(" is invalid")), veiled);
        let kept = if id == "a2" { "agent ID a2 is unknown".to_owned() } else { veiled.replace("invalid", "unknown") };
        assert_eq!(told(Words::from("agent ID ").id(&target).own(" is unknown")), kept);
        assert_eq!(told(Words::default().name(&target, Some("I Q")).own(": LOW 1:25")), format!("{name}: LOW 1:25"));
        floor.keys("N");
    }
    assert_eq!(floor.state.preferences.names, Names::Full);
}

#[test]
fn who_is_watched_elsewhere_is_hidden_too() {
    let mut floor = floor();
    let other = Target::agent("noor@elsewhere.example");
    let words = Words::default().name(&other, Some("Noor Haddad")).own(": HIGH").said(" of Noor", " of somebody");
    for told in [
        "Noor Haddad: HIGH of Noor",
        "NH: HIGH of somebody",
        "noor@elsewhere.example: HIGH of somebody",
        "another agent: HIGH of somebody",
    ] {
        assert_eq!(names::told(&floor.state, &words, false), told);
        floor.keys("N");
    }
}

#[test]
fn where_there_is_nothing_but_ascii_a_name_of_another_script_gives_way_to_the_id() {
    let mut floor = floor();
    let mut watched = floor.state.config.watched.to_vec();
    watched[3].label = Some("इमरान".into());
    floor.state.config.watched = watched.into();
    for (ascii, told) in [(true, "a2: LOW 1:25"), (false, "इमरान: LOW 1:25")] {
        let words = Words::default().name(&Target::agent("a2"), None).own(": LOW 1:25");
        assert_eq!(names::told(&floor.state, &words, ascii), told);
    }
}

#[test]
fn themes_and_characters_go_round_and_are_remembered_against_the_configuration() {
    let mut floor = floor();
    let effects = floor.keys("tts");
    assert_eq!((floor.state.preferences.theme, floor.state.preferences.symbols), (Theme::Light, Symbols::Unicode));
    let choices = remembered(&effects).unwrap();
    let mut again = Floor::new();
    choices.apply(&mut again.state);
    assert_eq!((again.state.preferences.theme, again.state.preferences.symbols), (Theme::Light, Symbols::Unicode));
    let mut other = Floor::new();
    other.state.config.ui = Ui { theme: Theme::Dark, ..Ui::default() };
    other.state.preferences.theme = Theme::Dark;
    choices.apply(&mut other.state);
    assert_eq!(other.state.preferences.theme, Theme::Dark, "what is configured since then is the later word");
    let effects = floor.keys("tttsss");
    assert_eq!((floor.state.preferences.theme, floor.state.preferences.symbols), (Theme::Auto, Symbols::Auto));
    assert_eq!(remembered(&effects), Some(SavedPreferences::default()));
}

#[test]
fn choices_survive_a_start_and_what_only_looks_does_not_write() {
    let mut floor = floor();
    let effects = floor.keys("2/north<Enter>jpGg?<Esc>n");
    assert_eq!(remembered(&effects), None);
    let effects = floor.keys("ojj<Enter>OzNuc G <Esc>");
    let choices = remembered(&effects).unwrap();
    let mut again = Floor::new();
    choices.apply(&mut again.state);
    assert_eq!(SavedPreferences::of(&again.state), choices);
    assert_eq!(again.state.preferences.sort, Sort { column: Column::Group, reverse: true });
    assert!(
        again.state.preferences.sections
            && again.state.preferences.age_as_time
            && again.state.preferences.names == Names::Initials
    );
    assert_eq!(
        (again.state.navigation.filter.text.value(), again.state.navigation.view),
        ("", View::Overview),
        "nothing is hidden at a start"
    );
    let json = serde_json::to_string(&choices).unwrap();
    assert_eq!(serde_json::from_str::<SavedPreferences>(&json).unwrap(), choices);
    let unsound: SavedPreferences = serde_json::from_str("{\"columns\": [\"age\", \"age\"]}").unwrap();
    unsound.apply(&mut again.state);
    assert_eq!(columns::shown(&again.state), [Column::Age, Column::Name, Column::Aht, Column::State]);
}

#[test]
fn commands_do_what_keys_do() {
    let mut floor = floor();
    floor.keys("2:group south<Enter>");
    assert_eq!(floor.ids(Kind::Agent).join(" "), "a2 a4 a6");
    floor.keys(":filter state:high<Enter>:group North<Enter>");
    assert_eq!(floor.state.navigation.filter.text.value(), "state:high group:north");
    floor.keys(":group<Enter>");
    assert_eq!(floor.state.navigation.filter.text.value(), "state:high");
    floor.keys(":filter<Enter>:sort aht rev<Enter>");
    assert_eq!(floor.state.preferences.sort, Sort { column: Column::Aht, reverse: true });
    floor.keys(":columns age trend<Enter>");
    let shown = [Column::Age, Column::Trend, Column::Name, Column::Aht, Column::State];
    assert_eq!(columns::shown(&floor.state), shown);
    floor.keys(":columns<Enter>:names id<Enter>:theme cvd<Enter>:symbols ascii<Enter>:view log<Enter>");
    assert!(floor.state.preferences.columns.is_empty());
    assert_eq!((floor.state.preferences.names, floor.state.preferences.theme), (Names::Id, Theme::Cvd));
    assert_eq!((floor.state.preferences.symbols, floor.state.navigation.view), (Symbols::Ascii, View::Log));
    floor.keys(":v 5<Enter>");
    assert_eq!(floor.state.navigation.view, View::Budget);
    floor.keys(":help<Enter>");
    assert_eq!(floor.state.navigation.overlay, Some(Overlay::Help { scroll: 0 }));
    assert_eq!(floor.keys("q:quit<Enter>"), [Effect::Quit]);
    assert_eq!(floor.keys(":reload<Enter>"), [Effect::Reload]);
    assert_eq!(
        floor.keys(":export csv my csv of  12 March.csv<Enter>"),
        [Effect::Export("my csv of  12 March.csv".into())]
    );
}

#[test]
fn a_command_that_is_not_understood_says_so_and_changes_nothing() {
    let mut floor = floor();
    let before = SavedPreferences::of(&floor.state);
    for (text, said) in [
        ("sotr aht", "unknown command sotr; did you mean 'sort'?"),
        ("sort agee", "unknown column agee; did you mean 'age'?"),
        ("sort", "write :sort COLUMN [reversed]"),
        ("sort age up", "write the column, then 'reversed' if you want: :sort aht reversed"),
        ("group nort", "unknown group nort; did you mean 'north'?"),
        ("theme drak", "unknown value 'drak'; did you mean 'dark'?"),
        ("view 7", "unknown value '7'; known: overview, agents, campaigns, alerts, budget, log"),
        ("quit now", "write :quit alone"),
        ("reload it", "write :reload alone"),
        ("export", "write :export csv FILE"),
        ("export csv ", "write :export csv FILE"),
        ("export rows.csv", "write :export csv FILE"),
        (
            "columns age foo",
            "unknown column foo; known: name, group, login, aht, vs_target, change_30m, ago_2h, trend, age, state",
        ),
        ("", ""),
    ] {
        assert_eq!(floor.keys(&format!(":{text}<Enter>")), []);
        assert_eq!(floor.state.notices.status_message.as_deref().unwrap_or(""), said);
    }
    assert_eq!(SavedPreferences::of(&floor.state), before);
    // What a column was called before is understood.
    floor.keys(":sort prev2h<Enter>");
    assert_eq!(floor.state.preferences.sort.column, crate::app::Column::Prev2h);
    assert_eq!(floor.state.notices.status_message.as_deref(), Some("'prev2h' is now called 'ago_2h'"));
    assert_eq!(floor.keys(":quit<Esc>"), []);
    assert!(floor.state.navigation.command.is_none());
}

#[test]
fn words_are_completed_as_far_as_it_is_certain() {
    let mut floor = floor();
    for (typed, completed) in [
        ("gr", "group "),
        ("group n", "group north "),
        ("s", "s"),
        ("so", "sort "),
        ("sort a", "sort a"),
        ("sort vs", "sort vs_target "),
        ("sort vs_target ", "sort vs_target reversed "),
        ("filter st", "filter state:"),
        ("columns age ah", "columns age aht "),
        ("view c", "view campaigns "),
        ("export ", "export csv "),
        ("nothing", "nothing"),
        ("theme ", "theme "),
    ] {
        floor.keys(&format!(":{typed}<Tab>"));
        assert_eq!(floor.state.navigation.command.as_ref().map(Input::value), Some(completed));
        floor.keys("<Esc>");
    }
    assert_eq!(command::completions(&floor.state, "names "), ["full", "initials", "id", "hidden"]);
    for (name, takes, _) in command::COMMANDS {
        assert!(!command::completions(&floor.state, &name[..1]).is_empty());
        assert!(takes.is_empty() == ["reload", "help", "quit"].contains(&name));
    }
}

fn click(floor: &mut Floor, x: u16, y: u16) {
    floor.event(Event::Mouse(Pointer::Click(x, y)));
}

#[test]
fn a_click_selects_a_row_or_sorts_by_a_title() {
    let mut floor = floor();
    floor.keys("2");
    let titles = vec![(Column::Name, 2, 12), (Column::Aht, 15, 8)];
    let spot = TableArea { kind: Some(Kind::Agent), top: 4, rows: 3, each: 1, columns: (0, 60), titles };
    floor.event(Event::Drawn(FrameLayout { agents: 3, tables: vec![spot], ..FrameLayout::default() }));
    click(&mut floor, 9, 6);
    assert_eq!(floor.selected().as_deref(), Some("a3"));
    floor.keys("G");
    click(&mut floor, 9, 5);
    assert_eq!(floor.selected().as_deref(), Some("a1"), "rows are those in view");
    click(&mut floor, 16, 4);
    assert_eq!(floor.state.preferences.sort, Sort { column: Column::Aht, reverse: false });
    click(&mut floor, 16, 4);
    assert!(floor.state.preferences.sort.reverse);
    let before = (floor.selected(), floor.state.preferences.sort);
    for (x, y) in [(9, 3), (9, 8), (70, 5), (14, 4), (u16::MAX, u16::MAX)] {
        click(&mut floor, x, y);
    }
    floor.keys("?");
    click(&mut floor, 9, 5);
    assert_eq!((floor.selected(), floor.state.preferences.sort), before);
}

#[test]
fn a_click_on_either_line_of_a_row_selects_it() {
    let mut floor = floor();
    floor.keys("2");
    let titles = vec![(Column::Name, 2, 12)];
    let spot = TableArea { kind: Some(Kind::Agent), top: 4, rows: 6, each: 2, columns: (0, 60), titles };
    floor.event(Event::Drawn(FrameLayout { agents: 3, tables: vec![spot], ..FrameLayout::default() }));
    for (y, expected) in [(5, "a2"), (6, "a2"), (7, "a3"), (8, "a3")] {
        click(&mut floor, 9, y);
        assert_eq!(floor.selected().as_deref(), Some(expected), "{y}");
    }
}

#[test]
fn the_wheel_scrolls_what_is_in_front() {
    let mut floor = floor();
    floor.keys("2");
    let wheel = |floor: &mut Floor, down| floor.event(Event::Mouse(Pointer::Wheel { down }));
    wheel(&mut floor, true);
    assert_eq!(floor.selected().as_deref(), Some("a4"));
    wheel(&mut floor, false);
    assert_eq!(floor.selected().as_deref(), Some("a2"));
    floor.keys("?");
    floor.room(1, 1);
    wheel(&mut floor, true);
    assert_eq!(floor.state.navigation.overlay, Some(Overlay::Help { scroll: 3 }));
}

#[test]
fn the_log_has_its_own_filter_and_scrolls() {
    let mut floor = floor();
    let event = |n: usize, kind, text: &str| {
        let mut at = floor.now().stamp();
        at.mono.0 += n as i64;
        store::Event { at, kind, who: "pid 7 (dashboard)".into(), text: text.into() }
    };
    floor.state.live.events = vec![
        event(0, EventKind::TokenGenerated, "token 1 minted"),
        event(1, EventKind::Throttled, "max limit exceeded"),
        event(2, EventKind::Target, "agent ID a5 is unknown"),
    ];
    let texts = |floor: &Floor| log::entries(&floor.state).iter().map(|e| e.text.to_string()).collect::<Vec<String>>();
    floor.keys("6");
    assert_eq!(texts(&floor).len(), 3);
    assert_eq!(&*texts(&floor)[0], "agent ID a5 is unknown", "newest first");
    floor.keys("/limit<Enter>");
    assert_eq!(texts(&floor).len(), 1);
    assert_eq!(floor.state.navigation.filter.text.value(), "", "the tables show all of their rows");
    for (text, n) in [
        ("kind:generated", 1),
        ("kind:unknown", 1),
        ("!token", 2),
        ("! token", 2),
        ("PID", 3),
        ("state:high", 0),
        ("zebra", 0),
    ] {
        floor.keys(&format!("<Esc>/{text}<Enter>"));
        assert_eq!(texts(&floor).len(), n, "{text}");
    }
    floor.keys("<Esc>");
    assert_eq!(texts(&floor).len(), 3);
    floor.room(0, 0);
    for (keys, scroll) in [("jj", 2), ("G", 35), ("k", 34), ("<PgUp>", 24), ("g", 0), ("<PgDn><Esc>", 0)] {
        floor.keys(keys);
        assert_eq!(floor.state.navigation.scroll, scroll, "{keys}");
    }
    floor.keys("5jj6");
    assert_eq!(floor.state.navigation.scroll, 0, "another view begins at its top");
    floor.keys("5/");
    assert_eq!(floor.state.notices.status_message.as_deref(), Some("This key works in a table: press 1, 2 or 3"));
}

#[test]
fn memory_matters_where_it_is_shown() {
    let mut floor = floor();
    let revision = floor.state.revision;
    floor.event(Event::Memory(12_000_000));
    assert_eq!(floor.state.revision, revision);
    floor.keys("5");
    let revision = floor.state.revision;
    floor.event(Event::Memory(12_010_000));
    assert_eq!(floor.state.revision, revision, "a change that is not seen");
    floor.event(Event::Memory(13_000_000));
    assert_ne!(floor.state.revision, revision);
    let reading = floor.reading(Target::agent("a1"), Outcome::NoCalls);
    floor.event(Event::Readings(vec![reading]));
    assert_eq!(floor.state.live.memory, 13_000_000);
}
