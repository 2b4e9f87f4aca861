//! What a run has to remember in order to go on as if it had never stopped: besides its experiment and its pictures,
//! where it stands and its tensors. All that is random is a function of the seed and of the place.

use std::sync::Arc;

use super::{Leg, Run};
use crate::engine::Device;
use crate::engine::layout;
use crate::experiment::file;
use crate::graph::program::Bank;
use crate::graph::{Parameter, ParameterId, StatisticId};
use crate::train::TrainError;
use crate::train::curves::Curves;
use crate::train::rate::Plateau;
use crate::train::weights::container::Writer;
use crate::train::weights::{About, Numbers, WeightsError};

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// Steps done.
    pub step: u64,
    /// Training time so far.
    pub seconds: f64,
    /// What the schedule remembers.
    pub plateau: Plateau,
    /// Since the batches have had their present size.
    pub leg: Leg,
    /// Steps done before the optimiser began with an empty memory.
    pub rule_since: u64,
}

/// A tensor that lasts from one step to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasting {
    Parameter(ParameterId),
    Statistic(StatisticId),
    /// What the optimiser keeps for a parameter: number 0 the momentum or first moment, number 1 the second.
    Slot(usize, ParameterId),
}

impl Run {
    /// Where it stands once all steps asked for are done, which it waits for.
    pub fn standing(&mut self) -> Result<Standing, TrainError> {
        self.collect(true)?;
        let Self { step, seconds, plateau, leg, rule_since, .. } = *self;
        Ok(Standing { step, seconds, plateau, leg, rule_since })
    }

    /// Takes its stand there, with the records up to there; the tensors are for the caller to
    /// [write](Run::write_lasting). Where no run can stand, it stays where it is and says false.
    pub fn stand(&mut self, standing: Standing, curves: Curves) -> Result<bool, TrainError> {
        let Standing { step, leg, rule_since, .. } = standing;
        if !leg.is_possible(step, self.sizes()) || rule_since > step {
            return Ok(false);
        }
        self.plan.take_metrics(true)?;
        self.awaited.clear();
        self.ordered = None;
        (self.step, self.leg, self.rule_since) = (step, leg, rule_since);
        (self.seconds, self.plateau, self.curves) = (standing.seconds, standing.plateau, curves);
        Ok(true)
    }

    /// The same run on another device: to the last bit where it stands, if not where it goes from there.
    ///
    /// # Errors
    /// That device has no room; or this one has stopped working.
    pub fn on(&mut self, device: Arc<dyn Device>) -> Result<Self, TrainError> {
        let standing = self.standing()?;
        let mut other = Self::new(&self.experiment, self.set.clone(), device)?;
        other.set_normalisation((*self.normalisation).clone())?;
        for tensor in self.lasting() {
            other.write_lasting(tensor, &self.read_lasting(tensor)?)?;
        }
        other.stand(standing, self.curves.clone())?;
        other.start = self.start.clone();
        Ok(other)
    }

    /// The weights as they stand become those that the run has begun with: [`Run::reset`] goes back to them. For weights
    /// that were given to a run before its first step.
    pub fn begin_here(&mut self) -> Result<(), TrainError> {
        let start = Numbers::read_from(&self.graph, &self.placement, &*self.memory)?;
        self.start = Some(start.into());
        Ok(())
    }

    /// The weights that it began with, where they were given and not drawn.
    pub fn start(&self) -> Option<&Arc<Numbers>> {
        self.start.as_ref()
    }

    pub(in crate::train) fn set_start(&mut self, start: Arc<Numbers>) {
        self.start = Some(start);
    }

    /// All tensors that last, in the order in which files hold them.
    pub fn lasting(&self) -> Vec<Lasting> {
        let parameters = || (0..self.graph.parameters.len()).map(ParameterId);
        let statistics = (0..self.graph.statistics.len()).map(StatisticId);
        let n_slots = self.experiment.train.optimiser.n_slots();
        let slots = (0..n_slots).flat_map(|slot| parameters().map(move |id| Lasting::Slot(slot, id)));
        parameters().map(Lasting::Parameter).chain(statistics.map(Lasting::Statistic)).chain(slots).collect()
    }

