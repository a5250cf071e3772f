//! Where the book lies in the store, and how it is read there.

use super::{Action, Book};
use crate::store::{Post, Store, StoreError};

/// Names the document with the book and the queue of actions.
pub const BOOK: &str = "alerts";

/// The book as it is in the store with what people did since, for the screen; `None` where nothing has changed since
/// the last call with this `known`.
///
/// # Errors
/// Those of the store.
pub fn read_book(store: &dyn Store, known: &mut Known) -> Result<Option<Book>, StoreError> {
    let (new, posts) = (store.document(BOOK, known.revision)?, store.posts(BOOK)?);
    let last = posts.last().map_or(0, |p| p.id);
    if new.is_none() && last == known.post && std::mem::replace(&mut known.read, true) {
        return Ok(None);
    }
    if let Some(new) = new {
        known.book = parse(&new.text);
        known.revision = new.revision;
    }
    (known.post, known.read) = (last, true);
    let mut book = known.book.clone();
    for action in posts.iter().filter_map(action) {
        book.act(&action);
    }
    Ok(Some(book))
}

/// What [`read_book`] has read already.
#[derive(Clone, Debug, Default)]
pub struct Known {
    read: bool,
    revision: u64,
    post: i64,
    book: Book,
}

/// What a post asks for; `None` where another version wrote something that this one does not understand.
pub fn action(post: &Post) -> Option<Action> {
    serde_json::from_str(&post.text).ok()
}

/// A book that cannot be read is begun anew.
pub fn parse(text: &str) -> Book {
    serde_json::from_str(text).unwrap_or_else(|e| {
        tracing::warn!("the alerts in the store cannot be read, and begin anew: {e}");
        Book::default()
    })
}
