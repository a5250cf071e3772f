//! A picture of a terminal screen as one self-contained SVG.
//!
//! Every run of equal cells is a text element that says where its columns are, so that a viewer whose font is a little
//! wider or narrower still keeps them. The 16 ANSI colours and the default ones are given values here, because a
//! file has no terminal that would bring its own.

use std::fmt::Write as _;

use ratatui::{
    buffer::{Buffer, Cell, CellWidth},
    style::{Color, Modifier},
};

use crate::ui::theme::rgb_of;

/// Size of a cell and margin around the screen, in user units. Nine units are the advance of DejaVu Sans Mono at 14.95,
/// so that also a viewer which does not know how to place single characters shows the columns straight.
pub(super) const CELL: (u32, u32) = (9, 18);
const MARGIN: u32 = 14;
/// Height of the title bar.
const TITLE: u32 = 28;
/// The element around all text.
pub(super) const TEXT: &str = "<g font-family=\"ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace\" \
                              font-size=\"14.95\" xml:space=\"preserve\">";
/// Default ink and paper.
const INK: u32 = 0x00d4_d4d4;
const PAPER: u32 = 0x0016_1821;

/// What a picture is drawn on: a file has no terminal whose own colours would show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paper {
    /// Light ink on dark paper.
    #[default]
    Dark,
    /// Dark ink on light paper.
    Light,
}

impl Paper {
    /// Default ink and paper.
    pub(super) const fn colors(self) -> (u32, u32) {
        match self {
            Paper::Dark => (INK, PAPER),
            Paper::Light => (0x0020_2428, 0x00fa_fafa),
        }
    }
}

/// The ANSI colours, normal and bright.
const ANSI: [(Color, u32); 16] = [
    (Color::Black, 0x0028_2a36),
    (Color::Red, 0x00e0_6c75),
    (Color::Green, 0x008f_bf7f),
    (Color::Yellow, 0x00e5_b567),
    (Color::Blue, 0x0061_9fe0),
    (Color::Magenta, 0x00c6_86dd),
    (Color::Cyan, 0x0056_b6c2),
    (Color::Gray, 0x00c8_ccd4),
    (Color::DarkGray, 0x0070_7684),
    (Color::LightRed, 0x00ff_7b86),
    (Color::LightGreen, 0x00a9_d99a),
    (Color::LightYellow, 0x00ff_cf7f),
    (Color::LightBlue, 0x007f_bbff),
    (Color::LightMagenta, 0x00de_a2f2),
    (Color::LightCyan, 0x0070_d0dc),
    (Color::White, 0x00ff_ffff),
];

/// The screen `buffer` as an SVG document on this paper, with `title` in its bar and for those who cannot see it. Control
/// characters in the title or the cells are left out.
pub fn svg(buffer: &Buffer, title: &str, paper: Paper) -> String {
    let (columns, rows) = (u32::from(buffer.area.width), u32::from(buffer.area.height));
    let (width, height) = (columns * CELL.0 + 2 * MARGIN, rows * CELL.1 + 2 * MARGIN + TITLE);
    let title = escape(title);
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" role=\"img\" aria-label=\"{title}\">\n<title>{title}</title>\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{paper}\"/>\n\
         <text x=\"{middle}\" y=\"{baseline}\" text-anchor=\"middle\" font-family=\"sans-serif\" font-size=\"13\" \
         fill=\"{dim}\">{title}</text>\n\
         {TEXT}\n",
        paper = hex(paper.colors().1),
        dim = hex(ANSI[8].1),
        middle = width / 2,
        baseline = TITLE / 2 + 6,
    );
    for y in 0..buffer.area.height {
        line(&mut out, buffer, y, paper, (MARGIN, MARGIN + TITLE));
    }
    out.push_str("</g>\n</svg>\n");
    out
}

/// The looks of a run of cells.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Face {
    ink: u32,
    paper: u32,
    modifier: Modifier,
}

