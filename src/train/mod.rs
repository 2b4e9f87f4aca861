//! Training: initial weights, the run and its metrics, weights on disk; and what has been trained, put to use.

mod batches;
pub mod changes;
pub mod curves;
mod digest;
pub mod evaluate;
pub mod folder;
pub mod initial;
pub mod keeping;
mod model;
mod net;
pub mod rate;
pub mod replace;
mod run;
pub mod series;
pub mod table;
pub mod twins;
pub mod weights;

pub use evaluate::Evaluation;
pub use model::{Model, Reader};
pub use net::Net;
pub use run::{Lasting, Leg, Progress, Run, Standing, check_settings, train_program};

use crate::data::DataError;
use crate::engine::EngineError;
use crate::experiment::Problem;
use crate::experiment::figures::counted;
use crate::graph::ShapeProblem;

/// Why a run cannot begin or go on, in a sentence or two for a person.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    #[error(transparent)]
    Experiment(#[from] Problem),
    #[error(transparent)]
    Shape(#[from] ShapeProblem),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Weights(#[from] weights::WeightsError),
    #[error(transparent)]
    Folder(#[from] folder::FolderError),
    #[error("A batch holds no pictures. Set `train.batch` to 1 or more.")]
    EmptyBatch,
    #[error(
        "A batch of {} is more than the {}. Use a smaller batch or more pictures.",
        counted(*.batch as u64, "picture"), counted(*.n_pictures as u64, "training picture")
    )]
    BatchTooLarge { batch: usize, n_pictures: usize },
}
