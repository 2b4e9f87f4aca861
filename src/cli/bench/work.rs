//! The standard work.

use std::sync::Arc;

use crate::data::{DataSet, Labels, Split};
use crate::experiment::{Experiment, Problem, file};
use crate::tensor::Extent;
use crate::tensor::random::{Key, Purpose};

/// A net, the shape of its pictures and the size of its batch.
pub struct Work {
    pub name: &'static str,
    /// The `[network]` table of an experiment.
    network: &'static str,
    /// `(C, H, W)`.
    extent: [usize; 3],
    pub batch: usize,
}

pub const ALL: [Work; 6] = [
    Work { name: "lenet", network: "preset = 'lenet'", extent: [1, 28, 28], batch: 64 },
    Work { name: "wide-lenet", network: WIDE_LENET, extent: [3, 32, 32], batch: 64 },
    Work { name: "resnet-20-b32", network: "preset = 'resnet-20'", extent: [3, 32, 32], batch: 32 },
    Work { name: "resnet-20-b128", network: "preset = 'resnet-20'", extent: [3, 32, 32], batch: 128 },
    Work { name: "plain-56", network: "preset = 'plain-56'", extent: [3, 32, 32], batch: 128 },
    Work { name: "resnet-56", network: "preset = 'resnet-56'", extent: [3, 32, 32], batch: 128 },
];

const WIDE_LENET: &str = "layers = [
  { conv = 32, kernel = 5, padding = 2 }, 'relu', { max-pool = 2 },
  { conv = 64, kernel = 5, padding = 2 }, 'relu', { max-pool = 2 },
  { linear = 128 }, 'relu', { linear = 10 },
]";

/// Classes of the made-up pictures.
const N_CLASSES: usize = 10;

/// Batches in an epoch: enough that the start of one costs nothing beside its steps.
const N_BATCHES: usize = 32;

impl Work {
    pub fn experiment(&self) -> Result<Experiment, Problem> {
        file::parse(&format!(
            "title = '{}'\n[data]\nnormalise = 'none'\n[network]\n{}\n\
             [train]\noptimiser = 'momentum'\nrate = 0.001\nbatch = {}\nepochs = 1000000\n",
            self.name, self.network, self.batch
        ))
    }

    /// Pictures of noise: what they show does not change how long a step takes.
    pub fn pictures(&self) -> Arc<DataSet> {
        let [channels, height, width] = self.extent;
        let extent = Extent::new(channels, height, width);
        let split = |name: u32, n: usize| {
            let key = Key::new(1, Purpose::Split).with(name);
            let pictures = (0..(n * extent.len()) as u32).map(|i| (key.uniform(i) * 256.0) as u8).collect();
            let labels = Labels::Classes((0..n).map(|i| (i % N_CLASSES) as u16).collect());
            Split { pictures, labels }
        };
        Arc::new(DataSet {
            name: "noise".into(),
            extent,
            classes: (0..N_CLASSES).map(|class| class.to_string()).collect(),
            train: split(1, N_BATCHES * self.batch),
            test: split(2, (8 * self.batch).clamp(64, 1024)),
            notes: Vec::new(),
        })
    }
}
