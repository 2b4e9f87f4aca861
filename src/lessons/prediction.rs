//! What a student commits to before a run.

use super::check::Bounds;
use super::fact::Fact;
use super::quantities::Quantity;

#[derive(Clone, Debug)]
pub struct Prediction {
    pub name: String,
    /// The question.
    pub ask: String,
    pub answer: Answer,
    /// What is asked once the result stands beside it; one sentence is kept.
    pub then: String,
}

/// What kind of answer there is, and what the truth is.
#[derive(Clone, Debug)]
pub enum Answer {
    Choice(Vec<Choice>),
    /// The number that a fact comes to.
    Number(Fact),
    /// A curve over the epochs, sketched on the empty plot; of a quantity that curves tell.
    Curve(Quantity),
}

/// One outcome out of a few.
#[derive(Clone, Debug)]
pub struct Choice {
    pub says: String,
    /// When this is what happened; none where nothing decides it.
    pub fact: Option<Fact>,
    pub bounds: Bounds,
}

impl Prediction {
    /// All facts that its truth is made of.
    pub fn facts(&self) -> Vec<Fact> {
        match &self.answer {
            Answer::Choice(choices) => choices
                .iter()
                .flat_map(|choice| choice.fact.iter().chain(choice.bounds.facts()))
                .cloned()
                .collect(),
            Answer::Number(fact) => vec![fact.clone()],
            Answer::Curve(quantity) => vec![Fact::Measured(quantity.clone())],
        }
    }
}
