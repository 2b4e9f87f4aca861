use crate::experiment::Initialisation;
use crate::experiment::fields::Field;

/// Convolution, that is cross-correlation as the field uses the word: `(N, C, H, W) → (N, filters, H', W')`
/// with `H' = ⌊(H + 2·padding − dilation·(kernel − 1) − 1) / stride⌋ + 1`. With `groups`, channels and filters
/// are cut into so many equal parts, and a filter sees the channels of its own part alone (Krizhevsky et al.
/// 2012, Section 3.2); with as many groups as channels the convolution is depthwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Conv {
    pub filters: usize,
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub padding: Padding,
    pub dilation: [usize; 2],
    pub groups: usize,
    pub bias: bool,
    /// From what the weights are drawn at the start, where that is not the whole net's rule.
    pub init: Option<Initialisation>,
}

/// Zeros around the maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Padding {
    /// So many rows above and below, so many columns left and right.
    Each([usize; 2]),
    /// As many as it takes for `H' = ⌈H / stride⌉`; where their number is odd, the one left over comes behind.
    /// PyTorch's `padding='same'` at stride 1, TensorFlow's at any.
    Same,
}

impl Padding {
    /// The word for [`Padding::Same`] in the experiment file.
    pub const SAME: &'static str = "same";
}

impl Default for Conv {
    fn default() -> Self {
        Self {
            filters: 16,
            kernel: [3, 3],
            stride: [1, 1],
            padding: Padding::Each([0, 0]),
            dilation: [1, 1],
            groups: 1,
            bias: true,
            init: None,
        }
    }
}

impl Conv {
    pub fn fields(&mut self) -> Vec<Field<'_>> {
        vec![
            Field::count("conv", &mut self.filters, 1..=65_536, "number of filters: the output's channels"),
            Field::pair("kernel", &mut self.kernel, 1..=64, "height and width of the window"),
            Field::pair("stride", &mut self.stride, 1..=64, "pixels from one window to the next"),
            Field::padding(
                "padding",
                &mut self.padding,
                0..=64,
                "rows and columns of zeros added on each side, or as many as keep the size",
            ),
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
