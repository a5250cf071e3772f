//! What holds for any floor with anybody in front of the screen: the states are those of `app::worlds`.

use std::time::Duration;

use proptest::prelude::*;

use super::{cells, testing::*};
use crate::{
    alert::AlertKind,
    app::{
        Held, Mark, Names, Notice, Overlay, RowState, State, Topic, View,
        alerts::active,
        claims, rows, text,
        worlds::{World, anybody, plain_people, script},
    },
    config::{Symbols, Theme},
    domain::{Kind, Level},
    store::Status,
};

/// What the words and numbers of the state are made of where nothing about them is sound.
type Bend = ([u8; 3], i64, String, f64);

/// The same state, with a clock, a text and figures that no service, store or person would give.
fn bent(mut s: State, (dice, skew, text, rate): Bend) -> State {
    s.notices.status_message = (dice[0] % 5 == 0).then(|| text.clone());
    s.navigation.log_filter.text = text.clone().into();
    s.navigation.command = (dice[0] % 7 == 0).then(|| text.clone().into());
    if dice[0] % 3 == 0 {
        s.navigation.filter.text = text.clone().into();
        s.navigation.filter.editing = dice[0] % 2 == 0;
    }
    if let Some(Overlay::Note { text: note, .. }) = &mut s.navigation.overlay {
        note.clone_from(&text);
    }
    for alert in &mut s.live.alerts {
        if let AlertKind::Problem { text: about, count, .. } = &mut alert.kind {
            (*about, *count) = (text.as_str().into(), u32::from(dice[1]) << (dice[2] % 24));
        }
    }
    s.navigation.offset.insert(Kind::Agent, usize::from(dice[1]));
    s.notices.list.push(Notice { topic: Topic::Log, text });
    s.live.now.mono.0 = s.live.now.mono.0.saturating_add(if dice[1] % 2 == 0 { skew } else { skew % 10_000_000 });
    if let Some(status) = &mut s.live.status {
        *status = Status { rate, sweep: Duration::from_secs(u64::from(dice[1]) << (dice[2] % 50)), ..status.clone() };
    }
    if dice[2] % 7 == 0 {
        s.live.rows.clear();
        s.toggle_freeze();
    }
    s
}

fn symbols() -> impl Strategy<Value = Symbols> {
    prop_oneof![Just(Symbols::Unicode), Just(Symbols::Block), Just(Symbols::Ascii)]
}

/// The picture as soon as the history has said what the chart asked for.
fn settled(world: &mut World, symbols: Symbols, (w, h): (u16, u16)) -> String {
    let look = look(Theme::Auto, symbols);
    if let Some(chart) = picture(world.state(), &look, w, h).1.chart {
        world.look_back(&chart);
    }
    words(&picture(world.state(), &look, w, h).0)
}

