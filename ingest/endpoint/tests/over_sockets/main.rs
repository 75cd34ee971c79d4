//! The endpoint as clients see it, over real sockets on free ports.

mod clients;
mod common;
mod hostile;
mod limits;
mod protocol;
mod stop;
