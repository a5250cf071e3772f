//! What a terminal sends, byte by byte, and what of it is a key.
//!
//! Terminals also answer: to questions of a program that ran here before, of a shell, of a multiplexer. Such a reply may
//! come late and in pieces, and read as keys it would act: many hold a `q`. Here everything is read by the grammar of
//! terminals (ECMA-48), which tells where a reply begins and ends whatever is in it, and only keys, pastes and presses
//! of the mouse come out.
//!
//! ```text
//! ground ─ ESC ─► escape ─ [ ───────────► CSI: parameters ─ final byte ─► a key, or a reply: dropped
//!   ▲               │  │ └ O ───────────► SS3 ─ one byte ─► a key
//!   │               │  └── ] P X ^ _ ──► string, until ST or BEL: dropped
//!   └─ pause: Esc ──┘                     (after a pause: what is incomplete is dropped, or was Alt and a key)
//! ```

use std::time::Duration;

use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyEventKind, KeyEventState, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};

/// After so long a lone Esc is the key, and Alt with a key that could begin a sequence is that. A sequence of the
/// terminal arrives faster, also over a slow line.
const LONE: Duration = Duration::from_millis(100);
/// After so long without a byte the rest of a sequence does not come any more.
const PAUSE: Duration = Duration::from_secs(1);
/// Longer than any reply. What goes on after that counts as ended at the first short pause.
const LONGEST: usize = 1 << 20;
/// Most bytes of a paste that are kept: no line takes as many.
const PASTE: usize = 1 << 16;
/// Most bytes of parameters: no key has as many.
const PARAMETERS: usize = 32;

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;
/// The end of a string in one byte. In UTF-8 it is a part of characters: it only ends what began in one byte.
const ST: u8 = 0x9c;
const PASTE_END: &[u8] = b"\x1b[201~";

/// Where in what it reads it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Ground,
    /// A character of several bytes, so far, and how many it takes.
    Char { bytes: Vec<u8>, whole: usize, alt: bool },
    /// Behind an Esc.
    Escape,
    /// Parameters so far; `broken` where there are too many of them.
    Csi { parameters: Vec<u8>, broken: bool },
    /// Behind Esc and `O`.
    Ss3,
    /// Function keys of the Linux console.
    Console,
    /// A press of the mouse in its oldest form: three bytes.
    Mouse(Vec<u8>),
    /// What it began with, where that was Esc and a key; how long it is; whether its last byte was an Esc.
    String { opener: Option<u8>, length: usize, escape: bool },
    /// What is pasted, as far as it is kept, and how long it is.
    Paste { text: Vec<u8>, length: usize },
}

/// Turns bytes into keys.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    state: State,
}

impl Decoder {
    /// Takes `bytes`; what they complete goes to `out`.
    pub(super) fn read(&mut self, bytes: &[u8], out: &mut Vec<Event>) {
        for &byte in bytes {
            self.byte(byte, out);
        }
    }

    /// How long the next byte may take; then [`pause`](Self::pause) is to be called. `None`: nothing is waited for.
    pub(super) fn patience(&self) -> Option<Duration> {
        match &self.state {
            State::Ground => None,
            State::Escape | State::Ss3 => Some(LONE),
            State::Csi { parameters, broken: false } if parameters.is_empty() => Some(LONE),
            State::String { opener: Some(_), length: 0, escape: false } => Some(LONE),
            State::String { length, .. } | State::Paste { length, .. } if *length > LONGEST => Some(LONE),
            _ => Some(PAUSE),
        }
    }

    /// No byte came for as long as [`patience`](Self::patience) says.
    pub(super) fn pause(&mut self, out: &mut Vec<Event>) {
        let alt = |byte: u8| press(char_key(char::from(byte)), KeyModifiers::ALT);
        match std::mem::take(&mut self.state) {
            State::Escape => out.push(press(KeyCode::Esc.into(), KeyModifiers::NONE)),
            State::Ss3 => out.push(alt(b'O')),
            State::Csi { parameters, broken: false } if parameters.is_empty() => out.push(alt(b'[')),
            State::String { opener: Some(opener), length: 0, escape: false } => out.push(alt(opener)),
            State::Paste { text, .. } => out.extend(paste(&text)),
            _ => {}
        }
    }

