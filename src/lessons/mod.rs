//! Lessons: folders of plain files that a person writes with a text editor and another reads in the window.
//!
//! A [`Lesson`] is what its folder says, understood and checked as a whole: the text in pieces ([`text`]), the
//! experiments in their three forms ([`setup`]), predictions and checks. A check is a [`fact`] held against
//! bounds; a fact is arithmetic over quantities ([`quantities`]) that the program measures on a run. There is no
//! code in a lesson and nothing outside of its folder that it could reach ([`files`]): a lesson is untrusted.
//! The only module that knows the grammar of a lesson; `lessons/README.md` teaches it.

pub mod bench;
pub mod check;
pub mod fact;
pub mod files;
pub mod live;
pub mod own;
pub mod prediction;
pub mod progress;
pub mod quantities;
mod read;
pub mod settings;
pub mod setup;
mod setups;
pub mod shipped;
pub mod template;
pub mod text;

#[cfg(test)]
mod tests;

pub use check::Check;
pub use files::Files;
pub use prediction::Prediction;
pub use read::read;
pub use setup::{Form, Setup};
pub use text::Piece;

use crate::experiment::file::Lock;

/// A whole lesson.
#[derive(Clone, Debug)]
pub struct Lesson {
    /// The name of its folder, by which it is asked for.
    pub name: String,
    /// Its place in the lecture, where it has one.
    pub number: Option<usize>,
    pub title: String,
    /// What it shows, in a sentence.
    pub summary: String,
    /// What a student needs for it.
    pub minutes: usize,
    /// What of its experiments may not be changed while it is open.
    pub lock: Lock,
    pub setups: Vec<Setup>,
    pub predictions: Vec<Prediction>,
    pub checks: Vec<Check>,
    /// The text, in the order of reading.
    pub pieces: Vec<Piece>,
    /// The folder, for its figures.
    pub files: Files,
}

impl Lesson {
    pub fn setup(&self, name: &str) -> Option<&Setup> {
        self.setups.iter().find(|setup| setup.name == name)
    }

    pub fn check(&self, name: &str) -> Option<&Check> {
        self.checks.iter().find(|check| check.name == name)
    }

    pub fn prediction(&self, name: &str) -> Option<&Prediction> {
        self.predictions.iter().find(|prediction| prediction.name == name)
    }
}
