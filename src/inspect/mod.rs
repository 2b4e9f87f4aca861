//! Looking inside a net: what its weights look like as pictures, what its filters prefer, what it takes for what,
//! how signals fare in it, and whether its gradients are right.

pub mod activations;
pub mod answers;
pub mod attribution;
pub mod batch;
pub mod chart;
pub mod confusion;
pub mod contour;
pub mod convolution;
pub mod crop;
pub mod depth;
pub mod descent;
pub mod embedding;
pub mod exhibit;
mod eye;
pub mod filters;
pub mod gabor;
pub mod gradcheck;
pub mod insertion;
pub mod letters;
pub mod live;
pub mod look;
pub mod modes;
pub mod patches;
pub mod picture;
pub mod plane;
pub mod projection;
pub mod removal;
pub mod specimen;
pub mod statistics;
pub mod surface;
#[cfg(test)]
pub mod testing;
pub mod translation;
pub mod tuning;
pub mod values;
