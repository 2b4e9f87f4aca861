//! Shapes and host arrays: the words every other module shares. Knows no other module.

pub mod random;

use std::fmt;

/// The shape of one picture or one feature map, without the batch: `(C, H, W)`.
///
/// A vector of `n` numbers, such as the logits, is `(n, 1, 1)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
pub struct Extent {
    pub channels: usize,
    pub height: usize,
    pub width: usize,
}

impl Extent {
    pub const fn new(channels: usize, height: usize, width: usize) -> Self {
        Self { channels, height, width }
    }

    /// A vector of `len` numbers, `(len, 1, 1)`.
    pub const fn vector(len: usize) -> Self {
        Self::new(len, 1, 1)
    }

    /// Numbers in one picture, `C · H · W`.
    pub const fn len(self) -> usize {
        self.channels * self.height * self.width
    }

    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Positions in the plane, `H · W`.
    pub const fn area(self) -> usize {
        self.height * self.width
    }

    /// Whether there is nothing left of the plane, as after a fully connected layer.
    pub const fn is_vector(self) -> bool {
        self.height == 1 && self.width == 1
    }
}

impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_vector() {
            write!(f, "{}", self.channels)
        } else {
            write!(f, "{}×{}×{}", self.channels, self.height, self.width)
        }
    }
}

/// An array on the host, in row-major order, with its shape: `(O, I, kH, kW)` for the weights of a
/// convolution, `(out, in)` for those of a fully connected layer, `(n)` for a bias.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    pub shape: Vec<usize>,
    pub data: Vec<f32>,
}

impl Tensor {
    /// An array of the given shape; `data` holds its numbers in row-major order.
    pub fn new(shape: Vec<usize>, data: Vec<f32>) -> Self {
        assert_eq!(shape.iter().product::<usize>(), data.len(), "a tensor's data must fill its shape");
        Self { shape, data }
    }
}
