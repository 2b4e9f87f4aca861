//! Ways to compute a convolution held against the plain reference, whether they would be chosen or not.

use crate::engine::plain::{Plain, PlainIo};
use crate::graph::layers::conv::ConvStep;
use crate::tensor::random::{Key, Purpose};

/// `n` numbers of the standard normal distribution, different for each `name`.
pub fn numbers(name: u32, n: usize) -> Vec<f32> {
    let key = Key::new(2, Purpose::InitialWeights).with(name);
    (0..n as u32).map(|i| key.normal(i)).collect()
}

/// The `len` numbers of the first output that the plain reference makes of a step's inputs.
pub fn plain(step: &ConvStep, inputs: &[&[f32]], len: usize) -> Vec<f64> {
    let double: Vec<Vec<f64>> =
        inputs.iter().map(|input| input.iter().map(|&x| x as f64).collect()).collect();
    let inputs: Vec<&[f64]> = double.iter().map(Vec::as_slice).collect();
    let (mut first, mut second) = (vec![0.0; len], vec![0.0; step.output.channels]);
    let table = Default::default();
    let outputs = &mut [&mut first[..], &mut second[..]];
    step.plain(PlainIo { inputs: &inputs, outputs, table: &table, pictures: None });
    first
}

/// Up to `tolerance` of the largest number the same.
pub fn compare(step: &ConvStep, found: &[f32], expected: &[f64], tolerance: f64) {
    let largest = expected.iter().fold(1e-3f64, |largest, x| largest.max(x.abs()));
    for (i, (&found, expected)) in found.iter().zip(expected).enumerate() {
        let is_close = (found as f64 - expected).abs() <= tolerance * largest;
        assert!(is_close, "{step:?}, number {i}: {found}, not {expected}");
    }
}
