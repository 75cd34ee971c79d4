//! The texts of the pages: one group a page, in files by whom they are for.

mod city;
mod desk;
mod people;
mod reports;
mod works;

pub(crate) use city::{Air, Kinds, Leaks, Maps, Parking, Public, Waste, Water};
pub(crate) use desk::{Desk, Rotas, Rules, Silences};
pub(crate) use people::{Account, Audit, Entry, Privacy};
pub(crate) use reports::{Indicators, Mailings, Post, Report};
pub(crate) use works::{Api, Devices, Engineers, Explain};

#[cfg(test)]
use crate::plural::Count;

/// All groups.
pub(crate) struct Pages {
    pub(crate) common: Common,
    pub(crate) nav: Nav,
    pub(crate) air: Air,
    pub(crate) waste: Waste,
    pub(crate) parking: Parking,
    pub(crate) water: Water,
    pub(crate) leaks: Leaks,
    pub(crate) kinds: Kinds,
    pub(crate) maps: Maps,
    pub(crate) public: Public,
    pub(crate) desk: Desk,
    pub(crate) silences: Silences,
    pub(crate) rules: Rules,
    pub(crate) rotas: Rotas,
    pub(crate) report: Report,
    pub(crate) indicators: Indicators,
    pub(crate) mailings: Mailings,
    pub(crate) post: Post,
    pub(crate) entry: Entry,
    pub(crate) account: Account,
    pub(crate) audit: Audit,
    pub(crate) privacy: Privacy,
    pub(crate) devices: Devices,
    pub(crate) engineers: Engineers,
    pub(crate) explain: Explain,
    pub(crate) api: Api,
}

/// The menu, where it says something else than the page.
pub(crate) struct Nav {
    pub(crate) alerts: &'static str,
    pub(crate) reports: &'static str,
    pub(crate) devices: &'static str,
    pub(crate) engineers: &'static str,
}

/// What several pages say.
pub(crate) struct Common {
    pub(crate) period: &'static str,
    /// 24 hours, 7 days, 30 days, 1 year, 5 years.
    pub(crate) ranges: [&'static str; 5],
    pub(crate) time: &'static str,
    pub(crate) no_values: &'static str,
    pub(crate) walk: &'static str,
    pub(crate) loading: &'static str,
    pub(crate) no_script: &'static str,
    pub(crate) past: &'static str,
    pub(crate) csv: &'static str,
    pub(crate) print: &'static str,
    pub(crate) zoom_in: &'static str,
    pub(crate) zoom_out: &'static str,
}

impl Pages {
    /// Everything that is counted.
    #[cfg(test)]
    pub(crate) fn counts(&self) -> Vec<&Count> {
        vec![
            &self.waste.to_empty,
            &self.parking.free,
            &self.leaks.going_on,
            &self.kinds.devices,
            &self.public.going_on,
            &self.desk.shown,
            &self.silences.holding,
            &self.rules.count,
            &self.rules.would_fire,
            &self.rules.more,
            &self.rotas.unmanned,
            &self.mailings.late,
            &self.mailings.attempts,
            &self.audit.rows,
            &self.privacy.days,
            &self.devices.known,
        ]
    }
}
