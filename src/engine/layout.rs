//! Logical order to storage order and back. Logical is PyTorch's: maps `(C, H, W)`, weights
//! `(O, I/groups, kH, kW)` and `(out, C·H·W)`. In storage the channel is last, so that neighbouring lanes of a
//! vector hold neighbouring channels: maps `(H, W, C)`, weights `(kH, kW, I/groups, O)` and `(H·W·C, out)`.

use crate::graph::{Parameter, Role};
use crate::tensor::Extent;

/// Pictures or maps, `(N, C, H, W)` to `(N, H, W, C)`.
pub fn maps_to_storage<R: Copy + Default>(numbers: &[R], extent: Extent) -> Vec<R> {
    permute_maps(numbers, extent, |logical, stored| (logical, stored))
}

/// Maps `(N, H, W, C)` to `(N, C, H, W)`.
pub fn maps_from_storage<R: Copy + Default>(numbers: &[R], extent: Extent) -> Vec<R> {
    permute_maps(numbers, extent, |logical, stored| (stored, logical))
}

/// A parameter's numbers from its logical shape to storage order.
pub fn parameter_to_storage<R: Copy + Default>(parameter: &Parameter, numbers: &[R]) -> Vec<R> {
    let mut out = vec![R::default(); numbers.len()];
    for (stored, logical) in storage_order(parameter).enumerate() {
        out[stored] = numbers[logical];
    }
    out
}

/// A parameter's numbers from storage order to its logical shape.
pub fn parameter_from_storage<R: Copy + Default>(parameter: &Parameter, numbers: &[R]) -> Vec<R> {
    let mut out = vec![R::default(); numbers.len()];
    for (stored, logical) in storage_order(parameter).enumerate() {
        out[logical] = numbers[stored];
    }
    out
}

/// Numbers in one piece of a parameter.
const PIECE: usize = 1 << 16;

/// A parameter whose `number` at each place of its logical shape is known, in storage order, piece by piece with
/// the place where each begins: a large one is never there twice.
pub fn pieces_to_storage<R, E>(
    parameter: &Parameter,
    number: impl Fn(usize) -> R,
    mut write: impl FnMut(usize, &[R]) -> Result<(), E>,
) -> Result<(), E> {
    let mut places = storage_order(parameter);
    for first in (0..parameter.len()).step_by(PIECE) {
        let piece: Vec<R> = places.by_ref().take(PIECE).map(&number).collect();
        write(first, &piece)?;
    }
    Ok(())
}

/// A parameter in its logical order, piece by piece.
pub fn pieces_from_storage<R: Copy, E>(
    parameter: &Parameter,
    stored: &[R],
    mut write: impl FnMut(&[R]) -> Result<(), E>,
) -> Result<(), E> {
    let mut places = logical_order(parameter);
    for _ in (0..parameter.len()).step_by(PIECE) {
        let piece: Vec<R> = places.by_ref().take(PIECE).map(|place| stored[place]).collect();
        write(&piece)?;
    }
    Ok(())
}

/// Fills a parameter in storage with its numbers, which `read` gives in their logical order, piece by piece.
pub fn storage_from_pieces<R: Copy + Default, E>(
    parameter: &Parameter,
    stored: &mut [R],
    mut read: impl FnMut(&mut [R]) -> Result<(), E>,
) -> Result<(), E> {
    let mut places = logical_order(parameter);
    let mut piece = vec![R::default(); PIECE.min(parameter.len())];
    for first in (0..parameter.len()).step_by(PIECE) {
        let piece = &mut piece[..PIECE.min(parameter.len() - first)];
        read(piece)?;
        piece.iter().zip(places.by_ref()).for_each(|(&number, place)| stored[place] = number);
    }
    Ok(())
}

/// For each place in the logical tensor, in order, the place in storage: the other way round than
/// [`storage_order`].
fn logical_order(parameter: &Parameter) -> Box<dyn Iterator<Item = usize>> {
    match parameter.role {
        Role::ConvWeight | Role::TransposedConvWeight { .. } => {
            let [n_out, n_in, height, width] = [0, 1, 2, 3].map(|axis| parameter.shape[axis]);
            let taps = height * width;
            Box::new((0..n_out).flat_map(move |o| {
                (0..n_in).flat_map(move |i| (0..taps).map(move |tap| (tap * n_in + i) * n_out + o))
            }))
        }
        Role::LinearWeight { input } => {
            let n_out = parameter.shape[0];
            let (area, channels) = (input.area(), input.channels);
            Box::new((0..n_out).flat_map(move |o| {
                (0..channels).flat_map(move |c| (0..area).map(move |p| (p * channels + c) * n_out + o))
            }))
        }
        Role::Bias | Role::Slope | Role::Scale | Role::Shift => Box::new(0..parameter.len()),
    }
}

