//! A directory of CAP documents, and the Atom feed (RFC 4287) of the latest, for whoever fetches it by any web
//! server.

use std::io;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::{Arc, PoisonError};

use cap::{Entry, Feed};
use ports::DeliveryError;
use schemas::Timestamp;

/// Documents that the feed lists, newest first.
const LISTED: usize = 100;

pub(super) struct Folder(Arc<Inner>);

struct Inner {
    directory: PathBuf,
    sender: String,
    // Two lines may use one channel: one writes at a time.
    turn: Mutex<()>,
}

impl Folder {
    pub(super) fn new(directory: PathBuf, sender: String) -> Self {
        Self(Arc::new(Inner { directory, sender, turn: Mutex::new(()) }))
    }

    /// Puts a document into the directory, all of it or nothing, and lists it.
    pub(super) async fn put(&self, identifier: String, xml: String, at: Timestamp) -> Result<(), DeliveryError> {
        let inner = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || inner.write(&identifier, &xml, at)).await;
        let away = |reason: String| DeliveryError::Unavailable { reason, after: None };
        match done {
            Ok(written) => written.map_err(|error| away(format!("{}: {error}", self.0.directory.display()))),
            Err(ended) => Err(away(ended.to_string())),
        }
    }
}

impl Inner {
    fn write(&self, identifier: &str, xml: &str, at: Timestamp) -> io::Result<()> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        std::fs::create_dir_all(&self.directory)?;
        // The name begins with the instant, so that names in order are documents in order.
        let name = format!("{}0000-{identifier}.cap.xml", at.to_string().get(..19).unwrap_or_default().replace(':', ""));
        self.replace(&name, xml)?;
        self.replace("feed.atom", &self.feed()?)
    }

    /// A reader sees the file before or after, never a half.
    fn replace(&self, name: &str, text: &str) -> io::Result<()> {
        let (half, whole) = (self.directory.join(format!(".{name}.half")), self.directory.join(name));
        std::fs::write(&half, text)?;
        std::fs::rename(half, whole)
    }

    fn feed(&self) -> io::Result<String> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.directory)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.ends_with(".cap.xml") && !name.starts_with('.') {
                names.push(name);
            }
        }
        names.sort_unstable_by(|a, b| b.cmp(a));
        names.truncate(LISTED);
        let entries: Vec<Entry> = names.into_iter().map(entry).collect();
        let id = format!("urn:marsad:cap:{}", self.sender);
        Ok(cap::feed(&Feed { id: &id, title: &self.sender, author: &self.sender, own: None, language: None, entries: &entries }))
    }
}

fn entry(name: String) -> Entry {
    Entry { id: format!("urn:marsad:cap:{name}"), title: name.clone(), updated: stamp(&name), href: name }
}

/// The instant at the beginning of a document's name: `2026-11-21T1200000000-...`.
fn stamp(name: &str) -> Timestamp {
    let part = |from: usize, to: usize| name.get(from..to).unwrap_or("00");
    let text = format!("{}T{}:{}:{}Z", name.get(..10).unwrap_or_default(), part(11, 13), part(13, 15), part(15, 17));
    text.parse().unwrap_or(Timestamp::MIN)
}
