//! Looking inside a net: what its weights look like as pictures, what its filters prefer, what it takes for what.

pub mod confusion;
pub mod filters;
pub mod picture;
pub mod tuning;
