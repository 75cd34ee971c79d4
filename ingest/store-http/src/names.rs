//! Names that may stand in a line of protocol and in a question.

/// A name that cannot stand in a line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {what} {name:?} cannot be written, expected letters, digits and . _ : - only")]
pub struct NameInLine {
    /// Which name.
    pub what: &'static str,
    /// It, or its beginning.
    pub name: String,
}

/// Refuses a name that could end its field or the line, or that the servers keep for themselves.
///
/// # Errors
/// The name, and what it was to be.
pub fn safe(what: &'static str, name: &str) -> Result<(), NameInLine> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'-');
    if name.is_empty() || !name.bytes().all(fits) || name.starts_with('_') {
        return Err(NameInLine { what, name: name.chars().take(80).collect() });
    }
    Ok(())
}
