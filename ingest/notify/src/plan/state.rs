//! What the planner remembers, in pieces small enough to be kept with every step: which alerts are open and
//! who was told, what waits in a group, what waits in a digest, and when messages went.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use schemas::{AlertId, ChannelName, Timestamp};
use serde::de::DeserializeOwned;

use super::pieces::{Digest, Flaps, Group, Item, Opened, StoodIn};
use super::route::Timing;

/// A piece of the planner's state that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[error("piece `{piece}` of the plan: {reason}")]
pub struct PieceError {
    piece: String,
    reason: String,
}

pub(super) type GroupKey = (ChannelName, String);

/// What has come due.
pub(super) enum Due {
    Alert(AlertId),
    Group(GroupKey),
    Digest(ChannelName),
    Flaps(String),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    Alert(AlertId),
    Group(GroupKey),
    Digest(ChannelName),
    Sent(String),
    StoodIn(AlertId),
    Flaps(String),
}

impl Piece {
    fn name(&self) -> String {
        match self {
            Piece::Alert(alert) => format!("alert/{alert}"),
            // A receiver's name has no slash in it.
            Piece::Group((receiver, group)) => format!("group/{receiver}/{group}"),
            Piece::Digest(receiver) => format!("digest/{receiver}"),
            Piece::Sent(key) => format!("sent/{key}"),
            Piece::StoodIn(alert) => format!("stood-in/{alert}"),
            Piece::Flaps(series) => format!("flaps/{series}"),
        }
    }
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct State {
    opened: BTreeMap<AlertId, Opened>,
    groups: BTreeMap<GroupKey, Group>,
    digests: BTreeMap<ChannelName, Digest>,
    /// When the last messages went, by whom the limit protects.
    sent: BTreeMap<String, VecDeque<Timestamp>>,
    /// Who was told of an alert in the name of which rota.
    stood_in: BTreeMap<AlertId, Vec<StoodIn>>,
    /// By rule and series.
    flaps: BTreeMap<String, Flaps>,
    dirty: BTreeSet<Piece>,
    timers: BTreeSet<(Timestamp, Piece)>,
    set: BTreeMap<Piece, Timestamp>,
}

impl State {
    pub(super) fn read(pieces: &[(String, Bytes)]) -> Result<Self, PieceError> {
        let mut state = Self::default();
        for (name, bytes) in pieces {
            let wrong = |reason: String| PieceError { piece: name.clone(), reason };
            let (sort, rest) = name.split_once('/').ok_or_else(|| wrong("expected a sort and a slash".to_owned()))?;
            let receiver = |text: &str| ChannelName::new(text).map_err(|error| wrong(error.to_string()));
            match sort {
                "alert" => {
                    let alert = AlertId(rest.to_owned());
                    state.opened.insert(alert.clone(), json(name, bytes)?);
                    state.reschedule_alert(&alert);
                }
                "group" => {
                    let (of, group) = rest.split_once('/').ok_or_else(|| wrong("expected a receiver".to_owned()))?;
                    let key = (receiver(of)?, group.to_owned());
                    state.groups.insert(key.clone(), json(name, bytes)?);
                    state.reschedule_group(&key);
                }
                "digest" => {
                    let of = receiver(rest)?;
                    state.digests.insert(of.clone(), json(name, bytes)?);
                    state.reschedule_digest(&of);
                }
                "flaps" => {
                    state.flaps.insert(rest.to_owned(), json(name, bytes)?);
                    state.reschedule_flaps(rest);
                }
                "stood-in" => drop(state.stood_in.insert(AlertId(rest.to_owned()), json(name, bytes)?)),
                "sent" => drop(state.sent.insert(rest.to_owned(), json(name, bytes)?)),
                _ => return Err(wrong("nobody knows this sort".to_owned())),
            }
        }
        Ok(state)
    }

    pub(super) fn take_dirty(&mut self) -> Result<Vec<(String, Bytes)>, PieceError> {
        let pieces = std::mem::take(&mut self.dirty);
        let written = pieces.into_iter().map(|piece| {
            let bytes = match &piece {
                Piece::Alert(alert) => self.opened.get(alert).map(serde_json::to_vec),
                Piece::Group(key) => self.groups.get(key).map(serde_json::to_vec),
                Piece::Digest(receiver) => self.digests.get(receiver).map(serde_json::to_vec),
                Piece::Sent(key) => self.sent.get(key).map(serde_json::to_vec),
                Piece::StoodIn(alert) => self.stood_in.get(alert).map(serde_json::to_vec),
                Piece::Flaps(series) => self.flaps.get(series).map(serde_json::to_vec),
            };
            let name = piece.name();
            match bytes.transpose() {
                Ok(bytes) => Ok((name, Bytes::from(bytes.unwrap_or_default()))),
                Err(error) => Err(PieceError { piece: name, reason: error.to_string() }),
            }
        });
        written.collect()
    }

