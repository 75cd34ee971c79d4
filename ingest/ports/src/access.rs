//! Who asks, what they may, and what is written down of it: users, sessions, tokens, audit.

use std::net::IpAddr;

use futures_util::future::BoxFuture;
use schemars::JsonSchema;
use schemas::{Texts, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Claim, Departure, DeviceCredential, NewClaim, NewCredential, Provided, Provision, RecordError, Return};

/// What somebody is to the city. Nobody is more than one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everybody who has not said who they are.
    Public,
    /// Empties the bins of a territory, and sees nothing else.
    Contractor,
    /// Watches the environment: sees everything that is measured, acts on alerts.
    Officer,
    /// Keeps devices and platform running.
    Engineer,
    /// Protects personal data: sees what is measured, and who looked at it.
    Dpo,
    /// Says who is what.
    Admin,
}

impl Role {
    /// All of them, in order.
    pub const ALL: [Role; 6] = [Role::Public, Role::Contractor, Role::Officer, Role::Engineer, Role::Dpo, Role::Admin];

    /// `public`, `contractor`, `officer`, `engineer`, `dpo` or `admin`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Role::Public => "public",
            Role::Contractor => "contractor",
            Role::Officer => "officer",
            Role::Engineer => "engineer",
            Role::Dpo => "dpo",
            Role::Admin => "admin",
        }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.code())
    }
}

/// A word that is no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a role, expected contractor, officer, engineer, dpo or admin")]
pub struct NoRole(String);

impl std::str::FromStr for Role {
    type Err = NoRole;
    fn from_str(text: &str) -> Result<Self, NoRole> {
        let found = Role::ALL.into_iter().find(|role| *role != Role::Public && role.code() == text);
        found.ok_or_else(|| NoRole(text.chars().take(32).collect()))
    }
}

/// How somebody came to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Means {
    /// Not at all: there are no users, and only this machine can ask.
    Open,
    /// A command on this machine, by the secret of the data directory.
    Local,
    /// A browser, by its cookie.
    Session,
    /// A program, by its token.
    Token,
    /// Not at all: somebody who has not said.
    Nobody,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Viewer {
    /// The user's name; for people who need none, what they came by.
    pub name: String,
    /// What they are.
    pub role: Role,
    /// Of a contractor: which one, as the table of territories names it.
    pub contractor: Option<String>,
    /// Of somebody who sees a part of the city: whose, as `[[tenant]]` names it.
    pub tenant: Option<String>,
    /// How they came to be known.
    pub means: Means,
    /// May look, and change nothing: a token can be made so.
    pub read_only: bool,
}

impl Viewer {
    /// Somebody who has not said who they are.
    #[must_use]
    pub fn nobody() -> Self {
        Self {
            name: "public".to_owned(),
            role: Role::Public,
            contractor: None,
            tenant: None,
            means: Means::Nobody,
            read_only: true,
        }
    }

    /// Whoever asks where there are no users, on this machine alone.
    #[must_use]
    pub fn open() -> Self {
        Self {
            name: "loopback".to_owned(),
            role: Role::Admin,
            contractor: None,
            tenant: None,
            means: Means::Open,
            read_only: false,
        }
    }

    /// A command on this machine.
    #[must_use]
    pub fn local() -> Self {
        Self {
            name: "command-line".to_owned(),
            role: Role::Admin,
            contractor: None,
            tenant: None,
            means: Means::Local,
            read_only: false,
        }
    }

    /// Whether a name was proved, so that it stands for what somebody says of themselves.
    #[must_use]
    pub const fn is_person(&self) -> bool {
        matches!(self.means, Means::Session | Means::Token)
    }
}

/// What a request shows of who sends it. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub enum Shown {
    /// The secret of a session's cookie.
    Session(String),
    /// What stands behind `Authorization: Bearer`.
    Bearer(String),
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Shown::Session(_) => "Session(not shown)",
            Shown::Bearer(_) => "Bearer(not shown)",
        })
    }
}

