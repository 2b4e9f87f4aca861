//! Every pass by this way over ugly shapes, whether it would be chosen for them or not, against the plain reference;
//! and the transforms with vectors of every width.

use super::super::testing::{compare, numbers, plain};
use super::transforms::GradientsToPoints;
use super::*;
use crate::engine::cpu::simd::{Lanes, Plain, Vectored};
use crate::graph::layers::Window;
use crate::tensor::random::{Key, Purpose};

/// Maps of all sizes from a single pixel on, paddings up to whole windows, channels that fill no vector.
fn random_step(case: u32) -> ConvStep {
    let draw = |i, n| Key::new(4, Purpose::Shuffle).with(case).below(i, n) as usize;
    let taps = [3, 5][draw(0, 2)];
    let window =
        Window { padding: [draw(1, taps as u32), draw(2, taps as u32)], ..Window::new([taps, taps]) };
    let channels = [1, 2, 3, 7, 8, 15, 16, 17, 20, 33];
    let size = |i, axis: usize| (1 + draw(i, 13)).max(taps.saturating_sub(2 * window.padding[axis]));
    let input = Extent::new(channels[draw(5, 10)], size(3, 0), size(4, 1));
    let more = [draw(7, 2), draw(8, 2)];
    let [height, width] = [(input.height, 0), (input.width, 1)]
        .map(|(n, axis)| n + 2 * window.padding[axis] + more[axis] + 1 - taps);
    let output = Extent::new(channels[draw(6, 10)] + draw(9, 3), height, width);
    let (bias, relu) = (draw(10, 2) == 1, draw(11, 2) == 1);
    ConvStep { pass: Pass::Forward, batch: 1 + draw(12, 9), input, output, window, groups: 1, bias, relu }
}

/// Sums of up to 25 × 33 products in the maps, of some thousand in the weights; the points cost a digit of the largest
/// at most.
const TOLERANCE: f64 = 5e-6;

fn check(step: ConvStep) {
    let of = |pass| ConvStep { pass, ..step };
    let geometry = |pass| Geometry::of(&of(pass)).expect("a step that can be computed so");
    let (n_x, n_y) = (step.batch * step.input.len(), step.batch * step.output.len());
    let n_w = step.window.area() * step.input.channels * step.output.channels;
    let (x, dy, weights, bias) =
        (numbers(1, n_x), numbers(2, n_y), numbers(3, n_w), numbers(4, step.output.channels));

    let forward = Convolution::new(geometry(Pass::Forward));
    let (mut y, mut scratch) = (vec![f32::NAN; n_y], vec![f32::NAN; forward.scratch_len()]);
    let finish = Finish { bias: step.bias.then_some(&bias[..]), relu: step.relu };
    forward.run(&x, &weights, finish, &mut y, &mut scratch);
    compare(&of(Pass::Forward), &y, &plain(&of(Pass::Forward), &[&x, &weights, &bias], n_y), TOLERANCE);

    let backward = Convolution::new(geometry(Pass::Backward));
    let (mut dx, mut scratch) = (vec![f32::NAN; n_x], vec![f32::NAN; backward.scratch_len()]);
    let mut turned = vec![0.0; n_w];
    super::super::backward::turn_whole(&weights, [step.input.channels, step.output.channels], &mut turned);
    backward.run(&dy, &turned, Finish { bias: None, relu: false }, &mut dx, &mut scratch);
    compare(&of(Pass::Backward), &dx, &plain(&of(Pass::Backward), &[&dy, &weights], n_x), TOLERANCE);

    let adjoint = Adjoint::new(geometry(Pass::Forward));
    let (mut dx, mut scratch) = (vec![f32::NAN; n_x], vec![f32::NAN; adjoint.scratch_len()]);
    adjoint.run(&dy, &turned, &mut dx, &mut scratch);
    compare(&of(Pass::Backward), &dx, &plain(&of(Pass::Backward), &[&dy, &weights], n_x), TOLERANCE);

    let mut dw = vec![f32::NAN; n_w];
    WeightsGradient::new(geometry(Pass::Weights)).run(&x, &dy, 0..step.batch, &mut dw);
    compare(&of(Pass::Weights), &dw, &plain(&of(Pass::Weights), &[&x, &dy], n_w), TOLERANCE);

    // As a layer of many channels, in parts of less than the batch where one has many tiles.
    let geometry = &geometry(Pass::Forward);
    let deep = Deep { geometry, coefficients: &geometry.coefficients() };
    let zeros = [step.input, step.output].map(|maps| vec![0.0; maps.channels]);
    let mut scratch = vec![f32::NAN; geometry.deep_scratch_len()];
    y.fill(f32::NAN);
    deep.convolve(&zeros[0], [&x, &weights], finish, &mut y, &mut scratch);
    compare(&of(Pass::Forward), &y, &plain(&of(Pass::Forward), &[&x, &weights, &bias], n_y), TOLERANCE);
    dw.fill(f32::NAN);
    deep.weights([&zeros[0], &zeros[1]], [&x, &dy], &mut dw, &mut scratch);
    compare(&of(Pass::Weights), &dw, &plain(&of(Pass::Weights), &[&x, &dy], n_w), TOLERANCE);
}

