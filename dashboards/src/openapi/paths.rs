//! A router that is made of operations: what is not described cannot be asked.

use axum::Router;
use axum::handler::Handler;
use axum::middleware::from_fn;
use axum::routing::{get, post};

use super::operation::{Operation, Tagged, Verb};
use crate::tagged::tag;

/// Operations, each with the function that answers it.
pub(crate) struct Paths<S> {
    router: Router<S>,
    operations: Vec<Operation>,
}

impl<S: Clone + Send + Sync + 'static> Paths<S> {
    pub(crate) fn new() -> Self {
        Self { router: Router::new(), operations: Vec::new() }
    }

    /// One more operation.
    pub(crate) fn at<T: 'static>(mut self, operation: &Operation, answer: impl Handler<T, S>) -> Self {
        let method = match (operation.verb, operation.tagged) {
            (Verb::Get, Tagged::Always) => get(answer).layer(from_fn(tag)),
            (Verb::Get, Tagged::No | Tagged::WhenOver) => get(answer),
            (Verb::Post, _) => post(answer),
        };
        self.operations.push(*operation);
        Self { router: self.router.route(operation.path, method), ..self }
    }

    /// Those of another.
    pub(crate) fn and(mut self, mut other: Self) -> Self {
        self.operations.append(&mut other.operations);
        Self { router: self.router.merge(other.router), ..self }
    }

    /// What answers them.
    pub(crate) fn router(self) -> Router<S> {
        self.router
    }

    /// What they are.
    pub(crate) fn operations(self) -> Vec<Operation> {
        self.operations
    }
}
