//! The standard work.

use std::sync::Arc;

use crate::data::{DataSet, Labels, PixelClasses, Split};
use crate::experiment::{Experiment, LabelKind, Loss, Named, Problem, file};
use crate::tensor::Extent;
use crate::tensor::random::{Key, Purpose};

/// A net, the shape of its pictures and the size of its batch.
pub struct Work {
    pub name: &'static str,
    /// The `[network]` table of an experiment, and what is known of its pictures.
    network: &'static str,
    labels: LabelKind,
    /// `(C, H, W)`.
    extent: [usize; 3],
    pub batch: usize,
}

pub const ALL: [Work; 8] = [
    Work {
        name: "lenet",
        network: "preset = 'lenet'",
        labels: LabelKind::Classes,
        extent: [1, 28, 28],
        batch: 64,
    },
    Work {
        name: "wide-lenet",
        network: WIDE_LENET,
        labels: LabelKind::Classes,
        extent: [3, 32, 32],
        batch: 64,
    },
    Work {
        name: "resnet-20-b32",
        network: "preset = 'resnet-20'",
        labels: LabelKind::Classes,
        extent: [3, 32, 32],
        batch: 32,
    },
    Work {
        name: "resnet-20-b128",
        network: "preset = 'resnet-20'",
        labels: LabelKind::Classes,
        extent: [3, 32, 32],
        batch: 128,
    },
    Work {
        name: "plain-56",
        network: "preset = 'plain-56'",
        labels: LabelKind::Classes,
        extent: [3, 32, 32],
        batch: 128,
    },
    Work {
        name: "resnet-56",
        network: "preset = 'resnet-56'",
        labels: LabelKind::Classes,
        extent: [3, 32, 32],
        batch: 128,
    },
    Work {
        name: "resnet-18",
        network: "preset = 'resnet-18'",
        labels: LabelKind::Classes,
        extent: [3, 224, 224],
        batch: 8,
    },
    Work { name: "u-net", network: U_NET, labels: LabelKind::Pixels, extent: [3, 64, 64], batch: 16 },
];

const WIDE_LENET: &str = "layers = [
  { conv = 32, kernel = 5, padding = 2 }, 'relu', { max-pool = 2 },
  { conv = 64, kernel = 5, padding = 2 }, 'relu', { max-pool = 2 },
  { linear = 128 }, 'relu', { linear = 10 },
]";

/// An encoder and a decoder with skips between (Ronneberger, Fischer, Brox 2015), three sizes of maps.
const U_NET: &str = "layers = [
  { conv = 16, kernel = 3, padding = 1 }, 'relu',
  { merge = 'concat', branches = [ [ ], [
    { max-pool = 2 }, { conv = 32, kernel = 3, padding = 1 }, 'relu',
    { merge = 'concat', branches = [ [ ], [
      { max-pool = 2 }, { conv = 64, kernel = 3, padding = 1 }, 'relu', { conv = 64, kernel = 3, padding = 1 }, 'relu',
      { transposed-conv = 32 },
    ] ] },
    { conv = 32, kernel = 3, padding = 1 }, 'relu', { transposed-conv = 16 },
  ] ] },
  { conv = 16, kernel = 3, padding = 1 }, 'relu', { conv = 10, kernel = 1 },
]";

/// Classes of the made-up pictures.
const N_CLASSES: usize = 10;

/// Batches in an epoch: enough that the start of one costs nothing beside its steps.
const N_BATCHES: usize = 32;

impl Work {
    pub fn experiment(&self) -> Result<Experiment, Problem> {
        file::parse(&format!(
            "title = '{}'\n[data]\nnormalise = 'none'\n[network]\n{}\n\
             [train]\nloss = '{}'\noptimiser = 'momentum'\nrate = 0.001\nbatch = {}\nepochs = 1000000\n",
            self.name,
            self.network,
            Loss::customary(self.labels).name(),
            self.batch
        ))
    }

    /// Pictures of noise: what they show does not change how long a step takes.
    pub fn pictures(&self) -> Arc<DataSet> {
        let [channels, height, width] = self.extent;
        let extent = Extent::new(channels, height, width);
        let split = |name: u32, n: usize| {
            let key = Key::new(1, Purpose::Split).with(name);
            let pictures = (0..(n * extent.len()) as u32).map(|i| (key.uniform(i) * 256.0) as u8).collect();
            let labels = match self.labels {
                LabelKind::Pixels => {
                    let classes = (0..N_CLASSES as u8).cycle().take(n * extent.area()).collect();
                    Labels::Pixels(PixelClasses::new(extent.area(), classes))
                }
                _ => Labels::Classes((0..N_CLASSES as u16).cycle().take(n).collect()),
            };
            Split { pictures, labels }
        };
        Arc::new(DataSet {
            name: "noise".into(),
            extent,
            classes: (0..N_CLASSES).map(|class| class.to_string()).collect(),
            train: split(1, N_BATCHES * self.batch),
            test: split(2, (8 * self.batch).clamp(64, 1024)),
            clean: None,
            notes: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Train;
    use crate::train::Run;

    #[test]
    fn every_net_fits_its_pictures() {
        for work in &ALL {
            let experiment = work.experiment().unwrap_or_else(|problem| panic!("{}: {problem}", work.name));
            let set = Work { batch: 1, ..*work }.pictures();
            let checked =
                Run::check(&Experiment { train: Train { batch: 1, ..experiment.train }, ..experiment }, &set);
            assert!(checked.is_ok(), "{}: {:?}", work.name, checked.err());
        }
    }
}
