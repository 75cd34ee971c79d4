//! What a scenario came to: for people, as JSON, and as JUnit for CI.

use std::fmt::Write as _;
use std::time::Duration;

use ports::Identity;
use serde::Serialize;

use crate::memory::Resident;

/// One thing that was checked.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Finding {
    /// A stable name: `no_loss`.
    pub(crate) name: String,
    pub(crate) ok: bool,
    /// What was found, in a sentence.
    pub(crate) text: String,
}

/// What a scenario came to.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Outcome {
    pub(crate) scenario: String,
    pub(crate) ok: bool,
    pub(crate) about: String,
    pub(crate) messages: u64,
    pub(crate) readings: u64,
    pub(crate) alerts: usize,
    pub(crate) seconds: f64,
    /// CPU time of all threads, s.
    pub(crate) cpu_seconds: f64,
    /// The most that the process has had resident so far, bytes.
    pub(crate) memory_bytes: u64,
    pub(crate) findings: Vec<Finding>,
}

/// How many examples of what is wrong are told.
const EXAMPLES: usize = 3;

/// A finding that is well where nothing of this kind was found.
pub(crate) fn none_of(name: &str, what: &str, found: &[String], else_: String) -> Finding {
    if found.is_empty() {
        return Finding { name: name.to_owned(), ok: true, text: else_ };
    }
    let examples: Vec<&str> = found.iter().take(EXAMPLES).map(String::as_str).collect();
    let text = format!("{what}: {}, such as {}", found.len(), examples.join("; "));
    Finding { name: name.to_owned(), ok: false, text }
}

/// Whether the account balances, with all of it.
pub(crate) fn account(identity: &Identity) -> Finding {
    let Identity { received, stored, duplicate, quarantined, refused, waiting } = *identity;
    let text = format!(
        "{received} received = {stored} stored + {duplicate} duplicate + {quarantined} quarantined + {refused} refused + {waiting} waiting"
    );
    Finding { name: "account".to_owned(), ok: identity.balances(), text }
}

/// How often something was expected.
pub(crate) fn times(at_least: usize, at_most: Option<usize>) -> String {
    match at_most {
        None => format!("{at_least} or more"),
        Some(most) if most == at_least => most.to_string(),
        Some(most) if at_least == 0 => format!("{most} at most"),
        Some(most) => format!("{at_least} to {most}"),
    }
}

/// A finding that is well where two numbers are equal.
pub(crate) fn equal(name: &str, what: &str, is: u64, must: u64) -> Finding {
    let text = if is == must { format!("{is} {what}") } else { format!("{is} {what}, expected {must}") };
    Finding { name: name.to_owned(), ok: is == must, text }
}

impl Outcome {
    /// A run that broke off.
    pub(crate) fn broken(scenario: &str, about: &str, why: String, took: Duration, cpu: f64) -> Self {
        let finding = Finding { name: "run".to_owned(), ok: false, text: why };
        Self {
            scenario: scenario.to_owned(),
            ok: false,
            about: about.to_owned(),
            messages: 0,
            readings: 0,
            alerts: 0,
            seconds: took.as_secs_f64(),
            cpu_seconds: cpu,
            memory_bytes: Resident::own().most,
            findings: vec![finding],
        }
    }

    /// For people: a line, and what is wrong; with `every`, what is right too.
    pub(crate) fn text(&self, every: bool) -> String {
        let mut text = format!(
            "{} {:<24} {:>8} messages {:>9} readings {:>4} alerts {:>6.1} s\n",
            if self.ok { "ok    " } else { "FAILED" },
            self.scenario,
            self.messages,
            self.readings,
            self.alerts,
            self.seconds
        );
        for finding in self.findings.iter().filter(|f| every || !f.ok) {
            let mark = if finding.ok { "ok" } else { "FAILED" };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "         {mark:<6} {}: {}", finding.name, finding.text);
        }
        text
    }
}

/// JUnit XML, as CI servers read it: a suite for each scenario, a case for each finding.
pub(crate) fn junit(outcomes: &[Outcome]) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let failures = |o: &Outcome| o.findings.iter().filter(|f| !f.ok).count();
    let (tests, failed) = outcomes.iter().fold((0, 0), |(tests, failed), o| (tests + o.findings.len(), failed + failures(o)));
    let _ = writeln!(xml, "<testsuites name=\"marsad verify\" tests=\"{tests}\" failures=\"{failed}\">");
    for outcome in outcomes {
        let _ = writeln!(
            xml,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" time=\"{:.3}\">",
            escaped(&outcome.scenario),
            outcome.findings.len(),
            failures(outcome),
            outcome.seconds
        );
        for finding in &outcome.findings {
            let head = format!("<testcase classname=\"{}\" name=\"{}\"", escaped(&outcome.scenario), escaped(&finding.name));
            let _ = if finding.ok {
                writeln!(xml, "    {head}/>")
            } else {
                let text = escaped(&finding.text);
                writeln!(xml, "    {head}><failure message=\"{text}\">{text}</failure></testcase>")
            };
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

/// XML 1.0 has five characters that must be written otherwise, and no control characters.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            c if c.is_control() && !matches!(c, '\t' | '\n' | '\r') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
