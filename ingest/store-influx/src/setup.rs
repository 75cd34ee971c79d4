//! Preparing a server: the first user and organisation of a fresh one, and the bucket, by `influxdb2`. Doing it again
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
        "the bucket `{bucket}` keeps {found} s and not {expected} s: change it with `influx bucket update --retention`, or set influx.keep"
    )]
    Retention {
        /// Its name.
        bucket: String,
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
fn seconds(keep: Duration) -> Result<i32, Objection> {
    i32::try_from(keep.as_secs()).map_err(|_| Objection::new("keep", "expected at most 68 years, or \"0s\" for ever"))
}

/// Prepares servers.
#[derive(Debug)]
pub struct Setup<'a> {
    settings: &'a Settings,
}

impl<'a> Setup<'a> {
    /// For the server and the bucket of the settings.
    ///
    /// # Errors
    /// An address that is none, or one of https.
    pub fn new(settings: &'a Settings) -> Result<Self, Objection> {
        if address("url", &settings.url)?.scheme() == "https" {
            return Err(Objection::new("url", "expected http://: a server is prepared from its own machine or network"));
        }
        Ok(Self { settings })
    }

    fn client(&self, token: &str) -> Client {
        Client::new(self.settings.url.clone(), self.settings.org.clone(), token)
    }

    /// Makes what is not there yet.
    ///
    /// # Errors
    /// As [`SetupError`] says; what was made until then stays.
    pub async fn prepare(&self, access: Option<Access>) -> Result<Made, SetupError> {
        let keep = seconds(self.settings.keep)?;
        let fresh = self.client("").is_onboarding_allowed().await.map_err(server("asking whether the server is fresh"))?;
        match (fresh, access) {
            (true, Some(Access::First { user, password })) => self.begin(&user, &password, keep).await,
            (true, _) => Err(SetupError::Fresh),
            (false, Some(Access::Token(token))) => self.complete(&token, keep).await,
            (false, _) => Err(SetupError::SetUp),
        }
    }

    /// The first user, the organisation and the bucket of a fresh server.
    async fn begin(&self, user: &str, password: &Secret, keep: i32) -> Result<Made, SetupError> {
        let (org, bucket) = (&self.settings.org, self.settings.raw());
        let asked = self.client("");
        let answer = asked.onboarding(user, org, &bucket, Some(password.reveal().to_owned()), None, Some(keep)).await;
        let answer = answer.map_err(server("setting up the server"))?;
        let token = answer.auth.and_then(|auth| auth.token).map(|token| Secret::new(&token));
        Ok(Made { token, made: vec![bucket], there: Vec::new() })
    }

    /// The bucket of a server that is in use.
    async fn complete(&self, token: &Secret, keep: i32) -> Result<Made, SetupError> {
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
        let bucket = self.settings.raw();
        let asked = ListBucketsRequest { name: Some(bucket.clone()), org_id: Some(id.clone()), ..ListBucketsRequest::default() };
        let buckets = match client.list_buckets(Some(asked)).await {
            Err(RequestError::Http { status, .. }) if status.as_u16() == 404 => Vec::new(),
            other => other.map_err(server("listing buckets"))?.buckets,
        };
        if let Some(there) = buckets.into_iter().find(|there| there.name == bucket) {
            let found = there.retention_rules.first().map_or(0, |rule| u64::try_from(rule.every_seconds).unwrap_or(0));
            let expected = self.settings.keep.as_secs();
            if found != expected {
                return Err(SetupError::Retention { bucket, found, expected });
            }
            return Ok(Made { there: vec![bucket], ..Made::default() });
        }
        let rules = (keep > 0).then(|| RetentionRule::new(influxdb2::models::retention_rule::Type::Expire, keep));
        let asked =
            PostBucketRequest { retention_rules: rules.into_iter().collect(), ..PostBucketRequest::new(id, bucket.clone()) };
        client.create_bucket(Some(asked)).await.map_err(server("making the bucket"))?;
        Ok(Made { made: vec![bucket], ..Made::default() })
    }
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
