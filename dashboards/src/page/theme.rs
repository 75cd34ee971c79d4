//! Light or dark: remembered in a cookie, set by the script or by a form without it.

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;

use super::{YEAR, redirect};
use crate::lang::{Lang, cookie};
use crate::problem::Problem;

/// Characters of the address of a page that is gone back to.
const BACK_LIMIT: usize = 512;

/// `light`, `dark` or `auto`.
pub(super) fn of(headers: &HeaderMap) -> &'static str {
    match cookie(headers, "theme") {
        Some("light") => "light",
        Some("dark") => "dark",
        _ => "auto",
    }
}

/// `POST /theme`: `theme=dark&back=fr/air`. Without script; with it the page sets the cookie itself.
pub(super) async fn set(headers: HeaderMap, body: Bytes) -> Result<Response, Problem> {
    // Browsers say where a form comes from; a form on another site must not change ours.
    let site = headers.get("sec-fetch-site").and_then(|v| v.to_str().ok());
    if site.is_some_and(|s| s != "same-origin" && s != "none") {
        return Err(Problem::foreign());
    }
    let text = String::from_utf8_lossy(&body);
    let field = |name: &str| text.split('&').filter_map(|pair| pair.split_once('=')).find(|(n, _)| *n == name).map(|(_, v)| v);
    let theme = match field("theme") {
        Some("light") => "light",
        Some("dark") => "dark",
        Some("auto") => "auto",
        _ => return Err(Problem::parameter("theme", "the theme is not one of ours", "light, dark or auto")),
    };
    let mut response = redirect(StatusCode::SEE_OTHER, &back(field("back").unwrap_or_default()));
    let text = format!("theme={theme}; Path=/; Max-Age={YEAR}; SameSite=Lax");
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    Ok(response)
}

/// The page that the form stood on, if it is one of ours: `fr%2Fair` is `/fr/air`.
fn back(field: &str) -> String {
    let path = field.replace("%2F", "/").replace("%2f", "/");
    let (lang, rest) = path.split_once('/').unwrap_or((&path, ""));
    let lang = Lang::from_code(lang).unwrap_or(Lang::first()).code();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let ours = path.len() <= BACK_LIMIT
        && path.starts_with(lang)
        && rest.chars().all(plain)
        && !rest.starts_with('/')
        && !rest.contains("//");
    if ours { format!("/{lang}/{rest}") } else { format!("/{lang}/") }
}

#[cfg(test)]
mod tests {
    use super::back;

    #[test]
    fn only_pages_of_ours_are_gone_back_to() {
        let cases = [
            ("ar", "/ar/"),
            ("fr%2Fair", "/fr/air"),
            ("en%2Fair%2Fair-anfa", "/en/air/air-anfa"),
            ("%2F%2Fevil.example", "/fr/"),
            ("//evil.example", "/fr/"),
            ("fr%2F%2Fevil.example", "/fr/"),
            ("fr%2F%0Ax", "/fr/"),
            ("", "/fr/"),
        ];
        for (field, there) in cases {
            assert_eq!(back(field), there, "{field}");
        }
    }
}
