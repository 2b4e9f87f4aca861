//! What a run has to remember in order to go on as if it had never stopped: besides its experiment and its pictures,
//! where it stands and its tensors. All that is random is a function of the seed and of the place.

use super::Run;
use crate::engine::layout;
use crate::graph::program::Bank;
use crate::graph::{ParameterId, StatisticId};
use crate::train::TrainError;
use crate::train::curves::Curves;
use crate::train::rate::Plateau;

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// Steps done.
    pub step: u64,
    /// Training time so far.
    pub seconds: f64,
    /// What the schedule remembers.
    pub plateau: Plateau,
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
        Ok(Standing { step: self.step, seconds: self.seconds, plateau: self.plateau })
    }

    /// Takes its stand there, with the records up to there; the tensors are for the caller to
    /// [write](Run::write_lasting).
    pub fn stand(&mut self, standing: Standing, curves: Curves) -> Result<(), TrainError> {
        self.plan.take_metrics(true)?;
        self.awaited.clear();
        self.ordered = None;
        let Standing { step, seconds, plateau } = standing;
        (self.step, self.seconds, self.plateau, self.curves) = (step, seconds, plateau, curves);
        Ok(())
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
        let (bank, place, len) = self.place(tensor);
        let stored = self.memory.read_part(bank, place, len)?;
        Ok(match tensor {
            Lasting::Parameter(id) | Lasting::Slot(_, id) => {
                layout::parameter_from_storage(&self.graph.parameters[id.0], &stored)
            }
            Lasting::Statistic(_) => stored,
        })
    }

    /// Overwrites them.
    pub fn write_lasting(&self, tensor: Lasting, numbers: &[f32]) -> Result<(), TrainError> {
        let (bank, place, _) = self.place(tensor);
        match tensor {
            Lasting::Parameter(id) | Lasting::Slot(_, id) => {
                let stored = layout::parameter_to_storage(&self.graph.parameters[id.0], numbers);
                self.memory.write(bank, place, &stored)?;
            }
            Lasting::Statistic(_) => self.memory.write(bank, place, numbers)?,
        }
        Ok(())
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
