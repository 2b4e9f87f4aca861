//! The evaluations of a run, in test mode: in one go, or batch by batch between other work.

use super::Run;
use crate::engine::{Part, PictureSource};
use crate::train::TrainError;
use crate::train::curves::TestRecord;
use crate::train::evaluate::{Evaluation, Evaluator};

impl Run {
    /// A whole evaluation of one split, which leaves the curves alone.
    pub fn evaluate(&self, part: Part) -> Result<Evaluation, TrainError> {
        loop {
            if let Some(found) = self.evaluate_while(part, &mut || true)? {
                return Ok(found);
            }
        }
    }

    /// The same for as long as `go_on` says so, which is asked after each batch; none where it was stopped.
    pub fn evaluate_while(
        &self,
        part: Part,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<Option<Evaluation>, TrainError> {
        let source = PictureSource { part, ..self.test_source.clone() };
        let pictures = self.device.pictures(&source)?;
        let n = source.split().len();
        let mut evaluator =
            Evaluator::new(&self.fused, self.goal(), &*self.device, &self.memory, &pictures, n)?;
        loop {
            match evaluator.advance()? {
                None if go_on() => {}
                found => return Ok(found),
            }
        }
    }

    /// Begins an evaluation of the test split in test mode; [`Run::continue_test`] carries it out.
    pub fn begin_test(&mut self) -> Result<(), TrainError> {
        self.collect(true)?;
        if self.evaluator.is_none() {
            let pictures = self.device.pictures(&self.test_source)?;
            let n = self.test_source.split().len();
            self.evaluator =
                Some(Evaluator::new(&self.fused, self.goal(), &*self.device, &self.memory, &pictures, n)?);
        }
        if let Some(evaluator) = &mut self.evaluator {
            evaluator.begin();
        }
        Ok(())
    }

    /// One more batch of the evaluation; its result, also in the curves, once it is complete. Where what it read has
    /// been replaced in between (another optimiser, another normalisation), it begins anew.
    pub fn continue_test(&mut self) -> Result<Option<Evaluation>, TrainError> {
        let Some(evaluator) = &mut self.evaluator else {
            self.begin_test()?;
            return Ok(None);
        };
        let Some(found) = evaluator.advance()? else { return Ok(None) };
        let epoch = self.progress().epochs_done();
        let Evaluation { loss, error, .. } = found;
        self.curves.tests.push(TestRecord { step: self.step, epoch, loss, error, seconds: self.seconds });
        Ok(Some(found))
    }

    /// A whole evaluation of the test split.
    pub fn test(&mut self) -> Result<Evaluation, TrainError> {
        self.begin_test()?;
        loop {
            if let Some(found) = self.continue_test()? {
                return Ok(found);
            }
        }
    }
}
