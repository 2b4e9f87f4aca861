//! The kinds of layers and the tree they form. A kind is one file here (its settings), one in
//! `graph/layers` (its rules), an entry in [`Kind`] and a line in [`MENU`].

mod activation;
mod batch_norm;
mod branches;
mod conv;
mod dropout;
mod linear;
mod lrn;
mod permute_pixels;
mod pool;
mod prelu;
mod repeat;
mod shortcut;
mod transposed_conv;
mod upsample;

use std::sync::atomic::{AtomicU64, Ordering};

pub use activation::Activation;
pub use batch_norm::BatchNorm;
pub use branches::{Branches, Merge};
pub use conv::{Conv, Padding};
pub use dropout::Dropout;
pub use linear::Linear;
pub use lrn::Lrn;
pub use permute_pixels::PermutePixels;
pub use pool::{Pool, PoolMode};
pub use prelu::Prelu;
pub use repeat::Repeat;
pub use shortcut::Shortcut;
pub use transposed_conv::TransposedConv;
pub use upsample::{Upsample, UpsampleMode};

use super::Initialisation;
use super::fields::Field;

/// A layer of the tree. Its identity lasts as long as the program runs, through edits and moves, and takes
/// no part in comparison.
#[derive(Clone, Debug)]
pub struct Layer {
    pub id: LayerId,
    pub kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LayerId(pub u64);

#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Conv(Conv),
    TransposedConv(TransposedConv),
    Linear(Linear),
    BatchNorm(BatchNorm),
    Activation(Activation),
    Prelu(Prelu),
    Pool(Pool),
    GlobalAveragePool,
    Lrn(Lrn),
    Dropout(Dropout),
    Upsample(Upsample),
    Flatten,
    Identity,
    PermutePixels(PermutePixels),
    Shortcut(Shortcut),
    Branches(Branches),
    Repeat(Repeat),
}

/// How deep branches and repetitions may lie inside one another.
pub const MAX_DEPTH: usize = 16;

/// How many layers a network may have once its repetitions are written out, see [`n_unrolled`].
pub const MAX_UNROLLED: usize = 10_000;

/// One of each kind with its customary settings, in the order of a menu.
pub const MENU: &[fn() -> Kind] = &[
    || Kind::Conv(Conv { padding: Padding::Each([1, 1]), ..Conv::default() }),
    || Kind::TransposedConv(TransposedConv::default()),
    || Kind::Linear(Linear::default()),
    || Kind::Activation(Activation::ALL[0]),
    || Kind::Activation(Activation::ALL[1]),
    || Kind::Prelu(Prelu::default()),
    || Kind::Activation(Activation::ALL[2]),
    || Kind::Activation(Activation::ALL[3]),
    || Kind::Activation(Activation::ALL[4]),
    || Kind::Activation(Activation::ALL[5]),
    || Kind::Activation(Activation::ALL[6]),
    || Kind::Activation(Activation::ALL[7]),
    || Kind::Pool(Pool::new(PoolMode::Max, 2)),
    || Kind::Pool(Pool::new(PoolMode::Average, 2)),
    || Kind::Pool(Pool::new(PoolMode::Sum, 2)),
    || Kind::GlobalAveragePool,
    || Kind::Upsample(Upsample::new(UpsampleMode::Nearest)),
    || Kind::Upsample(Upsample::new(UpsampleMode::Bilinear)),
    || Kind::BatchNorm(BatchNorm::default()),
    || Kind::Lrn(Lrn::default()),
    || Kind::Dropout(Dropout::default()),
    || Kind::Branches(Branches::default()),
    || Kind::Identity,
    || Kind::Shortcut(Shortcut::default()),
    || Kind::Flatten,
    || Kind::PermutePixels(PermutePixels::default()),
    || Kind::Repeat(Repeat::default()),
];

impl Layer {
    pub fn new(kind: Kind) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self { id: LayerId(NEXT.fetch_add(1, Ordering::Relaxed)), kind }
    }

    /// A copy with new identities throughout, for duplication.
    pub fn duplicate(&self) -> Self {
        let mut kind = self.kind.clone();
        for layers in kind.children_mut() {
            for layer in layers {
                *layer = layer.duplicate();
            }
        }
        Self::new(kind)
    }
}