    fn byte(&mut self, byte: u8, out: &mut Vec<Event>) {
        match std::mem::take(&mut self.state) {
            State::Ground => self.plain(byte, false, out),
            State::Char { mut bytes, whole, alt } => {
                if byte & 0xc0 != 0x80 {
                    // It was no character. What interrupts it is something of its own.
                    return self.plain(byte, false, out);
                }
                bytes.push(byte);
                if bytes.len() < whole {
                    self.state = State::Char { bytes, whole, alt };
                } else if let Some(c) = str::from_utf8(&bytes).ok().and_then(|text| text.chars().next()) {
                    out.extend(typed(c, alt));
                }
            }
            State::Escape => match byte {
                ESC => {
                    out.push(press(KeyCode::Esc.into(), KeyModifiers::NONE));
                    self.state = State::Escape;
                }
                b'[' => self.state = State::Csi { parameters: Vec::new(), broken: false },
                b'O' => self.state = State::Ss3,
                b']' | b'P' | b'X' | b'^' | b'_' => {
                    self.state = State::String { opener: Some(byte), length: 0, escape: false };
                }
                // The end of a string of which nothing else is known.
                b'\\' => {}
                _ => self.plain(byte, true, out),
            },
            State::Ss3 => match byte {
                b' '..=b'~' => out.extend(letter_key(byte).map(|code| press(code.into(), KeyModifiers::NONE))),
                _ => self.plain(byte, false, out),
            },
            State::Csi { mut parameters, broken } => match byte {
                b'@'..=b'~' if broken => {}
                b'@'..=b'~' => self.csi(&parameters, byte, out),
                b' '..=b'?' => {
                    let broken = broken || parameters.len() >= PARAMETERS;
                    if !broken {
                        parameters.push(byte);
                    }
                    self.state = State::Csi { parameters, broken };
                }
                // Cancelled, as terminals themselves understand it.
                0x18 | 0x1a => {}
                _ => self.plain(byte, false, out),
            },
            State::Console => match byte {
                b'A'..=b'E' => out.push(press(KeyCode::F(byte - b'A' + 1).into(), KeyModifiers::NONE)),
                b' '..=b'~' => {}
                _ => self.plain(byte, false, out),
            },
            State::Mouse(mut bytes) => {
                bytes.push(byte.wrapping_sub(b' '));
                match bytes[..] {
                    [button, x, y] => out.extend(mouse(button.into(), x.into(), y.into())),
                    _ => self.state = State::Mouse(bytes),
                }
            }
            State::String { opener, length, escape } => match byte {
                BEL | 0x18 | 0x1a => {}
                ST if opener.is_none() => {}
                b'\\' if escape => {}
                // Another sequence begins: this one is over without its end.
                ESC if escape => self.state = State::Escape,
                _ if escape => {
                    self.state = State::Escape;
                    self.byte(byte, out);
                }
                _ => self.state = State::String { opener, length: length.saturating_add(1), escape: byte == ESC },
            },
            State::Paste { mut text, length } => {
                text.push(byte);
                if text.ends_with(PASTE_END) {
                    text.truncate(text.len() - PASTE_END.len());
                    return out.extend(paste(&text));
                }
                // Beyond the limit the last bytes are kept, for the end.
                if text.len() >= PASTE + PASTE_END.len() {
                    text.remove(PASTE);
                }
                self.state = State::Paste { text, length: length.saturating_add(1) };
            }
        }
    }

