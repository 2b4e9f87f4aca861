//! The gradient by the input.

use rayon::prelude::*;

use super::{Margin, Reach, Row, Sweep, Way, depthwise, reads_pixels_in_order, winograd};
use crate::engine::cpu::{Io, Kept, Kernel};
use crate::graph::layers::conv::ConvStep;

/// The gradient by the input. A stride of s cuts the input into s² classes of pixels, each reached by its own
/// part of the taps; within a class it is a convolution of dy with those taps, turned by 180°.
pub struct Backward {
    step: ConvStep,
    /// For each class of rows, then of columns.
    classes: [Vec<Class>; 2],
    /// Pixels of dy from one tap of a class to the next.
    spacing: [usize; 2],
    margin: Margin,
    way: Way<Transformed>,
}

/// The ways by Winograd's points.
enum Transformed {
    Correlation(winograd::Convolution),
    Adjoint(winograd::Adjoint),
}

impl Transformed {
    fn scratch_len(&self) -> usize {
        match self {
            Self::Correlation(correlation) => correlation.scratch_len(),
            Self::Adjoint(adjoint) => adjoint.scratch_len(),
        }
    }

    fn kept(&self) -> Kept {
        match self {
            Self::Correlation(correlation) => correlation.kept(),
            Self::Adjoint(adjoint) => adjoint.kept(),
        }
    }
}

/// The pixels `h ≡ phase (mod s)` along one axis.
struct Class {
    phase: usize,
    n_pixels: usize,
    /// Taps that reach them, in the order in which dy's pixels come: the last first.
    taps: Vec<usize>,
    /// The pixel of the padded dy under the first tap of the first pixel.
    first: usize,
}

impl Backward {
    pub fn new(step: &ConvStep) -> Self {
        let mut margin = Margin { before: [0, 0], after: [0, 0] };
        let reach = Reach::of(step);
        // Taps u and u' reach the same class where s divides d·(u − u'): every s/gcd(s, d)-th.
        let [by_row, by_column] = [0, 1].map(|axis| {
            step.window.dilation[axis] / gcd(step.window.dilation[axis], step.window.stride[axis])
        });
        let classes = [(0, by_row), (1, by_column)].map(|(axis, spacing)| {
            let (classes, before, after) = classes(step, axis, &reach, spacing);
            (margin.before[axis], margin.after[axis]) = (before, after);
            classes
        });
        let way = match winograd::Adjoint::quicker(step) {
            Some(adjoint) => Way::Winograd(Transformed::Adjoint(adjoint)),
            None => Way::of(step, |geometry| Transformed::Correlation(winograd::Convolution::new(geometry))),
        };
        Self { step: *step, classes, spacing: [by_row, by_column], margin, way }
    }

    /// One picture, `turned` being the weights as [`Backward::turn`] writes them.
    fn picture(&self, dy: &[f32], pitch: usize, mut turned: &[f32], dx: &mut [f32]) {
        let ConvStep { input, output, window, groups, .. } = self.step;
        for rows in &self.classes[0] {
            for columns in &self.classes[1] {
                let weights_row = columns.taps.len() * (output.channels / groups) * input.channels;
                let sweep = Sweep {
                    taps: [rows.taps.len(), columns.taps.len()],
                    steps: [self.spacing[0] * pitch, self.spacing[1] * output.channels],
                    weights_row,
                    channels: [output.channels, input.channels],
                    groups,
                };
                let mut row = Row {
                    a: dy,
                    a_step: output.channels,
                    b: turned,
                    n_pixels: columns.n_pixels,
                    bias: None,
                    relu: false,
                };
                let spread = window.stride[1] * input.channels;
                if reads_pixels_in_order(&self.step) {
                    row.n_pixels = input.area();
                    sweep.run(&row, dx, spread);
                    return;
                }
                for i in 0..rows.n_pixels {
                    row.a = super::from(dy, (rows.first + i) * pitch + columns.first * output.channels);
                    let at = (rows.phase + i * window.stride[0]) * input.width + columns.phase;
                    sweep.run(&row, &mut dx[at * input.channels..], spread);
                }
                turned = &turned[rows.taps.len() * weights_row..];
            }
        }
    }

    fn by_rows(&self, dy: &[f32], weights: &[f32], dx: &mut [f32], turned: &mut [f32]) {
        self.turn(weights, turned);
        let turned = &*turned;
        let (input, output) = (self.step.input, self.step.output);
        let pictures = dy.par_chunks(output.len()).zip(dx.par_chunks_mut(input.len()));
        pictures.for_each(|(dy, dx)| {
            self.margin.with_padded(dy, output, |dy, pitch| self.picture(dy, pitch, turned, dx));
        });
    }

