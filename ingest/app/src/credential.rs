//! `marsad device credential`: by what devices prove to the endpoint who they are.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use ports::{DeviceCredential, Made, NewCredential};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use schemas::DeviceId;
use serde_json::{Value, json};
use settings::Settings;
use sha2::{Digest, Sha256};

use crate::city::{City, Purpose};
use crate::cli::Common;
use crate::failure::{Code, Failure};
use crate::people::told;

#[derive(Debug, Subcommand)]
pub(crate) enum CredentialCommand {
    /// Make a password for a device, which is printed this once, or take its certificate
    #[command(after_help = "Examples:
  marsad device credential make bin-1
  marsad device credential make bin-1 --certificate bin-1.pem
  marsad device credential make lorawan --topic 'application/#'     a network server, which speaks for many

The user name is the device's id. It publishes under its own id alone (marsad/+/+/ID/up, and the topics of the city's own routes
that hold {device}), and where --topic says.")]
    Make(Make),
    /// Make another one; those that the device has go on for a while, so that it can be brought to the device
    #[command(after_help = "Example:
  marsad device credential rotate bin-1 --overlap-hours 48")]
    Rotate {
        #[command(flatten)]
        make: Make,
        /// How long those that it has go on
        #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(0..=8784))]
        overlap_hours: u32,
    },
    /// Show credentials, without their secrets
    List,
    /// End all credentials of a device now, with its claim code and the connections that it has
    Revoke {
        /// Which
        device: DeviceId,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Make {
    /// Which
    device: DeviceId,
    /// An MQTT topic filter besides its own topics; may be given several times
    #[arg(long, value_name = "FILTER")]
    topic: Vec<String>,
    /// PEM file of the certificate that the device shows, signed by endpoint.client_ca
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
}

/// The SHA-256 of a certificate, hexadecimal.
fn fingerprint(path: &Path) -> Result<String, Failure> {
    let der = CertificateDer::from_pem_file(path)
        .map_err(|cause| Failure::new(Code::Failed, format!("{} holds no certificate: {cause}", path.display())))?;
    Ok(Sha256::digest(&der).iter().map(|byte| format!("{byte:02x}")).collect())
}

/// `marsad device credential`
pub(crate) async fn credential(settings: &Settings, common: &Common, command: CredentialCommand) -> Result<(), Failure> {
    match command {
        CredentialCommand::Make(make) => made(settings, common, make, None).await,
        CredentialCommand::Rotate { make, overlap_hours } => made(settings, common, make, Some(overlap_hours)).await,
        CredentialCommand::List => list(settings, common).await,
        CredentialCommand::Revoke { device } => {
            let city = City::reach(settings, common, Purpose::Change).await?;
            let answer: Value = city.order(&format!("/api/v1/credentials/{device}/revoke"), &json!({})).await?;
            let count = answer["revoked"].as_u64().unwrap_or_default();
            told(common, &answer, &format!("{count} credential(s) and codes of {device} are revoked, and its connections ended"))
        }
    }
}

async fn made(settings: &Settings, common: &Common, make: Make, overlap_hours: Option<u32>) -> Result<(), Failure> {
    let Make { device, topic: topics, certificate } = make;
    let certificate = certificate.as_deref().map(fingerprint).transpose()?;
    let city = City::reach(settings, common, Purpose::Change).await?;
    let new = NewCredential { device: device.to_string(), topics, certificate, overlap_hours };
    let made: Made<DeviceCredential> = city.order("/api/v1/credentials", &new).await?;
    if new.certificate.is_some() {
        return told(common, &json!(made), &format!("{device} is known by its certificate"));
    }
    eprintln!("user name {device}; the password, shown this once:");
    told(common, &json!(made), &made.secret)
}

async fn list(settings: &Settings, common: &Common) -> Result<(), Failure> {
    let city = City::reach(settings, common, Purpose::Ask).await?;
    let credentials: Vec<DeviceCredential> = city.rows("/api/v1/credentials", "credentials").await?;
    if credentials.is_empty() {
        eprintln!("no credentials");
    }
    for one in credentials {
        let ends = one.expires_at.map_or_else(String::new, |at| format!("  until {at}"));
        told(
            common,
            &json!(one),
            &format!("{:<6}  {:<24}  {}  {}{ends}", one.id, one.device, one.created_at, one.topics.join(" ")),
        )?;
    }
    Ok(())
}