    /// A byte that is not inside anything, with Alt where an Esc came before it.
    fn plain(&mut self, byte: u8, alt: bool, out: &mut Vec<Event>) {
        let whole = match byte {
            ESC => return self.state = State::Escape,
            ..0x80 => return out.extend(typed(char::from(byte), alt)),
            // The same openers in one byte.
            0x9b => return self.state = State::Csi { parameters: Vec::new(), broken: false },
            0x8f => return self.state = State::Ss3,
            0x90 | 0x98 | 0x9d..=0x9f => {
                return self.state = State::String { opener: None, length: 0, escape: false };
            }
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => return,
        };
        self.state = State::Char { bytes: vec![byte], whole, alt };
    }

    /// A whole control sequence.
    fn csi(&mut self, parameters: &[u8], last: u8, out: &mut Vec<Event>) {
        if let Some(report) = parameters.strip_prefix(b"<") {
            if let ([button, x, y], b'M') = (numbers(report).as_slice(), last) {
                out.extend(mouse(button.0, x.0, y.0));
            }
            return;
        }
        // `?`, `>` and `=` mark what is the terminal's own, and so do bytes between the parameters and the end.
        if !parameters.iter().all(|b| matches!(b, b'0'..=b'9' | b';' | b':')) {
            return;
        }
        let numbers = numbers(parameters);
        let first = numbers.first().map_or(1, |n| n.0);
        let (modifiers, kind) = numbers.get(1).map_or((KeyModifiers::NONE, KeyEventKind::Press), |n| modifiers(*n));
        let code = match last {
            b'M' if parameters.is_empty() => return self.state = State::Mouse(Vec::new()),
            b'[' if parameters.is_empty() => return self.state = State::Console,
            b'~' if parameters == b"200" => return self.state = State::Paste { text: Vec::new(), length: 0 },
            b'Z' => Some(KeyCode::BackTab),
            b'~' => numbered_key(first),
            b'u' => character_key(first, modifiers),
            // A report of the cursor looks like F3 with a modifier, and is the likelier of the two.
            b'R' | b'M' => None,
            // With another number it is a report.
            _ if first == 1 && numbers.len() <= 2 => letter_key(last),
            _ => None,
        };
        let modifiers = if last == b'Z' { modifiers | KeyModifiers::SHIFT } else { modifiers };
        out.extend(code.map(|code| {
            Event::Key(KeyEvent { code, modifiers: capital(code) | modifiers, kind, state: KeyEventState::NONE })
        }));
    }
}

/// A character, or what a control character is on a keyboard.
fn typed(c: char, alt: bool) -> Option<Event> {
    let control = |from: char, to: u8| {
        let code = u32::from(c).checked_sub(u32::from(from)).and_then(|n| u8::try_from(n).ok());
        code.map(|n| KeyEvent::new(KeyCode::Char(char::from(to.saturating_add(n))), KeyModifiers::CONTROL))
    };
    let key = match c {
        '\r' => Some(KeyCode::Enter.into()),
        '\t' => Some(KeyCode::Tab.into()),
        '\u{7f}' => Some(KeyCode::Backspace.into()),
        '\0' => control('\0', b' '),
        '\u{1}'..='\u{1a}' => control('\u{1}', b'a'),
        '\u{1c}'..='\u{1f}' => control('\u{1c}', b'4'),
        c if c.is_control() => None,
        c => Some(char_key(c)),
    };
    key.map(|key| press(key, if alt { KeyModifiers::ALT } else { KeyModifiers::NONE }))
}

fn press(mut key: KeyEvent, modifiers: KeyModifiers) -> Event {
    key.modifiers |= modifiers;
    Event::Key(key)
}

fn char_key(c: char) -> KeyEvent {
    KeyEvent::new(KeyCode::Char(c), capital(KeyCode::Char(c)))
}

/// A capital letter is typed with Shift.
fn capital(code: KeyCode) -> KeyModifiers {
    match code {
        KeyCode::Char(c) if c.is_uppercase() => KeyModifiers::SHIFT,
        _ => KeyModifiers::NONE,
    }
}

