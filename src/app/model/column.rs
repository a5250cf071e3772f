//! The columns of the tables, each in one place: what it is called, how wide it is, and how rows are ordered by it.
//!
//! Its cell is drawn by `ui`; a new column is an entry here and a cell there.

use serde::{Deserialize, Serialize};

use super::Line;
use crate::domain::{Aht, Kind};

/// A column as the screen, the commands and the help know it.
#[derive(Clone, Copy, Debug)]
pub struct ColumnSpec {
    /// Above it; `None`: what the table is about.
    pub title: Option<&'static str>,
    /// Its name in commands.
    pub word: &'static str,
    /// What it was called in earlier versions: still understood, with a remark.
    pub former: Option<&'static str>,
    /// Its name in sentences and menus.
    pub label: &'static str,
    /// A sentence for the help, where the title does not say it all.
    pub help: Option<&'static str>,
    /// How many cells it needs.
    pub width: ColumnWidth,
    /// True where numbers stand flush right.
    pub right: bool,
    /// Which columns are left out when it gets narrow: the highest first; 0 stays, and nobody can hide it: whose number it
    /// is, how old it is, and whether it can be trusted.
    pub given_up: u8,
    /// It is left out where no row has what it shows.
    pub needs: Option<fn(&Line<'_>) -> bool>,
    /// How rows are ordered by it.
    pub order: RowOrder,
}

/// Cells for a column.
#[derive(Clone, Copy, Debug)]
pub struct ColumnWidth {
    /// It cannot do without.
    pub least: u16,
    /// It wants these before another column is shown that is given up earlier.
    pub comfort: u16,
    /// What is left is given to the columns in turn, the lowest first: the turn, and how many cells it takes at most.
    pub grows: Option<(u8, u16)>,
}

impl ColumnWidth {
    const fn fixed(width: u16) -> Self {
        ColumnWidth { least: width, comfort: width, grows: None }
    }
}

/// How rows are ordered by a column. Rows without a value come last in both directions.
#[derive(Clone, Copy, Debug)]
pub enum RowOrder {
    /// What needs a look first, and of those alike what is furthest from the target.
    Attention,
    /// By what they are called.
    Name,
    /// By a text, whatever its case.
    Text(for<'a> fn(&Line<'a>) -> Option<&'a str>),
    /// By a number, the largest first.
    Number(fn(&Line<'_>) -> Option<f64>),
}

/// Makes the enum, the list of all and the specs from one list, so that none can be forgotten.
macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident: $spec:expr,)+) => {
        /// The columns of the tables.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Column { $($(#[$doc])* $name),+ }

        impl Column {
            /// All columns in their usual order, from left to right.
            pub const ALL: [Column; [$(stringify!($name)),+].len()] = [$(Column::$name),+];

            pub const fn spec(self) -> &'static ColumnSpec {
                match self {
                    $(Column::$name => {
                        const SPEC: ColumnSpec = $spec;
                        &SPEC
                    })+
                }
            }
        }
    };
}