/// How many layers there are once every repetition is written out. Branches and repetitions themselves count
/// as one, so that empty ones inside one another have their bound too. Stops at the largest number.
pub fn n_unrolled(layers: &[Layer]) -> usize {
    layers.iter().fold(0, |n, layer| {
        let inside =
            layer.kind.children().into_iter().fold(0, |n: usize, list| n.saturating_add(n_unrolled(list)));
        let times = match &layer.kind {
            Kind::Repeat(repeat) => repeat.times,
            _ => 1,
        };
        n.saturating_add(1).saturating_add(inside.saturating_mul(times))
    })
}

impl PartialEq for Layer {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Kind {
    /// The kind of this name with the settings that a file may leave out, and nothing inside; `None` where
    /// there is no such kind.
    pub fn from_name(name: &str) -> Option<Self> {
        let kind = MENU.iter().map(|make| make()).find(|kind| kind.name() == name)?;
        // What the menu puts in front of a person is in some kinds more than what a file leaves out.
        Some(match kind {
            Self::Conv(_) => Self::Conv(Conv::default()),
            Self::Branches(_) => Self::Branches(Branches { merge: Merge::Add, branches: Vec::new() }),
            other => other,
        })
    }

    /// The word for this kind in the experiment file.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Conv(_) => "conv",
            Self::TransposedConv(_) => "transposed-conv",
            Self::Linear(_) => "linear",
            Self::BatchNorm(_) => "batch-norm",
            Self::Activation(activation) => activation.name(),
            Self::Pool(pool) => pool.mode.name(),
            Self::Prelu(_) => "prelu",
            Self::GlobalAveragePool => "global-average-pool",
            Self::Lrn(_) => "lrn",
            Self::Dropout(_) => "dropout",
            Self::Upsample(upsample) => upsample.mode.name(),
            Self::Flatten => "flatten",
            Self::Identity => "identity",
            Self::PermutePixels(_) => "permute-pixels",
            Self::Shortcut(_) => "shortcut",
            Self::Branches(_) => "branches",
            Self::Repeat(_) => "repeat",
        }
    }

    /// The kind as a heading: "Convolution", "Max pooling".
    pub fn title(&self) -> &'static str {
        match self {
            Self::Conv(_) => "Convolution",
            Self::TransposedConv(_) => "Transposed convolution",
            Self::Linear(_) => "Fully connected",
            Self::BatchNorm(_) => "Batch normalisation",
            Self::Activation(activation) => activation.title(),
            Self::Pool(pool) => pool.mode.title(),
            Self::Prelu(_) => "PReLU",
            Self::GlobalAveragePool => "Global average pooling",
            Self::Lrn(_) => "Local response normalisation",
            Self::Dropout(_) => "Dropout",
            Self::Upsample(upsample) => upsample.mode.title(),
            Self::Flatten => "Flatten",
            Self::Identity => "Identity",
            Self::PermutePixels(_) => "Pixel permutation",
            Self::Shortcut(_) => "Zero-padded shortcut",
            Self::Branches(branches) => branches.title(),
            Self::Repeat(_) => "Repeat",
        }
    }

    /// What the layer is for, in a sentence.
    pub fn purpose(&self) -> &'static str {
        match self {
            Self::Conv(_) => "The same small filter at every position: local, and equal everywhere.",
            Self::TransposedConv(_) => {
                "Every pixel prints its multiple of each filter: with a stride the maps grow."
            }
            Self::Linear(_) => "Every output is a weighted sum of all inputs; the classifier on top.",
            Self::BatchNorm(_) => {
                "Each channel is brought to mean 0 and deviation 1 over the batch, then scaled and shifted."
            }
            Self::Activation(activation) => activation.purpose(),
            Self::Pool(pool) => pool.mode.purpose(),
            Self::Prelu(_) => "A ReLU that learns how much of what is negative it lets through.",
            Self::GlobalAveragePool => "Each map is reduced to its mean, whatever its size.",
            Self::Lrn(_) => {
                "Each number is divided by the strength of its neighbours in other channels: strong ones stand out."
            }
            Self::Upsample(upsample) => upsample.mode.purpose(),
            Self::Flatten => "All maps as one vector, channel after channel.",
            Self::Identity => "The input as it is.",
            Self::PermutePixels(_) => {
                "Every pixel goes to another place, always the same one: neighbours are torn apart."
            }
            Self::Dropout(_) => {
                "In training each number is set to 0 with this probability, the rest scaled up."
            }
            Self::Shortcut(_) => {
                "The input itself, subsampled and padded with channels of zeros: a shortcut without weights."
            }
            Self::Branches(_) => "Several paths from the same input, added or stacked where they meet.",
            Self::Repeat(_) => {
                "The layers inside, so many times one after the other, each time with own weights."
            }
        }
    }

    /// Whether the layer itself learns weights that multiply its inputs.
    pub fn is_weighted(&self) -> bool {
        matches!(self, Self::Conv(_) | Self::TransposedConv(_) | Self::Linear(_))
    }

    /// From what the layer draws its weights at the start, if it says so itself.
    pub fn init(&self) -> Option<Initialisation> {
        match self {
            Self::Conv(conv) => conv.init,
            Self::TransposedConv(conv) => conv.init,
            Self::Linear(linear) => linear.init,
            _ => None,
        }
    }

    /// The settings. The first is the head where [`Kind::has_head`]: the one that the kind's own name gives
    /// in the file, `{ conv = 16 }`.
    pub fn fields(&mut self) -> Vec<Field<'_>> {
        match self {
            Self::Conv(conv) => conv.fields(),
            Self::TransposedConv(conv) => conv.fields(),
            Self::Linear(linear) => linear.fields(),
            Self::BatchNorm(norm) => norm.fields(),
            Self::Pool(pool) => pool.fields(),
            Self::Prelu(prelu) => prelu.fields(),
            Self::Lrn(lrn) => lrn.fields(),
            Self::Dropout(dropout) => dropout.fields(),
            Self::Upsample(upsample) => upsample.fields(),
            Self::PermutePixels(permute) => permute.fields(),
            Self::Shortcut(shortcut) => shortcut.fields(),
            Self::Repeat(repeat) => repeat.fields(),
            Self::Activation(activation) => activation.fields(),
            Self::GlobalAveragePool | Self::Flatten | Self::Identity | Self::Branches(_) => Vec::new(),
        }
    }

    /// Whether the first field is given by the kind's own name.
    pub fn has_head(&self) -> bool {
        match self {
            Self::Activation(activation) => activation.has_setting(),
            Self::Conv(_)
            | Self::TransposedConv(_)
            | Self::Linear(_)
            | Self::Pool(_)
            | Self::Dropout(_)
            | Self::Upsample(_)
            | Self::PermutePixels(_)
            | Self::Shortcut(_)
            | Self::Repeat(_) => true,
            Self::BatchNorm(_)
            | Self::Prelu(_)
            | Self::GlobalAveragePool
            | Self::Lrn(_)
            | Self::Flatten
            | Self::Identity
            | Self::Branches(_) => false,
        }
    }

    /// Settings that follow from the head where they are not given: a pool's stride is its window.
    pub fn follow_head(&mut self) {
        if let Self::Pool(pool) = self {
            pool.stride = pool.window;
        }
    }

    /// This kind with its head as it is and all else as a file may leave it out.
    pub fn implied(&self) -> Self {
        let mut own = self.clone();
        let mut implied = Self::from_name(self.name()).unwrap_or_else(|| self.clone());
        if self.has_head()
            && let (Some(own), Some(head)) = (own.fields().first(), implied.fields().first_mut())
        {
            head.value.set(&own.value);
        }
        implied.follow_head();
        implied
    }

    /// Whether a setting that is seldom touched was.
    pub fn has_rare_settings(&self) -> bool {
        let (mut plain, mut customary) = (self.clone(), self.implied());
        for (own, customary) in plain.fields().iter_mut().zip(customary.fields()) {
            if own.is_rare {
                own.value.set(&customary.value);
            }
        }
        plain != *self
    }

    /// The lists of layers inside, for those kinds that hold others.
    pub fn children(&self) -> Vec<&Vec<Layer>> {
        match self {
            Self::Branches(branches) => branches.branches.iter().collect(),
            Self::Repeat(repeat) => vec![&repeat.layers],
            _ => Vec::new(),
        }
    }

    /// [`Kind::children`], open for writing.
    pub fn children_mut(&mut self) -> Vec<&mut Vec<Layer>> {
        match self {
            Self::Branches(branches) => branches.branches.iter_mut().collect(),
            Self::Repeat(repeat) => vec![&mut repeat.layers],
            _ => Vec::new(),
        }
    }
}
