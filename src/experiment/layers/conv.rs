use crate::experiment::fields::Field;

/// Convolution, that is cross-correlation as the field uses the word: `(N, C, H, W) → (N, filters, H', W')`
/// with `H' = ⌊(H + 2·padding − kernel) / stride⌋ + 1`.
#[derive(Clone, Debug, PartialEq)]
pub struct Conv {
    pub filters: usize,
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub padding: [usize; 2],
    pub bias: bool,
}

impl Default for Conv {
    fn default() -> Self {
        Self { filters: 16, kernel: [3, 3], stride: [1, 1], padding: [0, 0], bias: true }
    }
}

impl Conv {
    pub fn fields(&mut self) -> Vec<Field<'_>> {
        vec![
            Field::count("conv", &mut self.filters, 1..=65_536, "number of filters: the output's channels"),
            Field::pair("kernel", &mut self.kernel, 1..=64, "height and width of the window"),
            Field::pair("stride", &mut self.stride, 1..=64, "pixels from one window to the next"),
            Field::pair("padding", &mut self.padding, 0..=64, "rows and columns of zeros added on each side"),
            Field::flag("bias", &mut self.bias, "add a learned constant to each filter's output"),
        ]
    }
}
