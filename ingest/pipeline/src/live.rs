//! Live: a lossy side reader for screens. It stands at the end of the journal and skips what it
//! cannot show; with nobody listening it reads nothing.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ports::{Live, LiveFrame};
use schemas::Reading;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::PipelineError;
use crate::feed::FeedReader;
use crate::watch::ReaderGauges;

/// Its name among the readers.
pub(crate) const NAME: &str = "live";
/// Frames follow one another no faster than this: no eye sees more.
const FRAME: Duration = Duration::from_millis(100);
/// Messages that one frame may be behind; what is older is skipped.
const BEHIND: u64 = 8192;

pub(crate) async fn run(
    mut feed: FeedReader,
    live: Live,
    gauges: Arc<ReaderGauges>,
    stop: CancellationToken,
) -> Result<(), PipelineError> {
    loop {
        // Each arm only looks at shared state or waits: dropping any loses nothing.
        let alive = tokio::select! {
            alive = feed.ready() => alive,
            () = stop.cancelled() => return Ok(()),
        };
        if !alive {
            return Ok(());
        }
        if live.listeners() == 0 || feed.lag() > BEHIND {
            feed.skip_to_tail();
        } else {
            let readings = tokio::task::block_in_place(|| gather(&mut feed))?;
            if !readings.is_empty() {
                live.tell(LiveFrame::Readings(readings.into()));
            }
        }
        gauges.cursor.store(feed.position(), Ordering::Relaxed);
        tokio::select! {
            () = sleep(FRAME) => (),
            () = stop.cancelled() => return Ok(()),
        }
    }
}

fn gather(feed: &mut FeedReader) -> Result<Vec<Reading>, PipelineError> {
    let (start, mut readings) = (feed.position(), Vec::new());
    while feed.position() < start + BEHIND {
        let Some(batch) = feed.next()? else { break };
        readings.extend_from_slice(&batch.readings);
    }
    Ok(readings)
}
