use crate::experiment::fields::Field;

/// The largest value, the mean or the sum in each window of each channel. Padding never wins a maximum; a mean
/// counts it as zeros (PyTorch's default).
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    pub mode: PoolMode,
    pub window: [usize; 2],
    pub stride: [usize; 2],
    pub padding: [usize; 2],
    /// Whether a window that hangs over the end counts, as long as it begins before the padding there.
    pub ceil: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PoolMode {
    Max,
    Average,
    Sum,
}

impl Pool {
    /// Square windows side by side.
    pub fn new(mode: PoolMode, window: usize) -> Self {
        Self { mode, window: [window; 2], stride: [window; 2], padding: [0, 0], ceil: false }
    }

    pub fn fields(&mut self) -> Vec<Field<'_>> {
        vec![
            Field::pair(self.mode.name(), &mut self.window, 1..=1024, "height and width of the window"),
            Field::pair("stride", &mut self.stride, 1..=1024, "pixels from one window to the next"),
            Field::pair("padding", &mut self.padding, 0..=512, "rows and columns added on each side"),
            Field::flag("ceil", &mut self.ceil, "let the last windows hang over the edge, where rows remain")
                .rare(),
        ]
    }
}

impl PoolMode {
    pub fn name(self) -> &'static str {
        match self {
            Self::Max => "max-pool",
            Self::Average => "average-pool",
            Self::Sum => "sum-pool",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Max => "Max pooling",
            Self::Average => "Average pooling",
            Self::Sum => "Sum pooling",
        }
    }

    pub fn purpose(self) -> &'static str {
        match self {
            Self::Max => {
                "Keeps the strongest response of each window: smaller maps, less moved by small shifts."
            }
            Self::Average => "Keeps the mean of each window: smaller, smoother maps.",
            Self::Sum => "Keeps the sum of each window: the mean, times the window's size.",
        }
    }
}
