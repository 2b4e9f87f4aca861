//! A digest of plain data, to tell apart what is not the same. It resists chance, not intent.

use crate::data::{DataSet, Split};

/// 64 bits that follow from all words given so far, in their order: the multiplying hash of Firefox and rustc
/// ("FxHash"), which is fast over long data, its halves folded together, and at the end the finaliser of SplitMix64
/// (Steele, Lea, Flood 2014), which makes every bit depend on every other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Digest(u64);

impl Digest {
    pub fn word(&mut self, word: u64) {
        let x = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
        // The product's highest bits depend on all, its lowest on few: a word's highest bit alone would be the
        // same as one bit of the word behind.
        self.0 = x ^ (x >> 32);
    }

    /// Bytes and how many they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.word(bytes.len() as u64);
        let (words, rest) = bytes.as_chunks::<8>();
        words.iter().for_each(|word| self.word(u64::from_le_bytes(*word)));
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.word(u64::from_le_bytes(last));
    }

    pub fn finish(self) -> u64 {
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }
}

/// A digest of all pictures and labels of a data set whose classes have these names, by which a run that goes on knows
/// them again.
pub fn of_pictures(set: &DataSet, classes: &[String]) -> u64 {
    let mut digest = Digest::default();
    for side in [set.extent.channels, set.extent.height, set.extent.width] {
        digest.word(side as u64);
    }
    classes.iter().for_each(|class| digest.bytes(class.as_bytes()));
    for Split { pictures, labels } in [&set.train, &set.test] {
        digest.bytes(pictures);
        // In portions: the labels of pixels are not there twice.
        for first in (0..labels.len()).step_by(PORTION) {
            digest.bytes(&labels.bytes(first..labels.len().min(first + PORTION)));
        }
    }
    digest.finish()
}

/// Pictures whose labels are looked at together.
const PORTION: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: &[u8]) -> u64 {
        let mut digest = Digest::default();
        digest.bytes(bytes);
        digest.finish()
    }

    #[test]
    fn one_bit_or_one_byte_more_is_another_digest() {
        let bytes: Vec<u8> = (0..100).collect();
        let mut found: Vec<u64> = (0..=100).map(|n| of(&bytes[..n])).collect();
        for bit in 0..800 {
            let mut other = bytes.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            found.push(of(&other));
        }
        let n = found.len();
        found.sort_unstable();
        found.dedup();
        assert_eq!(found.len(), n);
    }
}
