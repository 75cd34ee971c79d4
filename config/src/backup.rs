//! For whom backups are sealed.

use std::fmt::{Display, Formatter};
use std::str::FromStr;

use serde::Deserialize;

/// `[backup]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// Each of them can open it; sealed for nobody where there is none.
    pub recipients: Vec<Recipient>,
}

/// A public key of age: what it seals, only its secret key opens.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Recipient(age::x25519::Recipient);

/// A text that is no public key.
#[derive(Debug, thiserror::Error)]
#[error("it is no public key of age, expected age1 and 58 letters and digits, as `age-keygen` prints it")]
pub struct NotARecipient;

impl Recipient {
    /// As the sealing takes it.
    #[must_use]
    pub const fn key(&self) -> &age::x25519::Recipient {
        &self.0
    }
}

impl FromStr for Recipient {
    type Err = NotARecipient;

    /// The text is not repeated in the error: it may be the secret key, by mistake.
    fn from_str(text: &str) -> Result<Self, NotARecipient> {
        text.parse().map(Self).map_err(|_| NotARecipient)
    }
}

impl TryFrom<String> for Recipient {
    type Error = NotARecipient;

    fn try_from(text: String) -> Result<Self, NotARecipient> {
        text.parse()
    }
}

impl Display for Recipient {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipient_reads_back_and_a_secret_key_is_refused_without_being_repeated() {
        let secret = age::x25519::Identity::generate();
        let text = secret.to_public().to_string();
        assert_eq!(text.parse::<Recipient>().unwrap().to_string(), text);
        let typed = age::secrecy::ExposeSecret::expose_secret(&secret.to_string()).to_owned();
        for odd in [typed.as_str(), "age1", "", "ssh-ed25519 AAAA"] {
            let refused = odd.parse::<Recipient>().unwrap_err().to_string();
            assert!(odd.len() < 8 || !refused.contains(odd), "{refused}");
        }
    }
}
