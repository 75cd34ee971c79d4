//! One interpreter with one script in it: the only file that speaks to QuickJS.
//!
//! A script lives in it in one of two ways. As a *function* ([`Way::Function`]): its source is the body of a function that
//! is called for each message, so that all its variables are new each time, at no more than what its top level does; the
//! interpreter is used again once `restore` has brought back what is shared. As a *program* ([`Way::Program`]), at the top
//! level of an interpreter of its own, for the few that find their own functions through the global object.

use std::time::Duration;

use rquickjs::context::EvalOptions;
use rquickjs::{CatchResultExt, CaughtError, Context, Ctx, Function, Object, Persistent, Runtime, Value};

use crate::deadline::Deadline;
use crate::error::{Place, RunError};
use crate::limits::Limits;
use crate::script::{Output, Uplink};

/// How a script stands in its interpreter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Function,
    Program,
}

/// The host library, in the order in which its files know each other. `restore` stands apart: it must see all of them.
const HOST: [(&str, &str); 7] = [
    ("marsad:bounds", include_str!("host/bounds.js")),
    ("marsad:date", include_str!("host/date.js")),
    ("marsad:locale", include_str!("host/locale.js")),
    ("marsad:buffer", include_str!("host/buffer.js")),
    ("marsad:numbers", include_str!("host/numbers.js")),
    ("marsad:web", include_str!("host/web.js")),
    ("marsad:call", include_str!("host/call.js")),
];
const RESTORE: (&str, &str) = ("marsad:restore", include_str!("host/restore.js"));

/// What a script has under the names that matter, seen from inside it: the entry points, then what bundles put them into.
const TOP: &str = "({ decodeUplink: typeof decodeUplink === 'function' ? decodeUplink : undefined, \
    Decoder: typeof Decoder === 'function' ? Decoder : undefined, Decode: typeof Decode === 'function' ? Decode : undefined, \
    module: typeof module === 'object' ? module : undefined, exports: typeof exports === 'object' ? exports : undefined, \
    driver: typeof driver === 'object' ? driver : undefined, codec: typeof codec === 'object' ? codec : undefined })";

/// Bytes that a context may grow before the engine looks for cycles of garbage.
const GARBAGE: usize = 512 * 1024;

/// Characters of a message that are kept.
const MESSAGE: usize = 500;

/// What came out of one attempt.
pub(crate) type Attempt = Result<Output, RunError>;

/// One attempt, with what it leaves to a next one.
#[derive(Debug)]
pub(crate) struct Attempted {
    pub(crate) attempt: Attempt,
    /// The script threw a `TypeError` or a `ReferenceError`, or had no entry point: it may be one that must stand as a
    /// program.
    pub(crate) homeless: bool,
    /// Processor time that was not used up.
    pub(crate) left: Duration,
}

/// What was thrown, in Rust.
#[derive(Debug)]
pub(crate) struct Thrown {
    pub(crate) kind: String,
    pub(crate) message: String,
    pub(crate) place: Option<Place>,
}

type JsFunction = Persistent<Function<'static>>;

/// Fields are dropped in this order: what is kept of the runtime before the runtime.
pub(crate) struct Engine {
    script: JsFunction,
    begin: JsFunction,
    call: JsFunction,
    shape: JsFunction,
    restore: Option<JsFunction>,
    context: Context,
    runtime: Runtime,
    deadline: Deadline,
    limits: Limits,
    /// Bytes of heap above which cycles are looked for.
    garbage_from: usize,
    name: String,
    way: Way,
}

impl Engine {
    /// An interpreter that holds this source. Nothing of the script runs yet.
    ///
    /// # Errors
    /// What the engine threw: a `SyntaxError`, or that memory does not suffice.
    pub(crate) fn new(name: &str, source: &str, limits: Limits, way: Way) -> Result<Self, Thrown> {
        let plain = |e: rquickjs::Error| Thrown { kind: "InternalError".to_owned(), message: e.to_string(), place: None };
        let runtime = Runtime::new().map_err(plain)?;
        runtime.set_memory_limit(limits.memory);
        runtime.set_max_stack_size(limits.stack);
        let deadline = Deadline::new();
        let handler = deadline.clone();
        runtime.set_interrupt_handler(Some(Box::new(move || handler.expired())));
        let context = Context::full(&runtime).map_err(plain)?;
        let made = context.with(|ctx| {
            let made = load(&ctx, name, source, way, &deadline);
            made.catch(&ctx).map_err(|e| thrown(e, name, way))
        });
        let [script, begin, call, shape, restore] = made?;
        let restore = (way == Way::Function).then_some(restore);
        let used = usize::try_from(runtime.memory_usage().malloc_size).unwrap_or(0);
        let garbage_from = used.saturating_add(GARBAGE);
        let name = name.to_owned();
        Ok(Self { script, begin, call, shape, restore, context, runtime, deadline, limits, garbage_from, name, way })
    }

