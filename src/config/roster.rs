//! `[watch] agents_csv`: a file with one agent a line. Its first line is `id,label,group`, in any order; only `id` must
//! be there.

use std::{collections::HashMap, path::Path, sync::Arc};

use super::{
    error::{Diagnostics, Place, quote, show_path, suggest},
    small_file::read_file,
    value_type::line,
};

/// Files are read to here; a roster of 10,000 agents has less than one.
const LARGEST: u64 = 8 * 1024 * 1024;
const COLUMNS: [&str; 3] = ["id", "label", "group"];

/// One agent of the roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) label: Option<String>,
    pub(super) group: Option<String>,
    pub(super) place: Place,
}

/// Reads the roster at `path`; `place` is where the configuration names it.
pub(super) fn read(path: &Path, place: &Place, diagnostics: &mut Diagnostics) -> Vec<Row> {
    match read_file(path, LARGEST) {
        Ok(bytes) => parse(path, &bytes, diagnostics),
        Err(e) => {
            diagnostics.push(place.clone(), format!("'agents_csv': cannot read {}: {e}", show_path(path)));
            Vec::new()
        }
    }
}

/// Reads the roster's bytes.
pub(super) fn parse(path: &Path, bytes: &[u8], diagnostics: &mut Diagnostics) -> Vec<Row> {
    let file: Arc<str> = show_path(path).into();
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut csv = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut columns: Option<Vec<&'static str>> = None;
    let mut seen: HashMap<String, u64> = HashMap::new();
    let mut rows = Vec::new();
    for record in csv.byte_records() {
        // A reader over memory that is lax about lengths and text has no errors left to give.
        let Ok(record) = record else { break };
        let line_number = first_line(bytes, record.position());
        let place = Place::Row { file: Arc::clone(&file), line: line_number };
        let Some(fields) = record.iter().map(|f| std::str::from_utf8(f).ok()).collect::<Option<Vec<&str>>>() else {
            diagnostics.push(place, "is not UTF-8");
            continue;
        };
        let Some(columns) = &columns else {
            match header(&fields) {
                Ok(names) => columns = Some(names),
                Err(message) => {
                    diagnostics.push(place, message);
                    return rows;
                }
            }
            continue;
        };
        if fields.len() != columns.len() {
            diagnostics.push(place, format!("has {} fields, the first line has {}", fields.len(), columns.len()));
            continue;
        }
        let field = |name: &str| columns.iter().position(|c| *c == name).and_then(|i| fields.get(i)).copied();
        let mut optional = |name: &str| {
            let text = field(name).map(str::trim).filter(|t| !t.is_empty())?;
            match line(text) {
                Ok(()) => Some(text.to_owned()),
                Err(message) => {
                    diagnostics.push(place.clone(), format!("{name} {message}"));
                    None
                }
            }
        };
        let (label, group) = (optional("label"), optional("group"));
        let id = field("id").unwrap_or_default();
        if let Err(message) = line(id) {
            diagnostics.push(place, format!("id {message}"));
        } else if let Some(first) = seen.get(id) {
            diagnostics.push(place, format!("id {} stands in line {first} already", quote(id)));
        } else {
            seen.insert(id.to_owned(), line_number);
            rows.push(Row { id: id.to_owned(), label, group, place });
        }
    }
    if columns.is_none() {
        diagnostics.push(Place::Row { file, line: 1 }, "is empty: the first line must be id,label,group");
    }
    rows
}

/// The line on which a record begins: the reader counts blank lines before it as part of it.
fn first_line(bytes: &[u8], position: Option<&csv::Position>) -> u64 {
    let Some(position) = position else { return 1 };
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let blank = bytes.get(start..).unwrap_or_default().iter().take_while(|b| matches!(b, b'\r' | b'\n'));
    position.line() + blank.filter(|b| **b == b'\n').count() as u64
}

fn header(fields: &[&str]) -> Result<Vec<&'static str>, String> {
    let mut names: Vec<&'static str> = Vec::new();
    for field in fields {
        let name = field.trim();
        match COLUMNS.into_iter().find(|c| c.eq_ignore_ascii_case(name)) {
            Some(column) if names.contains(&column) => return Err(format!("column '{column}' is there twice")),
            Some(column) => names.push(column),
            None if name.contains([';', '\t']) => {
                return Err("the columns must be separated by commas: id,label,group".to_owned());
            }
            None => return Err(format!("unknown column {}{}", quote(name), suggest(name, &COLUMNS))),
        }
    }
    if names.contains(&"id") {
        Ok(names)
    } else {
        Err("has no column 'id': the first line must be id,label,group".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(text: &[u8]) -> (Vec<Row>, String) {
        let mut diagnostics = Diagnostics::default();
        let rows = parse(Path::new("r.csv"), text, &mut diagnostics);
        (rows, diagnostics.into_errors().to_string())
    }

    #[test]
    fn quoted_fields_marks_and_blank_lines_are_read() {
        let (rows, errors) = run(b"\xef\xbb\xbfid,label,group\r\n\r\n\"a,1\",\"Anil \"\"K\"\" Rao\",north\r\n\nb, ,\n");
        assert_eq!(errors, "");
        let seen: Vec<_> =
            rows.iter().map(|r| (r.id.as_str(), r.label.as_deref(), r.group.as_deref(), r.place.words())).collect();
        assert_eq!(
            seen,
            [
                ("a,1", Some("Anil \"K\" Rao"), Some("north"), "r.csv line 3".to_owned()),
                ("b", None, None, "r.csv line 5".to_owned()),
            ]
        );
    }

    #[test]
    fn columns_may_stand_in_any_order() {
        let (rows, errors) = run(b"Group,ID\nnorth,a\n");
        assert_eq!((rows[0].id.as_str(), rows[0].group.as_deref(), errors.as_str()), ("a", Some("north"), ""));
    }

    #[test]
    fn every_error_names_its_line() {
        for (text, errors) in [
            (&b""[..], "r.csv:1: is empty: the first line must be id,label,group"),
            (b"a,b\n", "r.csv:1: unknown column 'a'; known: id, label, group"),
            (b"id,lable\n", "r.csv:1: unknown column 'lable'; did you mean 'label'?"),
            (b"id;label\n", "r.csv:1: the columns must be separated by commas: id,label,group"),
            (b"id,id\n", "r.csv:1: column 'id' is there twice"),
            (b"label\n", "r.csv:1: has no column 'id': the first line must be id,label,group"),
            (b"id,label\na\n", "r.csv:2: has 1 fields, the first line has 2"),
            (
                b"id\na\n\n b\na\n\xff\n\"\"\n",
                "r.csv:4: id ' b' begins or ends with white space\n\
                 r.csv:5: id 'a' stands in line 2 already\n\
                 r.csv:6: is not UTF-8\n\
                 r.csv:7: id must not be empty",
            ),
            (b"id,label\na,x\x1b[2Jy\n", "r.csv:2: label 'x\u{fffd}[2Jy' contains a control character"),
        ] {
            assert_eq!(run(text).1, errors);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(tail in proptest::collection::vec(any::<u8>(), 0..80)) {
            run(&tail);
            run(&[&b"id,label,group\n"[..], &tail].concat());
        }
    }
}
