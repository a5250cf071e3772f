//! The page around the wallboard.

use std::sync::Arc;

use hyper::{
    StatusCode,
    header::{HeaderName, HeaderValue},
};

use super::{
    Options,
    reply::{Reply, TEXT, reply},
};
use crate::report::{Sheet, escape};

const HTML: &str = include_str!("page/board.html");
pub(super) const SCRIPT: &str = include_str!("page/board.js");
const STYLE: &str = include_str!("page/board.css");

/// The page with the picture as it is now, which the script renews.
pub(super) fn page(sheet: &Sheet, title: &str) -> Reply {
    // The title may hold braces, the picture too: each is put in once, from behind.
    let (head, rest) = HTML.split_once("{title}").unwrap_or((HTML, ""));
    let (middle, end) = rest.split_once("{board}").unwrap_or((rest, ""));
    let html = [head, &escape(title), middle, &sheet.svg(title), end].concat();
    reply(StatusCode::OK, "text/html; charset=utf-8", html)
}

pub(super) fn script() -> Reply {
    reply(StatusCode::OK, "text/javascript; charset=utf-8", SCRIPT)
}

pub(super) fn style() -> Reply {
    reply(StatusCode::OK, "text/css; charset=utf-8", STYLE)
}

/// The picture alone. Pages of other sites may show it, though none of them can read it.
pub(super) fn svg(sheet: &Sheet, title: &str) -> Reply {
    let mut reply = reply(StatusCode::OK, "image/svg+xml", sheet.svg(title));
    let policy = HeaderName::from_static("cross-origin-resource-policy");
    reply.headers_mut().insert(policy, HeaderValue::from_static("cross-origin"));
    reply
}

pub(super) fn text(sheet: &Sheet) -> Reply {
    reply(StatusCode::OK, TEXT, sheet.text().to_owned())
}

/// The title of the configuration, else the account.
pub(super) fn title(options: &Options) -> Arc<str> {
    options.dashboard.wall.title.as_deref().unwrap_or(&options.dashboard.account).into()
}
