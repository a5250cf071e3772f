//! What sentences are made of: parts that are put in, and things that are counted.

use std::fmt;

/// Sentences with parts, a line each, as they are read: `fn oldest(age: &str) = "oldest {age}";`. What has no name of its
/// own is put in behind the text, as in `format!`.
macro_rules! sentences {
    ($($(#[$doc:meta])* fn $name:ident($($part:ident: $kind:ty),*) = $text:literal $(, $value:expr)*;)*) => {
        $(
            $(#[$doc])*
            pub(crate) fn $name($($part: $kind),*) -> String {
                format!($text $(, $value)*)
            }
        )*
    };
}

pub(crate) use sentences;

/// So many of a thing: `1 reading`, `2 readings`.
pub fn plural(n: impl fmt::Display, thing: impl fmt::Display) -> String {
    let n = n.to_string();
    format!("{n} {thing}{}", if n == "1" { "" } else { "s" })
}

/// How often: `once`, `2 times`.
pub fn times(n: u32) -> String {
    if n == 1 { "once".into() } else { format!("{n} times") }
}

#[cfg(test)]
mod tests {
    use super::*;

    sentences! {
        fn left(what: &str, n: u32) = "{what}, {} left", plural(n, "call");
    }

    #[test]
    fn one_is_no_plural_and_nothing_is() {
        assert_eq!(
            [left("a", 0), left("a", 1), left("a", 2)],
            ["a, 0 calls left", "a, 1 call left", "a, 2 calls left"]
        );
        assert_eq!([times(1), times(2)], ["once", "2 times"]);
    }
}
