//! The ruler of the index: a legend that is itself a chart, with a dot for each station.

use std::fmt::Write;

use maud::{Markup, PreEscaped, html};

use crate::page::parts::Desk;

const WIDTH: f64 = 420.0;
const SEGMENT: f64 = WIDTH / 6.0;

/// `levels` are those of the stations, 1 to 6.
pub(super) fn ruler(desk: &Desk<'_>, levels: &[u8]) -> Markup {
    let words = desk.lang.words();
    let rtl = desk.lang.is_rtl();
    let x = |at: f64| if rtl { WIDTH - at } else { at };
    let (mut out, mut counted) = (String::new(), Vec::new());
    for level in 1..=6_u8 {
        let name = words.bands.get(usize::from(level) - 1).copied().unwrap_or_default();
        let count = levels.iter().filter(|l| **l == level).count();
        let middle = x((f64::from(level) - 0.5) * SEGMENT);
        // Writing to a String cannot fail.
        let _ =
            write!(out, r#"<rect class="q{level}" x="{:.1}" y="46" width="{SEGMENT:.1}" height="12"/>"#, middle - SEGMENT / 2.0);
        let _ = write!(out, r#"<text x="{middle:.1}" y="72" text-anchor="middle">{level}</text>"#);
        for (row, line) in split(name).into_iter().enumerate() {
            let _ = write!(out, r#"<text x="{middle:.1}" y="{}" text-anchor="middle">{line}</text>"#, 86 + row * 12);
        }
        for dot in 0..u32::try_from(count).unwrap_or(u32::MAX).min(15) {
            let (column, row) = (f64::from(dot % 5), f64::from(dot / 5));
            let _ = write!(
                out,
                r#"<circle class="dot q{level}" cx="{:.1}" cy="{:.1}" r="4.6"/>"#,
                middle + (column - 2.0) * 12.0,
                36.0 - row * 12.0
            );
        }
        if count > 0 {
            counted.push(format!("{name}: {count}"));
        }
    }
    for edge in 0..=6_u8 {
        let _ = write!(out, r#"<path class="edge" d="M{:.1} 42v20"/>"#, (f64::from(edge) * SEGMENT).clamp(0.5, WIDTH - 0.5));
    }
    let label = format!("{}. {}", words.pages.air.ruler, counted.join(", "));
    html! { svg.ruler viewBox="0 0 420 104" role="img" aria-label=(label) { (PreEscaped(out)) } }
}

/// A name of two words stands on two lines.
fn split(name: &str) -> Vec<&str> {
    name.split_once(' ').map_or_else(|| vec![name], |(a, b)| vec![a, b])
}
