//! Certificates: those that pages and API speak TLS with, and ones for tests (`marsad cert dev`).

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use endpoint::Certificates;
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use schemas::DeviceId;
use serde_json::json;
use settings::Settings;

use crate::cli::Common;
use crate::failure::{Code, Failure};
use crate::people::told;

#[derive(Debug, Subcommand)]
pub(crate) enum CertCommand {
    /// Make an authority, a server certificate and device certificates, to try TLS out
    #[command(after_help = "Example:
  marsad cert dev --out certs --host city.example --device bin-1

Makes ca.pem and ca.key, server.pem and server.key, and a pair for each device. An authority that is there is used again, so that
devices can be added. For tests: the key of the authority lies beside it, unlocked.")]
    Dev(Dev),
}

#[derive(Debug, Args)]
pub(crate) struct Dev {
    /// Directory, made if it is not there
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Name or address of the server; may be given several times
    #[arg(long, value_name = "HOST", default_values = ["localhost", "127.0.0.1"])]
    host: Vec<String>,
    /// A device that is to have a certificate; may be given several times
    #[arg(long, value_name = "ID")]
    device: Vec<DeviceId>,
}

/// What pages and API speak TLS with; none where they speak HTTP.
pub(crate) fn of_http(settings: &Settings) -> Result<Option<Arc<Certificates>>, Failure> {
    let (certificate, key) = match (&settings.http.certificate, &settings.http.key) {
        (None, None) => return Ok(None),
        (Some(certificate), Some(key)) => (certificate, key),
        _ => return Err(Failure::new(Code::Settings, "http.certificate and http.key: expected both, or neither")),
    };
    let read = Certificates::read(certificate, key, None, &["h2", "http/1.1"]);
    Ok(Some(Arc::new(read.map_err(|e| Failure::new(Code::Settings, format!("HTTPS: {e}")))?)))
}

fn odd(what: &dyn std::fmt::Display) -> Failure {
    Failure::new(Code::Failed, format!("a certificate cannot be made: {what}"))
}

fn unwritten(path: &Path, cause: &std::io::Error) -> Failure {
    Failure::new(Code::Failed, format!("{} cannot be written: {cause}", path.display()))
}

/// A certificate for everybody, and its key for its owner alone.
fn put(out: &Path, name: &str, certificate: &str, key: &KeyPair) -> Result<(), Failure> {
    for (end, text, mode) in [("pem", certificate, 0o644), ("key", &*key.serialize_pem(), 0o600)] {
        let path = out.join(format!("{name}.{end}"));
        let _ = fs::remove_file(&path);
        let made = File::options().create_new(true).write(true).mode(mode).open(&path);
        made.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|cause| unwritten(&path, &cause))?;
    }
    Ok(())
}

/// The parameters of the authority. The same each time: with its key they are the authority that was made before.
fn authority() -> Result<CertificateParams, Failure> {
    let mut params = CertificateParams::new(Vec::new()).map_err(|e| odd(&e))?;
    params.distinguished_name.push(DnType::CommonName, "Marsad test authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn leaf(names: Vec<String>, common: &str, usage: ExtendedKeyUsagePurpose) -> Result<CertificateParams, Failure> {
    let mut params = CertificateParams::new(names).map_err(|e| odd(&e))?;
    params.distinguished_name.push(DnType::CommonName, common);
    params.extended_key_usages = vec![usage];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// `marsad cert dev`
pub(crate) fn cert(common: &Common, command: &CertCommand) -> Result<(), Failure> {
    let CertCommand::Dev(Dev { out, host, device }) = command;
    fs::create_dir_all(out).map_err(|cause| unwritten(out, &cause))?;
    let kept = out.join("ca.key");
    let key = if kept.is_file() {
        let text = fs::read_to_string(&kept).map_err(|cause| odd(&cause))?;
        KeyPair::from_pem(&text).map_err(|e| odd(&e))?
    } else {
        let key = KeyPair::generate().map_err(|e| odd(&e))?;
        let made = authority()?.self_signed(&key).map_err(|e| odd(&e))?;
        put(out, "ca", &made.pem(), &key)?;
        key
    };
    let issuer = Issuer::new(authority()?, key);
    let sign = |name: &str, params: CertificateParams| {
        let key = KeyPair::generate().map_err(|e| odd(&e))?;
        let made = params.signed_by(&key, &issuer).map_err(|e| odd(&e))?;
        put(out, name, &made.pem(), &key)
    };
    let first = host.first().map_or("localhost", String::as_str);
    sign("server", leaf(host.clone(), first, ExtendedKeyUsagePurpose::ServerAuth)?)?;
    for id in device {
        sign(id.as_str(), leaf(Vec::new(), id.as_str(), ExtendedKeyUsagePurpose::ClientAuth)?)?;
    }
    let names: Vec<&str> = device.iter().map(DeviceId::as_str).collect();
    let line = format!("{}: ca, server{}", out.display(), names.iter().map(|name| format!(", {name}")).collect::<String>());
    told(common, &json!({ "directory": out, "hosts": host, "devices": names }), &line)
}
