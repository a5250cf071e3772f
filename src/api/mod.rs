//! The client of the AHT API: what is sent, how a reply is understood, and nothing about when.

pub mod classify;
mod client;
mod echo;
mod http;
mod json;
mod jwt;
pub mod listing;
mod loopback;
mod reply;
mod retry_after;
mod sentence;
mod transport;
mod wording;

#[cfg(test)]
mod tests;

pub use client::Client;
pub use http::{HttpError, HttpOptions, HttpTransport};
pub use listing::{ListReply, ListedCampaign, Login};
pub use reply::{NetworkError, Reply, TokenReply};
pub use transport::{Auth, Method, Request, Response, Route, Transport, TransportError};
