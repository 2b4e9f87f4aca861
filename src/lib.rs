//! ConvScope: build convolutional networks layer by layer, train them while you watch, look inside.
//!
//! The way of the data: `experiment.toml → Network → Graph → Program → Plan → Run → Snapshot → panels or
//! command line`. The modules below stand in reading order; each may import those above it and never one
//! below, which `tests/tidy.rs` checks.

// Shapes, host arrays, random numbers. Knows nothing else.
pub mod tensor;

// Plain descriptions of pictures, network and training, and the file they stand in. Computes nothing.
pub mod experiment;

// The tree made flat: shapes, costs, receptive fields, differentiation, fusion. Knows no device.
pub mod graph;

// Pictures: catalogue, formats, built-in sets, normalisation, augmentation. Alone in decoding images.
pub mod data;

// Programs carried out on CPU and GPU. Alone in computing with wgpu; knows no optimiser's schedule, no file.
pub mod engine;

// Initial weights, the run, its metrics, weights on disk. Has no thread and no window.
pub mod train;

// A trained net as a file for PyTorch or ONNX. Alone in knowing those.
pub mod export;

// What a net looks like inside. Changes nothing that trains.
pub mod inspect;

// The worker behind the window: commands in, snapshots out. Alone in having a long-lived thread.
pub mod session;

// Lessons: text, experiments, predictions and checks on what was measured. Alone in knowing a lesson's grammar.
pub mod lessons;

// The command line, over the same runs as the window. Alone in knowing clap.
pub mod cli;

// The window over a session. Alone in knowing egui.
#[cfg(feature = "gui")]
pub mod app;
