//! Preparing a server: the first user and organisation of a fresh one, and the buckets of readings and of hours, by `influxdb2`. Doing it again
//! changes nothing.
//!
//! Deliberately absent: other organisations and tokens with fewer rights (the server's own pages and `influx` make
//! them), and https, which the crate has only with an old TLS.

use std::time::Duration;

use influxdb2::api::buckets::ListBucketsRequest;
use influxdb2::api::organization::ListOrganizationRequest;
use influxdb2::models::{PostBucketRequest, RetentionRule, Status};
use influxdb2::{Client, RequestError};
use store_http::{Objection, Secret, address, chain};

use crate::settings::Settings;

/// How a server is entered.
#[derive(Clone, Debug)]
pub enum Access {
    /// By a token that may make buckets.
    Token(Secret),
    /// Nobody was there before: the first user.
    First {
        /// Its name.
        user: String,
        /// Its password, 8 characters or more.
        password: Secret,
    },
}

/// What was made, and what was there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// The token of the first user, where the server was fresh: it is shown once.
    pub token: Option<Secret>,
    /// Buckets made now.
    pub made: Vec<String>,
    /// Buckets that were there.
    pub there: Vec<String>,
}

/// Why a server could not be prepared.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The settings cannot be used.
    #[error(transparent)]
    Settings(#[from] Objection),
    /// It refused, or did not answer.
    #[error("{what}: {why}")]
    Server {
        /// What was asked of it.
        what: &'static str,
        /// Its words.
        why: String,
    },
    /// It is fresh, and nobody said who its first user is.
    #[error("the server is fresh, expected the name and the password of its first user")]
    Fresh,
    /// It is not fresh, and there is no token.
    #[error("the server was set up before, expected a token that may make buckets")]
    SetUp,
    /// There is no such organisation.
    #[error("there is no organisation `{0}` that this token sees")]
    NoOrganisation(String),
    /// A bucket is there and forgets at another time.
    #[error(
        "the bucket `{bucket}` keeps {found} s and not {expected} s: change it with `influx bucket update --retention`, or set influx.{key}"
    )]
    Retention {
        /// Its name.
        bucket: String,
        /// The key that says how long it keeps.
        key: &'static str,
        /// What it has, seconds; 0 is for ever.
        found: u64,
        /// What the settings say.
        expected: u64,
    },
}

fn server(what: &'static str) -> impl FnOnce(RequestError) -> SetupError {
    move |error| SetupError::Server { what, why: chain(&error) }
}

/// Seconds, as the server counts retention; 0 is for ever.
fn seconds(key: &'static str, keep: Duration) -> Result<i32, Objection> {
    i32::try_from(keep.as_secs()).map_err(|_| Objection::new(key, "expected at most 68 years, or \"0s\" for ever"))
}

/// Prepares servers.
#[derive(Debug)]
pub struct Setup<'a> {
    settings: &'a Settings,
}

impl<'a> Setup<'a> {
    /// For the server and the buckets of the settings.
    ///
    /// # Errors
    /// An address that is none, or one of https; hours that would be kept for less long than readings.
    pub fn new(settings: &'a Settings) -> Result<Self, Objection> {
        if address("url", &settings.url)?.scheme() == "https" {
            return Err(Objection::new("url", "expected http://: a server is prepared from its own machine or network"));
        }
        settings.check_keep()?;
        Ok(Self { settings })
    }

    fn client(&self, token: &str) -> Client {
        Client::new(self.settings.url.clone(), self.settings.org.clone(), token)
    }

    /// The buckets.
    fn wanted(&self) -> Result<[Wanted; 2], Objection> {
        let wanted = |name: String, key, keep| Ok(Wanted { name, key, keep: seconds(key, keep)? });
        Ok([
            wanted(self.settings.raw(), "keep", self.settings.keep)?,
            wanted(self.settings.hours(), "keep_hours", self.settings.keep_hours)?,
        ])
    }

    /// Makes what is not there yet.
    ///
    /// # Errors
    /// As [`SetupError`] says; what was made until then stays.
    pub async fn prepare(&self, access: Option<Access>) -> Result<Made, SetupError> {
        let wanted = self.wanted()?;
        let fresh = self.client("").is_onboarding_allowed().await.map_err(server("asking whether the server is fresh"))?;
        match (fresh, access) {
            (true, Some(Access::First { user, password })) => self.begin(&user, &password, wanted).await,
            (true, _) => Err(SetupError::Fresh),
            (false, Some(Access::Token(token))) => self.complete(&token, wanted).await,
            (false, _) => Err(SetupError::SetUp),
        }
    }

