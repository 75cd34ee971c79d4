//! A report as one file: style and fonts inside, nothing fetched, made to be kept, printed and sent.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::super::visit::Sheet;
use crate::assets;
use crate::house::City;
use crate::lang::Lang;

/// The style sheets, in the order in which pages load them.
const STYLES: [&str; 2] = ["css/app.css", "css/pages.css"];

/// The document, with its fonts inside or with those of whoever reads it.
pub(super) fn document(lang: Lang, city: &City, sheet: &Sheet, fonts: bool) -> Markup {
    let style: String = STYLES.into_iter().map(if fonts { assets::inline } else { assets::plain }).collect();
    html! {
        (DOCTYPE)
        html lang=(lang.tag()) dir=(lang.dir()) data-theme="light" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="generator" content="Marsad";
                title { (sheet.title) " · " (lang.of(city.name())) }
                style { (PreEscaped(style)) }
            }
            body { main {
                @if city.demo() { p.demo { b { (lang.words().demo) } ": " (lang.words().demo_note) } }
                (sheet.main)
            } }
        }
    }
}

/// The answer that is such a file.
pub(crate) fn alone(lang: Lang, city: &City, name: &str, sheet: &Sheet) -> Response {
    let mut answer = document(lang, city, sheet, true).into_response();
    // The name is made of ours and a date.
    let named = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    answer.headers_mut().insert(header::CONTENT_DISPOSITION, named.unwrap_or(HeaderValue::from_static("attachment")));
    answer
}
