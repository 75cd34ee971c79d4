//! Bins whose sensor says how far away their contents are, and nothing else: how it hangs, which the platform is told, and how full
//! each is, which it must make of that.

use schemas::{Container, Flaw, Quantity};

use super::{Make, Values, Way, find};

/// From the sensor to the bottom, and to the contents of a full bin, metres.
pub(crate) const EMPTY: f64 = 1.2;
pub(crate) const FULL: f64 = 0.3;
/// Nearer than that it sees nothing, metres.
const DEAD_ZONE: f64 = 0.28;
/// A distance so many times that to the bottom is none.
const BEYOND: f64 = 1.1;

impl Make {
    /// How it hangs above a bin, where that must be known.
    pub(crate) fn container(&self) -> Option<Container> {
        let Way::Lora(_, layouts) = self.way else { return None };
        let says = |name: &str| layouts.iter().any(|layout| layout.says(name));
        let alone = says(Quantity::WASTE_DISTANCE.name()) && !says(Quantity::WASTE_FILL.name());
        alone.then(|| Container::new(EMPTY, FULL, DEAD_ZONE).expect("the bottom is below the brim"))
    }
}

/// How far away the contents are of a bin that is so full, %.
pub(crate) fn distance(fill: f64) -> f64 {
    EMPTY - fill / 100.0 * (EMPTY - FULL)
}

/// Adds how full the bin is, with what is doubtful of that.
pub(crate) fn add_fill(values: &mut Values, marks: &mut Vec<(Quantity, Flaw)>) {
    let Some(distance) = find(values, Quantity::WASTE_DISTANCE).filter(|d| *d > 0.0 && *d <= BEYOND * EMPTY) else { return };
    let of_distance =
        marks.iter().filter(|(of, _)| *of == Quantity::WASTE_DISTANCE).map(|(_, flaw)| (Quantity::WASTE_FILL, *flaw));
    let mut own: Vec<_> = of_distance.collect();
    let fill = if distance < DEAD_ZONE {
        own.push((Quantity::WASTE_FILL, Flaw::Saturated));
        100.0
    } else {
        (100.0 * (EMPTY - distance) / (EMPTY - FULL)).clamp(0.0, 100.0)
    };
    values.push((Quantity::WASTE_FILL, 0, fill));
    marks.append(&mut own);
}
