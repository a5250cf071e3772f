//! The only writer to the terminal: its modes, its bytes, its keys, and giving it back.

mod attention;
mod background;
mod decode;
mod facts;
mod guard;
mod pen;
mod screen;
mod source;

pub use attention::attention;
pub use background::{Answer, ask};
pub use facts::Facts;
pub use guard::{Guard, Host, Stdout};
pub use pen::painted;
pub use screen::{Screen, Tty};
pub use source::{Signal, input, signals};
