//! What was done, by whom, from where, and how it ended: for those who answer for that. Each look at it is a row of its own.
//!
//! Deliberately absent: changing anything.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use maud::{Markup, html};
use ports::{AuditRow, AuditVerdict};

use super::parts::{Desk, empty, panel};
use super::shell::Page;
use crate::access::Guard;
use crate::lang::Lang;
use crate::numbers;
use crate::params::Params;
use crate::problem::Problem;

/// Rows of one page.
const ROWS: u64 = 100;

/// The page in each language.
pub(crate) fn routes() -> Router<Arc<Guard>> {
    Lang::all().fold(Router::new(), |router, lang| {
        let page = async move |State(guard): State<Arc<Guard>>, uri: Uri, headers: HeaderMap| {
            show(&guard, lang, &uri, &headers).await.unwrap_or_else(IntoResponse::into_response)
        };
        router.route(&format!("/{}/audit", lang.code()), get(page))
    })
}

/// The text of the link to it.
pub(crate) fn link(lang: Lang) -> &'static str {
    lang.words().pages.audit.title
}

/// `/{lang}/audit?before=`
async fn show(guard: &Guard, lang: Lang, uri: &Uri, headers: &HeaderMap) -> Result<Response, Problem> {
    let params = Params::read(uri, &["before"])?;
    let before: Option<u64> = params.parsed("before", "the number of a row")?;
    let verdict = guard.gate.verify_audit().await?;
    // Behind a broken row the chain says nothing, and what stands there is shown all the same.
    let last = verdict.broken.as_ref().map_or(verdict.rows, |(broken, _)| broken + ROWS);
    let end = before.map_or(last, |before| before.saturating_sub(1).min(last));
    let begin = end.saturating_sub(ROWS);
    let limit = usize::try_from(end - begin).unwrap_or(0);
    let mut rows = guard.gate.audit(begin, limit.max(1)).await?;
    rows.reverse();
    let house = &guard.house;
    let (desk, texts) = (Desk::new(lang, house.city.zone(), house.clock.now()), &lang.words().pages.audit);
    let main = html! {
        (desk.opening(texts.title, &texts.rows.say(lang, verdict.rows)))
        (chain(&desk, &verdict))
        div.after { (panel(lang, "rows", texts.done, &html! {}, Some(table(&desk, &rows)))) }
        @if begin > 0 { p.rest { a href=(desk.to(&format!("audit?before={}", begin + 1))) { (texts.older) } } }
        p.links { a href="/api/v1/audit?format=ndjson" { "NDJSON" } a href="/api/v1/audit?format=syslog" { "syslog" } }
    };
    let page = Page { path: "audit", ..Page::still(lang, headers, &house.city) };
    Ok(page.render(texts.title, &main).into_response())
}

fn chain(desk: &Desk<'_>, verdict: &AuditVerdict) -> Markup {
    let texts = &desk.lang.words().pages.audit;
    html! { @match &verdict.broken {
        None => p.ok { (texts.whole) " " small { bdi.long dir="ltr" { (verdict.head) } } },
        Some((row, why)) => p.empty.err role="alert" { (texts.broken) " " (numbers::whole(desk.lang, *row)) (desk.colon()) bdi lang="en" dir="ltr" { (why) } },
    } }
}

fn table(desk: &Desk<'_>, rows: &[AuditRow]) -> Markup {
    let texts = &desk.lang.words().pages.audit;
    if rows.is_empty() {
        return empty(texts.none);
    }
    html! { table.rows {
        caption.vh { (texts.done) }
        thead { tr {
            th scope="col" { (texts.what) }
            th scope="col" { (texts.who) }
            th.late scope="col" { (texts.outcome) }
            th.n scope="col" { (texts.when) }
        } }
        tbody { @for row in rows { tr {
            th scope="row" { bdi.long dir="ltr" { (row.what) } " " small { bdi lang="en" dir="ltr" { (row.event) } } }
            td { bdi { (row.who) } @if let Some(address) = &row.address { br; small { bdi dir="ltr" { (address) } } } }
            td.late { bdi lang="en" dir="ltr" { (row.outcome) } }
            td.n { (desk.time(row.at)) br; small.quiet { (numbers::whole(desk.lang, row.number)) } }
        } } }
    } }
}
