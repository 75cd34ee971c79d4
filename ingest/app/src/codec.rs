//! `marsad codec`: the vendors' own scripts by themselves, and what the program can take apart.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use ::codec::Decoder;
use clap::Subcommand;
use codec_js::{Script, Uplink, cases};
use ports::{Clock, SystemClock};
use schemas::Timestamp;
use serde_json::json;

use crate::decode::unhex;
use crate::failure::{Code, Failure, unwritable};

#[derive(Debug, Subcommand)]
pub(crate) enum CodecCommand {
    /// The envelopes and the codecs that the program has
    List,
    /// Run a vendor's script on the bytes of one frame and print its result as JSON
    #[command(after_help = "Example:
  marsad codec run --js em400.js --port 85 01755c0367010104824408050001")]
    Run {
        /// The script: decodeUplink (LoRaWAN TS013), Decoder or Decode
        #[arg(long, value_name = "FILE")]
        js: PathBuf,
        /// LoRaWAN port
        #[arg(long, value_name = "N")]
        port: u8,
        /// What the script takes for the present, RFC 3339 [default: now]
        #[arg(long, value_name = "TIME")]
        time: Option<Timestamp>,
        /// The bytes, as hexadecimal digits
        #[arg(value_name = "HEX")]
        hex: String,
    },
    /// Hold a vendor's script against its published examples; exits with 1 if one differs
    #[command(after_help = "A line of the cases:
  {\"fPort\":85,\"bytes_hex\":\"01755c\",\"recvTime\":\"2026-11-21T20:00:00Z\",\"expected\":{\"data\":{\"battery\":92}}}
recvTime may be left out; warnings and errors may be expected beside data. Numbers are compared exactly.

Example:
  marsad codec test --js em400.js --cases em400.jsonl")]
    Test {
        /// The script
        #[arg(long, value_name = "FILE")]
        js: PathBuf,
        /// Its cases, one JSON object a line
        #[arg(long, value_name = "FILE.jsonl")]
        cases: PathBuf,
    },
}

pub(crate) fn codec(command: &CodecCommand, as_json: bool) -> Result<(), Failure> {
    match command {
        CodecCommand::List => list(as_json).map_err(unwritable),
        CodecCommand::Run { js, port, time, hex } => {
            let bytes =
                unhex(hex).ok_or_else(|| Failure::new(Code::Usage, format!("`{hex}` is not hexadecimal digits in pairs")))?;
            let time = time.unwrap_or_else(|| SystemClock.now());
            let output = script(js)?.run(&Uplink { port: *port, bytes: &bytes, time, recv_time: None });
            let output = output.map_err(|e| Failure::new(Code::Failed, format!("{}: {e}", js.display())))?;
            let text = serde_json::to_string(&output).map_err(|e| Failure::new(Code::Failed, e.to_string()))?;
            writeln!(io::stdout().lock(), "{text}").map_err(unwritable)
        }
        CodecCommand::Test { js, cases } => test(&script(js)?, cases, as_json),
    }
}

fn script(path: &Path) -> Result<Script, Failure> {
    Script::compile(&path.display().to_string(), &text(path)?).map_err(|e| Failure::new(Code::Failed, e.to_string()))
}

fn text(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|e| Failure::new(Code::Failed, format!("{} cannot be read: {e}", path.display())))
}

fn test(script: &Script, path: &Path, as_json: bool) -> Result<(), Failure> {
    let lines = text(path)?;
    let report = cases::run(script, &lines, SystemClock.now())
        .map_err(|e| Failure::new(Code::Usage, format!("{}:{}: {}", path.display(), e.line, e.message)))?;
    let (passed, failed) = (report.passed, report.failures.len());
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = (|| {
        for failure in &report.failures {
            if as_json {
                writeln!(out, "{}", json!({ "line": failure.line, "differences": failure.differences }))?;
            } else {
                writeln!(out, "line {}: {}", failure.line, failure.differences.join("; "))?;
            }
        }
        if as_json {
            writeln!(out, "{}", json!({ "passed": passed, "failed": failed }))?;
        } else {
            writeln!(out, "{passed} passed, {failed} failed")?;
        }
        out.flush()
    })();
    written.map_err(unwritable)?;
    match failed {
        0 => Ok(()),
        _ => Err(Failure::new(Code::Failed, format!("{failed} of {} cases of {} differ", passed + failed, path.display()))),
    }
}

fn list(as_json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if !as_json {
        writeln!(out, "{:<20}  {:<38}  WHAT IT IS", "ENVELOPE", "ALSO CALLED")?;
    }
    for (name, aliases, topics, about) in Decoder::envelopes() {
        if as_json {
            writeln!(out, "{}", json!({ "envelope": name, "aliases": aliases, "topics": topics, "about": about }))?;
        } else {
            writeln!(out, "{name:<20}  {:<38}  {about}", aliases.join(", "))?;
        }
    }
    if !as_json {
        writeln!(out, "\n{:<20}  WHAT IT READS", "CODEC")?;
    }
    for (name, about) in Decoder::codecs() {
        if as_json {
            writeln!(out, "{}", json!({ "codec": name, "about": about }))?;
        } else {
            writeln!(out, "{name:<20}  {about}")?;
        }
    }
    Ok(())
}
