//! The quarantine against the same thing in memory, and how it is looked at.

use std::collections::{BTreeMap, BTreeSet};

use ports::{Brought, Departed, Overflow, Page, Quarantine, QuarantineFilter, Quarantined, Settlement};
use proptest::prelude::*;
use schemas::{Message, Provenance, Timestamp};

use super::records::all;
use super::{assert_tally, at, device, fresh};
use crate::Register;

const REASONS: [&str; 3] = ["not_json", "unknown_device", "no_profile"];

fn bad(offset: u64, reason: usize, who: Option<u8>, length: usize) -> Quarantined {
    let topic = format!("application/1/device/node-{}/event/up", who.unwrap_or(0));
    Quarantined {
        offset,
        message: Message {
            topic: topic.into(),
            payload: vec![7; length].into(),
            received_at: when(offset),
            provenance: Provenance::default(),
        },
        reason: REASONS[reason].into(),
        text: format!("message {offset}"),
        device: who.map(|n| device(&format!("node-{n}"))),
        profile: None,
    }
}

fn when(offset: u64) -> Timestamp {
    at(i64::try_from(offset).unwrap())
}

fn size(message: &Quarantined) -> u64 {
    (message.message.payload.len() + message.message.topic.len() + message.text.len() + 128) as u64
}

#[derive(Clone, Debug)]
enum Act {
    /// So many messages are read; these of them, by their place, are put aside.
    Read {
        count: u64,
        aside: BTreeMap<u64, (usize, Option<u8>, usize)>,
    },
    /// A crash before the cursor moved: the last ones are read again, and fewer of them are bad.
    ReadAgain {
        keep: BTreeSet<u64>,
    },
    Settle {
        gone: BTreeMap<u64, bool>,
        restated: BTreeSet<u64>,
    },
    Drop {
        reason: usize,
        rows: usize,
    },
    Forget {
        age: u64,
        bytes: u64,
        rows: usize,
    },
    Restart,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let rows = || proptest::collection::btree_map(0..12u64, (0..3usize, proptest::option::of(0..3u8), 0..40usize), 0..8);
    let places = || proptest::collection::btree_set(0..60u64, 0..12);
    let act = prop_oneof![
        4 => (1..12u64, rows()).prop_map(|(count, aside)| Act::Read { count, aside }),
        1 => places().prop_map(|keep| Act::ReadAgain { keep }),
        2 => (proptest::collection::btree_map(0..60u64, any::<bool>(), 0..12), places())
            .prop_map(|(gone, restated)| Act::Settle { gone, restated }),
        1 => (0..3usize, 1..6usize).prop_map(|(reason, rows)| Act::Drop { reason, rows }),
        1 => (0..60u64, 0..2000u64, 1..20usize).prop_map(|(age, bytes, rows)| Act::Forget { age, bytes, rows }),
        1 => Just(Act::Restart),
    ];
    proptest::collection::vec(act, 1..16)
}

#[derive(Default)]
struct Model {
    rows: BTreeMap<u64, Quarantined>,
    departed: Departed,
    next: u64,
    last: std::ops::Range<u64>,
}

impl Model {
    fn read(&mut self, register: &Register, range: std::ops::Range<u64>, messages: &[Quarantined]) {
        register.put_aside(range.clone(), messages).unwrap();
        self.rows.retain(|offset, _| !range.contains(offset) || messages.iter().any(|m| m.offset == *offset));
        for message in messages {
            self.rows.entry(message.offset).or_insert_with(|| message.clone());
        }
        self.next = self.next.max(range.end);
        self.last = range;
    }

    fn settle(&mut self, register: &Register, gone: BTreeMap<u64, bool>, restated: BTreeSet<u64>) {
        let how = |new: bool| if new { Brought::Stored } else { Brought::Duplicate };
        let restated: Vec<_> = restated.into_iter().filter(|o| !gone.contains_key(o)).map(|o| bad(o, 2, Some(2), 0)).collect();
        let gone: Vec<_> = gone.into_iter().map(|(offset, new)| (offset, how(new))).collect();
        register.settle(&Settlement { gone: gone.clone(), restated: restated.clone() }).unwrap();
        for (offset, how) in gone {
            let left = self.rows.remove(&offset).map_or(0, |_| 1);
            match how {
                Brought::Stored => self.departed.stored += left,
                Brought::Duplicate => self.departed.duplicate += left,
            }
        }
        for now in restated {
            if let Some(row) = self.rows.get_mut(&now.offset) {
                (row.reason, row.text, row.device) = (now.reason, now.text, now.device);
            }
        }
    }

    fn forget(&mut self, register: &Register, age: u64, bytes: u64, rows: usize) {
        let overflow = Overflow { received_before: when(age), bytes, before: self.next, rows };
        let forgotten = register.forget(&overflow).unwrap();
        let mut count = 0;
        while count < rows as u64 {
            let total: u64 = self.rows.values().map(size).sum();
            let Some((&oldest, _)) = self.rows.first_key_value() else { break };
            if oldest >= age && total <= bytes {
                break;
            }
            self.rows.remove(&oldest);
            count += 1;
        }
        self.departed.forgotten += count;
        assert_eq!((forgotten.count(), forgotten.more), (count, count == rows as u64));
    }

