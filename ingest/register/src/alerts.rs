//! Alerts, their history, and what the evaluator needs to go on after a restart.

use bytes::Bytes;
use ports::{AlertBook, AlertFilter, AlertPlace, AlertView, EvaluatorStep};
use rusqlite::{Connection, Row, Transaction, params, params_from_iter, types::Value};
use schemas::{AlertId, DeviceId, Note, Phase, Transition};

use crate::acts::marks;
use crate::rows::{
    TRANSITION, channels, count, gather, if_any, instant, instant_if_any, json_if_any, limit, phase, rank, series, severity,
    texts, transition, whole, word,
};
use crate::trouble::{Result, While};
use crate::{Register, Tally};

const READING: &str = "reading alerts";
const WRITING: &str = "writing alerts";

/// The columns that [`view`] reads, of `alert` with `life` joined.
pub(crate) const ALERT: &str = "alert.id, rule, device, quantity, channel, kind, zone, severity, phase, since, at, fired_at, \
     resolved_at, value, fr, ar, en, life.marks";

pub(crate) fn view(row: &Row<'_>) -> rusqlite::Result<AlertView> {
    Ok(AlertView {
        id: AlertId(row.get(0)?),
        rule: word(row, 1)?,
        series: series(row, 2)?,
        kind: word(row, 5)?,
        zone: word(row, 6)?,
        severity: severity(row, 7)?,
        phase: phase(row, 8)?,
        since: instant(row, 9)?,
        at: instant(row, 10)?,
        fired_at: instant_if_any(row, 11)?,
        resolved_at: instant_if_any(row, 12)?,
        value: row.get(13)?,
        texts: texts(row, 14)?,
        marks: json_if_any(row, 17)?.unwrap_or_default(),
    })
}

fn cursor(db: &Connection) -> rusqlite::Result<Option<u64>> {
    if_any(db.prepare_cached("SELECT value FROM meta WHERE name = 'cursor'")?.query_row([], |row| count(row, 0)))
}

impl AlertBook for Register {
    fn restore(&self, each: &mut dyn FnMut(DeviceId, &[u8])) -> Result<Option<u64>> {
        self.read(|db| {
            // One transaction, so that cursor and states are of the same step.
            let db = db.unchecked_transaction().while_(READING)?;
            let cursor = cursor(&db).while_(READING)?;
            let mut select = db.prepare_cached("SELECT device, state FROM engine_state ORDER BY device").while_(READING)?;
            let mut rows = select.query([]).while_(READING)?;
            while let Some(row) = rows.next().while_(READING)? {
                let device = word(row, 0).while_(READING)?;
                each(device, row.get_ref(1).and_then(|state| Ok(state.as_blob()?)).while_(READING)?);
            }
            Ok(cursor)
        })
    }

