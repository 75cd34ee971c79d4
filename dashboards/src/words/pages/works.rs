//! The texts of the pages on those who keep the platform going, and programs.

use crate::plural::Count;

/// `/devices`.
pub(crate) struct Devices {
    pub(crate) title: &'static str,
    pub(crate) known: Count,
    pub(crate) none: &'static str,
    pub(crate) more: &'static str,
    pub(crate) firmware: &'static str,
    pub(crate) since: &'static str,
    pub(crate) profile: &'static str,
    pub(crate) heard: &'static str,
    pub(crate) never: &'static str,
    pub(crate) offline: &'static str,
    pub(crate) interval: &'static str,
    pub(crate) learned: &'static str,
    pub(crate) availability: &'static str,
    pub(crate) battery: &'static str,
    pub(crate) lasts: &'static str,
    pub(crate) clock: &'static str,
    pub(crate) stuck: &'static str,
    pub(crate) private: &'static str,
    pub(crate) latest: &'static str,
    pub(crate) quality: &'static str,
    pub(crate) unread: &'static str,
    pub(crate) all_read: &'static str,
    pub(crate) received: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) topic: &'static str,
}

/// `/engineers`.
pub(crate) struct Engineers {
    pub(crate) incidents: &'static str,
    pub(crate) dust: &'static str,
    pub(crate) leak: &'static str,
    pub(crate) fire: &'static str,
    pub(crate) outage: &'static str,
    pub(crate) happens: &'static str,
    pub(crate) well: &'static str,
    pub(crate) unwell: &'static str,
    pub(crate) readers: &'static str,
    pub(crate) reader: &'static str,
    pub(crate) cursor: &'static str,
    pub(crate) trouble: &'static str,
    pub(crate) no_trouble: &'static str,
    pub(crate) quarantine: &'static str,
    pub(crate) nothing_held: &'static str,
    pub(crate) reason: &'static str,
    pub(crate) count: &'static str,
    pub(crate) newest: &'static str,
    pub(crate) retry: &'static str,
    pub(crate) tried: &'static str,
    pub(crate) back: &'static str,
    pub(crate) failed: &'static str,
    pub(crate) unknown: &'static str,
    pub(crate) all_known: &'static str,
    pub(crate) payload: &'static str,
    pub(crate) message: &'static str,
    pub(crate) as_read_now: &'static str,
    pub(crate) envelope: &'static str,
}

/// `/messages` and `/explain`.
pub(crate) struct Explain {
    pub(crate) explain: &'static str,
    pub(crate) messages: &'static str,
    pub(crate) as_they_came: &'static str,
    pub(crate) none: &'static str,
    pub(crate) older: &'static str,
    pub(crate) message: &'static str,
    pub(crate) gone: &'static str,
    pub(crate) offset: &'static str,
    pub(crate) received: &'static str,
    pub(crate) topic: &'static str,
    pub(crate) size: &'static str,
    pub(crate) retained: &'static str,
    pub(crate) read: &'static str,
    pub(crate) unread: &'static str,
    pub(crate) envelope: &'static str,
    pub(crate) profile: &'static str,
    pub(crate) own_json: &'static str,
    pub(crate) codec: &'static str,
    pub(crate) version: &'static str,
    pub(crate) uplink: &'static str,
    pub(crate) port: &'static str,
    pub(crate) same: &'static str,
    pub(crate) otherwise: &'static str,
    pub(crate) source: &'static str,
    pub(crate) reading: &'static str,
    pub(crate) value: &'static str,
    pub(crate) observed: &'static str,
    pub(crate) kept: &'static str,
    pub(crate) quality: &'static str,
    /// Good, uncertain, bad.
    pub(crate) grades: [&'static str; 3],
    pub(crate) counts: &'static str,
    pub(crate) hour: &'static str,
    pub(crate) readings: &'static str,
    pub(crate) mean: &'static str,
    pub(crate) least: &'static str,
    pub(crate) most: &'static str,
    pub(crate) in_hour: &'static str,
    pub(crate) not_in_hour: &'static str,
}

impl Explain {
    /// A grade, by its code.
    pub(crate) fn grade(&self, code: &str) -> &'static str {
        let [good, uncertain, bad] = self.grades;
        match code {
            "good" => good,
            "bad" => bad,
            _ => uncertain,
        }
    }
}

/// `/api`.
pub(crate) struct Api {
    pub(crate) section: &'static str,
    pub(crate) title: &'static str,
    pub(crate) asking: &'static str,
    pub(crate) who: &'static str,
    pub(crate) limits: &'static str,
    pub(crate) document: &'static str,
    pub(crate) clients: &'static str,
    pub(crate) roles: &'static str,
    pub(crate) everybody: &'static str,
    pub(crate) body: &'static str,
    pub(crate) parameters: &'static str,
    pub(crate) needed: &'static str,
    pub(crate) answers: &'static str,
    /// By their names in the document.
    pub(crate) chapters: [(&'static str, &'static str); 11],
}

impl Api {
    /// The title of a chapter.
    pub(crate) fn chapter(&self, name: &str) -> &'static str {
        self.chapters.iter().find(|(known, _)| *known == name).map_or("", |(_, title)| title)
    }
}
