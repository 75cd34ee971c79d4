//! The journal is a `Vec` that survives.

use proptest::prelude::*;

use crate::{UnderWay, World};

#[derive(Clone, Debug)]
enum Act {
    Append(usize),
    Commit,
    Abandon,
    Cursor(u8),
    Release,
    Crash(u64),
    Reopen,
    StopSoon(u64),
    Room(Option<u64>),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => (0..400_usize).prop_map(Act::Append),
        6 => Just(Act::Commit),
        1 => Just(Act::Abandon),
        3 => any::<u8>().prop_map(Act::Cursor),
        2 => Just(Act::Release),
        1 => any::<u64>().prop_map(Act::Crash),
        1 => Just(Act::Reopen),
        1 => (0..12_u64).prop_map(Act::StopSoon),
        1 => prop::option::of(0..900_u64).prop_map(Act::Room),
    ]
}

proptest! {
    #[test]
    fn the_journal_is_a_vec_that_survives(acts in prop::collection::vec(act(), 1..60), seed: u64) {
        let mut world = World::new();
        for (at, act) in acts.into_iter().enumerate() {
            let done = match act {
                Act::Append(length) => { world.append(length); Ok(()) }
                Act::Commit => world.commit(),
                Act::Abandon => { world.abandon(); Ok(()) }
                Act::Cursor(place) => world.set_cursor(place),
                Act::Release => world.release(),
                Act::Crash(seed) => { world.crash(seed, &UnderWay::default()); Ok(()) }
                Act::Reopen => {
                    if world.disk.is_stopped() { world.disk.crash(seed); }
                    world.reopen(&UnderWay::default());
                    Ok(())
                }
                Act::StopSoon(operations) => { world.disk.stop_after(operations); Ok(()) }
                Act::Room(more) => { world.disk.set_room(more.map(|more| world.disk.used() + more)); Ok(()) }
            };
            if let Err(under_way) = done {
                prop_assert!(world.disk.is_stopped(), "only a stopped disk fails");
                world.crash(seed.wrapping_add(at as u64), &under_way);
            }
        }
        world.crash(seed, &UnderWay::default());
    }
}
