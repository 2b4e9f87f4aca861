//! The window without a window: driven by the names of its controls, over snapshots made up for the purpose.

mod advice;
mod browsing;
mod building;
mod fixture;
mod images;
mod layout;
mod knowing;
mod lessons;
mod looking;
mod manners;
mod looks;
mod runs;
mod speed;
mod table;
mod text;
mod training;
