//! The API for people who write programs: how to ask, in three programming languages, and every operation. Made from the same
//! document that programs read.
//!
//! What operations say of themselves is English, as in the document.

use std::sync::LazyLock;

use maud::{Markup, html};
use serde_json::{Map, Value};

use super::parts::{Desk, panel};
use super::visit::{SELDOM, Sheet, Visit};
use crate::lang::Lang;
use crate::openapi::{openapi, served};
use crate::problem::Problem;
use crate::words::Api;

/// Made once: it says the same as long as the program runs.
static DOCUMENT: LazyLock<Value> = LazyLock::new(openapi);

/// The same question in three programming languages; each is a file that runs as it stands.
const CLIENTS: [(&str, &str); 3] = [
    ("curl", include_str!("../../clients/readings.sh")),
    ("Python", include_str!("../../clients/readings.py")),
    ("R", include_str!("../../clients/readings.R")),
];

/// The text of the link to it, at the foot of every page.
pub(crate) fn link(lang: Lang) -> &'static str {
    lang.words().pages.api.title
}

/// `/{lang}/api`
pub(crate) async fn sheet(visit: &Visit) -> Result<Sheet, Problem> {
    visit.params(&[])?;
    let (lang, desk, texts) = (visit.lang, visit.desk(), &visit.lang.words().pages.api);
    let chapters = DOCUMENT["tags"].as_array().into_iter().flatten().filter_map(|tag| tag["name"].as_str());
    let main = html! {
        (desk.opening(texts.section, texts.title))
        (panel(lang, "asking", texts.asking, &html! {}, Some(html! {
            p { (texts.who) }
            p { (texts.limits) }
            p { (texts.document) (desk.colon()) a href=(served::DOCUMENT.path) { bdi dir="ltr" { (served::DOCUMENT.path) } } }
        })))
        div.after { (panel(lang, "clients", texts.clients, &html! {}, Some(html! {
            @for (name, text) in CLIENTS {
                details { summary { bdi dir="ltr" { (name) } } pre.dump lang="en" tabindex="0" { (text) } }
            }
        }))) }
        @for chapter in chapters {
            div.after { (panel(lang, chapter, texts.chapter(chapter), &html! {}, Some(operations(&desk, texts, chapter)))) }
        }
    };
    Ok(Sheet { often: SELDOM, ..Sheet::plain(texts.title, main) })
}

/// The operations of a chapter.
fn operations(desk: &Desk<'_>, texts: &Api, chapter: &str) -> Markup {
    let paths = DOCUMENT["paths"].as_object().into_iter().flatten();
    let all = paths.flat_map(|(path, verbs)| verbs.as_object().into_iter().flatten().map(move |(verb, said)| (path, verb, said)));
    html! {
        @for (path, verb, said) in all.filter(|(_, _, said)| said["tags"][0] == chapter) {
            details.operation {
                summary { bdi dir="ltr" { b { (verb.to_uppercase()) } " " (path) } br; span.quiet lang="en" dir="ltr" { (text(said, "summary")) } }
                (operation(desk, texts, said))
            }
        }
    }
}

fn operation(desk: &Desk<'_>, texts: &Api, said: &Value) -> Markup {
    let list = |field: &str| said[field].as_array().map_or(&[][..], Vec::as_slice);
    let roles: Vec<&str> = list("x-roles").iter().filter_map(Value::as_str).collect();
    let public = said["security"].as_array().is_some_and(Vec::is_empty);
    html! {
        p { (texts.roles) (desk.colon()) @if public { (texts.everybody) } @else { bdi dir="ltr" { (roles.join(", ")) } } }
        @if let Some(body) = said["requestBody"]["content"]["application/json"].get("schema") {
            p { (texts.body) (desk.colon()) bdi dir="ltr" { (shape(body)) } }
        }
        @if !list("parameters").is_empty() {
            table.rows {
                caption { (texts.parameters) }
                tbody { @for one in list("parameters") { tr {
                    th scope="row" { bdi dir="ltr" { (text(one, "name")) } @if one["required"] == true { " " small { (texts.needed) } } }
                    td { bdi lang="en" dir="ltr" { (text(one, "description")) br; small.quiet { (shape(&one["schema"])) } } }
                } } }
            }
        }
        table.rows {
            caption { (texts.answers) }
            tbody { @for (status, answer) in said["responses"].as_object().into_iter().flatten() { tr {
                th scope="row" { bdi dir="ltr" { (status) } }
                td { bdi lang="en" dir="ltr" { (answered(answer)) } }
            } } }
        }
    }
}

/// What an answer is: its types of content and its schema, or what went wrong.
fn answered(answer: &Value) -> Markup {
    let meant = answer["$ref"].as_str().and_then(|to| DOCUMENT.pointer(to.trim_start_matches('#'))).unwrap_or(answer);
    let content: Vec<&str> =
        answer["content"].as_object().map_or_else(Vec::new, |content| content.keys().map(String::as_str).collect());
    html! {
        @if content.is_empty() { (text(meant, "description")) } @else { (content.join(", ")) }
        @if let Some(schema) = answer["content"]["application/json"].get("schema") { br; small.quiet { (shape(schema)) } }
    }
}

/// What a schema is, in a word or a few.
fn shape(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|to| to.rsplit('/').next()) {
        return name.to_owned();
    }
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" | ");
    }
    if let Some(items) = schema.get("items") {
        return format!("{}, …", shape(items));
    }
    let empty = Map::new();
    let fields = schema.as_object().unwrap_or(&empty);
    let bounds = ["format", "minimum", "exclusiveMinimum", "maximum"].iter().filter_map(|bound| {
        let value = fields.get(*bound)?;
        Some(format!("{bound} {}", value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)))
    });
    let kind = fields.get("type").and_then(Value::as_str).unwrap_or("JSON").to_owned();
    std::iter::once(kind).chain(bounds).collect::<Vec<_>>().join(", ")
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}
