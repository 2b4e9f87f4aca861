use crate::experiment::fields::Field;

/// The parameter-free shortcut of He et al. 2015 where the shape changes (option A): every `stride`-th pixel
/// of the input, with channels of zeros added behind its own until there are `channels`.
#[derive(Clone, Debug, PartialEq)]
pub struct Shortcut {
    pub channels: usize,
    pub stride: [usize; 2],
}

impl Default for Shortcut {
    fn default() -> Self {
        Self { channels: 32, stride: [2, 2] }
    }
}

impl Shortcut {
    pub fn fields(&mut self) -> Vec<Field<'_>> {
        vec![
            Field::count("shortcut", &mut self.channels, 1..=65_536, "channels of the output"),
            Field::pair("stride", &mut self.stride, 1..=64, "every how-many-th pixel is kept"),
        ]
    }
}
