//! Where the registry lies in the store, and how it is read there.

use super::{Action, AlertRegistry};
use crate::store::{Post, Store, StoreError};

/// Names the document with the registry and the queue of actions.
pub const ALERTS: &str = "alerts";

/// The registry as it is in the store with what people did since, for the screen; `None` where nothing has changed
/// since the last call with this `known`.
pub fn read_registry(store: &dyn Store, known: &mut Known) -> Result<Option<AlertRegistry>, StoreError> {
    let (new, posts) = (store.document(ALERTS, known.revision)?, store.posts(ALERTS)?);
    let last = posts.last().map_or(0, |p| p.id);
    if new.is_none() && last == known.post && std::mem::replace(&mut known.read, true) {
        return Ok(None);
    }
    if let Some(new) = new {
        known.registry = parse(&new.text);
        known.revision = new.revision;
    }
    (known.post, known.read) = (last, true);
    let mut registry = known.registry.clone();
    for action in posts.iter().filter_map(action) {
        registry.act(&action);
    }
    Ok(Some(registry))
}

/// What [`read_registry`] has read already.
#[derive(Clone, Debug, Default)]
pub struct Known {
    read: bool,
    revision: u64,
    post: i64,
    registry: AlertRegistry,
}

/// What a post asks for; `None` where another version wrote something that this one does not understand.
pub fn action(post: &Post) -> Option<Action> {
    serde_json::from_str(&post.text).ok()
}

/// A registry that cannot be read is begun anew.
pub fn parse(text: &str) -> AlertRegistry {
    serde_json::from_str(text).unwrap_or_else(|e| {
        tracing::warn!("the alerts in the store cannot be read, and begin anew: {e}");
        AlertRegistry::default()
    })
}
