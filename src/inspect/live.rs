//! What is measured of a run while it trains: the instruments behind the looks whose answers come piece by piece.
//!
//! A pass over many pictures lasts longer than a glance, and the weights move on meanwhile. Each pass therefore copies
//! the weights when it begins and holds to them; the first is shown as it grows, the later ones once they are whole.

pub mod answers;
pub mod blocks;
pub mod embedding;
pub mod statistics;
pub mod surface;
pub mod translation;
pub mod tuning;

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::look::{Glance, LookError, Subject, View};
use crate::data::DataSet;
use crate::engine::{EngineError, Memory};
use crate::graph::program::Placement;
use crate::train::weights::Numbers;

/// The numbers of a net as they are now, in a memory of their own.
///
/// # Errors
/// A device without room.
pub fn copied(subject: &Subject<'_>) -> Result<Arc<dyn Memory>, EngineError> {
    let placement = Placement::forward_only(subject.graph);
    let memory = subject.device.memory(&placement)?;
    let numbers = Numbers::read_from(subject.graph, subject.placement, &**subject.memory)?;
    numbers.write_to(subject.graph, &placement, &*memory)?;
    Ok(memory)
}

/// The pictures that a net is looked at with.
///
/// # Errors
/// There are none.
fn pictures<'a>(subject: &Subject<'a>) -> Result<&'a Arc<DataSet>, LookError> {
    let none = || LookError::Impossible("There are no pictures to look at this net with.".into());
    subject.set.ok_or_else(none)
}

/// One pass over what is to be measured.
trait Pass: Send + Sized {
    /// Whoever asks for it.
    type Question;

    /// Begins at the weights as they are.
    fn begin(question: &Self::Question, subject: &Subject<'_>) -> Result<Self, LookError>;

    /// Goes on by one piece, short against a glance where that is possible; whether it was the last.
    fn advance(&mut self) -> Result<bool, LookError>;

    /// What is known so far; none where that says nothing.
    fn view(&self) -> Option<View>;
}

/// An instrument that makes pass after pass.
struct Passes<P: Pass> {
    question: P::Question,
    pass: Option<P>,
    /// Whether a whole view has been shown, which stays until there is another.
    has_shown: bool,
}

impl<P: Pass> Passes<P> {
    fn new(question: P::Question) -> Self {
        Self { question, pass: None, has_shown: false }
    }

    fn go_on(&mut self, subject: &Subject<'_>, span: Duration) -> Result<Glance, LookError> {
        let begin = Instant::now();
        let mut pass = match self.pass.take() {
            Some(pass) => pass,
            None => P::begin(&self.question, subject)?,
        };
        loop {
            if pass.advance()? {
                self.has_shown = true;
                return Ok(Glance { view: pass.view(), is_whole: true });
            }
            if begin.elapsed() >= span {
                break;
            }
        }
        let view = if self.has_shown { None } else { pass.view() };
        self.pass = Some(pass);
        Ok(Glance { view, is_whole: false })
    }
}

#[cfg(test)]
mod tests;