    /// Lets go of what waits for receivers that are no more: step and receiver of each.
    pub(super) fn forget_receivers(&mut self, gone: impl Fn(&ChannelName) -> bool) -> Vec<(u64, ChannelName)> {
        let mut lost = Vec::new();
        let keys: Vec<GroupKey> = self.groups.keys().filter(|(receiver, _)| gone(receiver)).cloned().collect();
        for key in keys {
            let group = self.groups.remove(&key).unwrap_or_default();
            lost.extend(group.waiting.iter().map(|item| (item.step, key.0.clone())));
            self.touch_group(&key);
        }
        let receivers: Vec<ChannelName> = self.digests.keys().filter(|r| gone(r)).cloned().collect();
        for receiver in receivers {
            let digest = self.digests.remove(&receiver).unwrap_or_default();
            lost.extend(digest.held.iter().map(|item| (item.step, receiver.clone())));
            self.touch_digest(&receiver);
        }
        lost
    }

    pub(super) fn opened(&self, alert: &AlertId) -> Option<&Opened> {
        self.opened.get(alert)
    }

    /// All that fire, in the order of their names.
    pub(super) fn all_opened(&self) -> impl Iterator<Item = (&AlertId, &Opened)> {
        self.opened.iter()
    }

    pub(super) fn take_opened(&mut self, alert: &AlertId) -> Option<Opened> {
        let opened = self.opened.remove(alert)?;
        self.touch_alert(alert);
        Some(opened)
    }

    pub(super) fn put_opened(&mut self, alert: &AlertId, opened: Opened) {
        self.opened.insert(alert.clone(), opened);
        self.touch_alert(alert);
    }

    /// Changes what is known of an alert that fires; none where it does not.
    pub(super) fn change_opened<T>(&mut self, alert: &AlertId, change: impl FnOnce(&mut Opened) -> T) -> Option<T> {
        let done = change(self.opened.get_mut(alert)?);
        self.touch_alert(alert);
        Some(done)
    }

    /// Changes a group, made where it is not there, let go where nothing is left of it.
    pub(super) fn change_group<T>(&mut self, key: &GroupKey, timing: Timing, change: impl FnOnce(&mut Group) -> T) -> T {
        let group = self.groups.entry(key.clone()).or_insert_with(|| Group { timing, ..Group::default() });
        let done = change(group);
        if group.is_idle() {
            self.groups.remove(key);
        }
        self.touch_group(key);
        done
    }

    /// The groups of a receiver in which such a step is to be said again.
    pub(super) fn groups_to_remind(&self, receiver: &ChannelName, of: impl Fn(&Item) -> bool) -> Vec<GroupKey> {
        let groups = self.groups.range((receiver.clone(), String::new())..).take_while(|((of, _), _)| of == receiver);
        groups.filter(|(_, group)| group.firing.iter().any(&of)).map(|(key, _)| key.clone()).collect()
    }

    /// Changes what is held for a receiver.
    pub(super) fn change_digest<T>(&mut self, receiver: &ChannelName, change: impl FnOnce(&mut Digest) -> T) -> T {
        let digest = self.digests.entry(receiver.clone()).or_default();
        let done = change(digest);
        if digest.held.is_empty() {
            self.digests.remove(receiver);
        }
        self.touch_digest(receiver);
        done
    }

    /// What waits, in groups and in digests: receiver, its group where it is one, and the step.
    pub(super) fn waiting(&self) -> impl Iterator<Item = (&ChannelName, Option<&str>, &Item)> {
        let groups = self.groups.iter();
        let grouped = groups.flat_map(|((r, g), group)| group.waiting.iter().map(move |item| (r, Some(g.as_str()), item)));
        let digests = self.digests.iter();
        grouped.chain(digests.flat_map(|(receiver, digest)| digest.held.iter().map(move |item| (receiver, None, item))))
    }

    pub(super) fn digest(&self, receiver: &ChannelName) -> Option<&Digest> {
        self.digests.get(receiver)
    }

    pub(super) fn sent(&self, key: &str) -> impl DoubleEndedIterator<Item = Timestamp> + '_ {
        self.sent.get(key).into_iter().flatten().copied()
    }

