//! A picture of a screen without anything around it, row by row: for a page that renews the rows that have changed.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, CellWidth};

use super::{
    Paper,
    svg::{CELL, TEXT, escape, hex, line},
};

/// The rows of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    size: (u16, u16),
    paper: Paper,
    rows: Vec<String>,
    /// The words of the picture, without the blanks at the ends of lines.
    text: String,
}

impl Sheet {
    /// The picture of `buffer` on this paper.
    pub fn new(buffer: &Buffer, paper: Paper) -> Self {
        let row = |y: u16| {
            let mut out = format!("<g id=\"r{y}\">");
            line(&mut out, buffer, y, paper, (0, 0));
            out.push_str("</g>");
            out.replace('\n', "")
        };
        let size = (buffer.area.width, buffer.area.height);
        Sheet { size, paper, rows: (0..size.1).map(row).collect(), text: words(buffer) }
    }

    /// The colour behind everything, as `#rrggbb`.
    pub fn paper(&self) -> String {
        hex(self.paper.colors().1)
    }

    /// The words of the picture.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The whole picture as one element, with `label` for those that cannot see it.
    pub fn svg(&self, label: &str) -> String {
        let (width, height) = (u32::from(self.size.0) * CELL.0, u32::from(self.size.1) * CELL.1);
        let (paper, label) = (self.paper(), escape(label));
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = write!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
             aria-label=\"{label}\"><rect width=\"{width}\" height=\"{height}\" fill=\"{paper}\"/>{TEXT}"
        );
        self.rows.iter().for_each(|row| out.push_str(row));
        out.push_str("</g></svg>");
        out
    }

    /// The rows that are not as they were in `before`: the id of each, and its element. `None`: the pictures have nothing
    /// in common.
    pub fn changed<'a>(&'a self, before: &Sheet) -> Option<Vec<(String, &'a str)>> {
        if (self.size, self.paper) != (before.size, before.paper) {
            return None;
        }
        let rows = self.rows.iter().zip(&before.rows).enumerate().filter(|(_, (new, old))| new != old);
        Some(rows.map(|(y, (new, _))| (format!("r{y}"), new.as_str())).collect())
    }
}

/// The words of `buffer`, without the blanks at the ends of lines.
pub fn words(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let (mut line, mut x) = (String::new(), 0);
        while x < buffer.area.width {
            let Some(cell) = buffer.cell((x, y)) else { break };
            line.push_str(cell.symbol());
            x += cell.cell_width().max(1);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_have_changed_are_told_apart() {
        let one = Sheet::new(&Buffer::with_lines(["a <b", "cd", "  "]), Paper::Dark);
        let two = Sheet::new(&Buffer::with_lines(["a <b", "ce", "  "]), Paper::Dark);
        assert_eq!((one.text(), two.text()), ("a <b\ncd\n\n", "a <b\nce\n\n"));
        let changed = two.changed(&one).unwrap();
        assert_eq!(changed.len(), 1);
        assert!(
            changed[0].0 == "r1" && changed[0].1.starts_with("<g id=\"r1\"><text") && changed[0].1.contains(">ce"),
            "{changed:?}"
        );
        assert!(one.changed(&one).unwrap().is_empty());
        let (light, larger) = (
            Sheet::new(&Buffer::with_lines(["a <b", "cd", "  "]), Paper::Light),
            Sheet::new(&Buffer::with_lines(["a <b", "cd", "  ", "  "]), Paper::Dark),
        );
        assert!(light.changed(&one).is_none() && larger.changed(&one).is_none());
        let svg = one.svg("a \"b\"");
        assert!(svg.starts_with("<svg ") && svg.contains("aria-label=\"a &quot;b&quot;\"") && !svg.contains('\n'));
        assert!(svg.contains("viewBox=\"0 0 36 54\"") && svg.contains("a &lt;b"), "{svg}");
    }
}
