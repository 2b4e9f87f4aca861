use crate::experiment::fields::Field;

/// Local response normalisation across channels (Krizhevsky et al. 2012, section 3.3): each number is divided
/// by `(k + alpha · Σ x²)^beta`, the sum over `size` neighbouring channels at the same pixel, itself in the
/// middle, fewer at the edges; of an even `size` the one left over comes before. The defaults are the paper's.
///
/// PyTorch divides the sum by `size`: its `alpha` is `size` times this one.
#[derive(Clone, Debug, PartialEq)]
pub struct Lrn {
    pub size: usize,
    pub alpha: f32,
    pub beta: f32,
    pub k: f32,
}

impl Default for Lrn {
    fn default() -> Self {
        Self { size: 5, alpha: 1e-4, beta: 0.75, k: 2.0 }
    }
}

impl Lrn {
    pub fn fields(&mut self) -> Vec<Field<'_>> {
        vec![
            Field::count("size", &mut self.size, 1..=1024, "neighbouring channels that are summed over"),
            Field::number("alpha", &mut self.alpha, 0.0..=1000.0, "weight of the sum of squares"),
            Field::number("beta", &mut self.beta, 0.0..=10.0, "power of the divisor"),
            Field::number("k", &mut self.k, 1e-3..=1000.0, "added to the sum, so that silence stays finite"),
        ]
    }
}
