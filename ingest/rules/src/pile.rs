//! Readings of many devices, laid out device by device: counted and laid where they belong, which is faster than sorting,
//! in room that is kept for the next time.

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Pile {
    /// A device's number and the place of its reading, as they came.
    came: Vec<(u32, u32)>,
    /// For each device the place after its last one.
    ends: Vec<u32>,
    /// The places, device by device, of one device as they came.
    places: Vec<u32>,
}

impl Pile {
    /// Lays out what is given: numbers of devices, with places.
    pub(crate) fn fill(&mut self, given: impl Iterator<Item = (u32, u32)>) {
        self.came.clear();
        self.came.extend(given);
        let devices = self.came.iter().map(|(device, _)| device + 1).max().unwrap_or(0);
        self.ends.clear();
        self.ends.resize(devices as usize, 0);
        for (device, _) in &self.came {
            self.ends.get_mut(*device as usize).into_iter().for_each(|count| *count += 1);
        }
        let mut begin = 0;
        for end in &mut self.ends {
            begin += std::mem::replace(end, begin);
        }
        self.places.clear();
        self.places.resize(self.came.len(), 0);
        for (device, place) in &self.came {
            if let Some(end) = self.ends.get_mut(*device as usize) {
                self.places.get_mut(*end as usize).into_iter().for_each(|there| *there = *place);
                *end += 1;
            }
        }
    }

    /// The devices that have any, in the order of their numbers, each with its places.
    pub(crate) fn devices(&mut self) -> impl Iterator<Item = (u32, &mut [u32])> {
        let (mut rest, mut begin) = (self.places.as_mut_slice(), 0);
        (0u32..).zip(&self.ends).filter_map(move |(device, end)| {
            let (its, after) = std::mem::take(&mut rest).split_at_mut((*end - begin) as usize);
            (rest, begin) = (after, *end);
            (!its.is_empty()).then_some((device, its))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_stand_device_by_device_as_they_came_however_often_it_is_filled() {
        let mut pile = Pile::default();
        for _ in 0..2 {
            let came = [(3, 0), (1, 1), (3, 2), (0, 3), (1, 5), (4, 9)];
            pile.fill(came.into_iter());
            let laid: Vec<(u32, Vec<u32>)> = pile.devices().map(|(device, places)| (device, places.to_vec())).collect();
            assert_eq!(laid, [(0, vec![3]), (1, vec![1, 5]), (3, vec![0, 2]), (4, vec![9])]);
        }
        pile.fill(std::iter::empty());
        assert_eq!(pile.devices().count(), 0);
    }
}
