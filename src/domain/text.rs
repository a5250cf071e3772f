//! Text that came from elsewhere: made harmless, and cut to cells.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// True for what must never reach a terminal or a line of output: C0 and C1 controls, and the invisible characters that
/// reorder, hide or break text (bidirectional controls, line and paragraph separators, tags, BOM, soft hyphen).
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// `text` with every unsafe character replaced by U+FFFD, at most `max` characters long (an ellipsis marks the cut).
pub fn clean(text: &str, max: usize) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) && text.chars().nth(max).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out: String = text.chars().take(max).map(|c| if is_unsafe(c) { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(max).is_some() {
        out.pop();
        out.push('…');
    }
    Cow::Owned(out)
}

/// [`clean`] with white space runs folded to one space and the ends trimmed: for messages in one line.
pub fn clean_line(text: &str, max: usize) -> String {
    let folded = text.split_whitespace().collect::<Vec<_>>().join(" ");
    clean(&folded, max).into_owned()
}

/// What a sentence about a failure begins with: the words before its first colon or parenthesis. These are our own; what
/// the service or another program said stands behind them.
pub fn opening(text: &str) -> &str {
    text.split([':', '(']).next().unwrap_or("").trim_end()
}

/// `text` in exactly `width` terminal cells: padded on the right, or cut between grapheme clusters with `ellipsis`.
///
/// Clusters wider than two cells by the width table (some emoji sequences) are counted as the table says; a cluster of
/// zero width at the start is dropped, since it would attach to what stands before it.
pub fn fit(text: &str, width: usize, ellipsis: &str) -> String {
    let total = text.width();
    let leading_mark = text.graphemes(true).next().is_some_and(|g| g.width() == 0);
    if total <= width && !leading_mark {
        return format!("{text}{}", " ".repeat(width - total));
    }
    let room = if total <= width { width } else { width.saturating_sub(ellipsis.width()) };
    let mut out = String::new();
    let mut used = 0;
    for g in text.graphemes(true) {
        let w = g.width();
        if w == 0 && used == 0 {
            continue;
        }
        if used + w > room {
            break;
        }
        used += w;
        out.push_str(g);
    }
    if total > width && ellipsis.width() <= width {
        out.push_str(ellipsis);
        used += ellipsis.width();
    }
    out.push_str(&" ".repeat(width.saturating_sub(used)));
    out
}

/// The initials of a name: the first cluster of each of its first three words, upper case.
pub fn initials(name: &str) -> String {
    name.split_whitespace().take(3).filter_map(|w| w.graphemes(true).next()).map(str::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escape_sequences_and_overrides_lose_their_power() {
        assert_eq!(clean("a\u{1b}[31mb\u{9b}2J\n\u{202e}c", 99), "a\u{fffd}[31mb\u{fffd}2J\u{fffd}\u{fffd}c");
        assert_eq!(clean("प्रिया ๑ 王小明 👩‍💻", 99), "प्रिया ๑ 王小明 👩‍💻");
        assert_eq!(clean("abcdef", 4), "abc…");
        assert_eq!(clean_line("  max \t limit\nexceeded ", 99), "max limit exceeded");
    }

    #[test]
    fn a_cut_never_splits_a_cluster() {
        assert_eq!(fit("Imran Q", 9, "…"), "Imran Q  ");
        assert_eq!(fit("Imran Qureshi", 9, "…"), "Imran Qu…");
        assert_eq!(fit("王小明", 4, "…"), "王… ");
        assert_eq!(fit("e\u{301}tude", 3, "…"), "e\u{301}t…");
        assert_eq!(fit("abc", 0, "…"), "");
        assert_eq!(fit("abc", 2, "..."), "  ");
    }

    #[test]
    fn the_opening_of_a_failure_quotes_nobody() {
        assert_eq!(opening("the answer is not understood (the log has it): Asha"), "the answer is not understood");
        assert_eq!(opening("no answer within 10s: the service is slow"), "no answer within 10s");
        assert_eq!((opening("no good answer"), opening("")), ("no good answer", ""));
    }

    #[test]
    fn initials_of_some_scripts() {
        assert_eq!(initials("Priya Sharma"), "PS");
        assert_eq!(initials("प्रिया शर्मा"), "प्रिश");
        assert_eq!(initials(""), "");
    }

    proptest! {
        #[test]
        fn a_fitted_text_has_exactly_its_width(text in "\\PC{0,30}", width in 0usize..20) {
            prop_assert_eq!(fit(&text, width, "…").width(), width);
        }

        #[test]
        fn clean_text_has_no_controls(text in any::<String>(), max in 1usize..40) {
            let out = clean(&text, max);
            prop_assert!(!out.chars().any(is_unsafe));
            prop_assert!(out.chars().count() <= max);
        }
    }
}
