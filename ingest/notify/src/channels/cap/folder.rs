//! A directory of CAP documents, and the Atom feed (RFC 4287) of the latest, for whoever fetches it by any web
//! server.

use std::io;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::{Arc, PoisonError};

use ports::DeliveryError;
use schemas::Timestamp;

use super::document::instant;
use crate::render::escape;

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
        let name = format!("{}-{identifier}.cap.xml", instant(at).replace([':', '+'], ""));
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
        let updated = names.first().map_or_else(|| "1970-01-01T00:00:00Z".to_owned(), |name| stamp(name));
        let mut feed = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n\
             <id>urn:marsad:cap:{0}</id>\n<title>{0}</title>\n<updated>{updated}</updated>\n<author><name>{0}</name></author>\n",
            escape(&self.sender)
        );
        for name in &names {
            let entry = escape(name);
            feed.push_str(&format!(
                "<entry><id>urn:marsad:cap:{entry}</id><title>{entry}</title><updated>{}</updated>\
                 <link rel=\"alternate\" type=\"application/cap+xml\" href=\"{entry}\"/></entry>\n",
                stamp(name)
            ));
        }
        feed.push_str("</feed>\n");
        Ok(feed)
    }
}

/// The instant at the beginning of a document's name: `2026-11-21T1200000000-...`.
fn stamp(name: &str) -> String {
    let part = |from: usize, to: usize| name.get(from..to).unwrap_or("00");
    format!("{}T{}:{}:{}Z", name.get(..10).unwrap_or("1970-01-01"), part(11, 13), part(13, 15), part(15, 17))
}
