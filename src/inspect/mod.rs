//! Looking inside a net: what its weights look like as pictures.

pub mod filters;