    /// The first user, the organisation and the buckets of a fresh server.
    async fn begin(&self, user: &str, password: &Secret, [raw, hours]: [Wanted; 2]) -> Result<Made, SetupError> {
        let (org, asked) = (&self.settings.org, self.client(""));
        let answer = asked.onboarding(user, org, &raw.name, Some(password.reveal().to_owned()), None, Some(raw.keep)).await;
        let answer = answer.map_err(server("setting up the server"))?;
        let token = answer.auth.and_then(|auth| auth.token).map(|token| Secret::new(&token));
        // It is shown once, and is not lost if the second bucket cannot be made: `prepare` again makes that.
        let made = match &token {
            Some(token) => self.complete(token, [raw.clone(), hours]).await.map(|made| made.made).unwrap_or_default(),
            None => Vec::new(),
        };
        Ok(Made { token, made: [raw.name].into_iter().chain(made).collect(), there: Vec::new() })
    }

    /// The buckets of a server that is in use.
    async fn complete(&self, token: &Secret, wanted: [Wanted; 2]) -> Result<Made, SetupError> {
        let (client, org) = (self.client(token.reveal()), &self.settings.org);
        let asked = ListOrganizationRequest { org: Some(org.clone()), ..ListOrganizationRequest::default() };
        // The server answers 404 to a name that it does not know.
        let found = match client.list_organizations(asked).await {
            Err(RequestError::Http { status, .. }) if status.as_u16() == 404 => {
                return Err(SetupError::NoOrganisation(org.clone()));
            }
            other => other.map_err(server("listing organisations"))?,
        };
        let id = found.orgs.into_iter().find(|found| found.name == *org).and_then(|found| found.id);
        let id = id.ok_or_else(|| SetupError::NoOrganisation(org.clone()))?;
        let mut all = Made::default();
        for wanted in wanted {
            let list = if bucket(&client, &id, &wanted).await? { &mut all.made } else { &mut all.there };
            list.push(wanted.name);
        }
        Ok(all)
    }
}

/// A bucket that is needed.
#[derive(Clone, Debug)]
struct Wanted {
    name: String,
    /// The key of its retention, and that, in seconds; 0 is for ever.
    key: &'static str,
    keep: i32,
}

/// Makes a bucket, or finds it as it should be; whether it was made.
async fn bucket(client: &Client, org: &str, wanted: &Wanted) -> Result<bool, SetupError> {
    let Wanted { name, key, keep } = wanted;
    let asked = ListBucketsRequest { name: Some(name.clone()), org_id: Some(org.to_owned()), ..ListBucketsRequest::default() };
    let buckets = match client.list_buckets(Some(asked)).await {
        Err(RequestError::Http { status, .. }) if status.as_u16() == 404 => Vec::new(),
        other => other.map_err(server("listing buckets"))?.buckets,
    };
    if let Some(there) = buckets.into_iter().find(|there| there.name == *name) {
        let found = there.retention_rules.first().map_or(0, |rule| u64::try_from(rule.every_seconds).unwrap_or(0));
        let expected = u64::try_from(*keep).unwrap_or(0);
        if found != expected {
            return Err(SetupError::Retention { bucket: name.clone(), key, found, expected });
        }
        return Ok(false);
    }
    let rules = (*keep > 0).then(|| RetentionRule::new(influxdb2::models::retention_rule::Type::Expire, *keep));
    let asked = PostBucketRequest {
        retention_rules: rules.into_iter().collect(),
        ..PostBucketRequest::new(org.to_owned(), name.clone())
    };
    client.create_bucket(Some(asked)).await.map_err(server("making the bucket"))?;
    Ok(true)
}

/// Whether the server says that it is well; its words where it does not.
///
/// # Errors
/// That it is not, or cannot be asked.
pub async fn healthy(settings: &Settings) -> Result<String, SetupError> {
    let setup = Setup::new(settings)?;
    let client = setup.client("");
    let health = tokio::time::timeout(settings.timeout, client.health()).await;
    let late = || SetupError::Server { what: "asking for its health", why: "no answer in time".to_owned() };
    let health = health.map_err(|_| late())?.map_err(server("asking for its health"))?;
    match health.status {
        Status::Pass => Ok(health.version.unwrap_or_default()),
        Status::Fail => Err(SetupError::Server { what: "asking for its health", why: health.message.unwrap_or_default() }),
    }
}
