//! A rule in words: whom it judges, by what, when it fires and ends, and where its numbers come from.

use std::fmt::Write as _;

use schemas::{Severity, Texts};
use serde::Serialize;

use crate::hours::{Hours, Span};
use crate::parse::said;
use crate::rule::Rule;

/// A rule for people.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explained {
    /// Its name.
    pub id: String,
    /// `file:line`.
    pub origin: String,
    /// How much its alerts matter.
    pub severity: Severity,
    /// The name of its condition.
    pub condition: String,
    /// What it does, some sentences in each language.
    pub words: Texts,
    /// What is said when it fires, placeholders as they stand.
    pub texts: Texts,
    /// The channels that are told.
    pub notify: Vec<String>,
    /// Where its numbers come from.
    pub source: Option<String>,
    /// Where it is written what to do.
    pub runbook: Option<String>,
}

/// French, Arabic, English.
type Three = [String; 3];

impl Rule {
    /// The rule in words.
    #[must_use]
    pub fn explain(&self) -> Explained {
        let mut words = self.whom();
        let condition = self.condition.words(self.select.quantity);
        add(&mut words, [format!(": {}.", condition.fr), format!(": {}.", condition.ar), format!(": {}.", condition.en)]);
        if !self.hold.is_zero() {
            let time = said(self.hold);
            add(
                &mut words,
                [
                    format!(" L'alerte part si cela dure {time}."),
                    format!(" يطلق التنبيه إذا دام ذلك {time}."),
                    format!(" The alert fires when this has lasted {time}."),
                ],
            );
        }
        if !self.keep_firing.is_zero() {
            let time = said(self.keep_firing);
            add(
                &mut words,
                [
                    format!(" Elle prend fin si cela a cessé pendant {time}."),
                    format!(" ينتهي التنبيه إذا توقف ذلك مدة {time}."),
                    format!(" It ends when this has been over for {time}."),
                ],
            );
        }
        if let Some(hours) = &self.hours {
            add(&mut words, enforced(hours));
        }
        let [fr, ar, en] = words;
        let (file, line) = self.origin();
        Explained {
            id: self.id.to_string(),
            origin: format!("{file}:{line}"),
            severity: self.severity,
            condition: self.form.to_owned(),
            words: Texts { fr, ar, en },
            texts: self.firing.written(),
            notify: self.notify.iter().map(ToString::to_string).collect(),
            source: self.source.clone(),
            runbook: self.runbook.clone(),
        }
    }

    fn whom(&self) -> Three {
        let select = &self.select;
        let kind = select.kind.map(schemas::Kind::label);
        let mut words = match kind {
            Some(label) => [
                format!("Chaque capteur ({})", label.fr),
                format!("كل مستشعر ({})", label.ar),
                format!("Each device ({})", label.en),
            ],
            None => ["Chaque capteur".to_owned(), "كل مستشعر".to_owned(), "Each device".to_owned()],
        };
        if !select.zones.is_empty() {
            let names = select.zones.iter().map(schemas::Zone::as_str).collect::<Vec<_>>().join(", ");
            add(&mut words, [format!(" des zones {names}"), format!(" في المناطق {names}"), format!(" in the zones {names}")]);
        }
        if !select.devices.is_empty() {
            let names = select.devices.iter().map(crate::select::Pattern::as_str).collect::<Vec<_>>().join(", ");
            add(&mut words, [format!(" nommé {names}"), format!(" باسم {names}"), format!(" named {names}")]);
        }
        let names = |tags: &[schemas::Tag]| tags.iter().map(schemas::Tag::as_str).collect::<Vec<_>>().join(", ");
        if !select.tags.is_empty() {
            let names = names(&select.tags);
            add(&mut words, [format!(" marqué {names}"), format!(" بعلامة {names}"), format!(" tagged {names}")]);
        }
        if !select.without_tags.is_empty() {
            let names = names(&select.without_tags);
            add(&mut words, [format!(" non marqué {names}"), format!(" بدون علامة {names}"), format!(" not tagged {names}")]);
        }
        if let Some(quantity) = select.quantity {
            let label = &quantity.row().label;
            add(&mut words, [format!(", {}", label.fr), format!("، {}", label.ar), format!(", {}", label.en)]);
        }
        words
    }
}

fn add(words: &mut Three, more: Three) {
    for (text, more) in words.iter_mut().zip(more) {
        text.push_str(&more);
    }
}

fn enforced(hours: &Hours) -> Three {
    const DAYS: [[&str; 3]; 7] = [
        ["lun", "الاثنين", "Mon"],
        ["mar", "الثلاثاء", "Tue"],
        ["mer", "الأربعاء", "Wed"],
        ["jeu", "الخميس", "Thu"],
        ["ven", "الجمعة", "Fri"],
        ["sam", "السبت", "Sat"],
        ["dim", "الأحد", "Sun"],
    ];
    let span =
        |span: &Span| format!("{:02}:{:02}-{:02}:{:02}", span.from.hour(), span.from.minute(), span.to.hour(), span.to.minute());
    let mut words = [" En vigueur".to_owned(), " ساري المفعول".to_owned(), " Enforced".to_owned()];
    for (names, on) in DAYS.iter().zip(hours.days) {
        if on {
            add(&mut words, names.map(|name| format!(" {name}")));
        }
    }
    let usual = span(&hours.usual);
    add(&mut words, std::array::from_fn(|_| format!(" {usual}")));
    if let Some(ramadan) = &hours.ramadan {
        let time = span(ramadan);
        add(&mut words, [format!(", pendant le ramadan {time}"), format!("، وفي رمضان {time}"), format!(", in Ramadan {time}")]);
    }
    if !hours.holidays {
        add(&mut words, [", sauf jours fériés".into(), "، ما عدا أيام العطل".into(), ", not on holidays".into()]);
    }
    for text in &mut words {
        // Writing to a String cannot fail.
        let _ = write!(text, ".");
    }
    words
}
