//! JSON and NDJSON. Values stay exact: a character that a terminal would act upon is written as `\uXXXX`.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

use super::{Document, Element, SCHEMA};
use crate::domain::clean;

/// Writes `document` as one line of JSON.
pub fn json(document: &Document, out: &mut dyn Write) -> io::Result<()> {
    line(document, out)
}

/// Writes `element` with `schema` and `account` in front as one line of JSON, an object a reading.
pub fn ndjson(account: &str, element: &Element, out: &mut dyn Write) -> io::Result<()> {
    #[derive(Serialize)]
    struct Line<'a> {
        schema: u32,
        account: &'a str,
        #[serde(flatten)]
        element: &'a Element,
    }
    line(&Line { schema: SCHEMA, account, element }, out)
}

/// Any value of our own as one line of JSON.
pub fn json_line(value: &impl Serialize) -> String {
    let mut text = Vec::new();
    // Nothing of ours is without a form in JSON, and memory does not refuse.
    let _ = line(value, &mut text);
    String::from_utf8(text).unwrap_or_default()
}

fn line(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    // In one piece, so that a reader at the other end of a pipe never sees half an object.
    let mut text = Vec::new();
    to_writer(value, &mut text)?;
    text.push(b'\n');
    out.write_all(&text)
}

/// Writes `value` without a line end.
pub(super) fn to_writer(value: &impl Serialize, out: &mut impl Write) -> io::Result<()> {
    value.serialize(&mut Serializer::with_formatter(out, Harmless)).map_err(Into::into)
}

/// [`CompactFormatter`], with what [`clean`] would replace written as an escape.
struct Harmless;

impl Formatter for Harmless {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if clean(fragment, usize::MAX) == fragment {
            return CompactFormatter.write_string_fragment(writer, fragment);
        }
        let mut buffer = [0; 4];
        for c in fragment.chars() {
            let one: &str = c.encode_utf8(&mut buffer);
            if clean(one, 1) == one {
                writer.write_all(one.as_bytes())?;
            } else {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}
