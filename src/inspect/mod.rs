//! Looking inside a net: what its weights look like as pictures, what its filters prefer, what it takes for what,
//! how signals fare in it, and whether its gradients are right.

pub mod activations;
pub mod attribution;
pub mod batch;
pub mod chart;
pub mod confusion;
pub mod convolution;
pub mod crop;
pub mod depth;
pub mod exhibit;
mod eye;
pub mod filters;
pub mod font;
pub mod gradcheck;
pub mod look;
pub mod modes;
pub mod patches;
pub mod picture;
pub mod signals;
pub mod plane;
pub mod projection;
pub mod specimen;
pub mod statistics;
pub mod tuning;
