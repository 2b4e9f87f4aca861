use crate::experiment::Initialisation;
use crate::experiment::fields::Field;

/// Transposed convolution: every input pixel puts its multiple of each filter into the output, where they add
/// up. `(N, C, H, W) → (N, filters, H', W')` with
/// `H' = (H − 1)·stride − 2·padding + dilation·(kernel − 1) + output-padding + 1`; with `stride` it enlarges
/// maps as a convolution of that stride reduces them. `groups` as in a convolution.
#[derive(Clone, Debug, PartialEq)]
pub struct TransposedConv {
    pub filters: usize,
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub padding: [usize; 2],
    /// Of the sizes that a convolution of this stride reduces to the input's, how much the one meant is above
    /// the smallest.
    pub output_padding: [usize; 2],
    pub dilation: [usize; 2],
    pub groups: usize,
    pub bias: bool,
    /// From what the weights are drawn at the start, where that is not the whole net's rule.
    pub init: Option<Initialisation>,
}

impl Default for TransposedConv {
    fn default() -> Self {
        Self {
            filters: 16,
            kernel: [2, 2],
            stride: [2, 2],
            padding: [0, 0],
            output_padding: [0, 0],
            dilation: [1, 1],
            groups: 1,
            bias: true,
            init: None,
        }
    }
}

impl TransposedConv {
    pub fn fields(&mut self) -> Vec<Field<'_>> {
        vec![
            Field::count(
                "transposed-conv",
                &mut self.filters,
                1..=65_536,
                "number of filters: the output's channels",
            ),
            Field::pair("kernel", &mut self.kernel, 1..=64, "height and width of each pixel's print"),
            Field::pair("stride", &mut self.stride, 1..=64, "output pixels from one print to the next"),
            Field::pair("padding", &mut self.padding, 0..=64, "rows and columns cut off on each side"),
            Field::pair(
                "output-padding",
                &mut self.output_padding,
                0..=63,
                "rows and columns added at the end, less than the stride or the dilation",
            )
            .rare(),
            Field::pair(
                "dilation",
                &mut self.dilation,
                1..=64,
                "pixels from one tap of the window to the next",
            )
            .rare(),
            Field::count(
                "groups",
                &mut self.groups,
                1..=65_536,
                "parts into which channels and filters are cut; a filter sees its own part alone",
            )
            .rare(),
            Field::flag("bias", &mut self.bias, "add a learned constant to each filter's output"),
            Field::initialisation(&mut self.init),
        ]
    }
}
