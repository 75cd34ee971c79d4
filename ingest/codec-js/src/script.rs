//! Scripts, and the interpreters that a thread keeps for them.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use schemas::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engine::{Attempt, Attempted, Engine, Thrown, Way};
use crate::error::{Place, RunError, ScriptError};
use crate::limits::Limits;
use crate::module;

/// Interpreters that one thread keeps; the one that was not used for longest goes first. Each has at most
/// [`Limits::memory`] bytes, and about half a MiB usually.
const KEPT: usize = 32;

/// What a device sent, as a script is told.
#[derive(Clone, Copy, Debug)]
pub struct Uplink<'a> {
    /// `FPort`; 0 where there is none.
    pub port: u8,
    /// The payload, deciphered.
    pub bytes: &'a [u8],
    /// When it was received: where `Date` stands.
    pub time: Timestamp,
    /// `recvTime` as a text, if another than that of `time` (RFC 3339, UTC, milliseconds) is to be seen.
    pub recv_time: Option<&'a str>,
}

/// What a script answered, as `JSON.stringify` writes it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// The decoded fields; null where there are none.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub data: Value,
    /// An array of texts, if the script keeps to TS013; null where there are none.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub warnings: Value,
    /// An array of texts, if the script keeps to TS013; null where there are none. Not empty: the payload was not understood.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub errors: Value,
}

/// A decoder. Cheap to clone and shared between threads; each thread that runs it makes an interpreter for it.
#[derive(Clone)]
pub struct Script(Arc<Source>);

struct Source {
    name: String,
    text: String,
    limits: Limits,
    way: Way,
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script").field("name", &self.0.name).field("bytes", &self.0.text.len()).finish_non_exhaustive()
    }
}

thread_local! {
    /// The interpreters of this thread, the last used first.
    static ENGINES: RefCell<Vec<(Arc<Source>, Engine)>> = const { RefCell::new(Vec::new()) };
}

impl Script {
    /// A script with the default limits. `name` stands in its errors: a file name, usually.
    ///
    /// The source is a script, not a module, and sloppy unless it says `"use strict"`. One that can only be read as a
    /// module has its `export` and `import` replaced. Nothing of it runs yet.
    ///
    /// # Errors
    /// See [`ScriptError`]; a syntax error has line and column.
    pub fn compile(name: &str, source: &str) -> Result<Self, ScriptError> {
        Self::compile_within(name, source, Limits::default())
    }

