//! One fixed permutation of the pixels, the same for every picture and channel: what is left of a picture when it
//! has lost its neighbourhoods, and all that a fully connected net sees of it anyway.

use super::{DataSet, Labels, Split};
use crate::graph::layers::permute::Permutation;
use crate::tensor::Extent;

/// For each of `area` places the place that its pixel is taken from: the permutation of the layer `permute-pixels` of
/// the same seed.
pub fn order(seed: u64, area: usize) -> Vec<u32> {
    Permutation { seed, n: area, is_inverse: false }.places()
}

/// Stirs all pictures of a data set, and the classes of their pixels with them.
pub fn stir(set: &mut DataSet, seed: u64) {
    let order = order(seed, set.extent.area());
    for Split { pictures, labels } in [&mut set.train, &mut set.test] {
        planes(&order, pictures);
        if let Labels::Pixels(classes) = labels {
            planes(&order, classes.all_mut());
        }
    }
    if let Some(Labels::Pixels(classes)) = &mut set.clean {
        planes(&order, classes.all_mut());
    }
}

/// One picture `(C, H, W)`, stirred: `out[c, i] = in[c, order[i]]`.
pub fn stirred(extent: Extent, seed: u64, picture: &[u8]) -> Vec<u8> {
    let mut picture = picture.to_vec();
    planes(&order(seed, extent.area()), &mut picture);
    picture
}

/// Stirs planes of as many pixels as the order has.
fn planes(order: &[u32], bytes: &mut [u8]) {
    let mut before = vec![0; order.len()];
    for plane in bytes.chunks_exact_mut(order.len()) {
        before.copy_from_slice(plane);
        plane.iter_mut().zip(order).for_each(|(byte, &from)| *byte = before[from as usize]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::PixelClasses;

    #[test]
    fn every_plane_is_stirred_alike_and_nothing_is_lost() {
        let extent = Extent::new(2, 3, 4);
        let picture: Vec<u8> = (0..24).collect();
        let found = stirred(extent, 5, &picture);
        assert_ne!(found, picture);
        assert_eq!(found, stirred(extent, 5, &picture));
        assert_ne!(found, stirred(extent, 6, &picture));
        for (a, b) in found[..12].iter().zip(&found[12..]) {
            assert_eq!(a + 12, *b);
        }
        let mut sorted = found;
        sorted.sort();
        assert_eq!(sorted, picture);
    }

    #[test]
    fn the_classes_of_pixels_go_along() {
        let extent = Extent::new(1, 2, 4);
        let bytes: Vec<u8> = (0..16).collect();
        let split = Split { pictures: bytes.clone(), labels: Labels::Pixels(PixelClasses::new(8, bytes)) };
        let (name, classes, notes) = ("numbers".into(), vec!["any".into()], vec![]);
        let mut set =
            DataSet { name, extent, classes, train: split, test: Split::default(), clean: None, notes };
        stir(&mut set, 3);
        let Labels::Pixels(classes) = &set.train.labels else { unreachable!("made so") };
        assert_eq!(classes.all(), set.train.pictures);
    }
}
