//! Small charts drawn by the server as SVG: they follow the theme through classes, print, and need no
//! script. Time runs left to right in all languages; shares of a whole are mirrored in Arabic.

use std::fmt::Write;

use maud::{Markup, PreEscaped, html};

use crate::lang::Lang;

const WIDTH: f64 = 120.0;
const HEIGHT: f64 = 28.0;

/// A line through values at even steps; gaps stay gaps, a value between two gaps is a dot.
pub(crate) fn spark(values: &[Option<f64>], label: &str) -> Markup {
    let top = values.iter().flatten().copied().fold(0.0, f64::max).max(1e-9) * 1.08;
    let step = (WIDTH - 6.0) / index(values.len().saturating_sub(1).max(1));
    let x = |i: usize| 2.0 + index(i) * step;
    let y = |v: f64| HEIGHT - 3.0 - v.max(0.0) / top * (HEIGHT - 6.0);
    let (mut line, mut dots) = (String::new(), String::new());
    for (i, value) in values.iter().enumerate() {
        let Some(value) = value else { continue };
        let known = |j: Option<usize>| j.and_then(|j| values.get(j)).is_some_and(Option::is_some);
        let before = known(i.checked_sub(1));
        // Writing to a String cannot fail.
        let _ = write!(line, "{}{:.1} {:.1}", if before { "L" } else { "M" }, x(i), y(*value));
        if i + 1 == values.len() {
            let _ = write!(dots, r#"<circle class="end" cx="{:.1}" cy="{:.1}" r="2.4"/>"#, x(i), y(*value));
        } else if !before && !known(Some(i + 1)) {
            let _ = write!(dots, r#"<circle class="lone" cx="{:.1}" cy="{:.1}" r="1.3"/>"#, x(i), y(*value));
        }
    }
    html! {
        svg.spark viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(label) {
            path.base d=(format!("M0 {0}H{WIDTH}", HEIGHT - 2.0)) {}
            path.ln d=(line) {}
            (PreEscaped(dots))
        }
    }
}

/// A bar for each value at even steps; an unknown one is a faint line on the ground.
pub(crate) fn bars(values: &[Option<f64>], label: &str) -> Markup {
    let top = values.iter().flatten().copied().fold(0.0, f64::max).max(1e-9);
    let step = WIDTH / index(values.len().max(1));
    let mut out = String::new();
    for (i, value) in values.iter().enumerate() {
        let x = index(i) * step;
        let (class, height) = match value {
            Some(v) => ("bar", (v / top * (HEIGHT - 4.0)).max(0.8)),
            None => ("none", 0.8),
        };
        // Writing to a String cannot fail.
        let _ = write!(
            out,
            r#"<rect class="{class}" x="{:.1}" y="{:.1}" width="{:.1}" height="{height:.1}"/>"#,
            x + 0.5,
            HEIGHT - 1.0 - height,
            step - 1.0
        );
    }
    html! { svg.spark viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(label) { (PreEscaped(out)) } }
}

/// A share of a whole, `0.0..=1.0`, from where the language begins; a tick where `limit` is.
pub(crate) fn share(lang: Lang, share: f64, class: &str, limit: Option<f64>) -> Markup {
    let length = share.clamp(0.0, 1.0) * WIDTH;
    let from_start = |at: f64| if lang.is_rtl() { WIDTH - at } else { at };
    let x = if lang.is_rtl() { WIDTH - length } else { 0.0 };
    html! {
        svg.share viewBox=(format!("0 0 {WIDTH} 14")) aria-hidden="true" preserveAspectRatio="none" {
            rect.track x="0" y="2" width=(WIDTH) height="10" {}
            rect class=(class) x=(format!("{x:.1}")) y="2" width=(format!("{length:.1}")) height="10" {}
            @if let Some(limit) = limit { path.tick d=(format!("M{:.1} 0v14", from_start(limit * WIDTH))) {} }
        }
    }
}

/// Bins as small gauges, side by side in the order of reading: height is how full, colour which class.
/// `None` is dashed.
pub(crate) fn wall(bins: &[(Option<f64>, usize)], label: &str) -> Markup {
    html! {
        div.wall role="img" aria-label=(label) {
            @for (fill, class) in bins {
                svg viewBox="0 0 12 18" { @match fill {
                    None => rect.silent x=".5" y=".5" width="11" height="17" rx="1.5" {},
                    Some(fill) => {
                        @let level = fill.clamp(0.0, 100.0) * 0.15;
                        rect.bin x=".5" y=".5" width="11" height="17" rx="1.5" {}
                        rect class=(format!("u{class}")) x="1.5" y=(format!("{:.1}", 16.5 - level)) width="9" height=(format!("{level:.1}")) {}
                    }
                } }
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "places in a small chart")]
const fn index(i: usize) -> f64 {
    i as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::lang;

    #[test]
    fn a_gap_stays_a_gap() {
        let svg = spark(&[Some(1.0), Some(2.0), None, Some(3.0), None, Some(4.0)], "x").into_string();
        let line = svg.split("class=\"ln\" d=\"").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!(line.matches('M').count(), 3, "{line}");
        assert_eq!(svg.matches("lone").count(), 1);
    }

    #[test]
    fn a_share_begins_where_the_language_does() {
        assert!(share(lang("fr"), 0.25, "u0", None).into_string().contains(r#"x="0.0" y="2" width="30.0""#));
        assert!(share(lang("ar"), 0.25, "u0", None).into_string().contains(r#"x="90.0" y="2" width="30.0""#));
    }

    #[test]
    fn odd_numbers_draw_nothing_odd() {
        for svg in [spark(&[], "x"), bars(&[], "x"), spark(&[Some(0.0)], "x"), wall(&[], "x")] {
            assert!(!svg.into_string().contains("NaN"));
        }
    }
}
