use crate::experiment::fields::Field;

/// The pixels of all maps put elsewhere, by one permutation of the `H·W` places: the same for every channel and
/// every picture, drawn once from `seed`. What is local is local no more, and nothing else is lost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PermutePixels {
    pub seed: usize,
}

impl PermutePixels {
    pub fn fields(&mut self) -> Vec<Field<'_>> {
        vec![Field::count("permute-pixels", &mut self.seed, 0..=u32::MAX as usize, "which permutation it is")]
    }
}
