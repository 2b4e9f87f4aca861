//! Which part of the input a unit sees.

use super::layers::Window;

/// The part of the input that a unit depends on, vertically and horizontally.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct ReceptiveField {
    /// Pixels from the first to the last that count, padding included.
    pub size: [usize; 2],
    /// Input pixels from the field of one unit to that of its neighbour.
    pub stride: [usize; 2],
    /// Input coordinate of the first unit's first pixel; negative where it lies in the padding.
    pub offset: [i64; 2],
}

impl ReceptiveField {
    /// Of an input pixel: itself.
    pub const PIXEL: Self = Self { size: [1, 1], stride: [1, 1], offset: [0, 0] };

    /// Of a window over units with this field (Araujo, Norris, Sim 2019, equations 1 and 2).
    pub fn through(self, window: &Window) -> Self {
        let mut field = self;
        for axis in 0..2 {
            field.size[axis] =
                self.size[axis].saturating_add((window.kernel[axis] - 1).saturating_mul(self.stride[axis]));
            let margin = window.padding[axis].saturating_mul(self.stride[axis]);
            field.offset[axis] = self.offset[axis].saturating_sub_unsigned(margin as u64);
            field.stride[axis] = self.stride[axis].saturating_mul(window.stride[axis]);
        }
        field
    }

    /// Of a unit that reads two units: the hull of both fields.
    pub fn join(self, other: Self) -> Self {
        let mut hull = self;
        for axis in 0..2 {
            let end = |field: &Self| field.offset[axis].saturating_add_unsigned(field.size[axis] as u64);
            hull.offset[axis] = self.offset[axis].min(other.offset[axis]);
            hull.size[axis] = end(&self).max(end(&other)).saturating_sub(hull.offset[axis]) as usize;
            hull.stride[axis] = self.stride[axis].max(other.stride[axis]);
        }
        hull
    }
}