/// A user, without the password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct User {
    /// By which they sign in.
    pub name: String,
    /// What they are.
    pub role: Role,
    /// Of a contractor: which one.
    pub contractor: Option<String>,
    /// Of somebody who sees a part of the city: whose.
    #[serde(default)]
    pub tenant: Option<String>,
    /// Whether they sign in by the city's directory, and have no password here.
    #[serde(default)]
    pub directory: bool,
    /// When they were entered.
    pub created_at: Timestamp,
    /// When they signed in last.
    pub last_seen: Option<Timestamp>,
    /// Until when they cannot sign in, after too many wrong passwords.
    pub locked_until: Option<Timestamp>,
    /// Whether they are asked for a second factor.
    pub second_factor: bool,
}

/// A user that is to be, or is to have another password.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// By which they sign in.
    pub name: String,
    /// What they are.
    pub role: Role,
    /// Of a contractor: which one.
    pub contractor: Option<String>,
    /// Of somebody who sees a part of the city: whose.
    #[serde(default)]
    pub tenant: Option<String>,
    /// Kept as its argon2id hash alone.
    pub password: String,
}

/// How far somebody has come who signs in.
#[derive(Clone, PartialEq, Eq)]
pub enum Entry {
    /// In: the secret of the new session.
    In(String),
    /// Halfway: the second factor is asked of whoever shows this ticket, for a few minutes.
    Halfway(String),
}

/// How it stands with the second factor of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecondFactor {
    /// There is none.
    None,
    /// A secret was made, and no code of it was shown yet: nobody is asked for one.
    Begun {
        /// To be typed into an authenticator: base 32 (RFC 4648).
        secret: String,
        /// The same for a picture: `otpauth://totp/...`.
        uri: String,
    },
    /// A code is asked for at each signing in.
    Asked {
        /// Since when.
        since: Timestamp,
        /// How many codes are left for the day on which the telephone is gone.
        recovery_codes: u64,
    },
}

/// A token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Token {
    /// Its number.
    pub id: u64,
    /// What it is for.
    pub name: String,
    /// What its bearer is.
    pub role: Role,
    /// Of a contractor: which one.
    pub contractor: Option<String>,
    /// Of somebody who sees a part of the city: whose.
    #[serde(default)]
    pub tenant: Option<String>,
    /// May look, and change nothing.
    pub read_only: bool,
    /// Who made it.
    pub made_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A token that is to be.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What it is for.
    pub name: String,
    /// What its bearer is.
    pub role: Role,
    /// Of a contractor: which one.
    pub contractor: Option<String>,
    /// Of somebody who sees a part of the city: whose.
    #[serde(default)]
    pub tenant: Option<String>,
    /// May look, and change nothing.
    pub read_only: bool,
    /// How long it holds, hours.
    pub hours: u32,
}

/// Something made, with the secret that is shown this once.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Made{T}")]
pub struct Made<T> {
    /// What.
    #[serde(flatten)]
    pub what: T,
    /// The secret: of it nothing is kept but a hash. Empty where a certificate stands in its place.
    pub secret: String,
}

/// A row of the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditRow {
    /// From 1, without gaps.
    pub number: u64,
    /// When, UTC.
    pub at: Timestamp,
    /// Who.
    pub who: String,
    /// From where; none for the program itself.
    pub address: Option<String>,
    /// What sort of thing: `login`, `denied`, `act`.
    pub event: String,
    /// What exactly, such as `POST /api/v1/reload`.
    pub what: String,
    /// How it ended: `ok`, or why not.
    pub outcome: String,
    /// Over this row and the hash of the row before, hexadecimal.
    pub hash: String,
}

/// A row that is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditNote {
    /// Who.
    pub who: String,
    /// From where.
    pub address: Option<IpAddr>,
    /// What sort of thing.
    pub event: &'static str,
    /// What exactly.
    pub what: String,
    /// How it ended.
    pub outcome: String,
}

