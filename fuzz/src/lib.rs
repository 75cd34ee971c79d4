//! What every target holds of every input: it ends within a tenth of a second of processor time and needs no more than
//! 64 MiB, whatever comes.

pub mod mutate;
pub mod requests;
pub mod tokens;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// Processor time of one input, at most. Builds with sanitizers are some times slower than the program, and their
/// first input fills caches.
pub const TIME: Duration = Duration::from_millis(100);
/// Bytes of heap of one input, at most, above what there was before.
pub const MEMORY: usize = 64 << 20;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, counting.
struct Counting;

#[expect(unsafe_code, reason = "an allocator is unsafe by its trait; this one counts and hands on")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(live, Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Runs one input and holds it to its bounds.
pub fn bounded(run: impl FnOnce()) {
    let before = LIVE.load(Relaxed);
    PEAK.store(before, Relaxed);
    let began = processor_time();
    run();
    let took = processor_time().saturating_sub(began);
    let grew = PEAK.load(Relaxed).saturating_sub(before);
    assert!(took <= TIME, "one input took {took:?} of processor time");
    assert!(grew <= MEMORY, "one input took {grew} bytes");
}

fn processor_time() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let nanoseconds = u32::try_from(now.tv_nsec).unwrap_or(0);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), nanoseconds)
}
