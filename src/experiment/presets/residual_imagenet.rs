//! The nets for ImageNet of He et al. 2015, "Deep residual learning for image recognition", Table 1: a 7×7
//! convolution and max pooling, each halving the maps, four stages of blocks, global average pooling and a
//! classifier. A block is two 3×3 convolutions, or a bottleneck: 1×1 down to a quarter of the channels, 3×3, and
//! 1×1 up again. Where a block changes the shape its shortcut is a 1×1 convolution (option B), elsewhere the
//! identity. The stride of a bottleneck lies in its first 1×1 (later descendants, PyTorch's among them, put it
//! into the 3×3: as many parameters, more multiply-adds).

use super::{batch_norm, conv_before_norm, linear, relu, repeated};
use crate::experiment::layers::{Branches, Kind, Layer, Merge, Pool, PoolMode};

/// One of the paper's designs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Design {
    depth: usize,
    /// Blocks in each stage.
    n_blocks: [usize; 4],
    is_bottleneck: bool,
    is_residual: bool,
}

/// Channels of the 3×3 convolutions in each stage; the maps are halved at the start of all but the first.
const STAGES: [usize; 4] = [64, 128, 256, 512];

/// By how much a bottleneck's last convolution widens.
const EXPANSION: usize = 4;

/// Depth, blocks in each stage, whether they are bottlenecks.
const DESIGNS: [(usize, [usize; 4], bool); 5] = [
    (18, [2, 2, 2, 2], false),
    (34, [3, 4, 6, 3], false),
    (50, [3, 4, 6, 3], true),
    (101, [3, 4, 23, 3], true),
    (152, [3, 8, 36, 3], true),
];

impl Design {
    /// `resnet-18` to `resnet-152`, and `plain-18` and `plain-34`.
    pub fn from_name(name: &str) -> Option<Self> {
        let (family, digits) = name.split_once('-')?;
        let is_residual = match family {
            "resnet" => true,
            "plain" => false,
            _ => return None,
        };
        let mut designs = depths(is_residual).zip(DESIGNS);
        let (_, (depth, n_blocks, is_bottleneck)) = designs.find(|(depth, _)| depth.to_string() == digits)?;
        Some(Self { depth, n_blocks, is_bottleneck, is_residual })
    }

    pub fn describe(self) -> String {
        let blocks = match (self.is_residual, self.is_bottleneck) {
            (false, _) => "stacked simply, without shortcuts",
            (true, false) => "in residual blocks of two 3×3 convolutions",
            (true, true) => "in residual bottlenecks of 1×1, 3×3 and 1×1",
        };
        format!("{} layers {blocks}; for 224×224 pictures (He et al. 2015, Table 1).", self.depth)
    }

    pub fn net(self, n_classes: usize) -> Vec<Layer> {
        let pool = Pool { stride: [2, 2], padding: [1, 1], ..Pool::new(PoolMode::Max, 3) };
        let mut layers = vec![conv_before_norm(STAGES[0], 7, 2), batch_norm(), relu()];
        layers.push(Layer::new(Kind::Pool(pool)));
        let mut channels = STAGES[0];
        for (i, (width, n)) in STAGES.into_iter().zip(self.n_blocks).enumerate() {
            let outputs = if self.is_bottleneck { EXPANSION * width } else { width };
            let stride = if i == 0 { 1 } else { 2 };
            let n_alike = if stride != 1 || outputs != channels {
                layers.extend(self.block(width, stride, true));
                n - 1
            } else {
                n
            };
            layers.extend(repeated(n_alike, self.block(width, 1, false)));
            channels = outputs;
        }
        layers.extend([Layer::new(Kind::GlobalAveragePool), linear(n_classes)]);
        layers
    }

    fn block(self, width: usize, stride: usize, changes_shape: bool) -> Vec<Layer> {
        let (path, outputs) = match self.is_bottleneck {
            true => (bottleneck(width, stride), EXPANSION * width),
            false => (pair(width, stride), width),
        };
        if !self.is_residual {
            return path.into_iter().chain([relu()]).collect();
        }
        let shortcut = match changes_shape {
            true => vec![conv_before_norm(outputs, 1, stride), batch_norm()],
            false => Vec::new(),
        };
        let branches = Branches { merge: Merge::Add, branches: vec![path, shortcut] };
        vec![Layer::new(Kind::Branches(branches)), relu()]
    }
}

/// Depths that are the paper's for ImageNet: bottlenecks have no plain twins there.
pub(super) fn depths(is_residual: bool) -> impl Iterator<Item = usize> {
    let designs = DESIGNS.into_iter().filter(move |(_, _, is_bottleneck)| is_residual || !is_bottleneck);
    designs.map(|(depth, _, _)| depth)
}

/// Two convolutions with what belongs to them, up to where a shortcut is added.
pub(super) fn pair(width: usize, stride: usize) -> Vec<Layer> {
    vec![
        conv_before_norm(width, 3, stride),
        batch_norm(),
        relu(),
        conv_before_norm(width, 3, 1),
        batch_norm(),
    ]
}

fn bottleneck(width: usize, stride: usize) -> Vec<Layer> {
    vec![
        conv_before_norm(width, 1, stride),
        batch_norm(),
        relu(),
        conv_before_norm(width, 3, 1),
        batch_norm(),
        relu(),
        conv_before_norm(EXPANSION * width, 1, 1),
        batch_norm(),
    ]
}
