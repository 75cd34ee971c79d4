//! What of the city is seen on one day: patches that do not overlap, each of a kind, of a zone, or of both.

use schemas::{Kind, Zone};

/// Devices of this kind in this zone; of every kind, or in every zone, where none is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Patch {
    pub(crate) kind: Option<Kind>,
    pub(crate) zone: Option<Zone>,
}

/// All patches that are seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sight(Vec<Patch>);

/// What two wishes have in common; none where they exclude each other.
fn both<T: Clone + PartialEq>(one: Option<&T>, other: Option<&T>) -> Option<Option<T>> {
    match (one, other) {
        (Some(one), Some(other)) if one != other => None,
        (one, other) => Some(one.or(other).cloned()),
    }
}

impl Patch {
    fn meet(&self, other: &Self) -> Option<Self> {
        let kind = both(self.kind.as_ref(), other.kind.as_ref())?;
        Some(Self { kind, zone: both(self.zone.as_ref(), other.zone.as_ref())? })
    }
}

impl Sight {
    /// The whole city.
    pub(super) fn whole() -> Self {
        Self(vec![Patch { kind: None, zone: None }])
    }

    /// These patches, which do not overlap.
    pub(super) fn of(patches: impl IntoIterator<Item = Patch>) -> Self {
        Self(patches.into_iter().collect())
    }

    /// Each of these kinds in each of these zones; of every kind, or in every zone, where there are none.
    pub(super) fn of_all(kinds: &[Kind], zones: &[Zone]) -> Self {
        let mut patches: Vec<Patch> = Vec::new();
        for kind in any_of(kinds) {
            for zone in any_of(zones) {
                let patch = Patch { kind, zone };
                if !patches.contains(&patch) {
                    patches.push(patch);
                }
            }
        }
        Self(patches)
    }

    /// What is seen of both.
    pub(super) fn within(&self, other: &Self) -> Self {
        Self(self.0.iter().flat_map(|one| other.0.iter().filter_map(|other| one.meet(other))).collect())
    }

    /// Whether devices of this kind in this zone are seen.
    pub(crate) fn sees(&self, kind: Kind, zone: &Zone) -> bool {
        !self.patches(Some(kind), Some(zone)).is_empty()
    }

    /// Whether devices of this kind are seen anywhere.
    pub(super) fn sees_any(&self, kind: Kind) -> bool {
        !self.patches(Some(kind), None).is_empty()
    }

    /// Whether devices of this kind are seen in every zone.
    pub(super) fn sees_all(&self, kind: Kind) -> bool {
        self.patches(Some(kind), None).iter().any(|patch| patch.zone.is_none())
    }

    /// What of it a question about `kind` and `zone` asks for: none where the answer is nothing.
    pub(super) fn patches(&self, kind: Option<Kind>, zone: Option<&Zone>) -> Vec<Patch> {
        self.within(&Self(vec![Patch { kind, zone: zone.cloned() }])).0
    }
}

fn any_of<T: Clone>(some: &[T]) -> Vec<Option<T>> {
    if some.is_empty() { vec![None] } else { some.iter().cloned().map(Some).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> Zone {
        name.parse().unwrap()
    }

    #[test]
    fn a_part_of_the_city_is_asked_for_in_patches_that_do_not_overlap() {
        let bins = Sight::of_all(&[Kind::WASTE], &[zone("anfa"), zone("maarif"), zone("anfa")]);
        assert_eq!(bins.patches(None, None).len(), 2, "one that is named twice is asked once");
        assert!(bins.sees(Kind::WASTE, &zone("anfa")) && !bins.sees(Kind::AIR, &zone("anfa")));
        assert!(!bins.sees(Kind::WASTE, &zone("ain-chock")));
        assert_eq!(bins.patches(Some(Kind::AIR), None), []);
        assert_eq!(bins.patches(Some(Kind::WASTE), Some(&zone("ain-chock"))), []);

        let anfa = Sight::of_all(&[], &[zone("anfa")]);
        assert!(anfa.sees(Kind::AIR, &zone("anfa")) && !anfa.sees(Kind::AIR, &zone("maarif")));
        assert_eq!(bins.within(&anfa), Sight::of_all(&[Kind::WASTE], &[zone("anfa")]));
        assert_eq!(bins.within(&Sight::of_all(&[Kind::WATER], &[])), Sight::of([]));
        assert_eq!(Sight::whole().within(&bins), bins);
        assert!(!bins.sees_all(Kind::WASTE) && bins.sees_any(Kind::WASTE) && !bins.sees_any(Kind::WATER));
        let water = Sight::of_all(&[Kind::WATER], &[]);
        assert!(water.sees_all(Kind::WATER) && Sight::whole().sees_all(Kind::WATER));
    }
}