    /// The name in files, and the logical shape.
    pub fn describe_lasting(&self, tensor: Lasting) -> (String, Vec<usize>) {
        let parameter = |id: ParameterId| &self.graph.parameters[id.0];
        match tensor {
            Lasting::Parameter(id) => (parameter(id).name.clone(), parameter(id).shape.clone()),
            Lasting::Statistic(id) => {
                let statistic = &self.graph.statistics[id.0];
                (statistic.name.clone(), vec![statistic.len])
            }
            Lasting::Slot(slot, id) => {
                (format!("optimiser.{slot}.{}", parameter(id).name), parameter(id).shape.clone())
            }
        }
    }

    /// Its numbers as they stand, in logical order.
    pub fn read_lasting(&self, tensor: Lasting) -> Result<Vec<f32>, TrainError> {
        let mut numbers = Vec::with_capacity(self.place(tensor).2);
        self.go_through(tensor, |piece| {
            numbers.extend_from_slice(piece);
            Ok(())
        })?;
        Ok(numbers)
    }

    /// Puts them into a file.
    pub(in crate::train) fn put_lasting(
        &self,
        tensor: Lasting,
        writer: &mut Writer,
    ) -> Result<(), TrainError> {
        self.go_through(tensor, |piece| Ok(writer.put(piece)?))
    }

    /// Looks at them piece by piece: a large tensor is not there twice.
    fn go_through(
        &self,
        tensor: Lasting,
        mut look: impl FnMut(&[f32]) -> Result<(), TrainError>,
    ) -> Result<(), TrainError> {
        let (bank, place, len) = self.place(tensor);
        let mut seen = Ok(());
        self.memory.lend(bank, place, len, &mut |stored| {
            seen = match self.parameter_of(tensor) {
                Some(parameter) => layout::pieces_from_storage(parameter, stored, &mut look),
                None => look(stored),
            };
        })?;
        seen
    }

    /// Overwrites its numbers; `numbers` in logical order.
    pub fn write_lasting(&self, tensor: Lasting, numbers: &[f32]) -> Result<(), TrainError> {
        let (bank, place, _) = self.place(tensor);
        match self.parameter_of(tensor) {
            Some(parameter) => layout::pieces_to_storage(
                parameter,
                |i| numbers[i],
                |offset, piece| self.memory.write(bank, place + offset, piece),
            )?,
            None => self.memory.write(bank, place, numbers)?,
        }
        Ok(())
    }

    /// Overwrites its numbers with those that `read` gives in logical order, piece by piece.
    pub(in crate::train) fn fill_lasting(
        &self,
        tensor: Lasting,
        mut read: impl FnMut(&mut [f32]) -> Result<(), WeightsError>,
    ) -> Result<(), TrainError> {
        let (bank, place, len) = self.place(tensor);
        let mut filled = Ok(());
        self.memory.fill(bank, place, len, &mut |stored| {
            filled = match self.parameter_of(tensor) {
                Some(parameter) => layout::storage_from_pieces(parameter, stored, &mut read),
                None => read(stored),
            };
        })?;
        Ok(filled?)
    }

    /// What a file of its weights says of itself.
    pub fn about(&self) -> About {
        About {
            experiment: Some(file::write(&self.experiment)),
            input: Some(self.graph.input()),
            classes: Some(self.set.classes.clone()),
            normalisation: Some((*self.normalisation).clone()),
        }
    }

    /// The parameter that it is, or that it is kept for.
    fn parameter_of(&self, tensor: Lasting) -> Option<&Parameter> {
        match tensor {
            Lasting::Parameter(id) | Lasting::Slot(_, id) => Some(&self.graph.parameters[id.0]),
            Lasting::Statistic(_) => None,
        }
    }

    /// Bank, place in it, and how many numbers.
    fn place(&self, tensor: Lasting) -> (Bank, usize, usize) {
        let of_parameter = |bank, id: ParameterId| {
            (bank, self.placement.parameters[id.0], self.graph.parameters[id.0].len())
        };
        match tensor {
            Lasting::Parameter(id) => of_parameter(Bank::Parameters, id),
            Lasting::Statistic(id) => {
                (Bank::Statistics, self.placement.statistics[id.0], self.graph.statistics[id.0].len)
            }
            Lasting::Slot(0, id) => of_parameter(Bank::Slot0, id),
            Lasting::Slot(_, id) => of_parameter(Bank::Slot1, id),
        }
    }
}
