//! Signatures that can be taken (RFC 7518, RFC 8037). There is no `none`, and none by a shared secret.

use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters,
    RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};
use serde::Deserialize;

use crate::keys::Material;

/// How an ID token is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Algorithm {
    /// RSA PKCS #1, SHA-256.
    Rs256,
    /// RSA PKCS #1, SHA-384.
    Rs384,
    /// RSA PKCS #1, SHA-512.
    Rs512,
    /// RSA PSS, SHA-256.
    Ps256,
    /// RSA PSS, SHA-384.
    Ps384,
    /// RSA PSS, SHA-512.
    Ps512,
    /// ECDSA on P-256, SHA-256.
    Es256,
    /// ECDSA on P-384, SHA-384.
    Es384,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
}

impl Algorithm {
    /// The name that a token and a key give it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Algorithm::Rs256 => "RS256",
            Algorithm::Rs384 => "RS384",
            Algorithm::Rs512 => "RS512",
            Algorithm::Ps256 => "PS256",
            Algorithm::Ps384 => "PS384",
            Algorithm::Ps512 => "PS512",
            Algorithm::Es256 => "ES256",
            Algorithm::Es384 => "ES384",
            Algorithm::EdDsa => "EdDSA",
        }
    }

    /// Whether a key of this sort signs so, and has signed `message`.
    pub(crate) fn has_signed(self, key: &Material, message: &[u8], signature: &[u8]) -> bool {
        match (self, key) {
            (Algorithm::Rs256, Material::Rsa(key)) => rsa(key, &RSA_PKCS1_2048_8192_SHA256, message, signature),
            (Algorithm::Rs384, Material::Rsa(key)) => rsa(key, &RSA_PKCS1_2048_8192_SHA384, message, signature),
            (Algorithm::Rs512, Material::Rsa(key)) => rsa(key, &RSA_PKCS1_2048_8192_SHA512, message, signature),
            (Algorithm::Ps256, Material::Rsa(key)) => rsa(key, &RSA_PSS_2048_8192_SHA256, message, signature),
            (Algorithm::Ps384, Material::Rsa(key)) => rsa(key, &RSA_PSS_2048_8192_SHA384, message, signature),
            (Algorithm::Ps512, Material::Rsa(key)) => rsa(key, &RSA_PSS_2048_8192_SHA512, message, signature),
            (Algorithm::Es256, Material::P256(key)) => point(key, &ECDSA_P256_SHA256_FIXED, message, signature),
            (Algorithm::Es384, Material::P384(key)) => point(key, &ECDSA_P384_SHA384_FIXED, message, signature),
            (Algorithm::EdDsa, Material::Ed25519(key)) => point(key, &ED25519, message, signature),
            _ => false,
        }
    }
}

fn rsa(key: &RsaPublicKeyComponents<Vec<u8>>, how: &RsaParameters, message: &[u8], signature: &[u8]) -> bool {
    key.verify(how, message, signature).is_ok()
}

fn point(key: &[u8], how: &'static dyn VerificationAlgorithm, message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(how, key).verify(message, signature).is_ok()
}
