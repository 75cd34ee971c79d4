//! The first of many: an answer's limit, kept while rows come.

/// Keeps the smallest of what is pushed, by a key; never more than twice the limit.
#[derive(Debug)]
pub struct Smallest<T, K> {
    kept: Vec<T>,
    limit: usize,
    key: K,
}

impl<T, O: Ord, K: Fn(&T) -> O> Smallest<T, K> {
    /// For the first `limit`.
    pub fn new(limit: usize, key: K) -> Self {
        Self { kept: Vec::new(), limit, key }
    }

    /// Takes one.
    pub fn push(&mut self, item: T) {
        self.kept.push(item);
        if self.kept.len() >= self.limit.saturating_mul(2).max(1024) {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.kept.sort_by_cached_key(&self.key);
        self.kept.truncate(self.limit);
    }

    /// What is kept, and the key, to begin again with some of it.
    #[must_use]
    pub fn apart(self) -> (Vec<T>, K) {
        (self.kept, self.key)
    }

    /// They, in order.
    #[must_use]
    pub fn done(mut self) -> Vec<T> {
        self.cut();
        self.kept
    }
}
