use crate::experiment::fields::Field;

/// A ReLU that learns its slope below 0 (He et al. 2015, equation 1): x where positive, else `a·x`, with one a
/// for all numbers or one for each channel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prelu {
    pub per_channel: bool,
}

impl Prelu {
    /// Where each slope starts (He et al. 2015, section 2.1).
    pub const START: f32 = 0.25;

    pub fn fields(&mut self) -> Vec<Field<'_>> {
        vec![Field::flag(
            "per-channel",
            &mut self.per_channel,
            "a slope for each channel instead of one for all",
        )]
    }
}
