//! The texts of the pages on people: who looks, what was done, and what is kept of them.

use crate::plural::Count;

/// Signing in, and what is said of whoever has.
pub(crate) struct Entry {
    pub(crate) open: &'static str,
    pub(crate) signed_in: &'static str,
    pub(crate) sign_in: &'static str,
    pub(crate) sign_out: &'static str,
    pub(crate) name: &'static str,
    pub(crate) password: &'static str,
    pub(crate) wrong: &'static str,
    pub(crate) locked: &'static str,
    pub(crate) slower: &'static str,
    pub(crate) wrong_code: &'static str,
    pub(crate) code_title: &'static str,
    pub(crate) code_note: &'static str,
    pub(crate) code: &'static str,
    pub(crate) again: &'static str,
    pub(crate) not_now: &'static str,
    pub(crate) directory_away: &'static str,
    pub(crate) unvouched: &'static str,
    pub(crate) no_standing: &'static str,
    pub(crate) entered: &'static str,
    pub(crate) go_on: &'static str,
    pub(crate) set_up: &'static str,
    pub(crate) set_up_note: &'static str,
}

/// `/account`.
pub(crate) struct Account {
    pub(crate) title: &'static str,
    pub(crate) second_factor: &'static str,
    pub(crate) none: &'static str,
    pub(crate) begin: &'static str,
    pub(crate) begun: &'static str,
    pub(crate) picture: &'static str,
    pub(crate) secret: &'static str,
    pub(crate) confirm: &'static str,
    pub(crate) confirmed: &'static str,
    pub(crate) codes: &'static str,
    pub(crate) asked: &'static str,
    pub(crate) left: &'static str,
    pub(crate) end: &'static str,
}

/// `/audit`.
pub(crate) struct Audit {
    pub(crate) title: &'static str,
    pub(crate) rows: Count,
    pub(crate) whole: &'static str,
    pub(crate) broken: &'static str,
    pub(crate) done: &'static str,
    pub(crate) none: &'static str,
    pub(crate) what: &'static str,
    pub(crate) who: &'static str,
    pub(crate) outcome: &'static str,
    pub(crate) when: &'static str,
    pub(crate) older: &'static str,
}

/// `/privacy`.
pub(crate) struct Privacy {
    pub(crate) section: &'static str,
    pub(crate) title: &'static str,
    pub(crate) keeping: &'static str,
    /// Messages of meters are sealed and kept under pseudonyms.
    pub(crate) sealed: &'static str,
    /// They are not: the settings name no keys.
    pub(crate) open: &'static str,
    /// Nobody stands behind simulated meters.
    pub(crate) simulated: &'static str,
    pub(crate) published: &'static str,
    pub(crate) purposes: &'static str,
    pub(crate) none: &'static str,
    pub(crate) data: &'static str,
    pub(crate) basis: &'static str,
    pub(crate) keep: &'static str,
    pub(crate) days: Count,
    pub(crate) receipt: &'static str,
    pub(crate) undeclared: &'static str,
    pub(crate) reveals: &'static str,
    pub(crate) reveals_yes: &'static str,
    pub(crate) reveals_no: &'static str,
    pub(crate) sets: &'static str,
    pub(crate) set: &'static str,
    pub(crate) class: &'static str,
    pub(crate) place: &'static str,
    pub(crate) public: &'static str,
    pub(crate) internal: &'static str,
    pub(crate) sensitive: &'static str,
    pub(crate) at_home: &'static str,
    pub(crate) rights: &'static str,
    pub(crate) rights_text: &'static str,
}