/// What a look at the whole chain found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditVerdict {
    /// Rows that were looked at.
    pub rows: u64,
    /// The hash of the last one: kept elsewhere it proves later that nothing was cut off.
    pub head: String,
    /// The first row that is not as it was written, and why.
    pub broken: Option<(u64, String)>,
}

/// Why somebody is not let in, or something about people was not done.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// It could not be read or written.
    #[error(transparent)]
    Record(#[from] RecordError),
    /// The name, the password, or both are wrong: which is not said.
    #[error("name or password is wrong")]
    Wrong,
    /// The code of the second factor is wrong, was used, or came too late.
    #[error("the code is wrong, was used before, or came too late")]
    WrongCode,
    /// Too many wrong passwords: not before this instant.
    #[error("too many wrong passwords: not before {0}")]
    Locked(Timestamp),
    /// Too many wrong attempts from one address: not now.
    #[error("too many wrong attempts from this address: not now")]
    TooMany,
    /// The city's directory does not answer.
    #[error("the city's directory cannot be asked now")]
    DirectoryAway,
    /// The city's directory does not vouch for whoever this is; why is written down, and told to nobody.
    #[error("the city's directory does not vouch for this")]
    Unvouched,
    /// It does, and the settings give such a person nothing here.
    #[error("the city's directory gives no role here")]
    NoStanding,
    /// The device or the code is wrong, the code was traded, or its time is over: which is not said.
    #[error("no such claim code is open for this device")]
    NoClaim,
    /// It would be sent for everybody to read.
    #[error("a claim code is traded over TLS alone: set http.certificate and http.key, or http.proxy")]
    Plain,
    /// There is no such thing.
    #[error("{0}")]
    Absent(String),
    /// It cannot be so: each line says what and why.
    #[error("{}", .0.join("\n"))]
    Refused(Vec<String>),
}

