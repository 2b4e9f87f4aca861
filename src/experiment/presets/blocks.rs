//! Ready-made blocks, to be put between two layers: what the papers build their nets from. Each is made for the number
//! of channels that reaches it.

use super::residual_imagenet::pair;
use super::{batch_norm, conv, conv_before_norm, relu};
use crate::experiment::layers::{
    Branches, Conv, Kind, Layer, Merge, Padding, Pool, PoolMode, Repeat, Shortcut,
};

/// Layers that belong together.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    pub title: &'static str,
    /// What it is for and where it comes from, in a sentence or two.
    pub help: &'static str,
    make: fn(usize) -> Vec<Layer>,
}

/// All of them, in the order of a menu.
pub static BLOCKS: [Block; 7] = [
    Block {
        title: "Convolution with its norm",
        help: "A 3×3 convolution, batch normalisation and ReLU, from which most nets since 2015 are stacked (Ioffe \
               and Szegedy 2015).",
        make: conv_norm_relu,
    },
    Block {
        title: "Residual block",
        help: "Two 3×3 convolutions beside the identity: the block learns what is to be added to its input (He et al. \
               2015).",
        make: |channels| summed(pair(channels, 1), Vec::new()),
    },
    Block {
        title: "Residual block, halving",
        help: "The same with maps of half the size and twice the channels; the shortcut skips every other pixel and \
               adds channels of zeros (He et al. 2015, option A).",
        make: |channels| {
            let shortcut = Kind::Shortcut(Shortcut { channels: 2 * channels, stride: [2, 2] });
            summed(pair(2 * channels, 2), vec![Layer::new(shortcut)])
        },
    },
    Block {
        title: "Residual block, three times",
        help: "Three residual blocks one after the other, each with weights of its own: a stage of a residual net.",
        make: |channels| {
            vec![Layer::new(Kind::Repeat(Repeat { times: 3, layers: summed(pair(channels, 1), Vec::new()) }))]
        },
    },
    Block {
        title: "Bottleneck",
        help: "1×1 down to a quarter of the channels, 3×3 there, and 1×1 up again, beside the identity: a residual \
               block with few weights (He et al. 2015, Figure 5).",
        make: bottleneck,
    },
    Block {
        title: "Inception",
        help: "Four paths whose channels are put one behind the other: 1×1, 3×3 and 5×5 convolutions and a pool, in the \
               proportions of Szegedy et al. 2015, Table 1, inception (3a).",
        make: inception,
    },
    Block {
        title: "Two branches",
        help: "Two paths from the same input, both still empty, that are added where they meet.",
        make: |_| {
            let branches = Branches { merge: Merge::Add, branches: vec![Vec::new(), Vec::new()] };
            vec![Layer::new(Kind::Branches(branches))]
        },
    },
];

impl Block {
    /// The layers, for maps of so many channels.
    pub fn layers(&self, channels: usize) -> Vec<Layer> {
        (self.make)(channels.max(1))
    }
}

/// Behind the pictures themselves it gives the channels that small nets begin with.
fn conv_norm_relu(channels: usize) -> Vec<Layer> {
    let filters = if channels < 8 { 16 } else { channels };
    vec![conv_before_norm(filters, 3, 1), batch_norm(), relu()]
}

/// Two paths that are added, with a ReLU behind the sum.
fn summed(path: Vec<Layer>, shortcut: Vec<Layer>) -> Vec<Layer> {
    let branches = Branches { merge: Merge::Add, branches: vec![path, shortcut] };
    vec![Layer::new(Kind::Branches(branches)), relu()]
}

fn bottleneck(channels: usize) -> Vec<Layer> {
    let width = (channels / 4).max(1);
    let path = vec![
        conv_before_norm(width, 1, 1),
        batch_norm(),
        relu(),
        conv_before_norm(width, 3, 1),
        batch_norm(),
        relu(),
        conv_before_norm(channels, 1, 1),
        batch_norm(),
    ];
    summed(path, Vec::new())
}

/// 64 + 128 + 32 + 32 channels of 256, the middle two behind 1×1 convolutions to 96 and 16.
fn inception(channels: usize) -> Vec<Layer> {
    let total = channels.max(16);
    let share = |of_256: usize| (total * of_256 / 256).max(1);
    let same = |filters: usize, kernel: usize| {
        let mut layer = conv(filters, kernel);
        if let Kind::Conv(Conv { padding, .. }) = &mut layer.kind {
            *padding = Padding::Each([kernel / 2; 2]);
        }
        [layer, relu()]
    };
    let pool = Pool { stride: [1, 1], padding: [1, 1], ..Pool::new(PoolMode::Max, 3) };
    let branches = vec![
        same(share(64), 1).into(),
        same(share(96), 1).into_iter().chain(same(share(128), 3)).collect(),
        same(share(16), 1).into_iter().chain(same(share(32), 5)).collect(),
        [Layer::new(Kind::Pool(pool))].into_iter().chain(same(share(32), 1)).collect(),
    ];
    vec![Layer::new(Kind::Branches(Branches { merge: Merge::Concat, branches }))]
}
