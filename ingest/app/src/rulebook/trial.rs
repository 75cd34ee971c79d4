//! A back-test for a page: the judges of `marsad backtest`, over what the store holds of the quantities that are judged.

use std::ops::Range;
use std::sync::Arc;

use dashboards::{ScanError, Walk};
use ports::{Outcome, Points, Query, RulebookError, Selector, Shape, Store};
use rules::RuleSet;
use schemas::{Reading, Timestamp};
use settings::Checked;

use super::outcome::Log;
use crate::backtest::{CHUNK, Judges};
use crate::past::Slices;

/// Readings asked of the store at once.
const PAGE: usize = 20_000;

/// What sets of one rule each said of the same past.
pub(super) struct Judged {
    pub(super) readings: u64,
    pub(super) devices: u64,
    /// In the order of the sets.
    pub(super) outcomes: Vec<Outcome>,
}

/// Judges the past by each set. As long as one request may have the store search, it may take.
pub(super) async fn judge(
    store: &Arc<dyn Store>,
    sets: &[Arc<RuleSet>],
    checked: &Checked,
    period: Range<Timestamp>,
) -> Result<Judged, RulebookError> {
    let select = selector(sets);
    let mut judges: Vec<(Judges, Log)> = sets.iter().map(|set| (Judges::new(set, checked), Log::default())).collect();
    let (mut slices, mut readings) = (Slices::new(period.start, period.end), 0);
    while let Some(slice) = slices.next() {
        let heard = slices.take(slice.end, observed(store, &select, slice).await?);
        readings += heard.len() as u64;
        // Judging takes both processors for a while: other tasks of this thread go elsewhere.
        tokio::task::block_in_place(|| {
            for chunk in heard.chunks(CHUNK) {
                for (judges, log) in &mut judges {
                    log.take(judges.judge(chunk).into_iter().map(|(_, transition, _)| transition));
                }
            }
        });
    }
    let devices = judges.first().map_or(0, |(judges, _)| judges.count(|engine| engine.devices() as u64));
    let ended = judges.into_iter().map(|(mut judges, mut log)| {
        log.take(judges.finish(period.end.max(judges.heard())).into_iter().map(|(_, transition, _)| transition));
        log.outcome()
    });
    Ok(Judged { readings, devices, outcomes: ended.collect() })
}

/// What any of the rules may look at.
fn selector(sets: &[Arc<RuleSet>]) -> Selector {
    let mut kinds = sets.iter().flat_map(|set| set.rules()).map(|rule| rule.select().kind);
    let first = kinds.next().flatten();
    let kind = first.filter(|_| kinds.all(|kind| kind == first));
    let judged: Option<Vec<_>> = sets.iter().map(|set| set.judged()).collect();
    let mut quantities: Vec<_> = judged.unwrap_or_default().concat();
    quantities.sort_unstable();
    quantities.dedup();
    Selector { kind, quantities, ..Selector::default() }
}

async fn observed(store: &Arc<dyn Store>, select: &Selector, range: Range<Timestamp>) -> Result<Vec<Reading>, RulebookError> {
    let query = Query { select: select.clone(), range, shape: Shape::Raw, limit: 0 };
    let mut walk = Walk::begin(Arc::clone(store), query).await.map_err(untold)?;
    let mut all = Vec::new();
    while let Some(points) = walk.page(PAGE).await.map_err(untold)? {
        if let Points::Raw { readings, .. } = points {
            all.extend(readings);
        }
    }
    Ok(all)
}

fn untold(error: ScanError) -> RulebookError {
    match error {
        ScanError::Store(error) => error.into(),
        ScanError::TooLong => RulebookError::Refused(vec![
            "so much was measured that one request may not judge it ([http] query_budget): try fewer days, or let `when` take less"
                .to_owned(),
        ]),
    }
}
