//! Ground floor: plain values and pure rules. No I/O, no clock but the one passed in, nothing from other rooms.

mod aht;
mod band;
mod clock;
mod key;
mod presence;
mod problem;
mod quiet;
mod reading;
mod row;
mod rules;
mod series;
mod target;
mod text;
mod words;

pub use aht::{Aht, AhtError};
pub use band::{Band, BandError, Level};
pub use clock::{BootId, BootTime, Clock, EventTime, ManualClock, Now, SystemClock};
pub use key::Key;
pub use presence::{LoggedIn, PresencePicture, Rest};
pub use problem::{Alerting, LinkWords, Problem, ProblemSpec, Rise, Severity, Summary};
pub use quiet::{Hours, Quiet, QuietError, QuietState};
pub use reading::{Outcome, Reading};
pub use row::{Condition, Row, record};
pub use rules::{AHT_WINDOW, GENERATIONS_PER_HOUR, SILENT_AFTER, stale_after};
pub use series::{Point, Run, Series};
pub use target::{Kind, Target, display_name};
pub use text::{clean, clean_line, fit, initials, opening};
pub(crate) use words::sentences;
pub use words::{plural, times};
