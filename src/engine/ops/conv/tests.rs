//! The three passes against the plain reference, which is held against finite differences.

mod transposed;

use std::sync::Arc;

use super::*;
use crate::engine::Device;
use crate::engine::gpu::Products;
use crate::engine::gpu::product::SHAPES;
use crate::engine::gpu::twin;
use crate::engine::ops::testing::{Trial, check_slopes, cpu, devices, double};
use crate::graph::layers::{StepOp, Window};
use crate::tensor::Extent;
use crate::tensor::random::{Key, Purpose};

/// The three passes, over random numbers.
fn trials(step: ConvStep) -> [Trial; 3] {
    let (x, y) = (step.batch * step.input.len(), step.batch * step.output.len());
    let w = step.window.area() * step.input.channels / step.groups * step.output.channels;
    let (with_b, with_db) = match step.bias {
        true => (vec![x, w, step.output.channels], vec![w, step.output.channels]),
        false => (vec![x, w], vec![w]),
    };
    let pass = |pass| StepOp::Conv(ConvStep { pass, ..step });
    [
        Trial::new(pass(Pass::Forward), &with_b, &[y]),
        Trial::new(pass(Pass::Backward), &[y, w], &[x]),
        Trial::new(pass(Pass::Weights), &[x, y], &with_db),
    ]
}

/// With as much padding behind the maps as before them, and `more` of it.
fn step_over(batch: usize, input: Extent, filters: usize, window: Window, more: [usize; 2]) -> ConvStep {
    let size = |n: usize, axis: usize| {
        (n + 2 * window.padding[axis] + more[axis] - window.span()[axis]) / window.stride[axis] + 1
    };
    let output = Extent::new(filters, size(input.height, 0), size(input.width, 1));
    ConvStep { pass: Pass::Forward, batch, input, output, window, groups: 1, bias: true, relu: false }
}

fn step(batch: usize, input: Extent, filters: usize, window: Window) -> ConvStep {
    step_over(batch, input, filters, window, [0, 0])
}

/// Odd sizes, strides and paddings; of every four cases two have groups and two gaps between their taps. Some
/// of those with groups are depthwise.
fn random_step(case: u32) -> ConvStep {
    let draw = |i, n| Key::new(3, Purpose::Shuffle).with(case).below(i, n) as usize;
    let mut window = Window {
        kernel: [1 + draw(0, 5), 1 + draw(1, 5)],
        stride: [1 + draw(2, 3), 1 + draw(3, 3)],
        padding: [draw(4, 3), draw(5, 3)],
        dilation: if case % 2 == 1 { [1 + draw(14, 4), 1 + draw(15, 4)] } else { [1, 1] },
    };
    let channels = [1, 2, 3, 5, 8, 16, 17, 20];
    let (groups, n_in, n_out) = match case % 4 > 1 {
        true if case % 8 > 5 => (channels[1 + draw(16, 7)], 1, 1),
        true => ([2, 3, 4, 8][draw(16, 4)], channels[draw(6, 4)], channels[draw(9, 7)]),
        false => (1, channels[draw(6, 8)], channels[draw(9, 8)] + draw(10, 20)),
    };
    let input = Extent::new(groups * n_in, 5 + draw(7, 8), 5 + draw(8, 8));
    for (axis, size) in [input.height, input.width].into_iter().enumerate() {
        // Wide gaps want more padding, so that the window fits.
        let short = window.span()[axis].saturating_sub(size + 2 * window.padding[axis]);
        window.padding[axis] += short.div_ceil(2);
    }
    let more = [draw(17, 2), draw(18, 2)];
    let (bias, relu) = (draw(11, 2) == 1, draw(12, 2) == 1);
    let step = step_over(1 + draw(13, 4), input, groups * n_out, window, more);
    ConvStep { groups, bias, relu, ..step }
}

/// Sums of up to some hundred products, of terms that cancel.
fn check(step: ConvStep, devices: &[Arc<dyn Device>]) {
    for trial in trials(step) {
        devices.iter().for_each(|device| trial.agrees_on(&**device, 1e-5));
    }
}

