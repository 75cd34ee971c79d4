//! Power fails at every step of a workload that does everything.

use crate::{UnderWay, World};

fn workload(world: &mut World) -> Result<(), UnderWay> {
    for round in 0..6_u8 {
        for n in 0..3 {
            world.append(usize::from(round) * 40 + n * 90);
        }
        world.commit()?;
        world.append(0);
        world.commit()?;
        // A commit larger than a segment, and one that is thought better of.
        if round == 3 {
            world.append(1500);
            world.commit()?;
            world.append(9);
            world.abandon();
        }
        world.set_cursor(if round % 2 == 0 { 255 } else { 120 })?;
        world.release()?;
    }
    Ok(())
}

#[test]
fn what_was_acknowledged_survives_power_failure_at_every_step() {
    let mut whole = World::new();
    let before = whole.disk.operations();
    assert!(workload(&mut whole).is_ok());
    let steps = whole.disk.operations() - before;
    assert!(whole.released > 0 && steps > 80, "the workload rolls and releases: {steps} steps");

    let (mut torn, mut unfinished, mut finished) = (0, 0, 0);
    for step in 0..steps {
        for seed in 0..12 {
            let mut world = World::new();
            world.disk.stop_after(step);
            let under_way = workload(&mut world).expect_err("the disk stops within the workload");
            let recovered = world.crash(step * 1000 + seed, &under_way);
            torn += u32::from(recovered.torn.is_some());
            unfinished += u32::from(recovered.unfinished.is_some());
            finished += u32::from(recovered.torn.is_none() && under_way.commit);
            // And it goes on, and a second opening finds nothing to mend.
            assert!(workload(&mut world).is_ok(), "step {step} seed {seed}");
            let again = world.crash(seed, &UnderWay::default());
            assert_eq!((again.torn, again.unfinished), (None, None), "step {step} seed {seed}");
        }
    }
    assert!(torn > 30 && unfinished > 5 && finished > 30, "{torn} torn, {unfinished} unfinished, {finished} whole");
}

#[test]
fn power_may_fail_again_while_the_journal_is_opened() {
    for step in 0..8 {
        for seed in 0..40 {
            let mut world = World::new();
            world.disk.stop_after(20 + seed);
            let under_way = workload(&mut world).expect_err("the disk stops within the workload");
            world.disk.crash(seed);
            world.disk.stop_after(step);
            // It may be opened before it comes to that step.
            let _ = crate::open(&world.disk);
            world.crash(seed ^ 0xFF, &under_way);
        }
    }
}