impl Face {
    fn of(cell: &Cell, on: Paper) -> Face {
        let (default_ink, default_paper) = on.colors();
        let (mut ink, mut paper) = (rgb(cell.fg, default_ink), rgb(cell.bg, default_paper));
        if cell.modifier.contains(Modifier::REVERSED) {
            std::mem::swap(&mut ink, &mut paper);
        }
        if cell.modifier.contains(Modifier::DIM) {
            ink = mix(ink, paper);
        }
        if cell.modifier.contains(Modifier::HIDDEN) {
            ink = paper;
        }
        let kept = Modifier::BOLD | Modifier::ITALIC | Modifier::UNDERLINED | Modifier::CROSSED_OUT;
        Face { ink, paper, modifier: cell.modifier & kept }
    }
}

/// Adds a row of cells, where the first cell of the first row has its corner at `origin`.
pub(super) fn line(out: &mut String, buffer: &Buffer, y: u16, paper: Paper, origin: (u32, u32)) {
    let area = buffer.area;
    let cell = |x: u16| buffer.cell((area.x.saturating_add(x), area.y.saturating_add(y)));
    let mut x = 0;
    let mut runs: Vec<Run> = Vec::new();
    while x < area.width {
        let Some(c) = cell(x) else { break };
        let symbol: String = c.symbol().chars().filter(|c| !c.is_control()).collect();
        let symbol = if symbol.is_empty() { " ".to_owned() } else { symbol };
        let width = symbol.cell_width().clamp(1, area.width - x);
        let (face, kind) = (Face::of(c, paper), Kind::of(&symbol, width));
        match runs.last_mut() {
            Some(run) if run.face == face && run.kind == kind && kind != Kind::Cluster => {
                run.width += width;
                run.text.push_str(&symbol);
            }
            _ => runs.push(Run { x, width, face, kind, text: symbol }),
        }
        x += width;
    }
    for r in &runs {
        run(out, y, r, paper, origin);
    }
}

/// Equal cells in a row.
struct Run {
    x: u16,
    width: u16,
    face: Face,
    kind: Kind,
    text: String,
}

/// How the columns of a run are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// By the length of the whole.
    Ascii,
    /// By a place for each character, because fonts disagree about these.
    Signs,
    /// Blocks and Braille are drawn, because fonts leave seams between the one and widen the other.
    Shapes,
    /// A shaded block, drawn too.
    Shade,
    /// Letters of another script, by the length of the whole: they join, and fonts make them wider or narrower than cells.
    Script,
    /// One cluster alone, by its length.
    Cluster,
}

impl Kind {
    fn of(symbol: &str, width: u16) -> Kind {
        // Of Latin, Greek and Cyrillic letters there are some in every font for terminals, as wide as a cell.
        if symbol.chars().next().is_some_and(|c| c >= '\u{530}' && c.is_alphabetic()) {
            return if symbol.chars().count() == 1 && width > 1 { Kind::Cluster } else { Kind::Script };
        }
        match symbol.chars().count() {
            1 if symbol.is_ascii() => Kind::Ascii,
            1 if width == 1 => match symbol.chars().next() {
                Some('\u{2580}'..='\u{2588}' | '\u{2800}'..='\u{28ff}') => Kind::Shapes,
                Some('\u{2591}'..='\u{2593}') => Kind::Shade,
                _ => Kind::Signs,
            },
            _ => Kind::Cluster,
        }
    }
}