columns! {
    /// Label, name or id.
    Name: ColumnSpec {
        title: None,
        word: "name",
        former: None,
        label: "name",
        help: None,
        // Who it is goes before all that is said of him.
        width: ColumnWidth { least: 8, comfort: 16, grows: Some((0, 32)) },
        right: false,
        given_up: 0,
        needs: None,
        order: RowOrder::Name,
    },
    /// First group.
    Group: ColumnSpec {
        title: Some("GROUP"),
        word: "group",
        former: None,
        label: "group",
        help: None,
        width: ColumnWidth { grows: Some((1, 16)), ..ColumnWidth::fixed(6) },
        right: false,
        given_up: 4,
        needs: Some(|l| l.group().is_some()),
        order: RowOrder::Text(|l| l.group()),
    },
    /// Whether the agent is logged in, and what the service calls the state.
    Login: ColumnSpec {
        title: Some("LOGIN"),
        word: "login",
        former: None,
        label: "login",
        help: Some("Whether the agent is logged in, in the service's words; out: logged out; ?: too old to go by"),
        width: ColumnWidth { least: 8, comfort: 9, grows: Some((4, 20)) },
        right: false,
        given_up: 6,
        needs: Some(|l| l.login.is_some()),
        order: RowOrder::Text(|l| l.login.map(|login| login.word)),
    },
    /// AHT over two hours.
    Aht: ColumnSpec {
        title: Some("AHT 2H"),
        word: "aht",
        former: None,
        label: "AHT",
        help: Some("Average handling time of the outbound calls of the last 2 hours; ?: an old value"),
        // One more than the value, for the mark of an old one.
        width: ColumnWidth::fixed(8),
        right: true,
        given_up: 0,
        needs: None,
        order: RowOrder::Number(|l| l.aht.map(secs)),
    },
    /// Deviation from the target of the band in percent.
    Deviation: ColumnSpec {
        title: Some("VS TGT"),
        word: "vs_target",
        former: Some("dev"),
        label: "difference to the target",
        help: Some("Difference to the target, in percent"),
        width: ColumnWidth::fixed(6),
        right: true,
        given_up: 1,
        needs: Some(|l| l.watched.band.target.is_some()),
        order: RowOrder::Number(|l| l.deviation),
    },
    /// Difference to 30 minutes ago.
    Diff30: ColumnSpec {
        title: Some("±30M"),
        word: "change_30m",
        former: Some("d30m"),
        label: "change in 30 minutes",
        help: Some("Change in the last 30 minutes"),
        width: ColumnWidth::fixed(6),
        right: true,
        given_up: 3,
        needs: Some(|l| l.diff30.is_some()),
        order: RowOrder::Number(|l| l.diff30.map(|secs| secs as f64)),
    },
    /// The reading two hours ago, which shares no call with now.
    Prev2h: ColumnSpec {
        title: Some("2H AGO"),
        word: "ago_2h",
        former: Some("prev2h"),
        label: "AHT 2 hours ago",
        help: Some("The value two hours ago. The two values have no call in common"),
        width: ColumnWidth::fixed(7),
        right: true,
        given_up: 5,
        needs: Some(|l| l.prev2h.is_some()),
        order: RowOrder::Number(|l| l.prev2h.map(secs)),
    },
    /// Sparkline over two hours.
    Trend: ColumnSpec {
        title: Some("TREND 2H"),
        word: "trend",
        former: None,
        label: "trend",
        help: Some(
            "The last two hours in the band: the target in the middle, the limits at the edges. Without a band from the \
             row's lowest to its highest value. Colour: outside the band; an arrow: far outside; a gap: no calls or no answer",
        ),
        // Wider than this it is a carpet.
        width: ColumnWidth { least: 9, comfort: 9, grows: Some((3, 80)) },
        right: false,
        given_up: 2,
        needs: Some(|l| l.row.series.points().len() > 1),
        order: RowOrder::Attention,
    },
    /// Age of the reading.
    Age: ColumnSpec {
        title: Some("AGE"),
        word: "age",
        former: None,
        label: "age",
        help: Some("Time since the service answered"),
        width: ColumnWidth::fixed(5),
        right: true,
        given_up: 0,
        needs: None,
        order: RowOrder::Number(|l| l.age.map(|age| age.as_secs_f64())),
    },
    /// Glyph and word.
    State: ColumnSpec {
        title: Some("STATE"),
        word: "state",
        former: None,
        label: "state",
        help: None,
        // The first cell is for a mark, so that no column goes because of one.
        width: ColumnWidth { least: 12, comfort: 13, grows: Some((2, 17)) },
        right: false,
        given_up: 0,
        needs: None,
        order: RowOrder::Attention,
    },
}

fn secs(aht: Aht) -> f64 {
    f64::from(aht.secs())
}

impl Column {
    /// Its title in a table of `kind`.
    pub fn title(self, kind: Kind) -> String {
        self.spec().title.map_or_else(|| kind.word().to_uppercase(), str::to_owned)
    }

    /// True for those that are always shown.
    pub const fn fixed(self) -> bool {
        self.spec().given_up == 0
    }

    /// Its name in commands.
    pub const fn word(self) -> &'static str {
        self.spec().word
    }

    /// The column of this name; true behind it where the name is a former one.
    pub fn named(word: &str) -> Option<(Column, bool)> {
        let of =
            |name: &dyn Fn(Column) -> Option<&'static str>| Column::ALL.into_iter().find(|c| name(*c) == Some(word));
        let present = of(&|c| Some(c.word())).map(|c| (c, false));
        present.or_else(|| of(&|c| c.spec().former).map(|c| (c, true)))
    }

    /// The columns of the sort menu: the usual one first, and of those that order alike one.
    pub fn sort_menu() -> Vec<Column> {
        let usual = Sort::default().column;
        let others = Column::ALL.into_iter().filter(|c| !matches!(c.spec().order, RowOrder::Attention));
        [usual].into_iter().chain(others).collect()
    }
}

/// An order of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sort {
    /// By this column; ties by name.
    pub column: Column,
    /// The other way round. Rows without a value stay last in both directions.
    pub reverse: bool,
}

impl Default for Sort {
    fn default() -> Self {
        Sort { column: Column::State, reverse: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_columns_have_a_word_a_label_or_a_place_in_the_order_in_common() {
        for (i, a) in Column::ALL.into_iter().enumerate() {
            assert_eq!(Column::named(a.word()), Some((a, false)));
            for b in &Column::ALL[i + 1..] {
                let (a, b) = (a.spec(), b.spec());
                assert!(a.word != b.word && a.label != b.label && a.title != b.title);
                assert!(a.given_up != b.given_up || a.given_up == 0);
                assert!(a.width.grows.is_none() || a.width.grows.map(|g| g.0) != b.width.grows.map(|g| g.0));
            }
            assert!(a.spec().width.least <= a.spec().width.comfort);
        }
        assert_eq!(Column::sort_menu().len(), Column::ALL.len() - 1, "the trend has the order of the state");
    }
}
