//! What costs nothing must cost nothing.

use std::time::Duration;

use tests::{Marsad, until};

/// Clock ticks of processor time so far (`proc(5)`: fields 14 and 15 of `stat`).
fn ticks(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("Linux");
    let fields: Vec<&str> = stat.rsplit_once(')').expect("a name in parentheses").1.split_whitespace().collect();
    fields[11].parse::<u64>().expect("a number") + fields[12].parse::<u64>().expect("a number")
}

#[test]
fn an_idle_platform_rests() {
    let folder = tempfile::tempdir().expect("a folder");
    // Short timers, so that every one of them has rung before the measurement.
    let marsad = Marsad::start(folder.path(), "[pipeline]\nflush_every = \"100ms\"\ncommit_every = \"100ms\"\n");
    // The quietest of several seconds counts: other tests run beside this one, and starting up is not idling.
    until("a second in which it takes at most 5 ticks of 100", Duration::from_secs(20), || {
        let before = ticks(marsad.pid());
        std::thread::sleep(Duration::from_secs(1));
        (ticks(marsad.pid()) - before <= 5).then_some(())
    });
}
