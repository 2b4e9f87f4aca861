//! What a minibatch shows, in one number: two steps with the same one saw the same pictures, changed in the same
//! way.

use super::digest::Digest;
use crate::data::{DataSet, augment};
use crate::experiment::Augment;
use crate::tensor::random::Key;

/// A digest of the pictures of these numbers, in their order, and of what the draws of `key` make of each. Pictures
/// are known by their number in the set of this name and shape, not by their pixels, so that it costs next to
/// nothing beside the step.
pub fn digest(set: &DataSet, indices: &[u32], augment: &Augment, key: Key) -> u64 {
    let mut digest = Digest::default();
    digest.bytes(set.name.as_bytes());
    let extent = set.extent;
    [extent.channels, extent.height, extent.width].into_iter().for_each(|side| digest.word(side as u64));
    [augment.crop, augment.cutout].into_iter().for_each(|setting| digest.word(setting as u64));
    let changes = *augment != Augment::default();
    for &index in indices {
        digest.word(u64::from(index));
        if changes {
            let drawn = augment::draw(key, index, augment, extent);
            digest.word(u64::from(drawn.flip));
            [drawn.dy, drawn.dx].into_iter().for_each(|by| digest.word(by as u64));
            if augment.cutout > 0 {
                drawn.hole.into_iter().for_each(|place| digest.word(place as u64));
            }
            drawn.factors.into_iter().for_each(|factor| digest.word(u64::from(factor.to_bits())));
        }
    }
    digest.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::catalogue;
    use crate::experiment::{Data, Experiment};

    #[test]
    fn other_pictures_another_order_and_other_changes_are_told_apart() {
        let data = Data { train: Some(10), test: Some(1), ..Data::default() };
        let set = catalogue::open(&Experiment { data, ..Experiment::default() }).expect("built in");
        let of = |indices: &[u32], augment: Augment, key: u32| digest(&set, indices, &augment, Key(key));
        let none = Augment::default();
        let flip = Augment { flip: true, ..none };
        let first = of(&[1, 2, 3], none, 1);
        assert_eq!(first, of(&[1, 2, 3], none, 2), "nothing is drawn");
        let mut others: Vec<u64> = vec![
            first,
            of(&[1, 3, 2], none, 1),
            of(&[1, 2], none, 1),
            of(&[1, 2, 4], none, 1),
            of(&[1, 2, 3], Augment { crop: 2, ..none }, 1),
            of(&[1, 2, 3], Augment { cutout: 2, ..none }, 1),
            of(&[1, 2, 3], Augment { jitter: 0.1, ..none }, 1),
        ];
        // Eight coins fall alike once in 256 times; these do not.
        others.extend([1, 2, 3].map(|key| of(&[1, 2, 3, 4, 5, 6, 7, 8], flip, key)));
        let n = others.len();
        others.sort_unstable();
        others.dedup();
        assert_eq!(others.len(), n);
    }
}
