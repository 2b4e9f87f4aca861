//! What the commands that show a net something share: the picture, the unit, and one look.

use std::path::Path;
use std::str::FromStr;

use super::super::Failure;
use super::InspectArguments;
use crate::engine::{self, Part};
use crate::graph::Graph;
use crate::inspect::attribution::Unit;
use crate::inspect::exhibit::{Exhibit, Grating, Shown};
use crate::inspect::look::{Look, LookError, View};
use crate::inspect::specimen::Specimen;
use crate::train::Net;

#[derive(clap::Args)]
pub struct PictureArguments {
    /// What to show the net: `test:12` or `train:12` (a picture of its data, counted from 0),
    /// `grating:ANGLE,CYCLES` (stripes at that angle in degrees, in cycles per pixel), or a picture's file, which is
    /// cut to the net's proportions and resized.
    #[arg(long, default_value = "test:0", value_name = "PICTURE")]
    picture: PictureChoice,
}

#[derive(Clone, Debug)]
enum PictureChoice {
    Data(Part, usize),
    Grating(Grating),
    File(String),
}

#[derive(clap::Args)]
pub struct UnitArguments {
    /// Path of the layer (`layers.3`); the last one, which gives the classes, where none is given.
    #[arg(long, value_name = "PATH")]
    layer: Option<String>,

    /// Number of the unit: a channel of the layer's maps, counted from 0.
    #[arg(long, default_value_t = 0)]
    unit: usize,

    /// Its place in the map; where it responds most if none is given.
    #[arg(long, value_name = "ROW,COLUMN")]
    at: Option<Place>,
}

/// Two numbers with a comma between them.
#[derive(Clone, Copy, Debug)]
pub struct Place(pub [usize; 2]);

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let place = text
            .split_once(',')
            .and_then(|(row, column)| Some([row.trim().parse().ok()?, column.trim().parse().ok()?]));
        place.map(Self).ok_or_else(|| "a place is a row and a column, like `3,5`".into())
    }
}

impl FromStr for PictureChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let of = |part: Part, number: &str| {
            let index = number.parse();
            index
                .map(|index| Self::Data(part, index))
                .map_err(|_| format!("`{number}` is no number of a picture"))
        };
        match text.split_once(':') {
            Some(("test", number)) => of(Part::Test, number),
            Some(("train", number)) => of(Part::Train, number),
            Some(("grating", numbers)) => {
                let grating = numbers.split_once(',').and_then(|(angle, cycles)| {
                    let (orientation_degrees, cycles_per_pixel) =
                        (angle.trim().parse().ok()?, cycles.trim().parse().ok()?);
                    Some(Grating { orientation_degrees, cycles_per_pixel, phase_degrees: 0.0 })
                });
                let grating =
                    grating.filter(|g| g.orientation_degrees.is_finite() && g.cycles_per_pixel.is_finite());
                let message = "a grating is an angle in degrees and cycles per pixel, like `grating:45,0.15`";
                grating.map(Self::Grating).ok_or_else(|| message.into())
            }
            _ => Ok(Self::File(text.into())),
        }
    }
}

impl PictureArguments {
    /// Whether the net's own pictures are needed for it.
    fn is_of_data(&self) -> bool {
        matches!(self.picture, PictureChoice::Data(..))
    }

    fn exhibit(&self, net: &Net) -> Result<Exhibit, Failure> {
        Ok(match &self.picture {
            &PictureChoice::Data(part, index) => Exhibit::Data { part, index },
            &PictureChoice::Grating(grating) => Exhibit::Grating(grating),
            PictureChoice::File(path) => {
                let bytes = crate::data::read_picture(Path::new(path), net.graph.input());
                let bytes = bytes.map_err(|error| Failure::BadInput(error.to_string()))?;
                Exhibit::Own(bytes.into())
            }
        })
    }
}

impl UnitArguments {
    pub fn unit(&self, graph: &Graph) -> Unit {
        let last = || graph.layers.last().map(|report| report.path.clone()).unwrap_or_default();
        let layer = self.layer.clone().unwrap_or_else(last);
        Unit { layer, channel: self.unit, place: self.at.map(|place| place.0) }
    }
}

/// A net laid out to be looked at.
pub struct Laid {
    pub net: Net,
    pub specimen: Specimen,
}

impl InspectArguments {
    /// Lays out the net, with its pictures where they are needed.
    pub(super) fn lay_out(&self, needs_pictures: bool) -> Result<Laid, Failure> {
        let (net, set, device) = match needs_pictures {
            true => self.net_and_pictures().map(|(net, set, device)| (net, Some(set), device))?,
            false => (self.net()?, None, engine::open(&self.device)?),
        };
        let specimen = Specimen::new(&net, set, device)?;
        Ok(Laid { net, specimen })
    }

    /// Lays out the net and reads the picture that it is to be shown.
    pub(super) fn show_picture(&self, picture: &PictureArguments) -> Result<(Laid, Exhibit), Failure> {
        let laid = self.lay_out(picture.is_of_data())?;
        let exhibit = picture.exhibit(&laid.net)?;
        Ok((laid, exhibit))
    }
}

impl Laid {
    /// Looks until all is seen.
    pub(super) fn look(&self, look: &Look) -> Result<View, Failure> {
        look.whole(&self.specimen.subject()).map_err(|error| match error {
            LookError::Impossible(message) => Failure::BadInput(message),
            LookError::Train(error) => error.into(),
        })
    }

    /// What is known of a picture, for JSON.
    pub fn told(&self, picture: &Shown) -> serde_json::Value {
        let class = picture.class.and_then(|class| self.net.classes.get(class));
        serde_json::json!({ "shape": picture.extent, "class": class, "pixels": picture.bytes })
    }
}