/// Few cases on graphics processors, whose drivers take a tenth of a second to compile each.
#[test]
fn devices_agree_with_the_plain_reference() {
    (0..12).for_each(|case| check(random_step(case), &devices()));
    (12..120).for_each(|case| check(random_step(case), &cpu()));
}

/// A step whose tiles hang over every edge, with channels in fours, long sums in parts, and several groups.
fn ugly_step() -> ConvStep {
    let window = Window { padding: [1, 0], stride: [1, 2], ..Window::new([3, 2]) };
    ConvStep { groups: 2, ..step(3, Extent::new(24, 9, 13), 72, window) }
}

/// So that a run does not depend on what was measured to be quick. The driver that runs on the CPU compiles for nearly
/// a second each.
#[test]
fn tiles_of_every_shape_give_the_same_bits() {
    let in_ones = step(2, Extent::new(5, 11, 7), 39, Window::new([3, 2]));
    let mut found: Vec<Vec<Vec<f32>>> = Vec::new();
    for shape in &SHAPES {
        let Some(gpu) = twin::with_tiles(shape) else { return };
        let run = |trials: &[Trial]| {
            trials
                .iter()
                .flat_map(|trial| {
                    trial.agrees_on(&gpu, 1e-5);
                    trial.on(&gpu)
                })
                .collect::<Vec<_>>()
        };
        found.push(run(&trials(ugly_step())));
        assert!(found[0] == found[found.len() - 1], "{}", shape.name);
        // Those that are customary also with single numbers.
        if *shape == SHAPES[0] || *shape == SHAPES[3] {
            run(&trials(ConvStep { relu: true, ..in_ones })[..1]);
        }
    }
}

/// With operands of 16 bits the products are those of rounded numbers, and only sums in 32 bits are as exact as this.
#[test]
fn rounded_operands_are_all_that_16_bits_cost() {
    let Some(gpu) = twin::half() else { return };
    for trial in trials(ugly_step()) {
        let exact = trial.plain();
        let mut rounded = trial.clone();
        // A bias is no factor.
        rounded.inputs[..2].iter_mut().flatten().for_each(|x| *x = to_11_digits(*x));
        let StepOp::Conv(ConvStep { pass, bias, .. }) = trial.op else { unreachable!("a convolution") };
        let (found, expected) = (trial.on(&gpu), rounded.plain());
        // What is summed for the bias are rounded numbers too.
        close("rounded", &double(&found[0]), &expected[0], 1e-5);
        if pass == Pass::Weights && bias {
            close("rounded bias", &double(&found[1]), &expected[1], 1e-5);
        }
        // Of sums of up to 500 products, each right to 2⁻¹¹ of it at worst, most errors cancel.
        close("exact", &double(&found[0]), &exact[0], 1e-3);
        let differs =
            exact[0].iter().zip(&found[0]).any(|(exact, &found)| (exact - found as f64).abs() > 1e-4);
        assert!(differs, "the operands are rounded");
    }
}

/// A gradient as small as those of a trained net keeps its digits.
#[test]
fn small_gradients_survive_16_bits() {
    let Some(gpu) = twin::half() else { return };
    let [_, mut backward, mut weights] = trials(ugly_step());
    backward.inputs[0].iter_mut().for_each(|dy| *dy *= 1e-6);
    weights.inputs[1].iter_mut().for_each(|dy| *dy *= 1e-6);
    for trial in [backward, weights] {
        let [found, expected] = [double(&trial.on(&gpu)[0]), trial.plain().swap_remove(0)];
        let scaled = |numbers: &[f64]| numbers.iter().map(|x| 1e6 * x).collect::<Vec<_>>();
        close("small", &scaled(&found), &scaled(&expected), 2e-3);
    }
}

/// Rounded to the nearest number of 11 binary digits, ties to even.
fn to_11_digits(x: f32) -> f32 {
    let bits = x.to_bits();
    let (kept, rest) = (bits & !0x1fff, bits & 0x1fff);
    let is_up = rest > 0x1000 || rest == 0x1000 && kept & 0x2000 != 0;
    f32::from_bits(kept + if is_up { 0x2000 } else { 0 })
}

