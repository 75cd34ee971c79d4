//! What the vectors do not say: how the parts behave at their edges.

mod air;
mod parking;
mod waste;
mod water;
