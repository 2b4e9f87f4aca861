//! The window: panels that read a snapshot of the session and send commands to it.
//!
//! A frame goes like this: the keys are read, the panels are drawn over the latest snapshot and edit the
//! experiment in place, and then what they asked for is done and what changed is sent. Nothing in a frame
//! waits for the engine, and a frame is drawn only when something has changed.

mod action;
mod acts;
mod arrangement;
mod bar;
mod beside;
mod bridge;
mod code;
mod curves;
mod device;
mod editor;
mod files;
mod format;
mod formula;
mod help;
mod latest;
mod lessons;
mod library;
mod looking;
mod memory;
mod menu;
mod network;
mod opening;
mod past;
mod runs;
mod search;
mod status;
mod text;
mod theme;
mod training;
mod welcome;
mod widgets;
mod window;
mod workshop;

#[cfg(test)]
mod tests;

pub use bridge::Bridge;
pub use memory::Opening;
pub use window::{Start, run};
pub use workshop::Workshop;
