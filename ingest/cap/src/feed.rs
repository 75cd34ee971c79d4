//! An Atom feed (RFC 4287) of CAP documents.

use std::fmt::Write;

use schemas::Timestamp;

use crate::document::seconds;
use crate::escape;

/// A feed: what it is called, who makes it, and what it lists.
#[derive(Clone, Debug)]
pub struct Feed<'a> {
    /// What makes it this feed and no other, an IRI.
    pub id: &'a str,
    /// Its name for people.
    pub title: &'a str,
    /// Who makes it.
    pub author: &'a str,
    /// Its own address, where it is known.
    pub own: Option<&'a str>,
    /// The language of its texts, where they have one.
    pub language: Option<&'a str>,
    /// The documents, newest first.
    pub entries: &'a [Entry],
}

/// One document of a feed.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What makes it this entry and no other, an IRI.
    pub id: String,
    /// What it says, short.
    pub title: String,
    /// When it was written.
    pub updated: Timestamp,
    /// Where the document is, absolute or from the feed's own address on.
    pub href: String,
}

/// The feed. It is as old as its newest entry; an empty one as old as time itself.
#[must_use]
pub fn feed(feed: &Feed<'_>) -> String {
    let updated = feed.entries.iter().map(|entry| entry.updated).max().unwrap_or(Timestamp::MIN);
    let language = feed.language.map_or_else(String::new, |tag| format!(" xml:lang=\"{}\"", escape(tag)));
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\"{language}>\n<id>{}</id>\n\
         <title>{}</title>\n<updated>{}Z</updated>\n<author><name>{}</name></author>\n",
        escape(feed.id),
        escape(feed.title),
        seconds(updated),
        escape(feed.author)
    );
    if let Some(own) = feed.own {
        let _ = writeln!(xml, "<link rel=\"self\" type=\"application/atom+xml\" href=\"{}\"/>", escape(own));
    }
    for entry in feed.entries {
        let _ = writeln!(
            xml,
            "<entry><id>{}</id><title>{}</title><updated>{}Z</updated>\
             <link rel=\"alternate\" type=\"application/cap+xml\" href=\"{}\"/></entry>",
            escape(&entry.id),
            escape(&entry.title),
            seconds(entry.updated),
            escape(&entry.href)
        );
    }
    xml.push_str("</feed>\n");
    xml
}