/// For each place in storage, in order, the place in the logical tensor.
fn storage_order(parameter: &Parameter) -> Box<dyn Iterator<Item = usize>> {
    match parameter.role {
        Role::ConvWeight | Role::TransposedConvWeight { .. } => {
            // (O, I, kH, kW) read as kH, kW, I, O; a transposed convolution has the two in each other's place.
            let [n_out, n_in, height, width] = [0, 1, 2, 3].map(|axis| parameter.shape[axis]);
            let taps = height * width;
            Box::new((0..taps).flat_map(move |tap| {
                (0..n_in).flat_map(move |i| (0..n_out).map(move |o| (o * n_in + i) * taps + tap))
            }))
        }
        Role::LinearWeight { input } => {
            // (out, C, H, W) read as H, W, C, out.
            let n_out = parameter.shape[0];
            let (area, channels) = (input.area(), input.channels);
            Box::new((0..area).flat_map(move |p| {
                (0..channels).flat_map(move |c| (0..n_out).map(move |o| o * channels * area + c * area + p))
            }))
        }
        Role::Bias | Role::Slope | Role::Scale | Role::Shift => Box::new(0..parameter.len()),
    }
}

fn permute_maps<R: Copy + Default>(
    numbers: &[R],
    extent: Extent,
    direction: impl Fn(usize, usize) -> (usize, usize),
) -> Vec<R> {
    let mut out = vec![R::default(); numbers.len()];
    let area = extent.area();
    for (from, to) in numbers.chunks_exact(extent.len()).zip(out.chunks_exact_mut(extent.len())) {
        for c in 0..extent.channels {
            for p in 0..area {
                let (source, target) = direction(c * area + p, p * extent.channels + c);
                to[target] = from[source];
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn storage_and_back_is_the_identity() {
        let conv = (vec![2, 3, 2, 2], Role::ConvWeight);
        let linear = (vec![5, 12], Role::LinearWeight { input: Extent::new(3, 2, 2) });
        for (shape, role) in [conv, linear] {
            let parameter =
                Parameter { name: "w".into(), shape, role, draw: 0, init: None, ends_branch: false };
            let numbers: Vec<f32> = (0..parameter.len()).map(|i| i as f32).collect();
            let stored = parameter_to_storage(&parameter, &numbers);
            assert_ne!(stored, numbers);
            assert_eq!(parameter_from_storage(&parameter, &stored), numbers);
            assert!(
                logical_order(&parameter).map(|place| stored[place]).eq(numbers),
                "the two orders are each other's way back"
            );
        }
    }

    /// More than a piece, and no whole number of them.
    #[test]
    fn pieces_make_up_the_whole() {
        let (shape, role) = (vec![70, 1210], Role::LinearWeight { input: Extent::new(10, 11, 11) });
        let parameter = Parameter { name: "w".into(), shape, role, draw: 0, init: None, ends_branch: false };
        let numbers: Vec<f32> = (0..parameter.len()).map(|i| i as f32).collect();
        let mut stored = vec![0.0; numbers.len()];
        let done: Result<(), ()> = pieces_to_storage(
            &parameter,
            |i| numbers[i],
            |first, piece| {
                stored[first..first + piece.len()].copy_from_slice(piece);
                Ok(())
            },
        );
        assert_eq!((done, &stored), (Ok(()), &parameter_to_storage(&parameter, &numbers)));
        let mut back = Vec::new();
        let done: Result<(), ()> = pieces_from_storage(&parameter, &stored, |piece| {
            back.extend_from_slice(piece);
            Ok(())
        });
        assert_eq!((done, &back), (Ok(()), &numbers));
        let (mut again, mut rest) = (vec![0.0; numbers.len()], &numbers[..]);
        let done: Result<(), ()> = storage_from_pieces(&parameter, &mut again, |piece| {
            let (next, behind) = rest.split_at(piece.len());
            piece.copy_from_slice(next);
            rest = behind;
            Ok(())
        });
        assert_eq!((done, again), (Ok(()), stored));
    }

    #[test]
    fn the_channel_is_last_in_storage() {
        let extent = Extent::new(2, 1, 3);
        let stored = maps_to_storage(&[0.0, 1.0, 2.0, 10.0, 11.0, 12.0], extent);
        assert_eq!(stored, [0.0, 10.0, 1.0, 11.0, 2.0, 12.0]);
        assert_eq!(maps_from_storage(&stored, extent), [0.0, 1.0, 2.0, 10.0, 11.0, 12.0]);
    }
}