fn run(out: &mut String, y: u16, run: &Run, on: Paper, origin: (u32, u32)) {
    let column = |x: u32| origin.0 + x * CELL.0;
    let (left, top) = (column(u32::from(run.x)), origin.1 + u32::from(y) * CELL.1);
    let width = u32::from(run.width) * CELL.0;
    let Face { ink, paper, modifier } = run.face;
    if paper != on.colors().1 {
        let (height, fill) = (CELL.1, hex(paper));
        let _ = writeln!(out, "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" fill=\"{fill}\"/>");
    }
    let line = modifier.intersects(Modifier::UNDERLINED | Modifier::CROSSED_OUT);
    if run.text.trim().is_empty() && !line {
        return;
    }
    if matches!(run.kind, Kind::Shapes | Kind::Shade) {
        let shade = if run.kind == Kind::Shade { " fill-opacity=\"0.35\"" } else { "" };
        let (path, ink) = (shapes(run, left, top), hex(ink));
        let _ = writeln!(out, "<path d=\"{path}\" fill=\"{ink}\"{shade}/>");
        return;
    }
    let mut style = String::new();
    if modifier.contains(Modifier::BOLD) {
        style.push_str(" font-weight=\"bold\"");
    }
    if modifier.contains(Modifier::ITALIC) {
        style.push_str(" font-style=\"italic\"");
    }
    if modifier.contains(Modifier::UNDERLINED) {
        style.push_str(" text-decoration=\"underline\"");
    } else if modifier.contains(Modifier::CROSSED_OUT) {
        style.push_str(" text-decoration=\"line-through\"");
    }
    let (y, ink) = (top + CELL.1 - 4, hex(ink));
    let mut text = |place: &str, text: &str| {
        let _ = writeln!(out, "<text {place} y=\"{y}\" fill=\"{ink}\"{style}>{}</text>", escape(text));
    };
    match run.kind {
        Kind::Signs => {
            let first = u32::from(run.x);
            let columns: Vec<String> = (0..u32::from(run.width)).map(|i| column(first + i).to_string()).collect();
            text(&format!("x=\"{}\"", columns.join(" ")), &run.text);
        }
        // A line through or under blanks is seen.
        Kind::Ascii if !line => {
            for (at, piece) in pieces(&run.text) {
                let (x, width) = (left + at * CELL.0, u32::try_from(piece.len()).unwrap_or(0) * CELL.0);
                text(&long(x, width), piece);
            }
        }
        _ => text(&long(left, width), &run.text),
    }
}

/// A text that takes this many units.
fn long(x: u32, width: u32) -> String {
    format!("x=\"{x}\" textLength=\"{width}\" lengthAdjust=\"spacingAndGlyphs\"")
}

/// The pieces between several blanks, without blanks at their ends, and where each begins: some viewers leave such blanks
/// out, whatever the file says, and would stretch the rest over their place. `text` is ASCII.
fn pieces(text: &str) -> impl Iterator<Item = (u32, &str)> {
    let mut at = 0;
    text.split("  ").filter_map(move |part| {
        let begin = at + part.len() - part.trim_start().len();
        at += part.len() + 2;
        let piece = part.trim();
        (!piece.is_empty()).then(|| (u32::try_from(begin).unwrap_or(0), piece))
    })
}

/// The rectangles of the blocks and the dots of the Braille of a run, as one path.
fn shapes(run: &Run, left: u32, top: u32) -> String {
    let mut path = String::new();
    let mut rect = |x: u32, y: u32, w: u32, h: u32| {
        let _ = write!(path, "M{x} {y}h{w}v{h}h-{w}z");
    };
    let mut full: Option<(u32, u32)> = None;
    for (i, c) in (0u32..).zip(run.text.chars()) {
        let (x, code) = (left + i * CELL.0, u32::from(c));
        if matches!(code, 0x2588 | 0x2591..=0x2593) {
            // Neighbours are one rectangle.
            full = Some(full.map_or((x, CELL.0), |(from, w)| (from, w + CELL.0)));
            continue;
        }
        if let Some((from, w)) = full.take() {
            rect(from, top, w, CELL.1);
        }
        match code {
            0x2580 => rect(x, top, CELL.0, CELL.1 / 2),
            0x2581..=0x2587 => {
                let h = CELL.1 * (code - 0x2580) / 8;
                rect(x, top + CELL.1 - h, CELL.0, h);
            }
            _ => {
                for (bit, (dx, dy)) in
                    [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)].into_iter().enumerate()
                {
                    if (code - 0x2800) >> bit & 1 == 1 {
                        rect(x + 1 + dx * 4, top + 1 + dy * 9 / 2, 3, 3);
                    }
                }
            }
        }
    }
    if let Some((from, w)) = full {
        rect(from, top, w, CELL.1);
    }
    path
}

