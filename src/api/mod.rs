//! The client of the AHT API: what is sent, how a reply is understood, and nothing about when.

mod reply;
mod transport;

pub use reply::{NetworkError, Reply, TokenReply};
pub use transport::{Auth, Method, Request, Response, Route, Transport, TransportError};