    /// Writes the weights in the order in which [`Backward::picture`] reads them.
    fn turn(&self, weights: &[f32], turned: &mut [f32]) {
        let (n_in, n_out) = (self.step.input.channels, self.step.output.channels);
        let (group_in, group_out) = (n_in / self.step.groups, n_out / self.step.groups);
        let mut targets = turned.chunks_exact_mut(n_in * group_out);
        for rows in &self.classes[0] {
            for columns in &self.classes[1] {
                for u in &rows.taps {
                    for v in &columns.taps {
                        let tap = u * self.step.window.kernel[1] + v;
                        let from = &weights[tap * group_in * n_out..][..group_in * n_out]; // (C/groups, O)
                        let to = targets.next().expect("every tap belongs to one class"); // (O/groups, C)
                        for (c, row) in from.chunks_exact(n_out).enumerate() {
                            for (group, row) in row.chunks_exact(group_out).enumerate() {
                                let c = group * group_in + c;
                                row.iter().enumerate().for_each(|(o, &w)| to[o * n_in + c] = w);
                            }
                        }
                    }
                }
            }
        }
    }
}

impl Kernel for Backward {
    /// The weights, taps of one pair of classes after the other: `(kH', kW', O/groups, C)`; or what another way takes.
    fn scratch_len(&self) -> usize {
        let n_weights = self.step.window.area()
            * self.step.input.channels
            * (self.step.output.channels / self.step.groups);
        match &self.way {
            Way::Winograd(winograd) => n_weights + winograd.scratch_len(),
            Way::Columns(columns) => columns.scratch_len(),
            Way::Depthwise => 0,
            Way::Rows => n_weights,
        }
    }

    fn kept(&self) -> Kept {
        match &self.way {
            Way::Winograd(transformed) => transformed.kept(),
            Way::Rows => Kept { padded: self.margin.padded_len(self.step.output), ..Kept::default() },
            Way::Columns(_) | Way::Depthwise => Kept::default(),
        }
    }

    /// dy `(N, H', W', O)`, weights `(kH, kW, C/groups, O)` → dx `(N, H, W, C)`.
    fn run(&mut self, io: Io<'_>) {
        let (dy, weights, dx) = (io.inputs[0], io.inputs[1], &mut *io.outputs[0]);
        match &self.way {
            Way::Winograd(transformed) => {
                let (turned, points) = io.scratch.split_at_mut(weights.len());
                turn_whole(weights, [self.step.input.channels, self.step.output.channels], turned);
                match transformed {
                    Transformed::Correlation(correlation) => {
                        let finish = winograd::Finish { bias: None, relu: false };
                        correlation.run(dy, turned, finish, dx, points);
                    }
                    Transformed::Adjoint(adjoint) => adjoint.run(dy, turned, dx, points),
                }
            }
            Way::Columns(columns) => columns.backward(dy, weights, dx, io.scratch),
            Way::Depthwise => depthwise::backward(&self.step, dy, weights, dx),
            Way::Rows => self.by_rows(dy, weights, dx, io.scratch),
        }
    }
}

/// All taps in turn, `(kH, kW, C, O)` to `(kH, kW, O, C)`.
pub(super) fn turn_whole(weights: &[f32], [n_in, n_out]: [usize; 2], turned: &mut [f32]) {
    // Rows of the result that are filled together, so that their lines of the cache are written once.
    const ROWS: usize = 16;
    let len = n_in * n_out;
    turned.par_chunks_exact_mut(len).rev().zip(weights.par_chunks_exact(len)).for_each(|(to, from)| {
        for first in (0..n_out).step_by(ROWS) {
            for (c, row) in from.chunks_exact(n_out).enumerate() {
                let rows = row.iter().enumerate().skip(first).take(ROWS);
                rows.for_each(|(o, &w)| to[o * n_in + c] = w);
            }
        }
    });
}

/// The classes along one axis, and the margin that dy needs before and behind for them.
fn classes(step: &ConvStep, axis: usize, reach: &Reach, spacing: usize) -> (Vec<Class>, usize, usize) {
    let [n_in, n_out] = [step.input, step.output].map(|maps| [maps.height, maps.width][axis]);
    let [stride, padding, dilation] =
        [step.window.stride, step.window.padding, step.window.dilation].map(|pair| pair[axis]);
    // The pixel i of dy with `i·s = phase + p − d·u`, where there is one.
    let seen = |phase: usize, tap: usize| {
        let at = (phase + padding) as i64 - (dilation * tap) as i64;
        (at.rem_euclid(stride as i64) == 0).then(|| at.div_euclid(stride as i64))
    };
    // Class, taps and the signed pixel of dy under the first of them.
    let found: Vec<(usize, Vec<usize>, i64)> = (0..stride.min(n_in))
        .map(|phase| {
            let taps: Vec<usize> =
                reach.taps[axis].clone().rev().filter(|&tap| seen(phase, tap).is_some()).collect();
            let first = taps.first().and_then(|&tap| seen(phase, tap)).unwrap_or(0);
            (phase, taps, first)
        })
        .collect();
    let n_pixels = |phase: usize| (n_in - phase).div_ceil(stride);
    let before = found.iter().map(|(_, _, first)| -first).max().unwrap_or(0).max(0);
    let end = |(phase, taps, first): &(usize, Vec<usize>, i64)| match taps.len() {
        0 => 0,
        n_taps => first + (n_pixels(*phase) + (n_taps - 1) * spacing) as i64,
    };
    let after = found.iter().map(|class| end(class) - n_out as i64).max().unwrap_or(0).max(0);
    let class = |(phase, taps, first)| Class {
        phase,
        n_pixels: n_pixels(phase),
        taps,
        first: (first + before) as usize,
    };
    (found.into_iter().map(class).collect(), before as usize, after as usize)
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
