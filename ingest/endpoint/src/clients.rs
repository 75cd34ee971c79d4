//! Who is connected: by client identifier, and by the user that was proved.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytestring::ByteString;

use crate::link::Link;

/// A client identifier; of a user, where users are told apart: then nobody takes the connection of another over.
type Key = (Option<ByteString>, ByteString);

#[derive(Default)]
struct Present {
    by_id: HashMap<Key, Arc<Link>>,
    /// In the order in which they came.
    by_user: HashMap<ByteString, Vec<Arc<Link>>>,
}

/// Who is connected. As large as the number of connections.
pub(crate) struct Clients {
    present: Mutex<Present>,
    /// Connections of one user at one time.
    most: usize,
}

impl Clients {
    pub(crate) fn new(most: usize) -> Self {
        Self { present: Mutex::default(), most: most.max(1) }
    }

    /// Enters a client. One with the same identifier, and the oldest of a user that has too many, are told to go.
    pub(crate) fn enter(&self, user: Option<&ByteString>, id: &ByteString, link: &Arc<Link>) {
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        let before = present.by_id.insert((user.cloned(), id.clone()), Arc::clone(link));
        let mut oldest = None;
        if let Some(user) = user {
            let links = present.by_user.entry(user.clone()).or_default();
            links.retain(|known| before.as_ref().is_none_or(|before| !Arc::ptr_eq(known, before)));
            if links.len() >= self.most {
                oldest = Some(links.remove(0));
            }
            links.push(Arc::clone(link));
        }
        drop(present);
        for link in before.into_iter().chain(oldest) {
            link.take_over();
        }
    }

    /// Strikes a client out, unless another has taken its place.
    pub(crate) fn leave(&self, user: Option<&ByteString>, id: &ByteString, link: &Arc<Link>) {
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (user.cloned(), id.clone());
        if present.by_id.get(&key).is_some_and(|known| Arc::ptr_eq(known, link)) {
            present.by_id.remove(&key);
        }
        if let Some(user) = user
            && let Some(links) = present.by_user.get_mut(user)
        {
            links.retain(|known| !Arc::ptr_eq(known, link));
            if links.is_empty() {
                present.by_user.remove(user);
            }
        }
    }

    /// Tells all connections of a user to go. How many.
    pub(crate) fn dismiss(&self, user: &str) -> usize {
        let present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        let links = present.by_user.get(user).cloned().unwrap_or_default();
        drop(present);
        links.iter().for_each(|link| link.dismiss());
        links.len()
    }
}

/// Ends connections from outside: what a revoked credential has opened.
#[derive(Clone)]
pub struct Dismissal(pub(crate) Arc<Clients>);

impl std::fmt::Debug for Dismissal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Dismissal")
    }
}

impl Dismissal {
    /// Ends all connections of a user; its last wills are not published. How many there were.
    pub fn dismiss(&self, user: &str) -> usize {
        self.0.dismiss(user)
    }
}
