//! The gradient by the weights and the bias.

use std::ops::Range;

use rayon::prelude::*;

use super::{Reach, Way, depthwise, from, winograd};
use crate::engine::cpu::channels::{add_up, row_len};
use crate::engine::cpu::matrix::column_sums;
use crate::engine::cpu::product::{Product, Start};
use crate::engine::cpu::{Io, Kept, Kernel};
use crate::graph::layers::conv::ConvStep;

/// The gradient by the weights and the bias. The batch is cut into shares, by its size alone, that add up
/// each in memory of its own; the shares are then summed in order.
pub struct Weights {
    step: ConvStep,
    reach: Reach,
    way: Way<winograd::WeightsGradient>,
    share: usize,
    n_shares: usize,
}

/// Shares of pictures in a batch, at most.
const MOST_SHARES: usize = 16;

/// Numbers in all partial sums together, at most, if that leaves one share.
const MOST_PARTIAL: usize = 1 << 24;

impl Weights {
    pub fn new(step: &ConvStep) -> Self {
        let n_sums = sums_len(step);
        let way = Way::of(step, winograd::WeightsGradient::new);
        let n_shares = MOST_SHARES.min(MOST_PARTIAL / n_sums).clamp(1, step.batch);
        let fewest = match &way {
            Way::Winograd(winograd) => winograd.fewest_pictures().min(step.batch),
            _ => 1,
        };
        let share = step.batch.div_ceil(n_shares).max(fewest);
        Self { step: *step, reach: Reach::of(step), way, share, n_shares: step.batch.div_ceil(share) }
    }

    /// The sums of one share, all its pictures together where that is the way, else one after the other; those of the bias
    /// as a row of whole pixels.
    fn add_share(&self, x: &[f32], dy: &[f32], pictures: Range<usize>, dw: &mut [f32], db: &mut [f32]) {
        let (step, reach) = (&self.step, &self.reach);
        let (n_x, n_y) = (step.input.len(), step.output.len());
        if let Way::Winograd(winograd) = &self.way {
            winograd.run(x, dy, pictures.clone(), dw);
        }
        for n in pictures {
            let (x, dy) = (&x[n * n_x..][..n_x], &dy[n * n_y..][..n_y]);
            match self.way {
                Way::Depthwise => depthwise::add_picture(step, x, dy, dw),
                Way::Rows => reach.margin.with_padded(x, step.input, |x, pitch| {
                    add_picture(step, reach, x, pitch, dy, dw);
                }),
                Way::Winograd(_) | Way::Columns(_) => {}
            }
            if step.bias {
                add_up(dy, db);
            }
        }
    }

    /// Room for the whole batch at once, where that is the way.
    fn whole_len(&self) -> Option<usize> {
        match &self.way {
            Way::Columns(columns) => Some(columns.scratch_len()),
            Way::Winograd(winograd) => winograd.deep_scratch_len(),
            Way::Depthwise | Way::Rows => None,
        }
    }

    /// The whole batch at once, which is shared out by itself.
    fn whole(&self, io: Io<'_>) {
        let (x, dy) = (io.inputs[0], io.inputs[1]);
        let [dw, rest @ ..] = io.outputs else { return };
        match &self.way {
            Way::Winograd(winograd) => winograd.run_deep(x, dy, dw, io.scratch),
            Way::Columns(columns) => {
                dw.fill(0.0);
                columns.add_weights(x, dy, dw, io.scratch);
            }
            Way::Depthwise | Way::Rows => {}
        }
        if let Some(db) = rest.first_mut() {
            column_sums(dy, self.step.output.channels, db);
        }
    }
}

impl Kernel for Weights {
    /// `(shares, kH·kW·C/groups·O + a row of whole pixels)`, or what the whole batch takes.
    fn scratch_len(&self) -> usize {
        self.whole_len().unwrap_or_else(|| self.n_shares * sums_len(&self.step))
    }

    fn kept(&self) -> Kept {
        match &self.way {
            Way::Winograd(winograd) => winograd.kept(self.share),
            Way::Rows => Kept { padded: self.reach.margin.padded_len(self.step.input), ..Kept::default() },
            Way::Columns(_) | Way::Depthwise => Kept::default(),
        }
    }

    /// x `(N, H, W, C)`, dy `(N, H', W', O)` → dw `(kH, kW, C/groups, O)`, db `(O)`.
    fn run(&mut self, io: Io<'_>) {
        if self.whole_len().is_some() {
            return self.whole(io);
        }
        let (x, dy, partial) = (io.inputs[0], io.inputs[1], io.scratch);
        let n_sums = sums_len(&self.step);
        let n_weights = weights_len(&self.step);
        partial.par_chunks_mut(n_sums).enumerate().for_each(|(i, sums)| {
            sums.fill(0.0);
            let (dw, db) = sums.split_at_mut(n_weights);
            let pictures = i * self.share..((i + 1) * self.share).min(self.step.batch);
            self.add_share(x, dy, pictures, dw, db);
        });
        // The weights, and perhaps the bias.
        for (output, numbers) in io.outputs.iter_mut().zip([0..n_weights, n_weights..n_sums]) {
            add_shares(partial, n_sums, numbers, output);
        }
    }
}

fn sums_len(step: &ConvStep) -> usize {
    weights_len(step) + row_len(step.output.channels)
}

fn weights_len(step: &ConvStep) -> usize {
    step.window.area() * (step.input.channels / step.groups) * step.output.channels
}

/// Adds one picture's share to dw. One product for each row of taps whose channels lie side by side; with
/// groups or gaps, one for each tap and group.
fn add_picture(step: &ConvStep, reach: &Reach, x: &[f32], pitch: usize, dy: &[f32], dw: &mut [f32]) {
    let ConvStep { input, output, window, groups, .. } = *step;
    let [n_in, n_out] = [input, output].map(|maps| maps.channels / groups);
    let taps = &reach.taps;
    let is_dense = groups == 1 && window.dilation[1] == 1;
    let (n_runs, rows) = if is_dense { (1, taps[1].len() * n_in) } else { (taps[1].len(), n_in) };
    let whole = Product {
        a: x,
        a_row: 1,
        a_outer: window.stride[0] * pitch,
        a_inner: window.stride[1] * input.channels,
        b: dy,
        b_outer: output.width * output.channels,
        b_inner: output.channels,
        rows,
        cols: n_out,
        n_outer: output.height,
        n_inner: output.width,
        start: Start::Old,
        relu: false,
    };
    for (u, tap_row) in taps[0].clone().enumerate() {
        for v in 0..n_runs {
            let tap = tap_row * window.kernel[1] + taps[1].start + v;
            let row = (reach.first[0] + u * window.dilation[0]) * pitch;
            let pixel = row + (reach.first[1] + v * window.dilation[1]) * input.channels;
            for group in 0..groups {
                let (a, b) = (from(x, pixel + group * n_in), &dy[group * n_out..]);
                let to = tap * n_in * output.channels + group * n_out;
                Product { a, b, ..whole }.run(&mut dw[to..], output.channels);
            }
        }
    }
}

/// Sums some of the partial sums over the shares, in order, and over their repetitions in a share.
fn add_shares(partial: &[f32], n_sums: usize, numbers: Range<usize>, total: &mut [f32]) {
    total.fill(0.0);
    for sums in partial.chunks_exact(n_sums) {
        for sums in sums[numbers.clone()].chunks_exact(total.len()) {
            total.iter_mut().zip(sums).for_each(|(total, sum)| *total += sum);
        }
    }
}