fn letter_key(byte: u8) -> Option<KeyCode> {
    Some(match byte {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'F' => KeyCode::End,
        b'H' => KeyCode::Home,
        b'M' => KeyCode::Enter,
        b'P'..=b'S' => KeyCode::F(byte - b'P' + 1),
        _ => return None,
    })
}

fn numbered_key(number: u32) -> Option<KeyCode> {
    let function = |less: u32| u8::try_from(number - less).ok().map(KeyCode::F);
    match number {
        1 | 7 => Some(KeyCode::Home),
        2 => Some(KeyCode::Insert),
        3 => Some(KeyCode::Delete),
        4 | 8 => Some(KeyCode::End),
        5 => Some(KeyCode::PageUp),
        6 => Some(KeyCode::PageDown),
        11..=15 => function(10),
        17..=21 => function(11),
        23..=26 => function(12),
        28..=29 => function(13),
        31..=34 => function(14),
        _ => None,
    }
}

/// A key by the number of its character, as some terminals send it where a program left them in that mode.
fn character_key(number: u32, modifiers: KeyModifiers) -> Option<KeyCode> {
    match number {
        9 if modifiers.contains(KeyModifiers::SHIFT) => Some(KeyCode::BackTab),
        9 => Some(KeyCode::Tab),
        13 => Some(KeyCode::Enter),
        27 => Some(KeyCode::Esc),
        127 => Some(KeyCode::Backspace),
        // Keys without a character.
        0xe000..=0xf8ff => None,
        number => {
            let shifted = modifiers.contains(KeyModifiers::SHIFT);
            let c = char::from_u32(number).filter(|c| !c.is_control())?;
            Some(KeyCode::Char(if shifted { c.to_ascii_uppercase() } else { c }))
        }
    }
}

/// Numbers with the first of what follows them after a colon. One that is left out is 1, as with keys.
fn numbers(parameters: &[u8]) -> Vec<(u32, u32)> {
    if parameters.is_empty() {
        return Vec::new();
    }
    let number = |text: Option<&[u8]>| match text.filter(|text| !text.is_empty()) {
        None => 1,
        Some(text) => str::from_utf8(text).ok().and_then(|text| text.parse().ok()).unwrap_or(u32::MAX),
    };
    let one = |field: &[u8]| {
        let mut parts = field.split(|&b| b == b':');
        (number(parts.next()), number(parts.next()))
    };
    parameters.split(|&b| b == b';').map(one).collect()
}

fn modifiers((mask, kind): (u32, u32)) -> (KeyModifiers, KeyEventKind) {
    let mask = mask.saturating_sub(1);
    let mut modifiers = KeyModifiers::NONE;
    for (bit, modifier) in [(1, KeyModifiers::SHIFT), (2, KeyModifiers::ALT), (4, KeyModifiers::CONTROL)] {
        if mask & bit != 0 {
            modifiers |= modifier;
        }
    }
    let kind = match kind {
        2 => KeyEventKind::Repeat,
        3 => KeyEventKind::Release,
        _ => KeyEventKind::Press,
    };
    (modifiers, kind)
}

/// A press of a button, or the wheel; movements and releases are of no use to anybody.
fn mouse(button: u32, x: u32, y: u32) -> Option<Event> {
    // The bits between say which of Shift, Alt and Ctrl were held.
    let kind = match button & !0b1_1100 {
        0 => MouseEventKind::Down(MouseButton::Left),
        1 => MouseEventKind::Down(MouseButton::Middle),
        2 => MouseEventKind::Down(MouseButton::Right),
        64 => MouseEventKind::ScrollUp,
        65 => MouseEventKind::ScrollDown,
        _ => return None,
    };
    let place = |n: u32| n.checked_sub(1).and_then(|n| u16::try_from(n).ok());
    Some(Event::Mouse(MouseEvent { kind, column: place(x)?, row: place(y)?, modifiers: KeyModifiers::NONE }))
}