/// Decides who somebody is, keeps users, tokens and credentials, and writes down what was done.
///
/// What a role may do is not decided here: that stands in one table of the HTTP side.
pub trait Gate: Send + Sync + 'static {
    /// Whether nobody has to say who they are: no users, and only this machine can ask.
    fn is_open(&self) -> bool;

    /// Whether a cookie may travel by TLS alone.
    fn is_secure(&self) -> bool;

    /// Whether a reverse proxy stands in front, whose word on addresses is taken.
    fn behind_proxy(&self) -> bool;

    /// Who shows this; none where it is nobody's, or no longer.
    fn recognise(&self, shown: Shown) -> BoxFuture<'_, Result<Option<Viewer>, AccessError>>;

    /// Whether this is still somebody's, for an answer that goes on: to listen is no silence, and does not end a session by it.
    fn goes_on(&self, shown: Shown) -> BoxFuture<'_, Result<bool, AccessError>>;

    /// Lets a user in, or halfway in where a second factor is asked for.
    fn sign_in(&self, name: String, password: String, from: Option<IpAddr>) -> BoxFuture<'_, Result<Entry, AccessError>>;

    /// Lets somebody in who is halfway, by a code: the secret of the new session.
    fn sign_in_with_code(&self, ticket: String, code: String, from: Option<IpAddr>)
    -> BoxFuture<'_, Result<String, AccessError>>;

    /// The words on the button of the city's directory; none where people cannot sign in by it.
    fn directory(&self) -> Option<&Texts>;

    /// Sends somebody to the city's directory, who wants to go to `next` afterwards.
    fn depart(&self, next: String, from: Option<IpAddr>) -> BoxFuture<'_, Result<Departure, AccessError>>;

    /// Lets somebody in who comes back from there, or halfway in; and where they wanted to go.
    fn arrive(&self, back: Return, from: Option<IpAddr>) -> BoxFuture<'_, Result<(Entry, String), AccessError>>;

    /// How it stands with the second factor of a user.
    fn second_factor(&self, user: String) -> BoxFuture<'_, Result<SecondFactor, AccessError>>;

    /// Makes a secret for a user who wants a second factor.
    fn begin_second_factor(&self, user: String) -> BoxFuture<'_, Result<(), AccessError>>;

    /// Asks a user for it from now on, since a code was shown: the codes for the day on which the telephone is gone, this once.
    fn confirm_second_factor(&self, user: String, code: String) -> BoxFuture<'_, Result<Vec<String>, AccessError>>;

    /// Takes it away from a user who shows a code.
    fn end_second_factor(&self, user: String, code: String) -> BoxFuture<'_, Result<(), AccessError>>;

    /// Takes it away from a user whose telephone and codes are gone.
    fn reset_second_factor(&self, user: String) -> BoxFuture<'_, Result<(), AccessError>>;

    /// Ends a session.
    fn sign_out(&self, session: String) -> BoxFuture<'_, Result<(), AccessError>>;

    /// Whether this is the code of the one-time set-up link, and it was not used.
    fn is_set_up_code(&self, code: &str) -> bool;

    /// Enters the first user, an admin, and lets it in.
    fn set_up(&self, code: String, name: String, password: String) -> BoxFuture<'_, Result<String, AccessError>>;

    /// All users, by name.
    fn users(&self) -> BoxFuture<'_, Result<Vec<User>, AccessError>>;

    /// Enters a user.
    fn add_user(&self, new: NewUser) -> BoxFuture<'_, Result<User, AccessError>>;

    /// Takes a user out, with the sessions and the tokens that it made.
    fn remove_user(&self, name: String) -> BoxFuture<'_, Result<(), AccessError>>;

    /// Gives a user another password, and ends its sessions.
    fn set_password(&self, name: String, password: String) -> BoxFuture<'_, Result<(), AccessError>>;

    /// All tokens, the newest first.
    fn tokens(&self) -> BoxFuture<'_, Result<Vec<Token>, AccessError>>;

    /// Makes a token.
    fn make_token(&self, new: NewToken, by: String) -> BoxFuture<'_, Result<Made<Token>, AccessError>>;

    /// Ends a token.
    fn revoke_token(&self, id: u64) -> BoxFuture<'_, Result<(), AccessError>>;

    /// The credentials of devices, by device.
    fn credentials(&self) -> BoxFuture<'_, Result<Vec<DeviceCredential>, AccessError>>;

    /// Makes a credential.
    fn make_credential(&self, new: NewCredential) -> BoxFuture<'_, Result<Made<DeviceCredential>, AccessError>>;

    /// Ends all credentials of a device now, with its claim code and the connections that it has. How many there were.
    fn revoke_credentials(&self, device: String) -> BoxFuture<'_, Result<u64, AccessError>>;

    /// Makes credentials or claim codes for many devices: all, or none.
    fn provide(&self, wanted: Provision) -> BoxFuture<'_, Result<Provided, AccessError>>;

    /// The claim codes that are open, by device.
    fn claims(&self) -> BoxFuture<'_, Result<Vec<Claim>, AccessError>>;

    /// Makes a claim code.
    fn make_claim(&self, new: NewClaim) -> BoxFuture<'_, Result<Made<Claim>, AccessError>>;

    /// A device trades its claim code, once, for its credential. Written down by the gate itself.
    fn trade(
        &self,
        device: String,
        code: String,
        from: Option<IpAddr>,
    ) -> BoxFuture<'_, Result<Made<DeviceCredential>, AccessError>>;

    /// Writes down what was done.
    fn note(&self, note: AuditNote) -> BoxFuture<'_, Result<(), AccessError>>;

    /// Rows of the audit behind a number, in order.
    fn audit(&self, after: u64, limit: usize) -> BoxFuture<'_, Result<Vec<AuditRow>, AccessError>>;

    /// Looks whether every row is as it was written.
    fn verify_audit(&self) -> BoxFuture<'_, Result<AuditVerdict, AccessError>>;
}