    /// Decodes one message within `time`. Afterwards the interpreter may be used again only if [`Engine::forget`] says so.
    pub(crate) fn attempt(&self, uplink: &Uplink<'_>, time: Duration) -> Attempted {
        self.runtime.set_gc_threshold(self.garbage_from);
        self.deadline.set(time);
        let (attempt, homeless) = self.context.with(|ctx| match self.decode(&ctx, uplink).catch(&ctx) {
            Ok(attempt) => {
                let homeless = attempt == Err(RunError::NoEntryPoint);
                (attempt, homeless)
            }
            Err(caught) => {
                // Reading what was thrown may run code of the script's: the deadline still holds.
                let thrown = thrown(caught, &self.name, self.way);
                let homeless = matches!(thrown.kind.as_str(), "TypeError" | "ReferenceError");
                (Err(self.judge(thrown)), homeless)
            }
        });
        let left = self.deadline.left();
        if self.deadline.was_seen() {
            return Attempted { attempt: Err(RunError::Timeout { limit: self.limits.deadline }), homeless: false, left };
        }
        Attempted { attempt, homeless, left }
    }

    fn decode<'js>(&self, ctx: &Ctx<'js>, uplink: &Uplink<'_>) -> rquickjs::Result<Attempt> {
        let millis = uplink.time.millis();
        // Exact: a Timestamp is below 2^53.
        #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
        let millis_js = millis as f64;
        self.begin.clone().restore(ctx)?.call::<_, ()>((millis_js, seed(uplink)))?;
        let top: Object<'js> = self.script.clone().restore(ctx)?.call(())?;
        let text = uplink.recv_time.map_or_else(|| uplink.time.to_string(), str::to_owned);
        let call = self.call.clone().restore(ctx)?;
        let found: Option<Object<'js>> = call.call((top, uplink.port, uplink.bytes.to_vec(), millis_js, text))?;
        let Some(found) = found else { return Ok(Err(RunError::NoEntryPoint)) };
        let mut answer: Value<'js> = found.get("answer")?;
        if let Some(promise) = answer.as_promise() {
            answer = match promise.finish() {
                Err(rquickjs::Error::WouldBlock) => return Ok(Err(RunError::NoAnswer)),
                settled => settled?,
            };
        }
        let legacy: bool = found.get("legacy")?;
        let shaped: Value<'js> = self.shape.clone().restore(ctx)?.call((answer, legacy))?;
        if shaped.is_undefined() {
            return Ok(Err(RunError::NoAnswer));
        }
        let Some(json) = ctx.json_stringify(shaped)? else { return Ok(Err(RunError::NoAnswer)) };
        let json = json.to_string()?;
        if json.len() > self.limits.output {
            return Ok(Err(RunError::TooLong { bytes: json.len(), limit: self.limits.output }));
        }
        Ok(serde_json::from_str(&json).map_err(|e| RunError::NotJson { message: e.to_string() }))
    }

    /// Which limit an exception speaks of, if any.
    fn judge(&self, thrown: Thrown) -> RunError {
        let Thrown { kind, message, place } = thrown;
        match (kind.as_str(), message.as_str()) {
            // Without memory for an error object the engine throws null.
            ("null", _) | ("InternalError", "out of memory" | "out of memory in regexp execution") => {
                RunError::Memory { limit: self.limits.memory }
            }
            ("RangeError", "Maximum call stack size exceeded") => RunError::Stack { limit: self.limits.stack },
            ("", _) => RunError::Thrown { message, place },
            _ => RunError::Thrown { message: format!("{kind}: {message}"), place },
        }
    }

    /// Brings back what the message changed; whether the next one may use this interpreter.
    pub(crate) fn forget(&self, attempt: &Attempt) -> bool {
        let ordinary = match attempt {
            Ok(_) | Err(RunError::NoEntryPoint | RunError::NoAnswer | RunError::TooLong { .. } | RunError::NotJson { .. }) => {
                true
            }
            Err(RunError::Thrown { message, .. }) => !message.starts_with("InternalError"),
            Err(RunError::Timeout { .. } | RunError::Memory { .. } | RunError::Stack { .. } | RunError::Engine { .. }) => false,
        };
        let Some(restore) = self.restore.as_ref().filter(|_| ordinary && !self.runtime.is_job_pending()) else { return false };
        self.deadline.set(self.limits.deadline);
        self.context.with(|ctx| {
            let restored: rquickjs::Result<bool> = restore.clone().restore(&ctx).and_then(|f| f.call(()));
            restored.catch(&ctx).unwrap_or(false)
        })
    }

    /// Bytes of the interpreter's heap.
    pub(crate) fn memory(&self) -> usize {
        usize::try_from(self.runtime.memory_usage().malloc_size).unwrap_or(0)
    }
}

