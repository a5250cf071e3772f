//! A picture without a terminal: for a file, and for a page.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    app::{Event, State, update},
    config::{Colors, Symbols, Ui},
    ui::{self, Look, TerminalFacts},
};

/// How `ui` looks where every colour and every character can be shown; `light`: on a light ground.
pub fn still_look(ui: &Ui, light: bool) -> Look {
    let symbols = if ui.symbols == Symbols::Auto { Symbols::Unicode } else { ui.symbols };
    Look::resolve(
        &Ui { symbols, ..ui.clone() },
        TerminalFacts { colors: Colors::True, utf8: true, braille: true, light },
    )
}

/// Draws `state` on so many columns and rows, and leaves in it how much room there was.
pub fn draw_still(state: &mut State, (columns, rows): (u16, u16), look: &Look) -> Buffer {
    let area = Rect::new(0, 0, columns, rows);
    let mut buffer = Buffer::empty(area);
    // The first frame may find other room than was thought; the second one is drawn for that.
    for _ in 0..2 {
        let layout = ui::draw_on(&mut buffer, area, state, look);
        let (revision, same_room) = (state.revision, layout == state.layout);
        let now = state.live.now.clone();
        // What a dashboard would do about it beside drawing is not for a picture.
        drop(update(state, Event::Drawn(layout), now));
        if same_room && state.revision == revision {
            break;
        }
    }
    buffer
}
