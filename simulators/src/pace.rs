//! How often devices speak, and how fast the city lives.

use std::time::Duration;

use schemas::Timestamp;

use crate::physics::{MINUTE, SECOND};
use crate::scenario::World;
use crate::story::Story;

/// Intervals in milliseconds; `speed` is how many seconds bins and bays live in one of ours.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    pub(crate) air: i64,
    pub(crate) waste: i64,
    /// How often a bay looks; it speaks when its state has changed, and every `heartbeat`th time.
    pub(crate) parking: i64,
    pub(crate) heartbeat: u64,
    pub(crate) water: i64,
    speed: i64,
    pub(crate) story: Option<Story>,
    /// Seconds a day by which the clocks of devices run fast or slow (standard deviation).
    pub(crate) clocks: f64,
    /// How much more waste than on an ordinary day is made.
    pub(crate) littered: f64,
    /// All devices of a kind speak at the full interval.
    pub(crate) in_step: bool,
    /// Devices of all makes, and not only of the best-known ones.
    pub(crate) makes: bool,
    /// Bins say where they stand.
    pub(crate) positions: bool,
}

impl Pace {
    /// As real devices do.
    pub(crate) const REAL: Pace = Pace {
        air: MINUTE,
        waste: 15 * MINUTE,
        parking: 30 * SECOND,
        heartbeat: 30,
        water: 15 * MINUTE,
        speed: 1,
        story: None,
        clocks: 2.0,
        littered: 1.0,
        in_step: false,
        makes: false,
        positions: false,
    };

    /// As a scenario says, and as real devices where it does not.
    pub(crate) fn of(world: &World) -> Pace {
        let ms = |every: Option<Duration>, real: i64| {
            every.and_then(|every| i64::try_from(every.as_millis()).ok()).map_or(real, |every| every.max(SECOND))
        };
        let (every, real) = (world.every, Self::REAL);
        Pace {
            air: ms(every.air, real.air),
            waste: ms(every.waste, real.waste),
            parking: ms(every.parking, real.parking),
            water: ms(every.water, real.water),
            clocks: world.clocks.unwrap_or(real.clocks),
            littered: world.waste,
            in_step: world.in_step,
            makes: world.makes,
            positions: world.positions,
            ..real
        }
    }

    /// For an audience: everything within ten seconds, bins and bays 60 times faster from the start.
    pub(crate) fn demo(start: Timestamp) -> Pace {
        Pace {
            air: 5 * SECOND,
            waste: 6 * SECOND,
            parking: 2 * SECOND,
            heartbeat: 5,
            water: 8 * SECOND,
            speed: 60,
            story: Some(Story { start: start.millis() }),
            ..Self::REAL
        }
    }

    /// The instant at which bins and bays live now.
    pub(crate) fn lived(&self, at: i64) -> i64 {
        match self.story {
            Some(Story { start }) if at > start => start + (at - start) * self.speed,
            _ => at,
        }
    }

    /// The other way round: when they lived that.
    pub(crate) fn when(&self, lived: i64) -> i64 {
        match self.story {
            Some(Story { start }) if lived > start => start + (lived - start) / self.speed,
            _ => lived,
        }
    }
}
