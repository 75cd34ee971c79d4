//! The suite of every store.

use store::conformance;

use crate::ground::Prepared;

#[test]
fn a_real_victoriametrics_answers_as_every_store_does() {
    let Some(prepared) = Prepared::start(false) else { return };
    conformance::all(|| prepared.ground());
}

#[test]
fn a_real_cluster_answers_as_every_store_does() {
    let Some(prepared) = Prepared::start(true) else { return };
    conformance::all(|| prepared.ground());
}

#[test]
fn a_real_cluster_answers_any_traffic_as_memory_does() {
    let Some(prepared) = Prepared::start(true) else { return };
    conformance::any_traffic_is_answered_as_memory_answers_it(8, || prepared.ground());
}

#[test]
fn a_real_victoriametrics_answers_any_traffic_as_memory_does() {
    let Some(prepared) = Prepared::start(false) else { return };
    conformance::any_traffic_is_answered_as_memory_answers_it(8, || prepared.ground());
}