    pub(super) fn flaps(&self, series: &str) -> Option<&Flaps> {
        self.flaps.get(series)
    }

    /// Changes what is known of a rule on a series, made where it is not there.
    pub(super) fn change_flaps<T>(&mut self, series: &str, change: impl FnOnce(&mut Flaps) -> T) -> T {
        let done = change(self.flaps.entry(series.to_owned()).or_default());
        self.touch_flaps(series);
        done
    }

    pub(super) fn take_flaps(&mut self, series: &str) -> Option<Flaps> {
        let flaps = self.flaps.remove(series)?;
        self.touch_flaps(series);
        Some(flaps)
    }

    /// Who was told of an alert in the name of rotas.
    pub(super) fn stood_in(&self, alert: &AlertId) -> &[StoodIn] {
        self.stood_in.get(alert).map(Vec::as_slice).unwrap_or_default()
    }

    /// Notes who was told of an alert in the name of a rota, in place of what was noted before.
    pub(super) fn note_stood_in(&mut self, alert: &AlertId, rota: &ChannelName, receivers: Vec<ChannelName>) {
        let noted = self.stood_in.entry(alert.clone()).or_default();
        noted.retain(|one| one.rota != *rota);
        noted.extend(receivers.into_iter().map(|receiver| StoodIn { rota: rota.clone(), receiver }));
        if noted.is_empty() {
            self.stood_in.remove(alert);
        }
        self.dirty.insert(Piece::StoodIn(alert.clone()));
    }

    /// Notes that a message went; the last `kept` are remembered.
    pub(super) fn note_sent(&mut self, key: &str, at: Timestamp, kept: usize) {
        let sent = self.sent.entry(key.to_owned()).or_default();
        sent.push_back(at);
        while sent.len() > kept {
            sent.pop_front();
        }
        self.dirty.insert(Piece::Sent(key.to_owned()));
    }

    pub(super) fn first_due(&self) -> Option<Timestamp> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// The earliest that has come due; its timer is spent.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Option<Due> {
        if self.first_due()? > now {
            return None;
        }
        let (_, piece) = self.timers.pop_first()?;
        self.set.remove(&piece);
        match piece {
            Piece::Alert(alert) => Some(Due::Alert(alert)),
            Piece::Group(key) => Some(Due::Group(key)),
            Piece::Digest(receiver) => Some(Due::Digest(receiver)),
            Piece::Flaps(series) => Some(Due::Flaps(series)),
            Piece::Sent(_) | Piece::StoodIn(_) => None,
        }
    }

    fn touch_alert(&mut self, alert: &AlertId) {
        self.reschedule_alert(alert);
        self.dirty.insert(Piece::Alert(alert.clone()));
    }

    fn touch_group(&mut self, key: &GroupKey) {
        self.reschedule_group(key);
        self.dirty.insert(Piece::Group(key.clone()));
    }

    fn touch_digest(&mut self, receiver: &ChannelName) {
        self.reschedule_digest(receiver);
        self.dirty.insert(Piece::Digest(receiver.clone()));
    }

    fn reschedule_alert(&mut self, alert: &AlertId) {
        let due = self.opened.get(alert).and_then(Opened::next);
        self.schedule(Piece::Alert(alert.clone()), due);
    }

    fn touch_flaps(&mut self, series: &str) {
        self.reschedule_flaps(series);
        self.dirty.insert(Piece::Flaps(series.to_owned()));
    }

    fn reschedule_flaps(&mut self, series: &str) {
        let due = self.flaps.get(series).and_then(|flaps| flaps.due);
        self.schedule(Piece::Flaps(series.to_owned()), due);
    }

    fn reschedule_group(&mut self, key: &GroupKey) {
        let due = self.groups.get(key).and_then(Group::next);
        self.schedule(Piece::Group(key.clone()), due);
    }

    fn reschedule_digest(&mut self, receiver: &ChannelName) {
        let due = self.digests.get(receiver).and_then(|digest| digest.due);
        self.schedule(Piece::Digest(receiver.clone()), due);
    }

    fn schedule(&mut self, piece: Piece, due: Option<Timestamp>) {
        if let Some(before) = self.set.remove(&piece) {
            self.timers.remove(&(before, piece.clone()));
        }
        if let Some(due) = due {
            self.timers.insert((due, piece.clone()));
            self.set.insert(piece, due);
        }
    }
}

fn json<T: DeserializeOwned>(piece: &str, bytes: &[u8]) -> Result<T, PieceError> {
    serde_json::from_slice(bytes).map_err(|error| PieceError { piece: piece.to_owned(), reason: error.to_string() })
}
