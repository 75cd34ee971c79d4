//! The suite of every store, with hours as the servers' readings tell them and with hours rolled up at every flush.

use store::conformance;

use crate::ground::{Prepared, has_node, node};

#[test]
fn a_real_victoriametrics_answers_as_every_store_does() {
    if has_node() {
        conformance::all(|| node(false));
    }
}

#[test]
fn a_real_victoriametrics_that_keeps_hours_answers_as_every_store_does() {
    if has_node() {
        conformance::all(|| node(true));
    }
}

#[test]
fn a_real_cluster_answers_as_every_store_does() {
    let Some(prepared) = Prepared::start() else { return };
    conformance::all(|| prepared.ground(true));
}

#[test]
fn a_real_cluster_answers_any_traffic_as_memory_does() {
    let Some(prepared) = Prepared::start() else { return };
    conformance::any_traffic_is_answered_as_memory_answers_it(8, || prepared.ground(true));
}

#[test]
fn a_real_victoriametrics_answers_any_traffic_as_memory_does() {
    if has_node() {
        conformance::any_traffic_is_answered_as_memory_answers_it(8, || node(false));
    }
}

#[test]
fn a_real_victoriametrics_that_keeps_hours_answers_any_traffic_as_memory_does() {
    if has_node() {
        conformance::any_traffic_is_answered_as_memory_answers_it(8, || node(true));
    }
}
