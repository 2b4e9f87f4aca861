use crate::experiment::fields::Field;

/// Maps made `factor` times as high and wide, `(N, C, H, W) → (N, C, factor·H, factor·W)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Upsample {
    pub mode: UpsampleMode,
    pub factor: [usize; 2],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UpsampleMode {
    /// Every pixel repeated.
    Nearest,
    /// Straight lines between the centres of pixels, which lie at halves (PyTorch's `align_corners=False`);
    /// beyond the outermost centres their value goes on.
    Bilinear,
}

impl Upsample {
    pub fn new(mode: UpsampleMode) -> Self {
        Self { mode, factor: [2, 2] }
    }

    pub fn fields(&mut self) -> Vec<Field<'_>> {
        vec![Field::pair(self.mode.name(), &mut self.factor, 1..=64, "how many times as high and as wide")]
    }
}

impl UpsampleMode {
    pub fn name(self) -> &'static str {
        match self {
            Self::Nearest => "upsample-nearest",
            Self::Bilinear => "upsample-bilinear",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Nearest => "Nearest up-sampling",
            Self::Bilinear => "Bilinear up-sampling",
        }
    }

    pub fn purpose(self) -> &'static str {
        match self {
            Self::Nearest => "Larger maps by repeating every pixel.",
            Self::Bilinear => "Larger maps with straight lines between pixels: smooth, and without weights.",
        }
    }
}
