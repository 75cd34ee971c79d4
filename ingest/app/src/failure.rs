//! How the program ends when it cannot go on: one sentence, a hint, and an exit code.

use std::fmt;

/// Exit codes, after `sysexits.h`; documented in `docs/reference/cli.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    /// It was tried and did not work, or something asked for is not there.
    Failed = 1,
    /// The arguments do not fit, in a way that the command line's own parser cannot see.
    Usage = 2,
    /// A needed service or the running program does not answer.
    Unavailable = 69,
    /// We are at fault: a damaged file, a failed sync, a panic.
    Stopped = 70,
    /// The disk is full or cannot be written.
    Disk = 74,
    /// Settings: an unknown key, a bad value, a taken port, a directory that is in use.
    Settings = 78,
}

/// Wrong arguments, as `clap` has it.
pub(crate) const USAGE: u8 = 2;

/// Why the program ends.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: Code,
    pub(crate) sentence: String,
    pub(crate) hint: Option<String>,
    /// Whoever read our output has gone.
    pub(crate) reader_gone: bool,
    /// The arguments are wrong: what their parser says of it, in its own form and with its exit code.
    pub(crate) arguments: Option<clap::Error>,
}

impl Failure {
    pub(crate) fn new(code: Code, sentence: impl Into<String>) -> Self {
        Self { code, sentence: sentence.into(), hint: None, reader_gone: false, arguments: None }
    }

    /// The same for machines.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::json!({ "error": self.sentence, "hint": self.hint, "code": self.code as u8 })
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "marsad: {}", self.sentence)?;
        if let Some(hint) = &self.hint {
            write!(f, "\n        {hint}")?;
        }
        Ok(())
    }
}

impl From<Vec<settings::SettingsError>> for Failure {
    fn from(errors: Vec<settings::SettingsError>) -> Self {
        let lines: Vec<String> = errors.iter().map(ToString::to_string).collect();
        Failure::new(Code::Settings, lines.join("\nmarsad: "))
            .hint("`marsad check` checks the settings without starting anything")
    }
}

impl From<settings::SettingsError> for Failure {
    fn from(error: settings::SettingsError) -> Self {
        vec![error].into()
    }
}

impl From<clap::Error> for Failure {
    fn from(error: clap::Error) -> Self {
        Failure { arguments: Some(error), ..Failure::new(Code::Failed, "the arguments are wrong") }
    }
}

/// What was asked for cannot be written out.
#[expect(clippy::needless_pass_by_value, reason = "used as a function on Result::map_err")]
pub(crate) fn unwritable(cause: std::io::Error) -> Failure {
    let code = if is_disk(&cause) { Code::Disk } else { Code::Failed };
    let reader_gone = cause.kind() == std::io::ErrorKind::BrokenPipe;
    Failure { reader_gone, ..Failure::new(code, format!("the output cannot be written: {cause}")) }
}

/// A file could not be written.
pub(crate) fn unwritable_file(path: &std::path::Path, cause: &std::io::Error) -> Failure {
    let code = if is_disk(cause) { Code::Disk } else { Code::Failed };
    Failure::new(code, format!("{} cannot be written: {cause}", path.display()))
}

/// Whether the disk had no room, or may not be written.
pub(crate) fn is_disk(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | ReadOnlyFilesystem | PermissionDenied)
}