    fn commit(&self, step: &EvaluatorStep) -> Result<()> {
        self.write(WRITING, |transaction, tally| {
            keep_states(transaction, &step.states).while_("writing the evaluator's state")?;
            for decided in &step.transitions {
                keep_transition(transaction, tally, decided).while_(WRITING)?;
            }
            transaction
                .prepare_cached(
                    "INSERT INTO meta (name, value) VALUES ('cursor', ?1) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                )
                .and_then(|mut upsert| upsert.execute([whole(step.cursor)]))
                .map(drop)
                .while_("writing the evaluator's cursor")
        })?;
        // Only once it is on disk: whoever looks then sees it.
        if !step.transitions.is_empty() {
            self.changed();
        }
        Ok(())
    }
}

fn keep_states(transaction: &Transaction<'_>, states: &[(DeviceId, Bytes)]) -> rusqlite::Result<()> {
    let mut upsert = transaction.prepare_cached(
        "INSERT INTO engine_state (device, state) VALUES (?1, ?2) ON CONFLICT (device) DO UPDATE SET state = excluded.state",
    )?;
    let mut delete = transaction.prepare_cached("DELETE FROM engine_state WHERE device = ?1")?;
    // As the rows lie: of thousands of devices each page is read and written once.
    let mut states: Vec<_> = states.iter().collect();
    states.sort_unstable_by_key(|(device, _)| device);
    for (device, state) in states {
        if state.is_empty() {
            delete.execute([device.as_str()])?;
        } else {
            upsert.execute(params![device.as_str(), &state[..]])?;
        }
    }
    Ok(())
}

/// The transition and its episode; nothing where the transition is there already, or where a person resolved the
/// episode: that stands, whatever the engine says of its end or its going on. Only that it should never have
/// begun is kept beside it.
fn keep_transition(db: &Transaction<'_>, tally: &mut Tally, t: &Transition) -> rusqlite::Result<()> {
    let known = db.prepare_cached("SELECT 1 FROM transition WHERE id = ?1")?.exists([&t.id.0])?;
    if known {
        return Ok(());
    }
    if (t.to.is_open() || t.to == Phase::Resolved) && marks(db, &t.alert)?.resolved_by_hand.is_some() {
        return Ok(());
    }
    enter_transition(db, tally, t)
}

/// Adds a transition that is not there yet.
pub(crate) fn enter_transition(db: &Transaction<'_>, tally: &mut Tally, t: &Transition) -> rusqlite::Result<()> {
    keep_episode(db, tally, t)?;
    let note = t
        .note
        .as_ref()
        .map(serde_json::to_string)
        .transpose()
        .map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
    db.prepare_cached(
        "INSERT INTO transition (id, alert, rule, device, quantity, channel, kind, zone, severity, from_phase, to_phase, at, \
         since, value, fr, ar, en, notify, note) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)",
    )?
    .execute(params![
        t.id.0,
        t.alert.0,
        t.rule.as_str(),
        t.series.device.as_str(),
        t.series.quantity.name(),
        t.series.channel,
        t.kind.name(),
        t.zone.as_str(),
        rank(t.severity),
        t.from.code(),
        t.to.code(),
        t.at.millis(),
        t.since.millis(),
        t.value,
        t.texts.fr,
        t.texts.ar,
        t.texts.en,
        channels(&t.notify),
        note,
    ])?;
    Ok(())
}

/// The episode as this transition leaves it.
fn keep_episode(db: &Transaction<'_>, tally: &mut Tally, t: &Transition) -> rusqlite::Result<()> {
    let before =
        if_any(db.prepare_cached("SELECT phase FROM alert WHERE id = ?1")?.query_row([&t.alert.0], |row| phase(row, 0)))?;
    db.prepare_cached(
        "INSERT INTO alert (id, rule, device, quantity, channel, kind, zone, severity, phase, since, at, fired_at, resolved_at, \
         value, fr, ar, en) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17) \
         ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, zone = excluded.zone, severity = excluded.severity, \
         phase = excluded.phase, at = excluded.at, fired_at = coalesce(excluded.fired_at, fired_at), \
         resolved_at = excluded.resolved_at, value = excluded.value, fr = excluded.fr, \
         ar = excluded.ar, en = excluded.en",
    )?
    .execute(params![
        t.alert.0,
        t.rule.as_str(),
        t.series.device.as_str(),
        t.series.quantity.name(),
        t.series.channel,
        t.kind.name(),
        t.zone.as_str(),
        rank(t.severity),
        t.to.code(),
        t.since.millis(),
        t.at.millis(),
        // A withdrawal moves back to firing; it did not begin then.
        (t.to == Phase::Firing && !matches!(t.note, Some(Note::Withdrawn { .. }))).then(|| t.at.millis()),
        (t.to == Phase::Resolved).then(|| t.at.millis()),
        t.value,
        t.texts.fr,
        t.texts.ar,
        t.texts.en,
    ])?;
    match before {
        Some(Phase::Pending) => tally.pending = tally.pending.saturating_sub(1),
        Some(Phase::Firing) => tally.firing = tally.firing.saturating_sub(1),
        Some(Phase::Inactive | Phase::Resolved) | None => {}
    }
    match t.to {
        Phase::Pending => tally.pending += 1,
        Phase::Firing => tally.firing += 1,
        Phase::Inactive | Phase::Resolved => {}
    }
    Ok(())
}

/// The condition for the phases of a filter, in the words of the partial index where only open ones
/// are asked for.
fn phases(filter: &AlertFilter) -> String {
    const OPEN: &str = "phase IN ('pending', 'firing')";
    if filter.phases.is_empty() {
        return OPEN.to_owned();
    }
    let codes = filter.phases.iter().map(|p| format!("'{}'", p.code())).collect::<Vec<_>>().join(", ");
    let wanted = format!("phase IN ({codes})");
    if filter.phases.iter().all(|p| p.is_open()) { format!("{OPEN} AND {wanted}") } else { wanted }
}

impl Register {
    /// Episodes, gravest first, of equal ones those that changed last first; at most the filter's
    /// `limit`.
    ///
    /// # Errors
    /// As [`ports::RecordError`] says.
    pub fn alerts(&self, filter: &AlertFilter) -> Result<Vec<AlertView>> {
        let mut sql = format!("SELECT {ALERT} FROM alert LEFT JOIN life ON life.alert = alert.id WHERE {}", phases(filter));
        let mut values = Vec::new();
        let mut only = |column: &str, value: Option<&str>| {
            if let Some(value) = value {
                sql.push_str(&format!(" AND {column} = ?"));
                values.push(Value::from(value.to_owned()));
            }
        };
        only("kind", filter.kind.map(schemas::Kind::name));
        only("zone", filter.zone.as_ref().map(schemas::Zone::as_str));
        only("device", filter.device.as_ref().map(DeviceId::as_str));
        only("rule", filter.rule.as_ref().map(schemas::RuleId::as_str));
        if !filter.severities.is_empty() {
            let ranks = filter.severities.iter().map(|s| rank(*s).to_string()).collect::<Vec<_>>().join(", ");
            sql.push_str(&format!(" AND severity IN ({ranks})"));
        }
        if let Some(now) = filter.acknowledged {
            sql.push_str(" AND life.acknowledged_until > ?");
            values.push(Value::from(now.millis()));
        }
        if let Some(AlertPlace { severity, at, id }) = &filter.after {
            // The order is down, down, up: a row value would compare all three the same way.
            sql.push_str(" AND severity <= ? AND (severity < ? OR at < ? OR (at = ? AND alert.id > ?))");
            let (rank, at) = (Value::from(rank(*severity)), Value::from(at.millis()));
            values.extend([rank.clone(), rank, at.clone(), at, Value::from(id.0.clone())]);
        }
        sql.push_str(" ORDER BY severity DESC, at DESC, alert.id LIMIT ?");
        values.push(Value::from(limit(filter.limit)));
        self.read(|db| {
            let mut statement = db.prepare_cached(&sql).while_(READING)?;
            gather(statement.query_map(params_from_iter(values), view), READING)
        })
    }