/// Loads the host library and the script: the script, then the host's own functions.
fn load<'js>(ctx: &Ctx<'js>, name: &str, source: &str, way: Way, deadline: &Deadline) -> rquickjs::Result<[JsFunction; 5]> {
    let host = Object::new(ctx.clone())?;
    let expired = deadline.clone();
    host.set("extends", extends(source))?;
    host.set("expired", Function::new(ctx.clone(), move || expired.expired())?)?;
    for (file, text) in HOST.into_iter().chain((way == Way::Function).then_some(RESTORE)) {
        let part: Function<'js> = ctx.eval_with_options(text, options(file))?;
        part.call::<_, ()>((host.clone(),))?;
    }
    let script: Function<'js> = match way {
        // On a line of its own, so that columns are the script's.
        Way::Function => {
            let body = format!("(function () {{\n{source}\n;return {TOP};\n}})");
            ctx.eval_with_options(body, options(name))?
        }
        Way::Program => {
            let (source, name) = (source.to_owned(), name.to_owned());
            Function::new(ctx.clone(), move |ctx: Ctx<'js>| -> rquickjs::Result<Value<'js>> {
                ctx.eval_with_options::<(), _>(source.as_str(), options(&name))?;
                ctx.eval_with_options(TOP, options("marsad:top"))
            })?
        }
    };
    let save = |f: Function<'js>| Persistent::save(ctx, f);
    let restore = host.get::<_, Option<Function<'js>>>("restore")?.unwrap_or_else(|| script.clone());
    Ok([save(script), save(host.get("begin")?), save(host.get("call")?), save(host.get("shape")?), save(restore)])
}

/// Whether a script seems to set something on the prototypes that all share. If one does although this says no, its own
/// call fails, and it is run as a program; nothing leaks either way.
fn extends(source: &str) -> bool {
    const KINDS: [&str; 8] = ["Object", "Function", "Array", "String", "Number", "Boolean", "Date", "RegExp"];
    source.contains(".prototype") && KINDS.iter().any(|kind| source.contains(&format!("{kind}.prototype")))
}

/// Sloppy code at the top level, under a name for its errors.
fn options(name: &str) -> EvalOptions {
    let mut options = EvalOptions::default();
    options.strict = false;
    options.filename = Some(name.to_owned());
    options
}

/// What was thrown, as text. Whatever fails while reading it is left out.
fn thrown(caught: CaughtError<'_>, name: &str, way: Way) -> Thrown {
    let short = |text: String| text.chars().take(MESSAGE).collect::<String>();
    match caught {
        CaughtError::Exception(exception) => {
            let object = exception.as_object();
            let text = |key| object.get::<_, Option<String>>(key).ok().flatten().unwrap_or_default();
            let (kind, message, stack) = (text("name"), text("message"), text("stack"));
            Thrown { kind: short(kind), message: short(message), place: place(&stack, name, way) }
        }
        CaughtError::Value(value) if value.is_null() => {
            Thrown { kind: "null".to_owned(), message: "null".to_owned(), place: None }
        }
        CaughtError::Value(value) => {
            let text = value.get::<rquickjs::Coerced<String>>().map_or_else(|_| "a value without a text".to_owned(), |c| c.0);
            Thrown { kind: String::new(), message: short(text), place: None }
        }
        CaughtError::Error(error) => Thrown { kind: "InternalError".to_owned(), message: error.to_string(), place: None },
    }
}

/// The innermost place of a stack that is in the script.
fn place(stack: &str, name: &str, way: Way) -> Option<Place> {
    let before = u32::from(way == Way::Function);
    stack.lines().find_map(|frame| {
        let after = frame.split_once(name)?.1.strip_prefix(':')?;
        let mut numbers = after.trim_end_matches(')').split(':').map(|n| n.trim().parse::<u32>().ok());
        let line = numbers.next()??.checked_sub(before).filter(|line| *line > 0)?;
        Some(Place { line, column: numbers.next().flatten().unwrap_or(1) })
    })
}

/// The seed of `Math.random`: FNV-1a of time, port and bytes, so that the same message is decoded alike.
fn seed(uplink: &Uplink<'_>) -> i32 {
    let mut hash = 0x811c_9dc5_u32;
    for byte in uplink.time.millis().to_le_bytes().into_iter().chain([uplink.port]).chain(uplink.bytes.iter().copied()) {
        hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    hash.cast_signed()
}
