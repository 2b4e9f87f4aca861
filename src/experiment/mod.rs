//! Plain descriptions: the network as a tree of layers, the pictures, the training. Nothing here runs.
//!
//! An [`Experiment`] is what a file says, no more: the presets are expanded and the shapes computed by
//! those who know the pictures. The only module that knows the grammar of the experiment file ([`file`]).

pub mod changes;
pub mod fields;
pub mod figures;
pub mod file;
pub mod layers;
mod named;
pub mod presets;
pub mod shipped;
mod train;
pub mod unwritable;
pub mod words;

use crate::tensor::Extent;
pub use file::Problem;
pub use layers::{Kind, Layer, LayerId};
pub use named::Named;
pub use train::{Initialisation, LabelKind, Loss, Moment, Optimiser, Schedule, Train, WarmUp, decimal};

/// The most rows or columns a picture may have.
pub const MAX_SIDE: usize = 4096;

/// Everything needed to repeat a run: pictures, network, training and the seed of all that is random.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    pub title: String,
    pub seed: u64,
    pub data: Data,
    pub network: NetworkChoice,
    pub train: Train,
}

/// Which pictures, how many of them, and what is done to them on the way into the net.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    /// The name of a data set (`glyphs`, `shapes`, `mnist`, …) or a path to one.
    pub source: String,
    /// Training pictures to use, the first of the split; all of them where not given.
    pub train: Option<usize>,
    /// Test pictures to use, likewise.
    pub test: Option<usize>,
    /// Whether the order of the training pictures is drawn anew for each epoch.
    pub shuffle: bool,
    pub normalise: Normalise,
    pub augment: Augment,
    pub noise: Noise,
    /// The seed of one permutation of the pixels by which all pictures are stirred when they are loaded.
    pub permute: Option<u64>,
    /// `(height, width)` to which the pictures are resized; where not given, a data set's own and a folder's usual.
    pub size: Option<[usize; 2]>,
    /// The share of the pictures of each class that is held out for testing, where they come in one piece; one in
    /// five where not given.
    pub hold_out: Option<f32>,
}

/// How pixel values (bytes divided by 255) are centred and scaled, by statistics of the training pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normalise {
    /// Left in `[0, 1]`.
    None,
    /// Mean 0 and standard deviation 1 over each channel.
    PerChannel,
    /// The mean picture is subtracted, pixel by pixel; the scale is left (He et al. 2015, section 4.2).
    PixelMean,
}

/// Random changes to the training pictures, drawn anew for each picture in each epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Augment {
    /// Mirror left to right with probability one half.
    pub flip: bool,
    /// Pad by so many pixels on each side (with zeros, after normalisation) and cut out a window of the
    /// old size at random; 0 for none.
    pub crop: usize,
    /// The side of a square that is set to zero (after normalisation), its centre anywhere in the picture
    /// (DeVries and Taylor 2017); 0 for none.
    pub cutout: usize,
    /// How far the factors on brightness, contrast and saturation stray from 1; 0 for none.
    pub jitter: f32,
}

/// Training labels that are made wrong.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Noise {
    /// The share of them, 0 to 1.
    pub share: f32,
    /// The class that they all become; where not given, each becomes any other class.
    pub to: Option<String>,
}

/// The network as the file gives it: by the name of a preset, or layer by layer.
#[derive(Clone, Debug, PartialEq)]
pub enum NetworkChoice {
    Preset(String),
    Layers { input: Option<Extent>, layers: Vec<Layer> },
}

/// The network as a person sees it: a stack of layers over pictures of one shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// Shape of one picture, `(C, H, W)`.
    pub input: Extent,
    pub layers: Vec<Layer>,
}

impl Augment {
    /// Whether something of each picture of shape `picture` is always left to be seen.
    ///
    /// # Errors
    /// A square that can cover a picture whole, or a padding so wide that a window can miss it.
    pub fn check(self, picture: Extent) -> Result<(), Problem> {
        let Extent { height, width, .. } = picture;
        let (longer, shorter) = (height.max(width), height.min(width));
        if self.cutout >= longer {
            return Err(Problem::new(format!(
                "A square of {0}×{0} pixels set to zero (`data.augment.cutout`) can cover a picture of {picture} whole. \
                 Make it smaller than {longer}.",
                self.cutout
            )));
        }
        if self.crop >= shorter {
            return Err(Problem::new(format!(
                "A window into a picture of {picture} padded by {} pixels (`data.augment.crop`) can miss it \
                 altogether. Pad by less than {shorter}.",
                self.crop
            )));
        }
        Ok(())
    }
}

impl Data {
    /// What may be held out.
    pub const HOLD_OUT: std::ops::RangeInclusive<f32> = 0.01..=0.9;
}

impl Normalise {
    pub const ALL: [Self; 3] = [Self::None, Self::PerChannel, Self::PixelMean];

    /// The word for it in the experiment file.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::PerChannel => "per-channel",
            Self::PixelMean => "pixel-mean",
        }
    }
}

impl NetworkChoice {
    /// The layers for pictures of shape `input` with `n_classes` classes.
    ///
    /// # Errors
    /// An unknown preset, or a network written for pictures of another shape.
    pub fn network(&self, input: Extent, n_classes: usize) -> Result<Network, Problem> {
        match self {
            Self::Preset(name) => presets::build(name, input, n_classes),
            Self::Layers { input: Some(own), .. } if *own != input => Err(Problem::new(format!(
                "The network is written for pictures of {own}, but the data set's are {input}. \
                 Change `network.input` or choose other pictures."
            ))),
            Self::Layers { layers, .. } => Ok(Network { input, layers: layers.clone() }),
        }
    }
}

impl Default for Experiment {
    fn default() -> Self {
        Self {
            title: "Untitled".into(),
            seed: 1,
            data: Data::default(),
            network: NetworkChoice::Preset("quickstart".into()),
            train: Train::default(),
        }
    }
}

impl Default for Data {
    fn default() -> Self {
        Self {
            source: "glyphs".into(),
            train: None,
            test: None,
            shuffle: true,
            normalise: Normalise::PerChannel,
            augment: Augment::default(),
            noise: Noise::default(),
            permute: None,
            size: None,
            hold_out: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn augmentation_leaves_something_to_see() {
        let check = |crop, cutout, [height, width]: [usize; 2]| {
            let augment = Augment { crop, cutout, ..Augment::default() };
            augment.check(Extent::new(3, height, width)).map_err(|problem| problem.message)
        };
        assert_eq!(check(31, 31, [32, 32]), Ok(()));
        assert_eq!(check(0, 40, [32, 64]), Ok(()), "a part of it is left");
        assert_eq!(check(0, 0, [1, 1]), Ok(()));
        let covered = check(0, 64, [32, 64]).expect_err("it can be covered");
        assert!(
            covered.contains("`data.augment.cutout`") && covered.ends_with("smaller than 64."),
            "{covered}"
        );
        let missed = check(32, 0, [32, 64]).expect_err("it can be missed");
        assert!(missed.contains("`data.augment.crop`") && missed.ends_with("less than 32."), "{missed}");
    }
}