pub(super) fn hex(rgb: u32) -> String {
    format!("#{rgb:06x}")
}

/// Half way between two colours.
fn mix(a: u32, b: u32) -> u32 {
    [16, 8, 0].into_iter().map(|shift| (((a >> shift & 0xff) + (b >> shift & 0xff)) / 2) << shift).sum()
}

fn rgb(color: Color, default: u32) -> u32 {
    match color {
        Color::Rgb(r, g, b) => u32::from_be_bytes([0, r, g, b]),
        Color::Indexed(i) => ANSI.get(usize::from(i)).map_or_else(|| rgb_of(i), |(_, rgb)| *rgb),
        named => ANSI.iter().find(|(color, _)| *color == named).map_or(default, |(_, rgb)| *rgb),
    }
}

/// Text for XML, without what XML 1.0 does not allow.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ratatui::{layout::Rect, style::Style};

    fn buffer(lines: &[(&str, Style)]) -> Buffer {
        let mut buf = Buffer::empty(Rect::new(0, 0, 20, u16::try_from(lines.len()).unwrap()));
        for (y, (text, style)) in lines.iter().enumerate() {
            buf.set_stringn(0, u16::try_from(y).unwrap(), text, 20, *style);
        }
        buf
    }

    #[test]
    fn text_is_escaped_and_controls_do_not_pass() {
        let mut buf = buffer(&[("a<b>&\"c\"", Style::new())]);
        buf.cell_mut((19, 0)).unwrap().set_symbol("\u{1b}");
        let out = svg(&buf, "x <script> \u{7}", Paper::Dark);
        assert!(out.contains("a&lt;b&gt;&amp;&quot;c&quot;") && out.contains("x &lt;script&gt; "));
        assert!(!out.contains("<script") && !out.chars().any(|c| c.is_control() && c != '\n'));
    }

    #[test]
    fn blanks_at_the_ends_and_between_columns_are_no_part_of_a_text() {
        assert_eq!(pieces("  ab c   d ").collect::<Vec<_>>(), [(2, "ab c"), (9, "d")]);
        assert_eq!(pieces("ab").collect::<Vec<_>>(), [(0, "ab")]);
        assert_eq!(pieces("    ").count(), 0);
        let mut buffer = Buffer::empty(ratatui::layout::Rect::new(0, 0, 12, 1));
        buffer.set_string(0, 0, "  ab c   d", ratatui::style::Style::new());
        let drawn = svg(&buffer, "", Paper::Dark);
        assert!(drawn.contains(&format!("<text {} y=", long(MARGIN + 2 * CELL.0, 4 * CELL.0))), "{drawn}");
        assert!(drawn.contains(">ab c</text>") && drawn.contains(">d</text>"), "{drawn}");
    }

    #[test]
    fn a_wide_cluster_moves_nothing_behind_it() {
        let mut buf = buffer(&[("王b┌─", Style::new())]);
        buf.cell_mut((5, 0)).unwrap().set_symbol("é");
        let out = svg(&buf, "", Paper::Dark);
        let x = |n: u32| MARGIN + n * CELL.0;
        assert!(out.contains(&format!("<text x=\"{}\" textLength=\"18\"", x(0))), "{out}");
        assert!(out.contains(&format!("<text x=\"{}\" textLength=\"9\"", x(2))), "{out}");
        assert!(out.contains(&format!("<text x=\"{} {} {}\"", x(3), x(4), x(5))), "{out}");
    }

    #[test]
    fn letters_of_another_script_are_one_text_in_their_cells() {
        let out = svg(&buffer(&[("a रोहित P", Style::new()), ("கார்த்திக் 王王", Style::new())]), "", Paper::Dark);
        let x = |n: u32| MARGIN + n * CELL.0;
        let text = |n, cells: u32, text: &str| {
            let place =
                format!("<text x=\"{}\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\"", x(n), cells * CELL.0);
            out.lines().any(|line| line.starts_with(&place) && line.ends_with(&format!(">{text}</text>")))
        };
        let cells = |text: &str| u32::from(text.cell_width());
        assert!(text(2, cells("रोहित"), "रोहित"), "{out}");
        let tamil = cells("கார்த்திக்");
        assert!(text(0, tamil, "கார்த்திக்"), "{out}");
        // Wide signs are as wide in every font: each keeps its cells by itself.
        assert!(text(tamil + 1, 2, "王") && text(tamil + 3, 2, "王"), "{out}");
    }

    #[test]
    fn blocks_and_braille_are_drawn_where_their_cells_are() {
        let out = svg(&buffer(&[("a██▄⠉░", Style::new())]), "", Paper::Dark);
        let (x, top) = (|n: u32| MARGIN + n * CELL.0, MARGIN + TITLE);
        // Two full blocks are one rectangle, a lower half begins in the middle, the upper dots stand side by side.
        let block = format!("M{} {top}h{}v{h}h-{}z", x(1), 2 * CELL.0, 2 * CELL.0, h = CELL.1);
        let half = format!("M{} {}h{w}v{h}h-{w}z", x(3), top + CELL.1 / 2, w = CELL.0, h = CELL.1 / 2);
        let dots = format!("M{} {y}h3v3h-3zM{} {y}h3v3h-3z", x(4) + 1, x(4) + 5, y = top + 1);
        assert!(out.contains(&format!("<path d=\"{block}{half}{dots}\"")), "{out}");
        let shade = format!("<path d=\"M{} {top}h{w}v{h}h-{w}z\"", x(5), w = CELL.0, h = CELL.1);
        assert!(out.contains(&shade) && out.matches("fill-opacity").count() == 1, "{out}");
        assert!(!out.contains('█') && !out.contains('⠉'));
    }

    #[test]
    fn light_paper_has_dark_ink() {
        let out = svg(&buffer(&[("x", Style::new())]), "", Paper::Light);
        let (ink, paper) = Paper::Light.colors();
        assert!(out.contains(&format!("rx=\"8\" fill=\"{}\"", hex(paper))), "{out}");
        assert!(out.contains(&format!("fill=\"{}\">x", hex(ink))) && !out.contains(&hex(PAPER)), "{out}");
    }

    #[test]
    fn colours_and_modifiers_are_kept() {
        let style = Style::new().fg(Color::Indexed(215)).add_modifier(Modifier::BOLD | Modifier::UNDERLINED);
        let reversed = Style::new().add_modifier(Modifier::REVERSED);
        let out = svg(
            &buffer(&[("x", style), ("y", reversed), ("z", Style::new().bg(Color::Rgb(1, 2, 3)))]),
            "",
            Paper::Dark,
        );
        assert!(out.contains("fill=\"#ffaf5f\" font-weight=\"bold\" text-decoration=\"underline\">x"), "{out}");
        assert!(out.contains(&format!("fill=\"{}\">y", hex(PAPER))), "{out}");
        assert!(out.contains("fill=\"#010203\""), "{out}");
    }

    proptest! {
        #[test]
        fn any_screen_is_well_formed(text in any::<String>(), title in any::<String>()) {
            let mut buf = Buffer::empty(Rect::new(3, 2, 12, 2));
            buf.set_stringn(3, 2, &text, 12, Style::new());
            let out = svg(&buf, &title, Paper::Dark);
            prop_assert_eq!(out.matches("<text").count(), out.matches("</text>").count());
            prop_assert!(!out.chars().any(|c| c.is_control() && c != '\n'));
            prop_assert!(out.ends_with("</svg>\n"));
        }
    }
}
