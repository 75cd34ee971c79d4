//! Outliers by Hampel: a value that is far from the median of its neighbours, measured by how far they are
//! from each other.

use super::EmptyingSettings;
use crate::number::MAD_TO_SIGMA;
use crate::{mad, median};

/// For each value whether it is an outlier; so is the newest one if it jumped up. Give it the samples *between two emptyings*: the first samples
/// after an emptying are far from those before it, and true.
#[must_use]
pub fn hampel(fill: &[f64], settings: &EmptyingSettings) -> Vec<bool> {
    let half = settings.hampel_window.get() as usize / 2;
    let is_outlier = |(i, value): (usize, &f64)| {
        let round = fill.get(i.saturating_sub(half)..fill.len().min(i + half + 1)).unwrap_or_default();
        let (Some(middle), Some(spread)) = (median(round), mad(round)) else { return false };
        // The newest sample has no neighbours after it yet: a jump is doubted until the next one confirms it.
        let newest = i > 0 && i + 1 == fill.len();
        let jumped = newest && fill.get(i - 1).is_some_and(|before| value - before >= settings.rise_suspect.get());
        jumped || (value - middle).abs() > (settings.hampel_sigmas.get() * MAD_TO_SIGMA * spread).max(settings.hampel_floor.get())
    };
    fill.iter().enumerate().map(is_outlier).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waste::WasteSettings;

    #[test]
    fn a_false_echo_is_an_outlier_and_a_jump_is_doubted_until_it_is_confirmed() {
        let settings = WasteSettings::shipped().emptying;
        let which = |fill: &[f64]| hampel(fill, &settings).iter().map(|o| u8::from(*o)).collect::<Vec<_>>();
        assert_eq!(which(&[12.0, 17.0, 21.0, 90.0, 33.0, 36.0, 42.0]), [0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(which(&[10.0, 20.0, 30.0, 45.0, 60.0, 91.0]).last(), Some(&1));
        assert_eq!(which(&[10.0, 20.0, 30.0, 45.0, 60.0, 91.0, 92.0]).get(5), Some(&0));
    }
}
