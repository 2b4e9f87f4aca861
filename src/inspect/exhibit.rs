//! What a net is shown while it is looked at: a picture of its data, one of one's own, or a grating.

use std::f64::consts::PI;
use std::sync::Arc;

use super::look::{LookError, Subject};
use crate::engine::Part;
use crate::tensor::Extent;

/// A picture to be shown.
#[derive(Clone, Debug, PartialEq)]
pub enum Exhibit {
    /// Of the net's own pictures.
    Data {
        part: Part,
        index: usize,
    },
    /// Of one's own, read from a file or drawn: bytes `(C, H, W)` in the shape that the net takes.
    Own(Arc<[u8]>),
    Grating(Grating),
}

/// Grey stripes as a physiologist shows them to a cell (see [`super::tuning`]).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grating {
    /// Angle of the stripes, anticlockwise from horizontal.
    pub orientation_degrees: f64,
    pub cycles_per_pixel: f64,
    pub phase_degrees: f64,
}

/// A picture as it was shown, with what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    pub extent: Extent,
    /// `(C, H, W)`.
    pub bytes: Vec<u8>,
    /// As the net sees it, `(C, H, W)`.
    pub numbers: Vec<f32>,
    /// Its class, where it is known to have one.
    pub class: Option<usize>,
}

impl Grating {
    /// `½ + ½·cos(2πf·(x·sin θ + y·cos θ) + φ)` in each channel, as bytes `(C, H, W)`.
    pub fn bytes(&self, extent: Extent) -> Vec<u8> {
        let (across, down) = self.orientation_degrees.to_radians().sin_cos();
        let pixel = |p: usize| {
            let (x, y) = ((p % extent.width) as f64, (p / extent.width) as f64);
            let turns = self.cycles_per_pixel * (x * across + y * down);
            let brightness = 0.5 + 0.5 * (2.0 * PI * turns + self.phase_degrees.to_radians()).cos();
            (255.0 * brightness).round() as u8
        };
        let plane: Vec<u8> = (0..extent.area()).map(pixel).collect();
        plane.repeat(extent.channels)
    }
}

impl Exhibit {
    /// The picture as the net is shown it.
    ///
    /// # Errors
    /// There is no such picture, or it has another shape than the net takes.
    pub fn show(&self, subject: &Subject<'_>) -> Result<Shown, LookError> {
        let extent = subject.graph.input();
        let (bytes, class) = match self {
            Self::Data { part, index } => {
                let split = subject.split(*part)?;
                if *index >= split.len() {
                    return Err(LookError::Impossible(format!(
                        "There is no {} picture {index}: there are {}, counted from 0.",
                        part.word(),
                        split.len()
                    )));
                }
                let class = split.labels.classes().map(|classes| classes[*index] as usize);
                (split.picture(extent, *index).to_vec(), class)
            }
            // Where the net's pictures are stirred, so is what it is shown.
            Self::Own(bytes) => (subject.normalisation.stirred(extent, own(bytes, extent)?), None),
            Self::Grating(grating) => (subject.normalisation.stirred(extent, grating.bytes(extent)), None),
        };
        let numbers = subject.normalisation.apply(extent, &bytes);
        Ok(Shown { extent, bytes, numbers, class })
    }
}

fn own(bytes: &[u8], extent: Extent) -> Result<Vec<u8>, LookError> {
    match bytes.len() == extent.len() {
        true => Ok(bytes.to_vec()),
        false => Err(LookError::Impossible(format!(
            "This picture was made for another net: it has {} numbers, and {extent} are taken. Give it again.",
            bytes.len()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vertical stripes, two pixels light and two dark.
    #[test]
    fn a_grating_is_what_a_filter_is_measured_with() {
        let grating = Grating { orientation_degrees: 90.0, cycles_per_pixel: 0.25, phase_degrees: -45.0 };
        let bytes = grating.bytes(Extent::new(2, 1, 4));
        assert_eq!(bytes, [218, 218, 37, 37, 218, 218, 37, 37]);
    }
}