/// The lines of a picture in which a name is.
fn lines_with<'a>(picture: &'a str, name: &str) -> Vec<&'a str> {
    picture.lines().filter(|line| line.contains(name)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_floor_is_drawn_at_any_size_within_its_area(
        script in script(),
        people in anybody(),
        bend in (any::<[u8; 3]>(), any::<i64>(), any::<String>(), any::<f64>()),
        small in prop::option::weighted(0.4, (1u16..60, 1u16..20)),
        symbols in symbols(),
    ) {
        let (w, h) = small.unwrap_or(script.size);
        let mut world = World::new(&script, &people);
        settled(&mut world, symbols, (w, h));
        let state = bent(world.state().clone(), bend);
        draws_within("any floor", &state, &look(Theme::Auto, symbols), w, h);
    }

    #[test]
    fn no_column_comes_or_goes_or_moves_because_of_a_mark(script in script()) {
        let mut marked = World::new(&script, &plain_people()).floor.state;
        (marked.navigation.wall, marked.frozen) = (None, None);
        let mut plain = marked.clone();
        plain.live.alerts.iter_mut().for_each(|alert| alert.ack = None);
        plain.live.mutes.clear();
        plain.live.warming.clear();
        plain.navigation.marked.clear();
        plain.navigation.pins.clear();
        let (w, h) = script.size;
        let titles = |state| -> Vec<_> {
            let (_, layout) = picture(state, &look(Theme::Auto, Symbols::Unicode), w, h);
            layout.tables.into_iter().map(|table| (table.kind, table.titles)).collect()
        };
        prop_assert_eq!(titles(&marked), titles(&plain));
    }

    #[test]
    fn the_list_the_row_and_the_detail_tell_of_one_alert(script in script()) {
        let people = plain_people();
        let mut state = World::new(&script.named(Names::Full), &people).floor.state;
        let at = &mut state.navigation;
        (at.overlay, at.wall, at.command, at.detail_open) = (None, None, None, false);
        at.filter = Default::default();
        state.preferences.columns.clear();
        state.preferences.fold_logged_out = false;
        let drawn = |state: &State| words(&picture(state, &look(Theme::Auto, Symbols::Unicode), 300, 80).0);
        let at_view = |view| {
            let mut state = state.clone();
            state.navigation.view = view;
            drawn(&state)
        };
        let (list, table) = (at_view(View::Alerts), at_view(View::Agents));
        for alert in active(state.shown()) {
            let crate::alert::Subject::Target(target) = &alert.id.subject else { continue };
            let (Some(claims), Some(line)) = (claims::of(&state, alert), rows::line(&state, target)) else { continue };
            let (since, lasted) = claims::lasting(&state, alert);
            let claim = &claims.texts()[0];
            let name = crate::app::names::of(&state, target);
            let told = format!("{} {:4} ", RowState::Fresh(claims.level).word(), cells::held(lasted));
            let all = lines_with(&list, &name);
            let has = |l: &&&str| {
                let words = l.split_whitespace().collect::<Vec<_>>().join(" ");
                words.contains(told.trim()) && l.contains(claim.as_str())
            };
            prop_assert!(all.iter().any(|l| has(&l)), "{told:?} {claim:?} of {name}: {all:?}");
            if target.kind == Kind::Agent {
                let row = lines_with(&table, &name);
                let fresh = matches!(line.state, RowState::Fresh(_));
                let span = line.held.filter(|_| fresh).map(cells::held).unwrap_or_default();
                let word = line.state.word();
                let says = |l: &&str| l.split_whitespace().collect::<Vec<_>>().join(" ").contains(&format!("{word} {span}"));
                prop_assert!(row.iter().any(says), "{word} {span} of {name}: {row:?}");
                if let RowState::Fresh(own) = line.state
                    && own.is_beside(claims.level)
                {
                    prop_assert_eq!(span, cells::held(lasted));
                }
            }
            let mut open = state.clone();
            open.navigation.view = View::Agents;
            open.navigation.detail_open = true;
            open.navigation.focus = target.kind;
            open.navigation.selected.clear();
            open.navigation.selected.insert(target.kind, target.clone());
            let detail = drawn(&open);
            let moment = text::moment(since, rows::shown_now(&state).wall, &state.config.zone);
            let (when, whole) = match lasted {
                Held { span, open: true } => (format!("for over {}", text::spoken(span)), String::new()),
                Held { span, open: false } => (format!("since {moment}"), format!(" ({})", text::brief(span))),
            };
            let told = |how: &str| format!("alert {}{how} {when}{whole}: {claim}", claims.level.word());
            let all = [told(""), told(", outside the band")];
            prop_assert!(all.iter().any(|sentence| detail.contains(sentence)), "{all:?}\n{detail}");
            // Since when the row is outside is since when the alert has been, or both are told.
            if let RowState::Fresh(own) = line.state
                && own.is_beside(claims.level) && own != Level::Inside
            {
                let all = [format!("the band {when}"), format!(", alert {when}")];
                prop_assert!(all.iter().any(|told| detail.contains(told)), "{when}\n{detail}");
            }
            // Who has seen it is said by a mark of the row.
            let expected = crate::app::alerts::is_muted(state.shown(), &alert.id.subject).then_some(Mark::Muted);
            prop_assert_eq!(line.mark, expected.or_else(|| alert.is_acked().then_some(Mark::Acked)));
        }
    }
}
