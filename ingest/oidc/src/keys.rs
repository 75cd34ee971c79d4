//! The keys that an issuer publishes (RFC 7517). What is no key of a signature that can be taken is passed over.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::RsaPublicKeyComponents;
use serde::Deserialize;
use serde_json::Value;

use crate::algorithm::Algorithm;

/// Keys that are looked at: an issuer that rotates publishes two or three of each sort.
const MOST: usize = 64;

/// A public key.
#[derive(Debug)]
pub(crate) struct Key {
    id: Option<String>,
    /// What it is for, where it says.
    algorithm: Option<String>,
    material: Material,
}

/// What it is made of.
#[derive(Debug)]
pub(crate) enum Material {
    Rsa(RsaPublicKeyComponents<Vec<u8>>),
    /// An uncompressed point.
    P256(Vec<u8>),
    /// An uncompressed point.
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// The keys of a document.
pub(crate) fn read(document: &[u8]) -> Result<Vec<Key>, serde_json::Error> {
    let Set { keys } = serde_json::from_slice(document)?;
    Ok(keys.into_iter().take(MOST).filter_map(|key| of(serde_json::from_value(key).ok()?)).collect())
}

fn of(jwk: Jwk) -> Option<Key> {
    if jwk.usage.as_deref().is_some_and(|usage| usage != "sig") {
        return None;
    }
    let material = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("RSA", _) => Material::Rsa(RsaPublicKeyComponents { n: whole(jwk.n.as_deref())?, e: whole(jwk.e.as_deref())? }),
        ("EC", Some("P-256")) => Material::P256(point(&jwk, 32)?),
        ("EC", Some("P-384")) => Material::P384(point(&jwk, 48)?),
        ("OKP", Some("Ed25519")) => Material::Ed25519(bytes(jwk.x.as_deref())?),
        _ => return None,
    };
    Some(Key { id: jwk.kid, algorithm: jwk.alg, material })
}

fn bytes(text: Option<&str>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text?).ok()
}

/// A whole number; some write it with a leading zero.
fn whole(text: Option<&str>) -> Option<Vec<u8>> {
    let bytes = bytes(text)?;
    Some(bytes.into_iter().skip_while(|byte| *byte == 0).collect())
}

fn point(jwk: &Jwk, length: usize) -> Option<Vec<u8>> {
    let (x, y) = (bytes(jwk.x.as_deref())?, bytes(jwk.y.as_deref())?);
    (x.len() == length && y.len() == length).then(|| [&[4], &*x, &*y].concat())
}

/// Whether there is a key that a token may mean: one of its name, or any where it gives none.
pub(crate) fn named<'a>(keys: &'a [Key], id: Option<&'a str>, how: Algorithm) -> impl Iterator<Item = &'a Material> {
    let fits = move |key: &&Key| {
        (id.is_none() || key.id.as_deref() == id) && key.algorithm.as_deref().is_none_or(|named| named == how.name())
    };
    keys.iter().filter(fits).map(|key| &key.material)
}