    fn assert_equals(&self, register: &Register) {
        assert_eq!(all(register), self.rows.values().cloned().collect::<Vec<_>>());
        let holding = register.holding(when(5)).unwrap();
        assert_eq!(holding.messages, self.rows.len() as u64);
        assert_eq!(holding.bytes, self.rows.values().map(size).sum::<u64>());
        assert_eq!(holding.oldest, self.rows.values().map(|r| r.message.received_at).min());
        assert_eq!(holding.aged, self.rows.keys().filter(|offset| **offset < 5).count() as u64);
        assert_eq!(holding.departed, self.departed);
        assert_tally(register);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_coming_and_going_leaves_the_same_as_in_memory(acts in acts()) {
        let (_directory, path, register) = fresh();
        let mut register = Some(register);
        let mut model = Model::default();
        for act in acts {
            let open = register.as_ref().unwrap();
            match act {
                Act::Read { count, aside } => {
                    let first = model.next;
                    let aside = aside.into_iter().filter(|(place, _)| *place < count);
                    let messages: Vec<_> =
                        aside.map(|(place, (reason, who, length))| bad(first + place, reason, who, length)).collect();
                    model.read(open, first..first + count, &messages);
                }
                Act::ReadAgain { keep } => {
                    let range = model.last.clone();
                    let kept = model.rows.range(range.clone()).filter(|(offset, _)| keep.contains(offset));
                    let messages: Vec<_> = kept.map(|(_, row)| row.clone()).collect();
                    model.read(open, range, &messages);
                }
                Act::Settle { gone, restated } => model.settle(open, gone, restated),
                Act::Drop { reason, rows } => {
                    let filter = QuarantineFilter { reasons: vec![REASONS[reason].to_owned()], ..Default::default() };
                    let dropped = open.drop_messages(&filter, 0..u64::MAX, rows).unwrap();
                    let chosen: Vec<u64> =
                        model.rows.values().filter(|r| r.reason == REASONS[reason]).take(rows).map(|r| r.offset).collect();
                    prop_assert_eq!(dropped, chosen.len() as u64);
                    model.departed.dropped += dropped;
                    model.rows.retain(|offset, _| !chosen.contains(offset));
                }
                Act::Forget { age, bytes, rows } => model.forget(open, age, bytes, rows),
                Act::Restart => {
                    drop(register.take());
                    register = Some(Register::open(&path).unwrap());
                }
            }
            model.assert_equals(register.as_ref().unwrap());
        }
    }
}

#[test]
fn groups_count_reason_and_device_and_show_the_last_message() {
    let (_directory, _path, register) = fresh();
    let messages =
        [bad(1, 1, Some(1), 3), bad(2, 1, Some(1), 4), bad(3, 0, None, 5), bad(4, 2, Some(2), 99), bad(5, 1, Some(1), 7)];
    register.put_aside(0..6, &messages).unwrap();
    let groups = register.quarantine_groups(&QuarantineFilter::default(), 10).unwrap();
    let told: Vec<_> = groups.iter().map(|g| (g.reason.as_str(), g.count, g.sample)).collect();
    assert_eq!(told, [("unknown_device", 3, 5), ("no_profile", 1, 4), ("not_json", 1, 3)]);
    assert_eq!((groups[0].first, groups[0].last, groups[0].text.as_str()), (when(1), when(5), "message 5"));
    assert_eq!(groups[2].device, None);
    assert_eq!(register.quarantine_groups(&QuarantineFilter::default(), 1).unwrap().len(), 1);

    let unknown = register.unknown_devices(10).unwrap();
    let told: Vec<_> = unknown.iter().map(|u| (u.id.as_str(), u.reason.as_str(), u.count, u.payload_hex.len())).collect();
    assert_eq!(told, [("node-1", "unknown_device", 3, 14), ("node-2", "no_profile", 1, 128)]);
}

#[test]
fn a_filter_takes_what_it_says() {
    let (_directory, _path, register) = fresh();
    register.put_aside(0..9, &[bad(1, 1, Some(1), 3), bad(2, 0, Some(2), 4), bad(3, 2, None, 5)]).unwrap();
    let found = |filter: QuarantineFilter| -> Vec<u64> {
        register.page(&filter, 0..u64::MAX, Page::WHOLE).unwrap().iter().map(|m| m.offset).collect()
    };
    let any = QuarantineFilter::default;
    assert_eq!(found(QuarantineFilter { reasons: vec!["not_json".into(), "no_profile".into()], ..any() }), [2, 3]);
    assert_eq!(found(QuarantineFilter { device: Some(device("node-2")), ..any() }), [2]);
    assert_eq!(found(QuarantineFilter { device: Some(device("node-0")), ..any() }), [3], "by its topic");
    assert_eq!(found(QuarantineFilter { topic: Some("+/+/device/node-1/#".into()), ..any() }), [1]);
    assert_eq!(found(QuarantineFilter { topic: Some("node-".into()), ..any() }), [1, 2, 3]);
    assert_eq!(found(QuarantineFilter { from: Some(when(2)), to: Some(when(3)), ..any() }), [2]);
    let page = register.page(&any(), 0..u64::MAX, Page { rows: 9, bytes: 4 }).unwrap();
    assert_eq!(page.len(), 2, "a page ends with the message that fills it");
}

#[test]
fn what_is_forgotten_is_told_by_reason_and_time() {
    let (_directory, _path, register) = fresh();
    register.put_aside(0..9, &[bad(1, 1, Some(1), 3), bad(2, 0, Some(2), 4), bad(3, 0, None, 5)]).unwrap();
    let overflow = Overflow { received_before: when(3), bytes: u64::MAX, before: u64::MAX, rows: 100 };
    let forgotten = register.forget(&overflow).unwrap();
    assert_eq!(forgotten.reasons, BTreeMap::from([("not_json".to_owned(), 1), ("unknown_device".to_owned(), 1)]));
    assert_eq!((forgotten.received, forgotten.more), (Some((when(1), when(2))), false));
    // What the account does not know yet stays, however little room there is.
    let full = Overflow { bytes: 0, before: 3, ..overflow };
    assert_eq!(register.forget(&full).unwrap().count(), 0);
}
