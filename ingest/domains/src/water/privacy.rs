//! What may be published: sums over enough connections, none of them dominating, and nothing from which a suppressed
//! sum could be worked out.

use serde::Serialize;

use super::PrivacySettings;

/// One cell of a table: the consumption of the connections that fall into it.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Litres, one value a connection; what flowed back counts as 0.
    pub values: Vec<f64>,
}

/// What of a cell is published.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Publication {
    /// The sum, litres, and over how many connections.
    Published {
        /// Litres.
        sum: f64,
        /// Connections.
        meters: usize,
    },
    /// Too few connections.
    SuppressedK,
    /// One connection is most of the sum.
    SuppressedDominance,
    /// With it and the total, another suppressed cell could be worked out.
    SuppressedComplement,
}

impl Publication {
    /// The stable code: `suppressed_k`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Publication::Published { .. } => "published",
            Publication::SuppressedK => "suppressed_k",
            Publication::SuppressedDominance => "suppressed_dominance",
            Publication::SuppressedComplement => "suppressed_complement",
        }
    }
}

/// Whether the sum over all `parts` may be published beside the sums of the cells that they are cut out of: each part, and what
/// is left of its cell (`rest`), must be publishable by itself or empty, else one sum less another would tell of a few
/// connections.
#[must_use]
pub fn judge_parts(parts: &[(Cell, Cell)], settings: &PrivacySettings) -> Publication {
    let whole = Cell { values: parts.iter().flat_map(|(part, _)| part.values.iter().copied()).collect() };
    let own = judge_cell(&whole, settings);
    let safe = |cell: &Cell| cell.values.is_empty() || matches!(judge_cell(cell, settings), Publication::Published { .. });
    match own {
        Publication::Published { .. } if !parts.iter().all(|(part, rest)| safe(part) && safe(rest)) => {
            Publication::SuppressedComplement
        }
        own => own,
    }
}

/// What of one cell may be published by itself.
#[must_use]
pub fn judge_cell(cell: &Cell, settings: &PrivacySettings) -> Publication {
    let values = || cell.values.iter().map(|v| v.max(0.0));
    let (meters, sum) = (cell.values.len(), values().sum::<f64>());
    let largest = values().fold(0.0, f64::max);
    if meters < settings.least_meters.get() as usize {
        Publication::SuppressedK
    } else if largest > settings.dominance.get() * sum {
        Publication::SuppressedDominance
    } else {
        Publication::Published { sum, meters }
    }
}

/// What of the cells of a table may be published together with their total. If a single one must be suppressed, the
/// smallest other one is too: else it were the total less the rest.
#[must_use]
pub fn publish(cells: &[Cell], settings: &PrivacySettings) -> Vec<Publication> {
    let mut judged: Vec<Publication> = cells.iter().map(|cell| judge_cell(cell, settings)).collect();
    let suppressed = judged.iter().filter(|p| !matches!(p, Publication::Published { .. })).count();
    if suppressed == 1 {
        let open =
            judged.iter_mut().filter_map(|p| if let Publication::Published { sum, .. } = *p { Some((sum, p)) } else { None });
        if let Some((_, smallest)) = open.reduce(|least, next| if next.0 < least.0 { next } else { least }) {
            *smallest = Publication::SuppressedComplement;
        }
    }
    judged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::water::WaterSettings;

    #[test]
    fn a_single_suppressed_cell_takes_the_smallest_other_with_it() {
        let settings = WaterSettings::shipped().privacy;
        let cell = |meters: usize, each: f64| Cell { values: vec![each; meters] };
        let codes = |cells: &[Cell]| publish(cells, &settings).into_iter().map(Publication::code).collect::<Vec<_>>();
        assert_eq!(codes(&[cell(20, 9.0), cell(3, 9.0), cell(12, 9.0)]), ["published", "suppressed_k", "suppressed_complement"]);
        assert_eq!(codes(&[cell(20, 9.0), cell(3, 9.0), cell(2, 9.0)]), ["published", "suppressed_k", "suppressed_k"]);
        assert_eq!(codes(&[cell(20, 9.0), cell(12, 0.0)]), ["published", "published"]);
    }

    #[test]
    fn a_district_that_leaves_few_connections_of_a_zone_is_not_told_beside_the_zone() {
        let settings = WaterSettings::shipped().privacy;
        let of = |meters: usize| Cell { values: vec![100.0; meters] };
        assert!(matches!(
            judge_parts(&[(of(20), of(0)), (of(12), of(11))], &settings),
            Publication::Published { meters: 32, .. }
        ));
        assert_eq!(judge_parts(&[(of(20), of(3))], &settings), Publication::SuppressedComplement);
        assert_eq!(judge_parts(&[(of(20), of(0)), (of(2), of(0))], &settings), Publication::SuppressedComplement);
        assert_eq!(judge_parts(&[(of(9), of(40))], &settings), Publication::SuppressedK);
    }
}