/// Maps of even and odd sizes, that one tile of 2×2 covers and that none does, with every padding. The sums of the
/// algorithm hold numbers up to four times as large as the result's.
#[test]
fn the_algorithm_of_winograd_agrees() {
    let Some(gpu) = twin::gpu_with(Products::Winograd) else { return };
    for (batch, [height, width], padding, relu) in [(3, [5, 8], [1, 1], true), (1, [3, 1], [0, 2], false)] {
        let window = Window { padding, ..Window::new([3, 3]) };
        let step = step(batch, Extent::new(64, height, width), 68, window);
        let [forward, backward, _] = trials(ConvStep { relu, ..step });
        [forward, backward].iter().for_each(|trial| trial.agrees_on(&*gpu, 5e-6));
    }
    // And it is in truth computed otherwise.
    let window = Window { padding: [1, 1], ..Window::new([3, 3]) };
    let [forward, ..] = trials(step(1, Extent::new(64, 4, 4), 64, window));
    let Some(tiled) = twin::gpu() else { return };
    assert!(forward.on(&*gpu) != forward.on(&*tiled));
}

#[test]
fn a_1x1_window_with_a_stride_agrees() {
    let window = Window { stride: [2, 2], ..Window::new([1, 1]) };
    check(step(2, Extent::new(4, 9, 8), 7, window), &devices());
}

#[test]
fn long_sums_in_parts_agree() {
    let window = Window { padding: [1, 1], ..Window::new([3, 3]) };
    check(step(5, Extent::new(2, 14, 15), 17, window), &devices());
    check(ConvStep { groups: 2, ..step(3, Extent::new(4, 14, 15), 10, window) }, &devices());
}

/// Groups of whole vectors, of channels that do not come in fours, and of one channel each.
#[test]
fn groups_of_any_width_agree() {
    let window = Window { padding: [1, 1], dilation: [1, 2], ..Window::new([3, 3]) };
    for (channels, filters, groups) in [(8, 24, 2), (15, 18, 3), (6, 6, 6), (5, 10, 5)] {
        let step = step(2, Extent::new(channels, 7, 9), filters, window);
        check(ConvStep { groups, ..step }, &devices());
    }
}

/// Where the maps are small, most taps of a wide window see nothing but padding, and sometimes all of them.
#[test]
fn taps_that_see_nothing_do_no_harm() {
    let wide = Window { padding: [8, 12], dilation: [8, 12], ..Window::new([3, 3]) };
    let same = step(2, Extent::new(4, 5, 6), 4, wide);
    assert_eq!(same.output, same.input);
    check(same, &devices());
    check(ConvStep { groups: 2, ..same }, &cpu());
    let blind = Window { stride: [64, 1], padding: [1, 0], ..Window::new([1, 1]) };
    check(step(2, Extent::new(4, 5, 6), 4, blind), &devices());
}

#[test]
fn gradients_match_finite_differences() {
    let window = Window { stride: [2, 1], padding: [1, 0], ..Window::new([2, 3]) };
    check_gradients(step(2, Extent::new(2, 5, 4), 3, window));
    let dilated = Window { dilation: [2, 3], padding: [2, 3], ..window };
    check_gradients(ConvStep { groups: 2, ..step(1, Extent::new(4, 5, 4), 6, dilated) });
}

fn check_gradients(step: ConvStep) {
    let [forward, mut backward, mut weights] = trials(step);
    let dy = backward.inputs[0].clone();
    backward.inputs[1].clone_from(&forward.inputs[1]);
    weights.inputs = vec![forward.inputs[0].clone(), dy.clone()];
    check_slopes(&backward.plain()[0], &forward.slopes(0, &dy), 1e-7);
    check_slopes(&weights.plain()[0], &forward.slopes(1, &dy), 1e-7);
    check_slopes(&weights.plain()[1], &forward.slopes(2, &dy), 1e-7);
}

/// Up to `tolerance` of the largest number.
fn close(who: &str, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len(), "{who}");
    let largest = expected.iter().fold(1e-3f64, |largest, x| largest.max(x.abs()));
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            (found - expected).abs() <= tolerance * largest,
            "{who}, number {i}: {found}, not {expected}"
        );
    }
}
