//! The HTTP side of the house: a versioned API, live events, metrics, and pages in French, Arabic and
//! English. Everything it shows comes through the traits of `ports`.
//!
//! Deliberately absent: any store or register by name, passwords and tokens themselves (they are behind `ports::Gate`),
//! anything fetched from another host, and a build step for the pages.

mod access;
mod api;
mod assets;
mod atlas;
mod budget;
mod charts;
mod days;
mod events;
mod house;
mod lang;
mod locator;
mod metrics;
mod numbers;
mod openapi;
mod page;
mod parameters;
mod params;
mod plural;
mod problem;
mod scan;
mod security;
mod serve;
mod settings;
mod table;
mod tagged;
mod tenant;
mod thin;
mod walk;
mod words;

pub mod rows;

pub use access::guarded;
pub use atlas::{Atlas, MapSettings};
pub use house::{City, House};
pub use openapi::openapi;
pub use page::{Order, Pressroom};
pub use parameters::{District, Names, Parameters, Sheet, SpaceUse, Station};
pub use scan::ScanError;
pub use security::router;
pub use serve::{Tls, serve, serve_tls};
pub use settings::{Public, Settings};
pub use tenant::Tenant;
pub use walk::Walk;
