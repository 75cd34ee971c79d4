//! The suite of every store, with hours as readings tell them and with hours rolled up at every flush.

use store::conformance;

use crate::ground::Prepared;

#[test]
fn a_real_influxdb_answers_as_every_store_does() {
    let Some(prepared) = Prepared::start() else { return };
    conformance::all(|| prepared.ground(false));
}

#[test]
fn a_real_influxdb_that_keeps_hours_answers_as_every_store_does() {
    let Some(prepared) = Prepared::start() else { return };
    conformance::all(|| prepared.ground(true));
}

#[test]
fn a_real_influxdb_answers_any_traffic_as_memory_does() {
    let Some(prepared) = Prepared::start() else { return };
    conformance::any_traffic_is_answered_as_memory_answers_it(12, || prepared.ground(false));
}

#[test]
fn a_real_influxdb_that_keeps_hours_answers_any_traffic_as_memory_does() {
    let Some(prepared) = Prepared::start() else { return };
    conformance::any_traffic_is_answered_as_memory_answers_it(12, || prepared.ground(true));
}
