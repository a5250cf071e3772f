//! The backend that ratatui draws on: everything of a frame leaves in one write, inside a synchronized update, and a
//! frame without changes writes nothing.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use crossterm::{
    cursor::{Hide, MoveTo, Show},
    queue,
    style::ResetColor,
    terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate},
};
use ratatui::{
    backend::{Backend, ClearType, CrosstermBackend, WindowSize},
    buffer::{Cell, CellWidth},
    layout::{Position, Size},
};

use super::pen::Pen;

/// Where the bytes of a frame go, and how large it is.
pub trait Tty: Write {
    /// Columns and rows.
    ///
    /// # Errors
    /// Where the terminal cannot say.
    fn size(&self) -> io::Result<(u16, u16)>;
}

/// A frame buffer in front of a terminal.
#[derive(Debug)]
pub struct Screen<T> {
    tty: T,
    frame: Vec<u8>,
    cursor_shown: Option<bool>,
    cursor_at: Option<Position>,
    pen: Pen,
    /// Clusters of several characters on more than one cell, with their widths, by row and column.
    clusters: BTreeMap<(u16, u16), u16>,
}

impl<T: Tty> Screen<T> {
    /// A screen on `tty`, which is already in the right mode.
    pub fn new(tty: T) -> Self {
        Screen {
            tty,
            frame: Vec::new(),
            cursor_shown: None,
            cursor_at: None,
            pen: Pen::default(),
            clusters: BTreeMap::new(),
        }
    }

    /// Cells that keep a part of a cluster over which `content` is drawn. A terminal takes away the second half of a
    /// wide character with its first, but it keeps a cluster as characters, each in a cell of its own, and the part
    /// behind the first cell is no difference between two frames.
    fn leftovers(&mut self, content: &[(u16, u16, &Cell)]) -> Vec<(u16, u16)> {
        let mut left = Vec::new();
        for &(x, y, cell) in content {
            let width = cell.cell_width().max(1);
            for column in x..x.saturating_add(width) {
                if let Some(old) = self.clusters.remove(&(y, column)) {
                    left.extend((column.saturating_add(1)..column.saturating_add(old)).map(|part| (part, y)));
                }
            }
            if width > 1 && cell.symbol().chars().nth(1).is_some() {
                self.clusters.insert((y, x), width);
            }
        }
        left
    }

    fn show(&mut self, shown: bool) -> io::Result<()> {
        if self.cursor_shown == Some(shown) {
            return Ok(());
        }
        self.cursor_shown = Some(shown);
        if shown { queue!(self.frame, Show) } else { queue!(self.frame, Hide) }
    }
}

impl<T: Tty> Backend for Screen<T> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let content: Vec<_> = content.collect();
        if content.is_empty() {
            return Ok(());
        }
        self.cursor_at = None;
        let width = self.tty.size()?.0;
        let (blank, leftovers) = (Cell::EMPTY, self.leftovers(&content));
        for (x, y, cell) in leftovers.iter().map(|&(x, y)| (x, y, &blank)).chain(content) {
            self.pen.put(&mut self.frame, (x, y), cell, width);
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.show(false)
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.show(true)
    }

    /// The last position that was set: the terminal is never asked, since its answer would come among the keys.
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.cursor_at.unwrap_or(Position::ORIGIN))
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        if self.cursor_at == Some(position) {
            return Ok(());
        }
        self.cursor_at = Some(position);
        self.pen.forget();
        queue!(self.frame, MoveTo(position.x, position.y))
    }

    /// Nothing is known of the screen any more, nor of the cursor: somebody else may have had the terminal.
    fn clear(&mut self) -> io::Result<()> {
        (self.cursor_shown, self.cursor_at) = (None, None);
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        if clear_type == ClearType::All {
            self.clusters.clear();
        }
        self.pen.forget();
        // What is cleared takes the colour of the background that is set.
        queue!(self.frame, ResetColor)?;
        CrosstermBackend::new(&mut self.frame).clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        let (width, height) = self.tty.size()?;
        Ok(Size { width, height })
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size()?, pixels: Size { width: 0, height: 0 } })
    }

    /// Sends the frame, if there is anything in it.
    fn flush(&mut self) -> io::Result<()> {
        self.pen.forget();
        if self.frame.is_empty() {
            return Ok(());
        }
        let mut out = Vec::with_capacity(self.frame.len() + 16);
        queue!(out, BeginSynchronizedUpdate)?;
        out.append(&mut self.frame);
        queue!(out, EndSynchronizedUpdate)?;
        self.tty.write_all(&out)?;
        self.tty.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, rc::Rc};

    use ratatui::{Terminal, widgets::Paragraph};

    use super::*;

    /// Keeps each write by itself.
    #[derive(Clone, Default)]
    struct Writes(Rc<RefCell<Vec<Vec<u8>>>>);

    impl Write for Writes {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().push(buf.to_vec());
            Ok(buf.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Tty for Writes {
        fn size(&self) -> io::Result<(u16, u16)> {
            Ok((20, 3))
        }
    }

    #[test]
    fn a_frame_is_one_synchronized_write_and_an_unchanged_one_is_none() {
        let writes = Writes::default();
        let mut terminal = Terminal::new(Screen::new(writes.clone())).unwrap();
        let mut draw = |text: &str, cursor: Option<(u16, u16)>| {
            terminal
                .draw(|frame| {
                    frame.render_widget(Paragraph::new(text.to_owned()), frame.area());
                    if let Some(at) = cursor {
                        frame.set_cursor_position(at);
                    }
                })
                .unwrap();
            std::mem::take(&mut *writes.0.borrow_mut())
        };
        let first = draw("4:47", None);
        assert_eq!(first.len(), 1);
        let text = String::from_utf8(first.concat()).unwrap();
        assert!(text.starts_with("\x1b[?2026h") && text.ends_with("\x1b[?2026l") && text.contains("4:47"), "{text:?}");
        assert!(draw("4:47", None).is_empty());
        assert_eq!(draw("4:48", Some((3, 0))).len(), 1);
        assert!(draw("4:48", Some((3, 0))).is_empty());
        assert_eq!(draw("4:48", None).len(), 1);
    }

    #[test]
    fn after_a_clear_nothing_is_known_of_the_cursor() {
        let writes = Writes::default();
        let mut screen = Screen::new(writes.clone());
        let show = |screen: &mut Screen<Writes>| {
            screen.show_cursor().unwrap();
            screen.flush().unwrap();
            std::mem::take(&mut *writes.0.borrow_mut()).len()
        };
        assert_eq!((show(&mut screen), show(&mut screen)), (1, 0));
        screen.clear().unwrap();
        screen.flush().unwrap();
        writes.0.borrow_mut().clear();
        assert_eq!(show(&mut screen), 1, "somebody else may have hidden it");
    }

    #[test]
    fn a_clear_is_part_of_the_next_frame() {
        let writes = Writes::default();
        let mut terminal = Terminal::new(Screen::new(writes.clone())).unwrap();
        terminal.draw(|f| f.render_widget(Paragraph::new("a"), f.area())).unwrap();
        writes.0.borrow_mut().clear();
        terminal.clear().unwrap();
        assert!(writes.0.borrow().is_empty());
        terminal.draw(|f| f.render_widget(Paragraph::new("a"), f.area())).unwrap();
        let text = String::from_utf8(writes.0.borrow().concat()).unwrap();
        assert_eq!(writes.0.borrow().len(), 1);
        assert!(text.contains("\x1b[2J") && text.contains('a'));
    }
}