fn paste(text: &[u8]) -> Option<Event> {
    let text = &text[..text.len().min(PASTE)];
    (!text.is_empty()).then(|| Event::Paste(String::from_utf8_lossy(text).into_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys(text: impl AsRef<[u8]>) -> Vec<String> {
        let (mut decoder, mut out) = (Decoder::default(), vec![]);
        decoder.read(text.as_ref(), &mut out);
        if decoder.patience().is_some() {
            decoder.pause(&mut out);
        }
        out.into_iter().map(named).collect()
    }

    fn named(event: Event) -> String {
        match event {
            Event::Key(key) => {
                let mut name = String::new();
                for (modifier, letter) in
                    [(KeyModifiers::CONTROL, "C-"), (KeyModifiers::ALT, "A-"), (KeyModifiers::SHIFT, "S-")]
                {
                    if key.modifiers.contains(modifier) {
                        name += letter;
                    }
                }
                match key.code {
                    KeyCode::Char(c) => name.push(c),
                    KeyCode::F(n) => name += &format!("F{n}"),
                    code => name += &format!("{code:?}"),
                }
                if key.kind != KeyEventKind::Press {
                    name += &format!(" {:?}", key.kind);
                }
                name
            }
            Event::Paste(text) => format!("paste {text}"),
            Event::Mouse(mouse) => format!("{:?} {},{}", mouse.kind, mouse.column, mouse.row),
            other => format!("{other:?}"),
        }
    }

    /// Replies as terminals send them.
    const REPLIES: [&[u8]; 40] = [
        // DECRQSS, DA3, XTVERSION, XTGETTCAP: device control strings.
        b"\x1bP1$r0 q\x1b\\",
        b"\x1bP0$r\x1b\\",
        b"\x1bP1$r0;38;5;231m\x1b\\",
        b"\x1bP!|7E565445\x1b\\",
        b"\x1bP>|XTerm(398)\x1b\\",
        b"\x1bP>|quit q\x1b\\",
        b"\x1bP1+r544e=787465726d\x07",
        // DA1, DA2.
        b"\x1b[?64;1;2;6;22c",
        b"\x1b[?1;2c",
        b"\x1b[>0;276;0c",
        b"\x1b[=0c",
        // Status, cursor, modes, sizes, parameters, checksums, flags of keys.
        b"\x1b[0n",
        b"\x1b[24;80R",
        b"\x1b[1;2R",
        b"\x1b[?24;80;1R",
        b"\x1b[?2026;2$y",
        b"\x1b[4;2$y",
        b"\x1b[8;24;80t",
        b"\x1b[4;600;800t",
        b"\x1b[2;1;1;120;120;1;0x",
        b"\x1b[?1u",
        b"\x1b[?0u",
        b"\x1b[>4;2m",
        b"\x1b[?997;1n",
        b"\x1b[I",
        b"\x1b[O",
        b"\x1b[?2;0;4096S",
        b"\x1b[24;80;0\"v",
        // Colours, the clipboard, titles: operating system commands.
        b"\x1b]10;rgb:ffff/ffff/ffff\x1b\\",
        b"\x1b]11;rgb:0000/0000/0000\x07",
        b"\x1b]4;1;rgb:cdcd/0000/0000\x1b\\",
        b"\x1b]52;c;cXFxcQ==\x1b\\",
        b"\x1b]52;c;\x07",
        b"\x1b]lvim: quit q\x1b\\",
        b"\x1b]Licon q\x1b\\",
        "\x1b]l\u{201c}q\u{201d} q\u{1b}\\".as_bytes(),
        // Kitty's graphics, privacy messages, start of string.
        b"\x1b_Gi=31;OK\x1b\\",
        b"\x1b^q\x1b\\",
        b"\x1bXq\x1b\\",
        // Openers and ends in one byte.
        b"\x9d52;c;cQ==\x9c\x90>|q\x9c\x9b>0;1;0c",
    ];

    #[test]
    fn keys_are_what_terminals_send_for_them() {
        for (sent, expected) in [
            ("q?O ", &["q", "?", "S-O", " "][..]),
            ("\r\n\t\x7f\x03\x1a\x1c\0", &["Enter", "C-j", "Tab", "Backspace", "C-c", "C-z", "C-4", "C- "]),
            ("é\u{926}😀É", &["é", "\u{926}", "😀", "S-É"]),
            ("\x1b", &["Esc"]),
            ("\x1b\x1b", &["Esc", "Esc"]),
            ("\x1b\x1b[A", &["Esc", "Up"]),
            ("\x1bx\x1bX", &["A-x", "A-S-X"]),
            ("\x1bé", &["A-é"]),
            ("\x1b[A\x1b[B\x1b[C\x1b[D\x1b[H\x1b[F", &["Up", "Down", "Right", "Left", "Home", "End"]),
            ("\x1bOA\x1bOP\x1bOR\x1bOH\x1bOM", &["Up", "F1", "F3", "Home", "Enter"]),
            ("\x1b[1;5A\x1b[1;2F\x1b[1;3Q", &["C-Up", "S-End", "A-F2"]),
            ("\x1b[1~\x1b[2~\x1b[3~\x1b[4~\x1b[5~\x1b[6~", &["Home", "Insert", "Delete", "End", "PageUp", "PageDown"]),
            ("\x1b[7~\x1b[8~\x1b[5;5~", &["Home", "End", "C-PageUp"]),
            ("\x1b[11~\x1b[15~\x1b[17~\x1b[21~\x1b[23~\x1b[24~", &["F1", "F5", "F6", "F10", "F11", "F12"]),
            ("\x1b[28~\x1b[34~\x1b[[A\x1b[[E", &["F15", "F20", "F1", "F5"]),
            ("\x1b[Z", &["S-BackTab"]),
            ("\x1b[97u\x1b[97;2u\x1b[99;5u\x1b[27u\x1b[13u", &["a", "S-A", "C-c", "Esc", "Enter"]),
            ("\x1b[97;1:2u\x1b[97;1:3u\x1b[9;2u\x1b[57441u", &["a Repeat", "a Release", "S-BackTab"]),
            ("\x1b[200~a\nb \x1b[31mq\x1b[201~q", &["paste a\nb \x1b[31mq", "q"]),
            ("\x1b[200~\x1b[201~", &[]),
            (
                "\x1b[<0;4;3M\x1b[<0;4;3m\x1b[<64;1;1M\x1b[<65;1;1M",
                &["Down(Left) 3,2", "ScrollUp 0,0", "ScrollDown 0,0"],
            ),
            ("\x1b[<35;4;3M\x1b[<0;0;3M\x1b[<qk", &["k"]),
            ("\x1b[M #\"q", &["Down(Left) 2,1", "q"]),
            // What a key interrupts is none, and the key is one.
            ("\x1b[1;\x03", &["C-c"]),
            ("\x1b[1;\x1b[A", &["Up"]),
            ("\x1b[99999999999A\x1b[2A\x1b[Ek", &["k"]),
            ("\x1b\\k", &["k"]),
        ] {
            assert_eq!(keys(sent), expected, "{sent:?}");
        }
        assert_eq!(keys(b"\xffa\xc3a\xe9q\x85"), ["a", "a", "q"], "what is no UTF-8 takes no key with it");
    }

    #[test]
    fn replies_are_no_keys_and_the_next_key_is_one() {
        for reply in REPLIES {
            let shown = String::from_utf8_lossy(reply);
            assert_eq!(keys([reply, b"k"].concat()), ["k"], "{shown:?}");
        }
        assert_eq!(keys([REPLIES.concat().as_slice(), b"k"].concat()), ["k"]);
    }

    #[test]
    fn what_began_like_a_reply_and_did_not_go_on_was_a_key() {
        for (sent, expected) in
            [("\x1b", "Esc"), ("\x1b[", "A-["), ("\x1bO", "A-S-O"), ("\x1bP", "A-S-P"), ("\x1b]", "A-]")]
        {
            let mut decoder = Decoder::default();
            decoder.read(sent.as_bytes(), &mut vec![]);
            assert_eq!(decoder.patience(), Some(LONE), "{sent:?}");
            assert_eq!(keys(sent), [expected]);
        }
    }

    #[test]
    fn a_reply_that_does_not_end_is_given_up() {
        let (mut decoder, mut out) = (Decoder::default(), vec![]);
        decoder.read(b"\x1b]52;c;", &mut out);
        assert_eq!(decoder.patience(), Some(PAUSE), "the rest may be on its way");
        decoder.pause(&mut out);
        assert_eq!(decoder.patience(), None);
        // An endless one is over when it pauses at all.
        decoder.read(b"\x1b]52;c;", &mut out);
        decoder.read(&vec![b'q'; LONGEST + 1], &mut out);
        assert_eq!(decoder.patience(), Some(LONE));
        decoder.pause(&mut out);
        decoder.read(b"\x1b[200~", &mut out);
        decoder.read(&vec![b'x'; 2 * PASTE], &mut out);
        decoder.read(b"\x1b[201~\x1b]no end", &mut out);
        // Esc leaves it: another sequence begins.
        decoder.read(b"\x1b\x1b[A\x1b]no end\x1bk\x1bP1\x18j\x1bP1\x1aj", &mut out);
        let named: Vec<_> = out.into_iter().map(named).collect();
        assert_eq!(named[0].len(), "paste ".len() + PASTE);
        assert_eq!(named[1..], ["Up", "A-k", "j", "j"]);
    }

    fn reply() -> impl Strategy<Value = Vec<u8>> {
        let string = (
            prop::sample::select(vec!["\x1b]", "\x1bP", "\x1bX", "\x1b^", "\x1b_"]),
            "[ -~é“😀]{0,40}",
            prop::sample::select(vec!["\x1b\\", "\x07"]),
        );
        let string = string.prop_map(|(open, text, end)| format!("{open}{text}{end}").into_bytes());
        let report = ("[?>=]", "[0-9;:]{0,40}", "[ -/]{0,2}", "[@-~]");
        let report = report.prop_map(|(mark, n, between, last)| format!("\x1b[{mark}{n}{between}{last}").into_bytes());
        let known = prop::sample::select(REPLIES.to_vec()).prop_map(<[u8]>::to_vec);
        prop_oneof![string, report, known]
    }

    proptest! {
        #[test]
        fn replies_between_keys_are_as_if_they_were_not_there(
            parts in prop::collection::vec(prop_oneof![
                reply().prop_map(|reply| (reply, None)),
                prop::sample::select(vec!["q", "é", "\x1b[A", "\x1bOP", "\x1bx", "\r"])
                    .prop_map(|key| (key.as_bytes().to_vec(), Some(key))),
            ], 0..12),
        ) {
            let all: Vec<u8> = parts.iter().flat_map(|(bytes, _)| bytes.clone()).collect();
            let typed: String = parts.iter().filter_map(|(_, key)| *key).collect();
            prop_assert_eq!(keys(all), keys(typed));
        }

        #[test]
        fn whatever_comes_ends_with_a_pause_and_then_a_key_is_a_key(
            bytes in prop::collection::vec(prop_oneof![
                any::<u8>(),
                prop::sample::select(b"\x1b[]P_^XO<?>;0123456789~Mu\x07\\".to_vec()),
            ], 0..60),
        ) {
            let (mut decoder, mut out) = (Decoder::default(), vec![]);
            decoder.read(&bytes, &mut out);
            prop_assert!(out.len() <= bytes.len());
            if decoder.patience().is_some() {
                decoder.pause(&mut out);
            }
            prop_assert_eq!(decoder.patience(), None);
            out.clear();
            decoder.read(b"k", &mut out);
            prop_assert_eq!(out.into_iter().map(named).collect::<Vec<_>>(), ["k"]);
        }
    }
}
