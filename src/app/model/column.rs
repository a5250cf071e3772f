//! The columns of the tables, and orders of rows.

use serde::{Deserialize, Serialize};

/// The columns of the tables. Title, width, cell and order live with the enum (`ui` draws by them).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// Label, name or id.
    Name,
    /// First group.
    Group,
    /// AHT over two hours.
    Aht,
    /// Deviation from the target of the band in percent.
    Deviation,
    /// Difference to 30 minutes ago.
    Diff30,
    /// The reading two hours ago, which shares no call with now.
    Prev2h,
    /// Sparkline over two hours.
    Trend,
    /// Age of the reading.
    Age,
    /// Glyph and word.
    State,
}

impl Column {
    /// All columns in their usual order, from left to right.
    pub const ALL: [Column; 9] = [
        Column::Name,
        Column::Group,
        Column::Aht,
        Column::Deviation,
        Column::Diff30,
        Column::Prev2h,
        Column::Trend,
        Column::Age,
        Column::State,
    ];

    /// True for those that are always shown: whose number it is, how old it is, and whether it can be trusted.
    pub const fn fixed(self) -> bool {
        matches!(self, Column::Name | Column::Aht | Column::Age | Column::State)
    }

    /// Its name in commands and in the state file.
    pub const fn word(self) -> &'static str {
        match self {
            Column::Name => "name",
            Column::Group => "group",
            Column::Aht => "aht",
            Column::Deviation => "dev",
            Column::Diff30 => "d30m",
            Column::Prev2h => "prev2h",
            Column::Trend => "trend",
            Column::Age => "age",
            Column::State => "state",
        }
    }

    /// The column of this name.
    pub fn named(word: &str) -> Option<Column> {
        Column::ALL.into_iter().find(|c| c.word() == word)
    }
}

/// The columns that rows can be ordered by, in the order of the sort menu.
pub const SORT_COLUMNS: [Column; 8] = [
    Column::State,
    Column::Name,
    Column::Group,
    Column::Aht,
    Column::Deviation,
    Column::Diff30,
    Column::Prev2h,
    Column::Age,
];

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
