//! How a terminal calls somebody: its bell, and desktop notifications that it may know.

use crate::{config::Notify, domain::clean_line};

/// Longest text of a notification in characters.
const LONGEST: usize = 200;

/// The bytes that ring the bell and show `text`, as far as both are wanted. Nothing in `text` can end the sequence.
pub fn attention(bell: bool, notify: Notify, text: &str) -> Vec<u8> {
    let text = clean_line(text, LONGEST);
    let mut out = match notify {
        Notify::Off => String::new(),
        Notify::Osc9 => format!("\x1b]9;ahtop: {text}\x1b\\"),
        // The semicolon separates the fields here.
        Notify::Osc777 => format!("\x1b]777;notify;ahtop;{}\x1b\\", text.replace(';', ",")),
    };
    if bell {
        out.push('\x07');
    }
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_way_has_its_form() {
        let of = |bell, notify| String::from_utf8(attention(bell, notify, "Devika R; HIGH\u{1b}\\ 7:48")).unwrap();
        assert_eq!(of(false, Notify::Off), "");
        assert_eq!(of(true, Notify::Off), "\x07");
        assert_eq!(of(false, Notify::Osc9), "\x1b]9;ahtop: Devika R; HIGH\u{fffd}\\ 7:48\x1b\\");
        assert_eq!(of(true, Notify::Osc777), "\x1b]777;notify;ahtop;Devika R, HIGH\u{fffd}\\ 7:48\x1b\\\x07");
    }

    proptest! {
        #[test]
        fn no_text_ends_the_sequence(text in any::<String>()) {
            for notify in [Notify::Osc9, Notify::Osc777] {
                let out = String::from_utf8(attention(false, notify, &text)).unwrap();
                prop_assert_eq!(out.chars().filter(|c| c.is_control()).count(), 2);
            }
        }
    }
}
