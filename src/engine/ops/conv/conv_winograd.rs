//! Convolution with a window of 3×3 that moves by single pixels, by Winograd's algorithm (`conv_winograd.wgsl`):
//! forward, and backward by the input, which is the same over dy with the window turned.

use super::conv_tiled;
use crate::engine::arena::Place;
use crate::engine::gpu::{Dispatch, Lowering};
use crate::graph::layers::conv::ConvStep;
use crate::graph::layers::{Pass, Window};
use crate::tensor::Extent;

/// Numbers of a tile of 4×4.
const TILE: usize = 16;

/// Channels from which the products saved outweigh the memory that tiles cost.
const LEAST_CHANNELS: usize = 64;

/// What is convolved with what into what.
struct Roles {
    /// Of what is read and of what is made.
    input: Extent,
    output: Extent,
    padding: [usize; 2],
    turned: bool,
}

impl Roles {
    fn of(step: &ConvStep) -> Self {
        match step.pass {
            Pass::Backward => Self {
                input: step.output,
                output: step.input,
                padding: step.window.padding.map(|padding| 2 - padding),
                turned: true,
            },
            Pass::Forward | Pass::Weights => {
                Self { input: step.input, output: step.output, padding: step.window.padding, turned: false }
            }
        }
    }

    /// Tiles of 2×2 pixels that cover the result.
    fn n_tiles(&self, batch: usize) -> usize {
        batch * self.output.height.div_ceil(2) * self.output.width.div_ceil(2)
    }
}

/// Whether a step can be computed so, gains by it, and its tiles can be bound.
pub fn suits(step: &ConvStep, lowering: &Lowering) -> bool {
    let ConvStep { pass, window, groups, .. } = *step;
    let Window { kernel, stride, padding, dilation } = window;
    let channels = [step.input, step.output].map(|extent| extent.channels);
    let fits = || {
        let n_tiles = Roles::of(step).n_tiles(step.batch);
        channels.iter().all(|channels| TILE * n_tiles * channels <= lowering.largest_operand())
    };
    pass != Pass::Weights
        && groups == 1
        && (kernel, stride, dilation) == ([3, 3], [1, 1], [1, 1])
        && padding.iter().all(|&padding| padding <= 2)
        && channels.iter().all(|&channels| channels >= LEAST_CHANNELS && channels.is_multiple_of(4))
        && fits()
}

/// The operands are those of the step.
pub fn lower(step: &ConvStep, lowering: &mut Lowering) {
    let roles = Roles::of(step);
    let Roles { input, output, padding, turned } = roles;
    let n_tiles = roles.n_tiles(step.batch);
    let [x, w, y] = [lowering.input(0), lowering.input(1), lowering.output(0)];
    let bias = (step.bias && !turned).then(|| lowering.input(2));
    let [v, u, m] = [n_tiles * input.channels, input.channels * output.channels, n_tiles * output.channels]
        .map(|len| lowering.scratch(TILE * len));
    let dispatch = |entry| {
        let dispatch = Dispatch::new("conv_winograd", entry).maps(input, output);
        dispatch.size("PADDING_H", padding[0]).size("PADDING_W", padding[1]).constant("TURNED", turned)
    };
    let weights_in = dispatch("weights_in").bind(&[w, u]);
    lowering.push(weights_in.invocations(input.channels * output.channels));
    let maps_in = dispatch("maps_in").bind(&[x, v].map(Place::in_fours));
    lowering.push(maps_in.invocations(n_tiles * input.channels / 4));
    conv_tiled::forward(&products(n_tiles, &roles), [v, u, m], None, lowering);
    let maps_out = dispatch("maps_out")
        .constant("BIAS", bias.is_some())
        .constant("RELU", step.relu && !turned)
        .bind(&[m, bias.unwrap_or(m), y].map(Place::in_fours));
    lowering.push(maps_out.invocations(n_tiles * output.channels / 4));
}

/// The product of V and U for each of the 16 numbers of a tile by itself: a convolution of maps of one pixel, of 16
/// groups.
fn products(n_tiles: usize, roles: &Roles) -> ConvStep {
    ConvStep {
        pass: Pass::Forward,
        batch: n_tiles,
        input: Extent::vector(TILE * roles.input.channels),
        output: Extent::vector(TILE * roles.output.channels),
        window: Window::new([1, 1]),
        groups: TILE,
        bias: false,
        relu: false,
    }
}
