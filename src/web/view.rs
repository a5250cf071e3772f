//! How a client wants the wallboard: `?size=160x45&theme=cvd&names=hidden&page=2`.

use crate::config::{Names, Theme};

/// Most columns and rows.
const MOST: (u16, u16) = (300, 100);

/// One way to show the wallboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct View {
    /// Columns and rows.
    pub(super) size: (u16, u16),
    pub(super) theme: Theme,
    pub(super) names: Names,
    /// The page that stays, counted from 0; `None`: pages turn.
    pub(super) page: Option<usize>,
}

impl View {
    /// What `query` makes of `self`, the view without any.
    ///
    /// # Errors
    /// One sentence about the first part that is not right.
    pub(super) fn asked(mut self, query: &str) -> Result<View, &'static str> {
        let mut light = false;
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            match key {
                "size" => self.size = size(value).ok_or("size is columns and rows, as 160x45, from 1x1 to 300x100.")?,
                "theme" => {
                    let theme = Theme::ALL.into_iter().find(|theme| theme.word() == value);
                    self.theme = theme.ok_or("theme is auto, dark, light, cvd or mono.")?;
                }
                "scheme" => light = value == "light",
                "names" => {
                    let names = Names::ALL.into_iter().find(|names| names.word() == value);
                    let names = names.ok_or("names is full, initials, id or hidden.")?;
                    // A client may want less than the configuration allows, never more.
                    if hides(names) > hides(self.names) {
                        self.names = names;
                    }
                }
                "page" => {
                    let page = value.parse::<usize>().ok().filter(|page| (1..=10_000).contains(page));
                    self.page = Some(page.ok_or("page is a number from 1 on.")? - 1);
                }
                _ => return Err("Known are size, theme, scheme, names and page."),
            }
        }
        if self.theme == Theme::Auto {
            self.theme = if light { Theme::Light } else { Theme::Dark };
        }
        Ok(self)
    }
}

/// How much of an agent is hidden; an id may be an address that names its owner, so initials hide more.
const fn hides(names: Names) -> u8 {
    match names {
        Names::Full => 0,
        Names::Id => 1,
        Names::Initials => 2,
        Names::Hidden => 3,
    }
}

fn size(text: &str) -> Option<(u16, u16)> {
    let (columns, rows) = text.split_once('x')?;
    let size = (columns.parse().ok()?, rows.parse().ok()?);
    ((1..=MOST.0).contains(&size.0) && (1..=MOST.1).contains(&size.1)).then_some(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: View = View { size: (160, 45), theme: Theme::Auto, names: Names::Id, page: None };

    #[test]
    fn a_query_says_how_it_is_shown() {
        let view = PLAIN.asked("size=80x24&theme=cvd&names=hidden&page=2").unwrap();
        assert_eq!(view, View { size: (80, 24), theme: Theme::Cvd, names: Names::Hidden, page: Some(1) });
        assert_eq!(PLAIN.asked("").unwrap(), View { theme: Theme::Dark, ..PLAIN });
        assert_eq!(PLAIN.asked("scheme=light").unwrap().theme, Theme::Light);
        assert_eq!(PLAIN.asked("theme=mono&scheme=light").unwrap().theme, Theme::Mono);
    }

    #[test]
    fn names_are_only_ever_hidden() {
        for (configured, asked, shown) in [
            (Names::Hidden, "full", Names::Hidden),
            (Names::Hidden, "id", Names::Hidden),
            (Names::Initials, "id", Names::Initials),
            (Names::Id, "full", Names::Id),
            (Names::Full, "initials", Names::Initials),
            (Names::Id, "initials", Names::Initials),
        ] {
            let view = View { names: configured, ..PLAIN }.asked(&format!("names={asked}")).unwrap();
            assert_eq!(view.names, shown, "{configured:?} {asked}");
        }
    }

    #[test]
    fn what_is_not_right_is_refused() {
        for query in [
            "size=0x4",
            "size=301x4",
            "size=4x101",
            "size=4",
            "size=x",
            "size=99999999x2",
            "theme=file",
            "theme=../x",
            "names=all",
            "page=0",
            "page=-1",
            "page=99999999999999999999",
            "page=x",
            "x=1",
            "size",
        ] {
            assert!(PLAIN.asked(query).is_err(), "{query}");
        }
    }
}
