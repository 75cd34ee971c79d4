//! What personal data are kept for, for how long and by which right: for everybody (law 09-08, article 5).

mod texts;

use domains::Purpose;
use maud::{Markup, html};

use super::parts::{Desk, empty, panel};
use super::visit::{SELDOM, Sheet, Visit};
use crate::lang::Lang;
use crate::problem::Problem;
use texts::{Texts, texts};

/// The text of the link to it, at the foot of every page.
pub(crate) fn link(lang: Lang) -> &'static str {
    texts(lang).title
}

/// `/{lang}/privacy`
pub(crate) async fn sheet(visit: &Visit) -> Result<Sheet, Problem> {
    visit.params(&[])?;
    let (desk, texts) = (visit.desk(), texts(visit.lang));
    let house = visit.house();
    let sealed = house.vault.is_some();
    let purposes: Vec<&Purpose> = house.parameters.purposes.iter().collect();
    let body = if purposes.is_empty() {
        empty(texts.none)
    } else {
        html! { @for purpose in purposes { (entry(&desk, texts, purpose)) } }
    };
    let main = html! {
        (desk.opening(texts.section, texts.title))
        (panel(visit.lang, "keeping", texts.keeping, &html! {}, Some(html! {
            p { (if sealed { texts.sealed } else if house.city.demo() { texts.simulated } else { texts.open }) }
            p { (texts.published) }
        })))
        div.after { (panel(visit.lang, "purposes", texts.purposes, &html! {}, Some(body))) }
        div.after { (panel(visit.lang, "rights", texts.rights, &html! {}, Some(html! {
            p { (texts.rights_text) }
        }))) }
    };
    Ok(Sheet { often: SELDOM, ..Sheet::plain(texts.title, main) })
}

fn entry(desk: &Desk<'_>, texts: &Texts, purpose: &Purpose) -> Markup {
    let lang = desk.lang;
    let Purpose { code, keep, reveals, name, data, basis, receipt, .. } = purpose;
    let row = |label: &str, value: Markup| html! { tr { th scope="row" { (label) } td { (value) } } };
    html! {
        h3 { (lang.of(name)) " " small.quiet { bdi dir="ltr" { (code) } } }
        table.rows {
            caption.vh { (lang.of(name)) }
            tbody {
                (row(texts.data, html! { (lang.of(data)) }))
                (row(texts.basis, html! { (lang.of(basis)) }))
                (row(texts.keep, html! { (texts.days.say(lang, u64::from(keep.get()))) }))
                (row(texts.receipt, html! { @match receipt {
                    Some(receipt) => bdi dir="ltr" { (receipt) },
                    None => span.quiet { (texts.undeclared) },
                } }))
                (row(texts.reveals, html! { (if *reveals { texts.reveals_yes } else { texts.reveals_no }) }))
            }
        }
    }
}
