//! What stores behind HTTP share, over servers in memory.

mod hours;
