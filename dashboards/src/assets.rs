//! Style sheet, scripts and fonts, compiled in. One hash of all of them stands in their path, so a
//! browser may keep them for ever and a script imports its neighbours by relative names.

use std::sync::LazyLock;

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

#[derive(rust_embed::RustEmbed)]
#[folder = "assets/"]
struct Files;

/// The outlines that maps are drawn on, and their name among the assets.
const OUTLINES: (&str, &[u8]) = ("map/casablanca.json", include_bytes!("../map/casablanca.json"));

static HASH: LazyLock<String> = LazyLock::new(|| {
    let mut names: Vec<_> = Files::iter().collect();
    names.sort();
    let mut all = Sha256::new();
    for name in names {
        all.update(name.as_bytes());
        all.update(Files::get(&name).expect("it was listed").metadata.sha256_hash());
    }
    all.update(OUTLINES.1);
    all.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
});

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
pub(crate) async fn serve(Path((hash, path)): Path<(String, String)>) -> Response {
    match bytes(&path).filter(|_| hash == *HASH) {
        None => StatusCode::NOT_FOUND.into_response(),
        Some(bytes) => {
            let headers = [(header::CONTENT_TYPE, mime(&path)), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
            (headers, bytes).into_response()
        }
    }
}

fn bytes(path: &str) -> Option<Bytes> {
    if path == OUTLINES.0 {
        return Some(Bytes::from_static(OUTLINES.1));
    }
    Some(match Files::get(path)?.data {
        std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        std::borrow::Cow::Owned(bytes) => Bytes::from(bytes),
    })
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
