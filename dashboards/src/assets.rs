//! Style sheet, scripts and fonts, compiled in, texts among them pressed by brotli when the program is built. One hash of all of
//! them stands in their path, so a browser may keep them for ever and a script imports its neighbours by relative names.

use std::sync::LazyLock;

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::atlas::Atlas;

#[derive(rust_embed::RustEmbed)]
#[folder = "assets/"]
struct Files;

/// Texts by the names of assets, in brotli.
static PRESSED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/pressed.rs"));

static HASH: LazyLock<String> = LazyLock::new(|| {
    let mut names: Vec<_> = Files::iter().collect();
    names.sort();
    let mut all = Sha256::new();
    for name in names {
        all.update(name.as_bytes());
        all.update(Files::get(&name).expect("it was listed").metadata.sha256_hash());
    }
    all.update(Atlas::current().served().1);
    all.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
});

/// The address of the outlines that maps are drawn on.
pub(crate) fn ground() -> String {
    address(Atlas::current().served().0)
}

/// The address of an asset.
pub(crate) fn address(path: &str) -> String {
    format!("/a/{}/{path}", *HASH)
}

fn mime(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, end)| end) {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        "json" => "application/json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// `GET /a/{hash}/{*path}`: the hash must be the present one, lest a cache keeps new bytes under an
/// old name.
pub(crate) async fn serve(Path((hash, path)): Path<(String, String)>, asked: HeaderMap) -> Response {
    let Some(bytes) = bytes(&path).filter(|_| hash == *HASH) else { return StatusCode::NOT_FOUND.into_response() };
    let headers = [(header::CONTENT_TYPE, mime(&path)), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    match PRESSED.iter().find(|(name, _)| *name == path) {
        Some((_, pressed)) if takes_brotli(&asked) => {
            let pressed_as = [(header::CONTENT_ENCODING, "br"), (header::VARY, "accept-encoding")];
            (headers, pressed_as, Bytes::from_static(pressed)).into_response()
        }
        _ => (headers, bytes).into_response(),
    }
}

/// Whether `Accept-Encoding` names brotli and does not refuse it.
fn takes_brotli(asked: &HeaderMap) -> bool {
    let named = asked.get_all(header::ACCEPT_ENCODING).into_iter().filter_map(|value| value.to_str().ok());
    named.flat_map(|value| value.split(',')).any(|one| {
        let mut parts = one.split(';').map(str::trim);
        let refused = |part: &str| part.strip_prefix("q=").and_then(|q| q.parse::<f32>().ok()).is_some_and(|q| q <= 0.0);
        parts.next().is_some_and(|name| name.eq_ignore_ascii_case("br")) && !parts.any(refused)
    })
}

fn bytes(path: &str) -> Option<Bytes> {
    let (outlines, served) = Atlas::current().served();
    if path == outlines {
        return Some(served);
    }
    Some(match Files::get(path)?.data {
        std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        std::borrow::Cow::Owned(bytes) => Bytes::from(bytes),
    })
}

/// A style sheet without fonts of its own, for a document that must be small.
pub(crate) fn plain(path: &str) -> String {
    let text = bytes(path).map_or_else(String::new, |bytes| String::from_utf8_lossy(&bytes).into_owned());
    let mut parts = text.split("@font-face");
    let first = parts.next().unwrap_or_default().to_owned();
    first + &parts.filter_map(|part| part.split_once('}')).map(|(_, rest)| rest).collect::<String>()
}

/// A style sheet with the fonts that it names inside it, for a document that stands alone.
pub(crate) fn inline(path: &str) -> String {
    let text = bytes(path).map_or_else(String::new, |bytes| String::from_utf8_lossy(&bytes).into_owned());
    let mut parts = text.split("url(../");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once(')').unwrap_or((part, ""));
        let data = bytes(name).map_or_else(String::new, |bytes| STANDARD.encode(bytes));
        out.push_str(&format!("url(data:{};base64,{data}){rest}", mime(name)));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brotli_is_given_to_whoever_takes_it_and_to_nobody_who_refuses_it() {
        let asked = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, value.parse().unwrap());
            takes_brotli(&headers)
        };
        for takes in ["br", "gzip, deflate, br, zstd", "gzip;q=0.5, BR;q=0.1"] {
            assert!(asked(takes), "{takes}");
        }
        for refuses in ["gzip", "br;q=0", "br; q=0.0, gzip", "brotli", "*"] {
            assert!(!asked(refuses), "{refuses}");
        }
        assert!(!takes_brotli(&HeaderMap::new()));
    }

    #[test]
    fn every_text_is_pressed_and_says_the_same_afterwards() {
        let texts = |name: &str| ["css", "js", "json"].iter().any(|end| name.ends_with(&format!(".{end}")));
        let names: Vec<String> =
            Files::iter().map(Into::into).chain([Atlas::current().served().0.to_owned()]).filter(|name| texts(name)).collect();
        assert!(names.len() > 12, "{names:?}");
        for name in names {
            let (_, pressed) = PRESSED.iter().find(|(known, _)| *known == name).expect("it is pressed");
            let mut plain = Vec::new();
            brotli::BrotliDecompress(&mut &**pressed, &mut plain).expect("it is brotli");
            assert!(plain == bytes(&name).expect("it is there"), "{name}");
        }
    }
}
