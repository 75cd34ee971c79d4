//! A picture that a telephone reads (QR code), drawn into the page.

use std::fmt::Write as _;

use maud::{Markup, html};
use qrcodegen::{QrCode, QrCodeEcc};

/// Empty modules around it, as the standard wants them (ISO/IEC 18004, section 9.1).
const MARGIN: i32 = 4;

/// The picture of a text; nothing where the text is too long for one, which stands beside it anyhow.
pub(super) fn picture(text: &str, label: &str) -> Markup {
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Medium) else { return Markup::default() };
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            // Writing to a String cannot fail.
            let _ = write!(path, "M{} {}h1v1h-1z", x + MARGIN, y + MARGIN);
        }
    }
    let size = code.size() + 2 * MARGIN;
    html! {
        // Dark on light whatever the theme: not every telephone reads the other way round.
        svg.qr viewBox={ "0 0 " (size) " " (size) } role="img" aria-label=(label) shape-rendering="crispEdges" {
            rect width=(size) height=(size) fill="#fff" {}
            path d=(path) fill="#000" {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_has_its_finder_patterns_and_no_style_of_its_own() {
        let drawn = picture("otpauth://totp/Marsad:officer-1?secret=MZXW6YTBOI&issuer=Marsad", "a picture").into_string();
        assert!(
            drawn.contains("M4 4h1v1h-1z") && drawn.contains("aria-label=\"a picture\"") && !drawn.contains("style"),
            "{drawn}"
        );
        assert!(picture(&"x".repeat(5000), "").into_string().is_empty());
    }
}
