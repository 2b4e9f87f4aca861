//! The nets of He et al. 2015, "Deep residual learning for image recognition", section 4.2: a 3×3
//! convolution, three stages of `2n` 3×3 convolutions with 16, 32 and 64 channels, global average pooling and
//! a classifier, `6n + 2` weighted layers in all. Each convolution is followed by batch normalisation, whose
//! shift stands in for its bias.
//!
//! A plain net has the same repetitions as its residual twin, a pair of convolutions each, so that the two
//! stand side by side layer for layer.

use super::residual_imagenet::{depths, pair};
use super::{batch_norm, conv_before_norm, linear, relu, repeated};
use crate::experiment::Problem;
use crate::experiment::layers::{Branches, Kind, Layer, Merge, Shortcut};
use crate::experiment::words::shortened;

/// The deepest net of the paper has 1,202 layers.
const MAX_BLOCKS: usize = 200;

/// Channels in each stage; the maps are halved at the start of all but the first.
const STAGES: [usize; 3] = [16, 32, 64];

/// The `n` of a net of depth `6n + 2`, given in digits.
pub(super) fn n_blocks(prefix: &str, digits: &str) -> Result<usize, Problem> {
    // A number too large for the type is too deep in any case.
    let depth: usize = digits.parse().unwrap_or(usize::MAX);
    let n = (depth.saturating_sub(2) / 6).clamp(1, MAX_BLOCKS);
    if depth == 6 * n + 2 {
        return Ok(n);
    }
    let wrong = format!("There is no preset `{prefix}{}`", shortened(digits));
    let (least, most) = (8, 6 * MAX_BLOCKS + 2);
    Err(Problem::new(match depth {
        depth if depth < least => format!("{wrong}: the smallest is `{prefix}{least}`."),
        depth if depth > most => format!("{wrong}: the deepest is `{prefix}{most}`."),
        _ => {
            let all: Vec<usize> = depths(prefix == "resnet-").collect();
            let below = all.iter().copied().filter(|&other| other < depth).chain([6 * n + 2]).max();
            let above = all.iter().copied().filter(|&other| other > depth).chain([6 * n + 8]).min();
            let (below, above) = (below.unwrap_or(least), above.unwrap_or(most));
            let listed = all.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
            format!(
                "{wrong}: the number of layers is 6n + 2, or for ImageNet one of {listed}. The nearest are \
                 `{prefix}{below}` and `{prefix}{above}`."
            )
        }
    }))
}

pub(super) fn plain(n: usize, n_classes: usize) -> Vec<Layer> {
    net(n, n_classes, |channels, stride| {
        let mut layers = pair(channels, stride);
        layers.push(relu());
        layers
    })
}

pub(super) fn residual(n: usize, n_classes: usize) -> Vec<Layer> {
    net(n, n_classes, |channels, stride| {
        let branches = vec![pair(channels, stride), shortcut(channels, stride)];
        vec![Layer::new(Kind::Branches(Branches { merge: Merge::Add, branches })), relu()]
    })
}

/// The frame common to both: `block` makes one block from its number of channels and its stride.
fn net(n: usize, n_classes: usize, block: impl Fn(usize, usize) -> Vec<Layer>) -> Vec<Layer> {
    let mut layers = vec![conv_before_norm(STAGES[0], 3, 1), batch_norm(), relu()];
    layers.extend(repeated(n, block(STAGES[0], 1)));
    for &channels in &STAGES[1..] {
        layers.extend(block(channels, 2));
        layers.extend(repeated(n - 1, block(channels, 1)));
    }
    layers.push(Layer::new(Kind::GlobalAveragePool));
    layers.push(linear(n_classes));
    layers
}

/// Option A: the identity, subsampled and padded with channels of zeros where the shape changes.
fn shortcut(channels: usize, stride: usize) -> Vec<Layer> {
    match stride {
        1 => Vec::new(),
        _ => vec![Layer::new(Kind::Shortcut(Shortcut { channels, stride: [stride; 2] }))],
    }
}
