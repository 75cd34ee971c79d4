//! Section `[influx]`.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use store_http::{Objection, Secret, secret};

/// Section `[influx]`; `config/default.toml` has the defaults and says what each key does.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the server answers.
    pub url: String,
    /// The organisation that owns the buckets.
    pub org: String,
    /// What the names of the buckets begin with.
    pub bucket: String,
    /// The token that may read and write the buckets.
    #[serde(default)]
    pub token: Option<Secret>,
    /// A file with the token, instead.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// PEM authorities to trust over https instead of the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// PEM file with a certificate of our own and its chain, over https.
    #[serde(default)]
    pub client_cert_file: Option<PathBuf>,
    /// PEM file with the key of our own certificate.
    #[serde(default)]
    pub client_key_file: Option<PathBuf>,
    /// How long a write, or another short request, may take.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub timeout: Duration,
    /// How long a question may take, to the last byte of its answer.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub query_timeout: Duration,
    /// Lines in one request at most.
    pub lines: usize,
    /// How long the server keeps readings; zero is for ever.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub keep: Duration,
    /// How long the server keeps what hours come to; zero is for ever.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub keep_hours: Duration,
}

impl Settings {
    /// The bucket of readings.
    #[must_use]
    pub fn raw(&self) -> String {
        format!("{}_raw", self.bucket)
    }

    /// The bucket of hours.
    #[must_use]
    pub fn hours(&self) -> String {
        format!("{}_1h", self.bucket)
    }

    /// Refuses hours that go before their readings: what is answered from hours would be missing.
    ///
    /// # Errors
    /// That they do.
    pub(crate) fn check_keep(&self) -> Result<(), Objection> {
        let shorter = !self.keep_hours.is_zero() && (self.keep.is_zero() || self.keep_hours < self.keep);
        if shorter {
            Err(Objection::new("keep_hours", "expected as long as influx.keep or longer; \"0s\" is for ever"))
        } else {
            Ok(())
        }
    }

    /// The token, from the key or its file.
    ///
    /// # Errors
    /// Both or none, or a file that cannot be read.
    pub fn read_token(&self) -> Result<Secret, Objection> {
        let token = secret("token", self.token.as_ref(), self.token_file.as_ref())?;
        token.ok_or_else(|| Objection::new("token", "expected a token, here or by token_file"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "url = \"http://127.0.0.1:8086\"\norg = \"city\"\nbucket = \"marsad\"\ntimeout = \"10s\"\n\
                        query_timeout = \"60s\"\nlines = 5000\nkeep = \"0s\"\nkeep_hours = \"0s\"\n";

    #[test]
    fn the_section_reads_and_the_token_is_never_printed() {
        let settings: Settings = toml::from_str(&format!("{TEXT}token = \"very-secret\"")).unwrap();
        assert_eq!(settings.raw(), "marsad_raw");
        assert_eq!(settings.read_token().unwrap().reveal(), "very-secret");
        assert!(!format!("{settings:?}").contains("very-secret"));
        assert!(toml::from_str::<Settings>(&format!("{TEXT}tokens = \"x\"")).is_err());
    }

    #[test]
    fn hours_are_kept_as_long_as_their_readings_or_longer() {
        let settings: Settings = toml::from_str(TEXT).unwrap();
        let (day, year) = (Duration::from_secs(86_400), Duration::from_secs(365 * 86_400));
        for (keep, keep_hours, good) in [
            (Duration::ZERO, Duration::ZERO, true),
            (day, Duration::ZERO, true),
            (day, day, true),
            (day, year, true),
            (year, day, false),
            (Duration::ZERO, year, false),
        ] {
            let settings = Settings { keep, keep_hours, ..settings.clone() };
            assert_eq!(settings.check_keep().is_ok(), good, "{keep:?} {keep_hours:?}");
        }
    }

    #[test]
    fn a_token_stands_in_one_place_and_could_be_a_header() {
        let bare: Settings = toml::from_str(TEXT).unwrap();
        assert!(bare.read_token().is_err());
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "from-a-file\n").unwrap();
        let filed = Settings { token_file: Some(file.path().to_owned()), ..bare.clone() };
        assert_eq!(filed.read_token().unwrap().reveal(), "from-a-file");
        assert!(Settings { token: Some(Secret::new("x")), ..filed }.read_token().is_err());
        assert!(Settings { token: Some(Secret::new("a\r\nb: c")), ..bare }.read_token().is_err());
    }
}
