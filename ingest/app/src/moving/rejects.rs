//! Where rows go that are no readings: one JSON object a line, with place, reason and the row, so that it can be mended and
//! read again.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use exchange::{Defaults, Rejected};
use schemas::{Kind, Zone};

use crate::failure::{Code, Failure, unwritable};

/// Rows that are told on the terminal too.
const NAMED: u64 = 5;

/// What rows say that do not say it.
pub(crate) fn defaults() -> Result<Defaults, Failure> {
    let zone = Zone::new("nowhere").map_err(|e| Failure::new(Code::Failed, e.to_string()))?;
    Ok(Defaults { zone, kind: None })
}

/// The same for readings of a file that nobody keeps.
pub(crate) fn passing_defaults() -> Result<Defaults, Failure> {
    Ok(Defaults { kind: Some(Kind::WASTE), ..defaults()? })
}

/// A file that is made with the first row.
#[derive(Debug)]
pub(super) struct Rejects {
    pub(super) path: PathBuf,
    of: String,
    file: Option<BufWriter<File>>,
    pub(super) count: u64,
}

impl Rejects {
    pub(super) fn new(path: PathBuf, of: String) -> Self {
        Self { path, of, file: None, count: 0 }
    }

    pub(super) fn put(&mut self, Rejected { place, why, text }: &Rejected) -> Result<(), Failure> {
        self.count += 1;
        if self.count <= NAMED {
            eprintln!("marsad: {}:{place}: {why}", self.of);
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let made = File::create(&self.path);
                let made =
                    made.map_err(|e| Failure::new(Code::Disk, format!("{} cannot be written: {e}", self.path.display())))?;
                none.insert(BufWriter::new(made))
            }
        };
        let line = serde_json::json!({ "line": place, "why": why, "text": text });
        writeln!(file, "{line}").map_err(unwritable)
    }

    /// All of it is on disk.
    pub(super) fn end(&mut self) -> Result<(), Failure> {
        let Some(file) = &mut self.file else { return Ok(()) };
        file.flush().and_then(|()| file.get_ref().sync_all()).map_err(unwritable)
    }
}
