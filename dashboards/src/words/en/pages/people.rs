//! English: people: who looks, what was done, and what is kept of them.

use crate::plural::Count;
use crate::words::pages::{Account, Audit, Entry, Privacy};

pub(super) const ENTRY: Entry = Entry {
    open: "No password: this page is served to this machine alone (loopback only).",
    signed_in: "Signed in:",
    sign_in: "Sign in",
    sign_out: "Sign out",
    name: "Name",
    password: "Password",
    wrong: "Name or password is wrong.",
    locked: "Too many wrong passwords. Try again after",
    slower: "Too many attempts from this address. Try again in a minute.",
    wrong_code: "This code is wrong, was used before, or came too late.",
    code_title: "Second factor",
    code_note: "Type the six digits that your authenticator shows, or a recovery code.",
    code: "Code",
    again: "Start again",
    not_now: "Nobody can sign in just now.",
    directory_away: "The city’s directory does not answer. Try again later.",
    unvouched: "The city’s directory has not confirmed this sign-in. Start again.",
    no_standing: "The city’s directory gives you no role here.",
    entered: "You are signed in",
    go_on: "Go on",
    set_up: "Enter the first admin",
    set_up_note: "This link works once. A password has 12 characters or more.",
};

pub(super) const ACCOUNT: Account = Account {
    title: "My account",
    second_factor: "Second factor",
    none: "At each signing in a code of your telephone can be asked for, besides the password.",
    begin: "Set it up",
    begun: "Take a picture of this with an authenticator, or type the secret into it. Then type the code that it shows.",
    picture: "Picture for the authenticator",
    secret: "Secret:",
    confirm: "Turn it on",
    confirmed: "The second factor is on.",
    codes: "Recovery codes, shown this once. Each works once in place of a code, should the telephone be lost: keep them elsewhere than in it.",
    asked: "A code is asked for at each signing in since",
    left: "Recovery codes left:",
    end: "Turn it off",
};

pub(super) const AUDIT: Audit = Audit {
    title: "Audit",
    rows: Count::latin("Nothing is written down yet", "{} row is written down", "{} rows are written down"),
    whole: "Every row is as it was written. The hash of the last one:",
    broken: "The chain is broken at row",
    done: "What was done, the latest first",
    none: "Nothing is written down yet.",
    what: "What",
    who: "Who",
    outcome: "Outcome",
    when: "When",
    older: "Older rows",
};

pub(super) const PRIVACY: Privacy = Privacy {
    section: "Transparency",
    title: "Personal data",
    keeping: "What is kept",
    sealed: "Messages of water meters are sealed as they arrive and kept under a pseudonym, a new one each year. The way back \
             needs a key that is kept elsewhere and a purpose of this page, and leaves a trace.",
    open: "Beware: this platform has no keys. Water meters are kept under their own numbers.",
    simulated: "The meters of this demonstration are simulated: nobody is behind them.",
    published: "Published are sums over ten meters or more alone, none of which is more than half.",
    purposes: "Purposes",
    none: "No purpose is entered.",
    data: "Data",
    basis: "Basis",
    keep: "Kept for",
    days: Count::latin("0 days", "1 day", "{} days"),
    receipt: "Receipt of the CNDP",
    undeclared: "not declared yet",
    reveals: "Looking behind the pseudonym",
    reveals_yes: "possible for this purpose; written down each time",
    reveals_no: "never for this purpose",
    sets: "Data that are kept",
    set: "Data",
    class: "Class",
    place: "Place (country)",
    public: "public",
    internal: "internal",
    sensitive: "sensitive",
    at_home: "Sensitive data stay in this country:",
    rights: "Your rights",
    rights_text: "Law 09-08 gives you a right of access (article 7), of rectification and erasure within ten clear days \
                  (article 8), and to object (article 9). Ask your municipality or the CNDP.",
};
