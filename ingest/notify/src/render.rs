//! What a message says, in the receiver's language: a line for a subject or an SMS, and a text for people.
//!
//! French and English are written in the letters of GSM-7. Sentences are built without plurals: Arabic has
//! six, and a count before a colon needs none.

use std::fmt::Write;

pub use cap::escape;
use ports::{Form, Language, Mark, Notification, Step};
use schemas::{Phase, Transition};

/// Steps that a text for people shows; the rest is counted.
const SHOWN: usize = 100;

/// One line: of one step its text, of several how many, and of which devices.
#[must_use]
pub fn headline(notification: &Notification, language: Language) -> String {
    if let [step] = notification.steps.as_slice()
        && (notification.form == Form::Single || step.mark.is_some())
    {
        return said(step, language);
    }
    let firing = notification.transitions().filter(|t| t.to == Phase::Firing).count();
    let resolved = notification.steps.len() - firing;
    let mut devices: Vec<&str> = notification.transitions().map(|t| t.series.device.as_str()).collect();
    devices.dedup();
    let mut line = match (language, notification.form) {
        (Language::Fr, Form::Reminder) => format!("Rappel, alertes en cours: {firing}."),
        (Language::En, Form::Reminder) => format!("Reminder, alerts still firing: {firing}."),
        (Language::Ar, Form::Reminder) => format!("تذكير، إنذارات قائمة: {firing}."),
        (Language::Fr, _) => format!("Alertes en cours: {firing}, finies: {resolved}."),
        (Language::En, _) => format!("Alerts firing: {firing}, resolved: {resolved}."),
        (Language::Ar, _) => format!("إنذارات قائمة: {firing}، منتهية: {resolved}."),
    };
    for device in devices {
        // An identifier keeps its direction inside Arabic.
        let _ = if language == Language::Ar { write!(line, " \u{2068}{device}\u{2069}") } else { write!(line, " {device}") };
    }
    // Among many, what nobody had in hand is what counts.
    let escalated = notification.steps.iter().find(|step| matches!(step.mark, Some(Mark::Escalated { .. })));
    escalated.map_or_else(String::new, |step| prefix(step, language)) + &line
}

/// The text of a step in one line, and before it why it is told beyond the ordinary.
pub(crate) fn said(step: &Step, language: Language) -> String {
    prefix(step, language) + &one_line(language.of(&step.transition.texts))
}

/// Without brackets: in an SMS each costs two letters.
fn prefix(step: &Step, language: Language) -> String {
    match (&step.mark, language) {
        (None, _) => String::new(),
        (Some(Mark::Escalated { rung, .. }), Language::Fr) => format!("ESCALADE {rung}: "),
        (Some(Mark::Escalated { rung, .. }), Language::Ar) => format!("تصعيد {rung}: "),
        (Some(Mark::Escalated { rung, .. }), Language::En) => format!("ESCALATION {rung}: "),
        (Some(Mark::Flaps), Language::Fr) => "INSTABLE, suite retenue: ".to_owned(),
        (Some(Mark::Flaps), Language::Ar) => "غير مستقر، يؤجل ما يليه: ".to_owned(),
        (Some(Mark::Flaps), Language::En) => "FLAPPING, the rest is held: ".to_owned(),
    }
}

/// The subject of a mail: at most `limit` characters.
#[must_use]
pub fn subject(notification: &Notification, language: Language, limit: usize) -> String {
    let line = headline(notification, language);
    if line.chars().count() <= limit {
        return line;
    }
    let short: String = line.chars().take(limit.saturating_sub(3)).collect();
    format!("{}...", short.trim_end())
}

/// The text of a mail: a line a step.
#[must_use]
pub fn text(notification: &Notification, language: Language) -> String {
    let mut text = String::new();
    if notification.form != Form::Single {
        let _ = writeln!(text, "{}\n", heading(notification, language));
    }
    for step in notification.steps.iter().take(SHOWN) {
        let _ =
            writeln!(text, "- {}{}\n  {}", prefix(step, language), language.of(&step.transition.texts), facts(&step.transition));
    }
    let more = notification.steps.len().saturating_sub(SHOWN);
    if more > 0 {
        let _ = writeln!(text, "+ {more}");
    }
    let _ = write!(text, "\n{}\n", notification.key());
    text
}

/// The same as HTML, from right to left in Arabic; nothing is loaded from anywhere.
#[must_use]
pub fn html(notification: &Notification, language: Language) -> String {
    let direction = if language == Language::Ar { "rtl" } else { "ltr" };
    let mut html = format!(
        "<!doctype html><html lang=\"{}\" dir=\"{direction}\"><head><meta charset=\"utf-8\"></head>\
         <body style=\"font-family:sans-serif;color:#1a1a1a\"><h1 style=\"font-size:1.1em\">{}</h1><ul>",
        language.tag(),
        escape(&heading(notification, language))
    );
    for step in notification.steps.iter().take(SHOWN) {
        let t = &step.transition;
        let mark = if t.to == Phase::Firing { "#b3261e" } else { "#2e7d32" };
        let _ = write!(
            html,
            "<li style=\"border-inline-start:4px solid {mark};padding-inline-start:8px;margin:8px 0;list-style:none\">{}{}\
             <br><small dir=\"ltr\">{}</small></li>",
            escape(&prefix(step, language)),
            escape(language.of(&t.texts)),
            escape(&facts(t))
        );
    }
    let more = notification.steps.len().saturating_sub(SHOWN);
    if more > 0 {
        let _ = write!(html, "<li>+ {more}</li>");
    }
    let _ = write!(html, "</ul><p><small dir=\"ltr\">{}</small></p></body></html>", escape(&notification.key()));
    html
}

fn heading(notification: &Notification, language: Language) -> String {
    let count = notification.steps.len();
    match (notification.form, language) {
        (Form::Single, _) => headline(notification, language),
        (Form::Group, Language::Fr) => format!("Alertes: {count}"),
        (Form::Group, Language::Ar) => format!("إنذارات: {count}"),
        (Form::Group, Language::En) => format!("Alerts: {count}"),
        (Form::Digest, Language::Fr) => format!("Résumé des alertes retenues: {count}"),
        (Form::Digest, Language::Ar) => format!("ملخص الإنذارات المؤجلة: {count}"),
        (Form::Digest, Language::En) => format!("Digest of alerts held back: {count}"),
        (Form::Reminder, Language::Fr) => format!("Rappel, alertes en cours: {count}"),
        (Form::Reminder, Language::Ar) => format!("تذكير، إنذارات قائمة: {count}"),
        (Form::Reminder, Language::En) => format!("Reminder, alerts still firing: {count}"),
    }
}

/// What does not depend on the language.
fn facts(t: &Transition) -> String {
    let value = t.value.map(|value| format!(" {value} {}", t.series.quantity.unit())).unwrap_or_default();
    format!(
        "{} | {} | {} | {}{value} | {} | {}",
        t.severity.code(),
        t.to.code(),
        t.series.device,
        t.series.quantity,
        t.zone,
        t.at
    )
}

/// Texts come from rules and stand in one line.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