    /// A script with these limits.
    ///
    /// # Errors
    /// As [`Script::compile`].
    pub fn compile_within(name: &str, source: &str, limits: Limits) -> Result<Self, ScriptError> {
        if source.len() > limits.source {
            return Err(ScriptError::TooLong { name: name.to_owned(), bytes: source.len(), limit: limits.source });
        }
        if name.contains('\0') || source.contains('\0') {
            return Err(ScriptError::ZeroByte { name: name.replace('\0', "") });
        }
        // A byte order mark and the line of a Unix script are not JavaScript everywhere.
        let text = source.strip_prefix('\u{feff}').unwrap_or(source);
        let text = &match text.strip_prefix("#!") {
            Some(rest) => format!("//{rest}"),
            None => text.to_owned(),
        };
        let first = match compiled(name, text, limits) {
            Ok(script) => return Ok(script),
            Err(first) => first,
        };
        if first.kind == "SyntaxError"
            && let Some(plain) = module::as_script(text)
            && let Ok(script) = compiled(name, &plain, limits)
        {
            return Ok(script);
        }
        Err(refused(name, first))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Decodes one message: the same answer for the same uplink, whatever came before. [`Limits::deadline`] is for all
    /// attempts at it together.
    ///
    /// # Errors
    /// See [`RunError`]. Errors that the script reports in its answer are in [`Output::errors`].
    pub fn run(&self, uplink: &Uplink<'_>) -> Result<Output, RunError> {
        if self.0.way == Way::Program {
            return self.run_alone(uplink, self.0.limits.deadline);
        }
        let kept = self.take();
        let fresh = kept.is_none();
        let engine = match kept {
            Some(engine) => engine,
            None => self.engine(Way::Function)?,
        };
        let Attempted { attempt, homeless, left } = engine.attempt(uplink, self.0.limits.deadline);
        if engine.forget(&attempt) {
            self.keep(engine);
        } else {
            drop(engine);
        }
        match attempt {
            // It may be the garbage of earlier messages that stood in the way.
            Err(RunError::Memory { .. }) if !fresh => self.run_new(uplink, left),
            _ if homeless => self.run_alone(uplink, left),
            attempt => attempt,
        }
    }

    /// Decodes one message in an interpreter that nothing else has used or will use; as [`Script::run`], and slower.
    ///
    /// # Errors
    /// As [`Script::run`].
    pub fn run_fresh(&self, uplink: &Uplink<'_>) -> Result<Output, RunError> {
        self.run_new(uplink, self.0.limits.deadline)
    }

    /// Bytes of heap that this thread's interpreter for it has, if there is one.
    #[must_use]
    pub fn memory(&self) -> Option<usize> {
        ENGINES.with_borrow(|engines| engines.iter().find(|(s, _)| Arc::ptr_eq(s, &self.0)).map(|(_, engine)| engine.memory()))
    }

    fn run_new(&self, uplink: &Uplink<'_>, time: Duration) -> Attempt {
        if self.0.way == Way::Program {
            return self.run_alone(uplink, time);
        }
        let Attempted { attempt, homeless, left } = self.engine(Way::Function)?.attempt(uplink, time);
        if homeless { self.run_alone(uplink, left) } else { attempt }
    }

    fn run_alone(&self, uplink: &Uplink<'_>, time: Duration) -> Attempt {
        self.engine(Way::Program)?.attempt(uplink, time).attempt
    }

    fn engine(&self, way: Way) -> Result<Engine, RunError> {
        Engine::new(&self.0.name, &self.0.text, self.0.limits, way)
            .map_err(|thrown| RunError::Engine { message: format!("{}: {}", thrown.kind, thrown.message) })
    }

    fn take(&self) -> Option<Engine> {
        ENGINES.with_borrow_mut(|engines| {
            let at = engines.iter().position(|(source, _)| Arc::ptr_eq(source, &self.0))?;
            Some(engines.remove(at).1)
        })
    }

    fn keep(&self, engine: Engine) {
        ENGINES.with_borrow_mut(|engines| {
            // Of a script that nobody holds any more only the interpreter does.
            engines.retain(|(source, _)| Arc::strong_count(source) > 1);
            engines.truncate(KEPT - 1);
            engines.insert(0, (Arc::clone(&self.0), engine));
        });
    }
}

/// Reads a source, and keeps the interpreter that did for the first message.
fn compiled(name: &str, text: &str, limits: Limits) -> Result<Script, Thrown> {
    let engine = Engine::new(name, text, limits, Way::Function)?;
    let way = if finds_itself(text) { Way::Program } else { Way::Function };
    let script = Script(Arc::new(Source { name: name.to_owned(), text: text.to_owned(), limits, way }));
    if way == Way::Function {
        script.keep(engine);
    }
    Ok(script)
}

/// Whether a script may look for its own variables in the global object without failing when they are not there. One that
/// fails is found out while it runs.
fn finds_itself(text: &str) -> bool {
    ["globalThis[", "global[", "window[", "(0, eval)", "(0,eval)"].iter().any(|sign| text.contains(sign))
}

fn refused(name: &str, thrown: Thrown) -> ScriptError {
    let name = name.to_owned();
    if thrown.kind == "SyntaxError" {
        let place = thrown.place.unwrap_or(Place { line: 1, column: 1 });
        return ScriptError::Syntax { name, place, message: thrown.message };
    }
    ScriptError::Limits { name, message: format!("{}: {}", thrown.kind, thrown.message) }
}
