//! `/metrics`: how the platform stands, in the Prometheus text format 0.0.4.

use std::fmt::{Display, Write};

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use ports::{Holding, Status};

use crate::house::Shared;
use crate::problem::Problem;

/// `GET /metrics`
pub(crate) async fn metrics(State(rooms): Shared) -> Result<Response, Problem> {
    let status = rooms.house.console.status().await?;
    let mut page = Exposition::default();
    of_status(&mut page, &status);
    page.one("marsad_event_clients", "gauge", "Clients of the live events.", rooms.hub.clients());
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], page.0).into_response())
}

type Labels<'a> = &'a [(&'a str, &'a str)];

/// The text, metric by metric.
#[derive(Default)]
struct Exposition(String);

impl Exposition {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a String cannot fail.
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn value(&mut self, name: &str, labels: Labels<'_>, value: impl Display) {
        self.0.push_str(name);
        for (i, (label, text)) in labels.iter().enumerate() {
            let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let _ = write!(self.0, "{}{label}=\"{text}\"", if i == 0 { "{" } else { "," });
        }
        let _ = writeln!(self.0, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.head(name, kind, help);
        self.value(name, &[], value);
    }

    fn each<T, V: Display>(
        &mut self,
        (name, kind, help): (&str, &str, &str),
        label: &str,
        rows: &[T],
        text: impl Fn(&T) -> &str,
        value: impl Fn(&T) -> V,
    ) {
        self.head(name, kind, help);
        for row in rows {
            self.value(name, &[(label, text(row))], value(row));
        }
    }
}

fn of_status(page: &mut Exposition, s: &Status) {
    page.head("marsad_info", "gauge", "The program, the city and the store.");
    page.value("marsad_info", &[("version", &s.version), ("city", &s.city), ("store", &s.store)], 1);
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of this age are far below 2^53")]
    let started = s.started_at.millis() as f64 / 1000.0;
    page.one("marsad_start_time_seconds", "gauge", "When the program started, seconds since the epoch.", started);
    page.one("marsad_demo", "gauge", "1 where the devices are simulated.", u8::from(s.demo));
    page.one("marsad_ready", "gauge", "1 where every check of readiness is well.", u8::from(s.ready()));
    page.each(("marsad_check_ok", "gauge", "1 where the check is well."), "check", &s.checks, |c| &c.name, |c| u8::from(c.ok));
    identity(page, s);
    let readers = &s.readers;
    page.each(("marsad_reader_lag_messages", "gauge", "Messages not yet read."), "reader", readers, |r| &r.name, |r| r.lag);
    page.each(
        ("marsad_reader_cursor", "gauge", "Offset before which all is done."),
        "reader",
        readers,
        |r| &r.name,
        |r| r.cursor,
    );
    let troubled = |r: &ports::ReaderStatus| u8::from(r.trouble.is_some());
    page.each(("marsad_reader_troubled", "gauge", "1 where it does not advance."), "reader", readers, |r| &r.name, troubled);
    page.one("marsad_journal_first_offset", "gauge", "Offset of the oldest message in the journal.", s.journal_first);
    page.one("marsad_journal_next_offset", "counter", "Offset that the next message will get.", s.journal_next);
    page.one("marsad_journal_size_bytes", "gauge", "Bytes in the journal.", s.journal_bytes);
    page.one("marsad_journal_limit_bytes", "gauge", "Bytes at which the journal takes no more.", s.journal_limit);
    page.one("marsad_journal_syncs_total", "counter", "Syncs since the program started.", s.journal_syncs);
    page.one("marsad_store_series", "gauge", "Series in the store.", s.store_series);
    page.one("marsad_store_readings", "gauge", "Readings in the store, flushed or not.", s.store_readings);
    page.one("marsad_store_unflushed_readings", "gauge", "Readings not flushed yet.", s.store_unflushed);
    page.one("marsad_store_size_bytes", "gauge", "Bytes of the store on disk.", s.store_bytes);
    page.one("marsad_devices", "gauge", "Devices ever heard or listed.", s.devices);
    page.head("marsad_alerts", "gauge", "Open alerts by phase.");
    page.value("marsad_alerts", &[("phase", "firing")], s.alerts_firing);
    page.value("marsad_alerts", &[("phase", "pending")], s.alerts_pending);
    page.head("marsad_outbox_notifications", "gauge", "Notifications that wait, or will never arrive.");
    page.value("marsad_outbox_notifications", &[("state", "waiting")], s.outbox_waiting);
    page.value("marsad_outbox_notifications", &[("state", "dead")], s.outbox_dead);
    quarantine(page, &s.quarantine);
    let sources = &s.sources;
    page.each(("marsad_source_up", "gauge", "1 where messages can come."), "source", sources, |r| &r.name, |r| u8::from(r.up));
    page.each(("marsad_source_connections", "gauge", "Open connections."), "source", sources, |r| &r.name, |r| r.connections);
    let received = ("marsad_source_received_messages_total", "counter", "Publishes taken since the program started.");
    page.each(received, "source", sources, |r| &r.name, |r| r.received);
    let refused = ("marsad_source_refused_messages_total", "counter", "Publishes turned away since the program started.");
    page.each(refused, "source", sources, |r| &r.name, |r| r.refused);
}

/// What waits, and what has left.
fn quarantine(page: &mut Exposition, q: &Holding) {
    page.one("marsad_quarantine_messages", "gauge", "Messages that wait in the quarantine.", q.messages);
    page.one("marsad_quarantine_size_bytes", "gauge", "Bytes that wait in the quarantine.", q.bytes);
    page.one("marsad_quarantine_limit_bytes", "gauge", "Bytes beyond which the oldest are forgotten.", q.limit);
    page.head("marsad_quarantine_left_total", "counter", "Messages that left the quarantine, and how.");
    let left = &q.departed;
    for (how, count) in
        [("stored", left.stored), ("duplicate", left.duplicate), ("dropped", left.dropped), ("forgotten", left.forgotten)]
    {
        page.value("marsad_quarantine_left_total", &[("how", how)], count);
    }
}

/// `received = stored + duplicate + quarantined + refused + waiting`.
fn identity(page: &mut Exposition, s: &Status) {
    let i = &s.identity;
    page.one("marsad_messages_received_total", "counter", "Publishes that came to a door.", i.received);
    page.one("marsad_messages_stored_total", "counter", "Messages that gave a new reading or a correction.", i.stored);
    page.one("marsad_messages_duplicate_total", "counter", "Messages that gave only readings known already.", i.duplicate);
    page.one("marsad_messages_quarantined_total", "counter", "Messages put aside with a reason.", i.quarantined);
    page.one("marsad_messages_refused_total", "counter", "Messages turned away at the door.", i.refused);
    page.one("marsad_messages_waiting", "gauge", "Messages kept and not yet read by the historian.", i.waiting);
    page.one("marsad_identity_balanced", "gauge", "1 where received equals the sum of the others.", u8::from(i.balances()));
}