#[test]
fn all_passes_match_the_plain_reference() {
    (0..80).for_each(|case| check(random_step(case)));
}

/// Pictures of which one is more than a block.
#[test]
fn a_picture_in_several_blocks_matches_the_plain_reference() {
    let window = Window { padding: [1, 1], ..Window::new([3, 3]) };
    let (input, output) = (Extent::new(33, 35, 41), Extent::new(40, 35, 41));
    let step =
        ConvStep { pass: Pass::Forward, batch: 3, input, output, window, groups: 1, bias: true, relu: false };
    let geometry = Geometry::of(&step).expect("a plain window");
    assert!(geometry.block_size(2, PARTS)[1] < geometry.grid()[0]);
    assert!(geometry.pictures_together() == 2);
    check(step);
}

/// Blocks and parts are cut otherwise for another number of pictures, and no picture's result may feel it.
#[test]
fn a_picture_alone_gives_the_same_bits() {
    let window = Window { padding: [2, 2], ..Window::new([5, 5]) };
    let (input, output) = (Extent::new(20, 8, 8), Extent::new(18, 8, 8));
    let step = |batch| ConvStep {
        pass: Pass::Forward,
        batch,
        input,
        output,
        window,
        groups: 1,
        bias: false,
        relu: false,
    };
    let (x, weights) = (numbers(1, 30 * input.len()), numbers(2, 25 * 20 * 18));
    let dy = numbers(3, 30 * output.len());
    let run = |batch: usize| {
        let convolution = Convolution::new(Geometry::of(&step(batch)).expect("a plain window"));
        let (mut y, mut scratch) = (vec![0.0; batch * output.len()], vec![0.0; convolution.scratch_len()]);
        let finish = Finish { bias: None, relu: false };
        convolution.run(&x[..batch * input.len()], &weights, finish, &mut y, &mut scratch);
        y
    };
    assert_eq!(run(30)[..output.len()], run(1)[..]);
    let back = |batch: usize| {
        let adjoint = Adjoint::new(Geometry::of(&step(batch)).expect("a plain window"));
        let (mut dx, mut scratch) = (vec![0.0; batch * input.len()], vec![0.0; adjoint.scratch_len()]);
        adjoint.run(&dy[..batch * output.len()], &weights, &mut dx, &mut scratch);
        dx
    };
    assert_eq!(back(30)[..input.len()], back(1)[..]);
}

/// Padding cuts the points off nowhere, but a step that moves by more than a pixel, or in groups, is another matter.
#[test]
fn other_windows_are_left_alone() {
    let plain = random_step(0);
    assert!(Geometry::of(&plain).is_some());
    let window = Window { stride: [1, 2], ..plain.window };
    assert!(Geometry::of(&ConvStep { window, ..plain }).is_none());
    let window = Window { dilation: [2, 1], ..plain.window };
    assert!(Geometry::of(&ConvStep { window, ..plain }).is_none());
    assert!(Geometry::of(&ConvStep { window: Window::new([3, 5]), ..plain }).is_none());
    assert!(Geometry::of(&ConvStep { groups: 2, ..plain }).is_none());
}

