//! One message of the quarantine: its bytes, why it waits, and how it would be read now.

use maud::{Markup, html};
use schemas::{DeviceId, Quantity, Timestamp};
use serde::Deserialize;
use serde_json::json;

use crate::page::parts::{Desk, panel};
use crate::page::shell::Scripts;
use crate::page::visit::{Sheet, Visit};
use crate::problem::Problem;

#[derive(Deserialize)]
struct Message {
    offset: u64,
    reason: String,
    text: String,
    device: Option<DeviceId>,
    topic: String,
    received_at: Timestamp,
    size: u64,
    payload_text: Option<String>,
    payload_base64: Option<String>,
    now: Now,
}

/// How it is read at present.
#[derive(Deserialize)]
struct Now {
    envelope: Option<String>,
    #[serde(default)]
    readings: Vec<Would>,
    refusal: Option<Refusal>,
}

#[derive(Deserialize)]
struct Would {
    quantity: Quantity,
    value: f64,
    observed_at: Timestamp,
}

#[derive(Deserialize)]
struct Refusal {
    reason: String,
    text: String,
}

/// `/{lang}/engineers/{offset}`
pub(crate) async fn message(visit: &Visit) -> Result<Sheet, Problem> {
    visit.params(&[])?;
    let offset: u64 = visit.named()?;
    let message: Message = visit.ask(&format!("quarantine/{offset}")).await?;
    let (desk, words) = (visit.desk(), &visit.lang.words().pages.engineers);
    let title = format!("{} {}", words.message, message.offset);
    let filter = json!({ "reasons": [message.reason], "device": message.device, "topic": message.topic });
    let main = html! {
        p.back { a href=(desk.to("engineers")) { (words.quarantine) } }
        div.opening data-panel #opening {
            p.eyebrow { (desk.time(message.received_at)) " · " bdi.long dir="ltr" { (message.topic) } }
            h1 { (title) }
            p { b { bdi dir="ltr" { (message.reason) } } " · " bdi lang="en" dir="ltr" { (message.text) } }
            @if let Some(device) = &message.device { p { (desk.device_link(device, device.as_str())) } }
        }
        p.links { button.btn.main type="button" data-retry=(filter) { (words.retry) } }
        p.outcome #outcome role="status" data-tried=(words.tried) data-back=(words.back) data-failed=(words.failed) {}
        div.after { (panel(visit.lang, "bytes", words.payload, &html! { bdi { (crate::numbers::size(visit.lang, message.size)) } }, Some(bytes(&message)))) }
        div.after { (panel(visit.lang, "now", words.as_read_now, &html! {}, Some(now(&desk, &message.now)))) }
    };
    Ok(Sheet { scripts: Scripts::of("quarantine"), ..Sheet::plain(title, main) })
}

fn bytes(message: &Message) -> Markup {
    let text = message.payload_text.as_ref().or(message.payload_base64.as_ref());
    html! { pre.dump tabindex="0" { (text.map_or("", String::as_str)) } }
}

fn now(desk: &Desk<'_>, now: &Now) -> Markup {
    let (lang, words) = (desk.lang, &desk.lang.words().pages.engineers);
    html! {
        dl.facts { div { dt { (words.envelope) } dd { @match &now.envelope { Some(envelope) => bdi dir="ltr" { (envelope) }, None => (desk.none()) } } } }
        @if let Some(refusal) = &now.refusal { p.empty.err { b { bdi dir="ltr" { (refusal.reason) } } " · " bdi lang="en" dir="ltr" { (refusal.text) } } }
        @if !now.readings.is_empty() { table.rows {
            caption.vh { (words.as_read_now) }
            thead { tr { th scope="col" { (lang.words().quantity) } th.n scope="col" { (lang.words().value) } th.n scope="col" { (lang.words().measured) } } }
            tbody { @for would in &now.readings { tr {
                th scope="row" { (lang.of(&would.quantity.row().label)) }
                td.n { (desk.quantity(would.value, would.quantity)) }
                td.n { (desk.time(would.observed_at)) }
            } } }
        } }
    }
}
