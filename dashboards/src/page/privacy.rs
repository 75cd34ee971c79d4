//! What personal data are kept for, for how long and by which right: for everybody (law 09-08, article 5).

use domains::{Asset, Class, Purpose};
use maud::{Markup, html};

use super::parts::{Desk, empty, panel};
use super::visit::{SELDOM, Sheet, Visit};
use crate::lang::Lang;
use crate::problem::Problem;
use crate::words::Privacy;

/// The text of the link to it, at the foot of every page.
pub(crate) fn link(lang: Lang) -> &'static str {
    lang.words().pages.privacy.title
}

/// `/{lang}/privacy`
pub(crate) async fn sheet(visit: &Visit) -> Result<Sheet, Problem> {
    visit.params(&[])?;
    let (desk, texts) = (visit.desk(), &visit.lang.words().pages.privacy);
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
        div.after { (panel(visit.lang, "sets", texts.sets, &html! {}, Some(sets(visit, texts)))) }
        div.after { (panel(visit.lang, "rights", texts.rights, &html! {}, Some(html! {
            p { (texts.rights_text) }
        }))) }
    };
    Ok(Sheet { often: SELDOM, ..Sheet::plain(texts.title, main) })
}

/// What data there are, how they are classed and where they lie.
fn sets(visit: &Visit, texts: &Privacy) -> Markup {
    let (lang, parameters) = (visit.lang, &visit.house().parameters);
    let class = |class: Class| match class {
        Class::Public => texts.public,
        Class::Internal => texts.internal,
        Class::Sensitive => texts.sensitive,
    };
    let home = &parameters.locations.home;
    html! {
        p { (texts.at_home) " " bdi dir="ltr" { (home) } }
        table.rows {
            caption.vh { (texts.sets) }
            thead { tr { th scope="col" { (texts.set) } th scope="col" { (texts.class) } th scope="col" { (texts.place) } } }
            tbody { @for Asset { code, class: own, kept, name, holds, .. } in parameters.assets.iter() {
                tr {
                    th scope="row" { (lang.of(name)) " " small.quiet { bdi dir="ltr" { (code) } } br; small { (lang.of(holds)) } }
                    td { (class(*own)) }
                    td { bdi dir="ltr" { @for (at, store) in kept.iter().enumerate() {
                        @if at > 0 { ", " }
                        (store.code()) " (" (parameters.locations.of(*store)) ")"
                    } } }
                }
            } }
        }
    }
}

fn entry(desk: &Desk<'_>, texts: &Privacy, purpose: &Purpose) -> Markup {
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