/// It is for layers with something to save: not for the first, on three channels, nor where many weights meet few tiles.
#[test]
fn it_is_chosen_where_it_is_quicker() {
    let window = Window { padding: [1, 1], ..Window::new([3, 3]) };
    let step = |channels, filters, size| ConvStep {
        pass: Pass::Forward,
        batch: 8,
        input: Extent::new(channels, size, size),
        output: Extent::new(filters, size, size),
        window,
        groups: 1,
        bias: false,
        relu: false,
    };
    let is_chosen = |step| Geometry::quicker(&step).is_some();
    assert!(is_chosen(step(16, 16, 32)) && is_chosen(step(64, 64, 8)) && is_chosen(step(256, 256, 14)));
    assert!(is_chosen(step(512, 512, 14)));
    assert!(!is_chosen(step(3, 16, 32)) && !is_chosen(step(512, 512, 7)) && !is_chosen(step(16, 16, 1)));
}

/// It is for small maps without padding, of which the gradients' correlation takes more tiles.
#[test]
fn the_adjoint_is_chosen_where_it_has_fewer_tiles() {
    let step = |size, taps: usize, padding: usize| {
        let window = Window { padding: [padding; 2], ..Window::new([taps; 2]) };
        let to = size + 2 * padding + 1 - taps;
        let (input, output) = (Extent::new(20, size, size), Extent::new(50, to, to));
        ConvStep {
            pass: Pass::Backward,
            batch: 8,
            input,
            output,
            window,
            groups: 1,
            bias: false,
            relu: false,
        }
    };
    let is_chosen = |step| Adjoint::quicker(&step).is_some();
    assert!(is_chosen(step(12, 5, 0)) && is_chosen(step(8, 5, 1)));
    assert!(!is_chosen(step(12, 5, 2)) && !is_chosen(step(112, 5, 0)) && !is_chosen(step(32, 3, 1)));
}

/// A block's maps and gradients at the points, and the results made of them.
fn transformed<L: Lanes>(step: &ConvStep) -> Vec<f32> {
    let geometry = &Geometry::of(step).expect("a plain window");
    let block = Block { pictures: 0..step.batch, rows: 0..geometry.grid()[0] };
    let (x, dy) = (numbers(1, step.batch * step.input.len()), numbers(2, step.batch * step.output.len()));
    let n_tiles = block.n_tiles(geometry);
    let mut found = Vec::new();
    for (maps, channels) in [(&x, step.input.channels), (&dy, step.output.channels)] {
        let plane = plane_len(n_tiles, channels);
        let (mut points, zeros) = (vec![0.0; N_PRODUCTS * plane], vec![0.0; channels]);
        let to_points = ToPoints {
            geometry,
            block: block.clone(),
            maps,
            zeros: &zeros,
            points: points.as_mut_ptr(),
            plane,
        };
        // SAFETY: the planes have room for the block's tiles, and the caller has the instructions.
        unsafe {
            match (std::ptr::eq(maps, &x), geometry.taps) {
                (true, _) => MapsToPoints(to_points).run::<L>(),
                (false, 3) => GradientsToPoints::<4>(to_points).run::<L>(),
                (false, _) => GradientsToPoints::<2>(to_points).run::<L>(),
            }
        }
        found.extend(points);
    }
    let (bias, plane) = (numbers(3, step.output.channels), plane_len(n_tiles, step.output.channels));
    let points = numbers(4, N_PRODUCTS * plane);
    let mut y = vec![0.0; dy.len()];
    let (points, results, bias, relu) = (points.as_ptr(), y.as_mut_ptr(), Some(&bias[..]), step.relu);
    // SAFETY: as above.
    unsafe {
        match geometry.taps {
            3 => ToResults::<4> { geometry, block, points, plane, bias, relu, results }.run::<L>(),
            _ => ToResults::<2> { geometry, block, points, plane, bias, relu, results }.run::<L>(),
        }
    }
    found.extend(y);
    found
}

#[cfg(target_arch = "x86_64")]
#[test]
fn vectors_of_every_width_give_the_same() {
    use crate::engine::cpu::simd::{Avx2, Avx512};
    let close = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() <= 1e-4 * (1.0 + b.abs()));
    for case in 0..30 {
        let step = random_step(case);
        let plain = transformed::<Plain>(&step);
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            assert!(close(&transformed::<Avx2>(&step), &plain), "AVX2: {step:?}");
        }
        if is_x86_feature_detected!("avx512f") {
            assert!(close(&transformed::<Avx512>(&step), &plain), "AVX-512: {step:?}");
        }
    }
}
