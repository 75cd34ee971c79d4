//! Documents of the Common Alerting Protocol 1.2 (OASIS, 2010-07-01), and Atom feeds (RFC 4287) that list them: the same
//! document of the same step, whether it is posted, put into a directory or asked for. Pure.
//!
//! Deliberately absent: signing (XML-DSig), and reading what others publish.

mod document;
mod feed;
mod sender;
mod sorts;

pub use document::{Document, Sort, document, identifier};
pub use feed::{Entry, Feed, feed};
pub use sender::{NotASender, Scope, Sender, SenderName, Status};

/// Text inside XML and HTML: markup is escaped, and what XML 1.0 cannot hold is left out.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' | '\r' => escaped.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => escaped.push(c),
        }
    }
    escaped
}
