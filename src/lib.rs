//! ConvScope: build convolutional networks layer by layer, train them while you watch, look inside.
//!
//! The way of the data: `experiment.toml → Network → Graph → Program → Plan → Executor → Run → Snapshot →
//! panels or command line`. The modules below stand in reading order; each may import those above it and
//! never one below (`tests/tidy.rs` checks that).

pub mod experiment;
pub mod tensor; // shapes, host arrays, random numbers; knows nothing else // plain descriptions and the experiment file; knows no picture and no arithmetic

pub mod data; // pictures: catalogue, formats, built-in sets; the only one that decodes images
