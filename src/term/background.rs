//! Which background the terminal has, by asking it before anybody reads keys.
//!
//! The question is followed by another one that nearly every terminal answers: who does not know the first one is not
//! waited for. What comes later than the limit is dropped like any reply; what was typed meanwhile is kept.

use std::{
    fs::File,
    io::{self, Read, Write},
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec};

use super::{guard::Stdout, source::keyboard};

/// So long is an answer waited for: over a slow line it takes no longer, and nobody notices it.
const LIMIT: Duration = Duration::from_millis(250);
/// The colour of the background (OSC 11), and what the terminal is (DA1).
const QUESTION: &[u8] = b"\x1b]11;?\x1b\\\x1b[c";
/// More than both answers and what somebody could type meanwhile.
const MOST: usize = 4096;

/// What the terminal said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Whether its background is light; `None` where it did not say.
    pub light: Option<bool>,
    /// All that was read, for whoever reads keys: [`input`](super::input) drops the answers.
    pub read: Vec<u8>,
}

/// Asks the terminal, which is in raw mode and whose keys nobody reads yet.
///
/// # Errors
/// Where it cannot be written or read.
pub fn ask() -> io::Result<Answer> {
    Stdout::new()?.write_all(QUESTION)?;
    let read = answer(&keyboard()?, Instant::now() + LIMIT)?;
    Ok(Answer { light: is_light(&read), read })
}

/// What the terminal sends until it has answered, or until `end`.
fn answer(mut keyboard: &File, end: Instant) -> io::Result<Vec<u8>> {
    let (mut read, mut bytes) = (Vec::new(), [0; 256]);
    while !is_complete(&read) && read.len() < MOST {
        let left = Timespec::try_from(end.saturating_duration_since(Instant::now())).ok();
        match rustix::event::poll(&mut [PollFd::new(keyboard, PollFlags::IN)], left.as_ref()) {
            Ok(0) => break,
            Ok(_) => match keyboard.read(&mut bytes)? {
                0 => break,
                n => read.extend_from_slice(&bytes[..n]),
            },
            Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(read)
}

/// True where the answer to the second question, `CSI ? numbers c`, is in `read`.
fn is_complete(read: &[u8]) -> bool {
    read.windows(3).enumerate().filter(|(_, w)| *w == b"\x1b[?").any(|(at, _)| {
        let rest = &read[at + 3..];
        rest.iter().find(|b| !(b.is_ascii_digit() || **b == b';')) == Some(&b'c')
    })
}

/// Whether the answer `OSC 11 ; rgb:R/G/B` names a light colour.
fn is_light(read: &[u8]) -> Option<bool> {
    let text = String::from_utf8_lossy(read);
    let (_, rest) = text.split_once("\u{1b}]11;rgb:")?;
    let end = rest.find(|c: char| !(c.is_ascii_hexdigit() || c == '/'))?;
    let mut parts = rest.get(..end)?.split('/').map(|part| {
        // One to four digits, of which the most are the most.
        let most = 16f64.powi(i32::try_from(part.len()).ok().filter(|n| (1..=4).contains(n))?) - 1.0;
        Some(f64::from(u16::from_str_radix(part, 16).ok()?) / most)
    });
    let (r, g, b) = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(0.2126 * r + 0.7152 * g + 0.0722 * b > 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_colour_is_read_in_any_length_and_among_keys() {
        for (read, light) in [
            (&b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?62;22c"[..], Some(true)),
            (b"\x1b]11;rgb:1e1e/1e1e/2e2e\x07\x1b[?6c", Some(false)),
            (b"q\x1b]11;rgb:f/f/e\x1b\\", Some(true)),
            (b"\x1b]11;rgb:00/00/00\x1b\\", Some(false)),
            (b"\x1b[?62c", None),
            (b"\x1b]11;rgb:ffff/ffff\x1b\\", None),
            (b"\x1b]11;rgb:ffff/ffff/ffff/ffff\x1b\\", None),
            (b"\x1b]11;rgb:fffff/0/0\x1b\\", None),
            (b"\x1b]11;rgb:ffff/ffff/ff", None),
            (b"\xff\xfe", None),
            (b"", None),
        ] {
            assert_eq!(is_light(read), light, "{read:?}");
        }
    }

    #[test]
    fn the_second_answer_ends_the_wait() {
        for (read, complete) in [
            (&b"\x1b[?62;22c"[..], true),
            (b"j\x1b]11;rgb:0/0/0\x1b\\\x1b[?6c", true),
            (b"\x1b[?62;22", false),
            (b"\x1b]11;rgb:cc/cc/cc\x1b\\", false),
            (b"\x1b[?25hc", false),
            (b"c", false),
        ] {
            assert_eq!(is_complete(read), complete, "{read:?}");
        }
    }

    #[test]
    fn who_does_not_answer_is_not_waited_for_beyond_the_limit_and_what_was_typed_is_kept() {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        (&theirs).write_all(b"jj\x1b]11;rgb:ff/ff/ff\x1b\\").unwrap();
        let file = File::from(std::os::fd::OwnedFd::from(ours));
        let over = Instant::now();
        let read = answer(&file, over).unwrap();
        assert_eq!((is_light(&read), read.starts_with(b"jj")), (Some(true), true), "what is there counts");
        assert!(answer(&file, over).unwrap().is_empty(), "nothing more is waited for");
        (&theirs).write_all(b"k\x1b[?6c").unwrap();
        let read = answer(&file, Instant::now() + Duration::from_secs(600)).unwrap();
        assert_eq!((is_light(&read), read.starts_with(b"k")), (None, true), "the second answer ends the wait");
    }
}
