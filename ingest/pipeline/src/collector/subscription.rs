//! What is asked of the broker on every connection, and what it answers filter by filter.
//!
//! Asked again even where the broker has kept the session: its rights or our filters may have changed.
//! Deliberately absent: UNSUBSCRIBE. A filter taken out of the settings stays in the broker's session;
//! the settings' page says so.

use rumqttc::{Packet, QoS, SubAck, Subscribe, SubscribeFilter, SubscribeReasonCode};

use super::standing::Standing;

#[derive(Debug)]
pub(super) struct Subscription<'a> {
    filters: &'a [String],
    qos: QoS,
    last_id: u16,
    /// The id of the question that is not answered yet, and the filters it named.
    asked: Option<(u16, Vec<usize>)>,
    /// Ticks since it was asked.
    waited: u32,
    /// Refused the last time.
    refused: Vec<usize>,
    /// Granted, but with a lower QoS: at-least-once ends at the broker.
    lowered: Vec<usize>,
}

impl<'a> Subscription<'a> {
    pub(super) const fn new(filters: &'a [String], qos: QoS) -> Self {
        Self { filters, qos, last_id: 0, asked: None, waited: 0, refused: Vec::new(), lowered: Vec::new() }
    }

    /// Asks for all filters.
    pub(super) fn ask(&mut self) -> Packet {
        self.ask_for((0..self.filters.len()).collect())
    }

    fn ask_for(&mut self, which: Vec<usize>) -> Packet {
        // 0 is no packet id.
        self.last_id = self.last_id.checked_add(1).unwrap_or(1);
        let filters = which.iter().filter_map(|&at| self.filters.get(at));
        let mut packet = Subscribe::new_many(filters.map(|filter| SubscribeFilter::new(filter.clone(), self.qos)));
        packet.pkid = self.last_id;
        self.asked = Some((self.last_id, which));
        self.waited = 0;
        Packet::Subscribe(packet)
    }

    /// Takes the answer and reports it. Whether messages can come now.
    pub(super) fn answered(&mut self, answer: &SubAck, standing: &Standing) -> bool {
        let Some((_, which)) = self.asked.take_if(|(id, _)| *id == answer.pkid) else {
            return self.is_granted();
        };
        self.refused.clear();
        for (place, &filter) in which.iter().enumerate() {
            match answer.return_codes.get(place) {
                Some(SubscribeReasonCode::Success(granted)) if *granted >= self.qos => {}
                Some(SubscribeReasonCode::Success(_)) => self.lowered.push(filter),
                // A missing answer is none.
                Some(SubscribeReasonCode::Failure) | None => self.refused.push(filter),
            }
        }
        standing.filters(self.trouble());
        self.is_granted()
    }

    fn is_granted(&self) -> bool {
        self.asked.is_none() && self.refused.len() < self.filters.len()
    }

    fn trouble(&self) -> Option<String> {
        let names = |which: &[usize]| {
            let names: Vec<&str> = which.iter().filter_map(|&at| self.filters.get(at)).map(String::as_str).collect();
            names.join(", ")
        };
        match (self.refused.is_empty(), self.lowered.is_empty()) {
            (true, true) => None,
            (false, _) => {
                Some(format!("the broker refuses the filters {}: has the user the right to read them?", names(&self.refused)))
            }
            (true, false) => Some(format!(
                "the broker grants the filters {} with QoS 0 only: messages may be lost before they come here",
                names(&self.lowered)
            )),
        }
    }

    /// Called twice per keep-alive: asks again for what was refused. `Err`: the broker owes an answer
    /// for a whole keep-alive.
    pub(super) fn tick(&mut self) -> Result<Option<Packet>, ()> {
        if self.asked.is_some() {
            self.waited += 1;
            return if self.waited > 2 { Err(()) } else { Ok(None) };
        }
        if self.refused.is_empty() {
            return Ok(None);
        }
        let again = self.refused.clone();
        Ok(Some(self.ask_for(again)))
    }
}
