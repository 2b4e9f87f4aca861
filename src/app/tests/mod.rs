//! The window without a window: driven by the names of its controls, over snapshots made up for the purpose.

mod advice;
mod browsing;
mod building;
mod cards;
mod curves;
mod elsewhere;
mod fixture;
mod images;
mod instruments;
mod layout;
mod knowing;
mod lessons;
mod looking;
mod manners;
mod looks;
mod past;
mod runs;
mod speed;
mod table;
mod text;
mod training;

pub use runs::three as several;