    /// One episode; none where there is no such alert.
    ///
    /// # Errors
    /// As [`ports::RecordError`] says.
    pub fn alert(&self, id: &AlertId) -> Result<Option<AlertView>> {
        self.read(|db| {
            let mut select = db
                .prepare_cached(&format!("SELECT {ALERT} FROM alert LEFT JOIN life ON life.alert = alert.id WHERE alert.id = ?1"))
                .while_(READING)?;
            if_any(select.query_row([&id.0], view)).while_(READING)
        })
    }

    /// How many alerts fire, and how many wait for their hold. Cheap.
    #[must_use]
    pub fn alert_counts(&self) -> (u64, u64) {
        let tally = self.tally();
        (tally.firing, tally.pending)
    }

    /// Transitions in the order in which they were decided, each with its number, which rises from
    /// 1; those after the number `after`, at most `rows`.
    ///
    /// # Errors
    /// As [`ports::RecordError`] says.
    pub fn transitions(&self, after: u64, rows: usize) -> Result<Vec<(u64, Transition)>> {
        self.read(|db| {
            let mut select = db
                .prepare_cached(&format!(
                    "SELECT t.number, {TRANSITION} FROM transition t WHERE t.number > ?1 ORDER BY t.number LIMIT ?2"
                ))
                .while_(READING)?;
            gather(select.query_map([whole(after), limit(rows)], |row| Ok((count(row, 0)?, transition(row, 1)?))), READING)
        })
    }

    /// The steps of one episode, in the order in which they were decided: at most a handful.
    ///
    /// # Errors
    /// As [`ports::RecordError`] says.
    pub fn transitions_of(&self, alert: &AlertId) -> Result<Vec<Transition>> {
        self.read(|db| {
            let mut select = db
                .prepare_cached(&format!("SELECT {TRANSITION} FROM transition t WHERE t.alert = ?1 ORDER BY t.number"))
                .while_(READING)?;
            gather(select.query_map([&alert.0], |row| transition(row, 0)), READING)
        })
    }
}
