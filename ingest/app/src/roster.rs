//! Who is on duty, as the settings in force say.

use std::sync::{Mutex, PoisonError};

use notify::rota::Rota;
use ports::{RotaView, ShiftView};
use schemas::Timestamp;

/// Shifts of a rota that are told at most.
const SHOWN: usize = 1000;

/// The rotas in force.
#[derive(Default)]
pub(crate) struct Roster(Mutex<Vec<Rota>>);

impl Roster {
    pub(crate) fn new(rotas: Vec<Rota>) -> Self {
        Self(Mutex::new(rotas))
    }

    /// From now on these.
    pub(crate) fn set(&self, rotas: Vec<Rota>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = rotas;
    }

    /// All of them at an instant.
    pub(crate) fn at(&self, now: Timestamp) -> Vec<RotaView> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().map(|rota| view(rota, now)).collect()
    }
}

/// A rota at an instant, with its shifts and the holes between them from then on.
pub(crate) fn view(rota: &Rota, at: Timestamp) -> RotaView {
    let duty = rota.on_duty(at);
    let shifts = rota.shifts().iter().filter(|shift| shift.to > at);
    let shifts =
        shifts.map(|shift| ShiftView { from: shift.from, to: shift.to, receiver: shift.receiver.clone(), covered: true });
    let holes = rota.holes().filter(|hole| hole.to > at);
    let holes = holes.map(|hole| ShiftView { from: hole.from, to: hole.to, receiver: rota.fallback().clone(), covered: false });
    let mut shifts: Vec<ShiftView> = shifts.chain(holes).collect();
    shifts.sort_by_key(|shift| shift.from);
    shifts.truncate(SHOWN);
    RotaView {
        name: rota.name().clone(),
        on_duty: duty.receiver.clone(),
        until: duty.until,
        covered: !duty.fallback,
        fallback: rota.fallback().clone(),
        shifts,
    }
}
