//! The answers to a split, see [`Answers`].

use std::sync::Arc;
use std::time::Duration;

use super::{Pass, Passes, copied, pictures};
use crate::data::{DataSet, Normalisation, Split};
use crate::engine::Part;
use crate::inspect::answers::{Answer, Answers};
use crate::inspect::look::{Glance, Instrument, LookError, Subject, View};
use crate::inspect::values::Showing;

/// Asks a net about every picture of a split.
pub struct Asking(Passes<Asked>);

impl Asking {
    pub fn new(part: Part) -> Self {
        Self(Passes::new(part))
    }
}

impl Instrument for Asking {
    fn look(&mut self, subject: &Subject<'_>, span: Duration) -> Result<Glance, LookError> {
        self.0.go_on(subject, span)
    }
}

struct Asked {
    showing: Showing,
    set: Arc<DataSet>,
    normalisation: Arc<Normalisation>,
    part: Part,
    answers: Answers,
}

/// Pictures asked about at a time, at most.
const BATCH: usize = 64;

pub(super) fn split(set: &DataSet, part: Part) -> &Split {
    match part {
        Part::Train => &set.train,
        Part::Test => &set.test,
    }
}

impl Pass for Asked {
    type Question = Part;

    fn begin(part: &Part, subject: &Subject<'_>) -> Result<Self, LookError> {
        let set = pictures(subject)?.clone();
        let split = split(&set, *part);
        if split.labels.classes().is_none() {
            let words = split.labels.kind().words();
            return Err(LookError::Impossible(format!(
                "Answers are judged for pictures with one class each; these have {words}."
            )));
        }
        let memory = copied(subject)?;
        let showing =
            Showing::new(subject.graph, &memory, &[subject.graph.output], BATCH, &**subject.device)?;
        let answers = Answers::new(subject.classes);
        Ok(Self { showing, normalisation: subject.normalisation.clone(), part: *part, answers, set })
    }

    fn advance(&mut self) -> Result<bool, LookError> {
        let (extent, split) = (self.set.extent, split(&self.set, self.part));
        let first = self.answers.all.len();
        let indices = first..split.len().min(first + self.showing.batch());
        let seen = indices.clone().flat_map(|i| self.normalisation.apply(extent, split.picture(extent, i)));
        let values = self.showing.show(&seen.collect::<Vec<f32>>())?;
        let logits = values.stored.values().next().map_or(&[][..], Vec::as_slice);
        let each = (logits.len() / indices.len().max(1)).max(1);
        let classes = split.labels.classes().unwrap_or_default();
        let answers = indices.zip(logits.chunks_exact(each));
        self.answers.all.extend(answers.map(|(i, logits)| Answer::of(i, classes[i].into(), logits)));
        Ok(self.answers.all.len() >= split.len() || self.answers.all.len() == first)
    }

    fn view(&self) -> Option<View> {
        (!self.answers.all.is_empty()).then(|| View::Answers(self.answers.clone()))
    }
}
