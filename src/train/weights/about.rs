//! The metadata of a file of weights.

use std::collections::{BTreeMap, HashMap};

use serde::de::DeserializeOwned;

use super::WeightsError;
use super::container::Container;
use crate::data::{MAX_CLASSES, MAX_NAME, MAX_SIDE, Normalisation, permute};
use crate::tensor::Extent;

/// What a file of weights says of itself besides its numbers. A file from elsewhere may say nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct About {
    /// The experiment, in the words of its file.
    pub experiment: Option<String>,
    /// Shape of one picture, `(C, H, W)`.
    pub input: Option<Extent>,
    /// Names in the order of the labels.
    pub classes: Option<Vec<String>>,
    /// How pixels were stirred, centred and scaled in training.
    pub normalisation: Option<Normalisation>,
}

/// The most numbers that a picture may have.
const LARGEST_PICTURE: usize = 1 << 26;

impl About {
    /// Everything as strings, lists in JSON. A mean that is the same all over each channel is written as one
    /// number for each.
    pub fn to_map(&self) -> BTreeMap<String, String> {
        // Lists of strings and finite numbers cannot fail to be written.
        let json = |value: serde_json::Result<String>| value.unwrap_or_default();
        let mut map = BTreeMap::from([("format".to_string(), "pt".to_string())]);
        let mut tell = |key: &str, text: Option<String>| {
            if let Some(text) = text {
                map.insert(key.into(), text);
            }
        };
        tell("experiment", self.experiment.clone());
        let sides = self.input.map(|input| [input.channels, input.height, input.width]);
        tell("input", sides.map(|sides| json(serde_json::to_string(&sides))));
        tell("classes", self.classes.as_ref().map(|classes| json(serde_json::to_string(classes))));
        if let Some(normalisation) = &self.normalisation {
            let mean = normalisation.channel_means().unwrap_or_else(|| normalisation.mean.clone());
            tell("normalisation_mean", Some(json(serde_json::to_string(&mean))));
            tell("normalisation_scale", Some(json(serde_json::to_string(&normalisation.scale))));
            tell("permute", normalisation.permute.map(|seed| seed.to_string()));
            // For other programs, which do not draw as we do.
            let order = normalisation.permute.zip(self.input);
            let order = order.map(|(seed, input)| permute::order(seed, input.area()));
            tell("permutation", order.map(|order| json(serde_json::to_string(&order))));
        }
        map
    }

    /// What a file tells in its metadata.
    ///
    /// # Errors
    /// It tells what cannot be.
    pub(in crate::train) fn of(file: &Container) -> Result<Self, WeightsError> {
        let about = file.header.metadata().as_ref().map(Self::from_map).transpose();
        let about = about.map_err(|what| WeightsError::Format {
            path: file.path.clone(),
            reason: format!("its metadata are damaged, {what}"),
        })?;
        Ok(about.unwrap_or_default())
    }

    /// What the metadata tell; an error where they tell what cannot be.
    pub(super) fn from_map(map: &HashMap<String, String>) -> Result<Self, String> {
        let input = parsed::<[usize; 3]>(map, "input")?.map(|[c, h, w]| Extent::new(c, h, w));
        if let Some(Extent { channels, height, width }) = input
            && [channels, height, width].iter().any(|side| !(1..=MAX_SIDE).contains(side))
        {
            return Err(format!("a side of `input` is not from 1 to {MAX_SIDE}"));
        }
        if input.is_some_and(|input| input.len() > LARGEST_PICTURE) {
            return Err(format!("`input` tells of pictures of more than {LARGEST_PICTURE} numbers"));
        }
        let classes = parsed::<Vec<String>>(map, "classes")?;
        if let Some(classes) = &classes {
            let is_name = |name: &String| name.chars().count() <= MAX_NAME;
            if !(1..=MAX_CLASSES).contains(&classes.len()) || !classes.iter().all(is_name) {
                return Err(format!(
                    "`classes` must be 1 to {MAX_CLASSES} names of at most {MAX_NAME} characters"
                ));
            }
        }
        let normalisation = match input {
            Some(input) => normalisation(map, input)?,
            None => None,
        };
        Ok(Self { experiment: map.get("experiment").cloned(), input, classes, normalisation })
    }
}

/// The value of a key, if there is one.
fn parsed<T: DeserializeOwned>(map: &HashMap<String, String>, key: &str) -> Result<Option<T>, String> {
    let Some(text) = map.get(key) else { return Ok(None) };
    serde_json::from_str(text).map(Some).map_err(|_| format!("`{key}` cannot be understood"))
}

fn normalisation(map: &HashMap<String, String>, input: Extent) -> Result<Option<Normalisation>, String> {
    let list = |key| parsed::<Vec<f32>>(map, key);
    let (Some(mean), Some(scale)) = (list("normalisation_mean")?, list("normalisation_scale")?) else {
        return Ok(None);
    };
    let per_channel = mean.len() == input.channels;
    if !(per_channel || mean.len() == input.len()) || scale.len() != input.channels {
        return Err(format!("its normalisation is not for pictures of {input}"));
    }
    if !mean.iter().chain(&scale).all(|x| x.is_finite()) {
        return Err("its normalisation holds numbers that are infinite".into());
    }
    if !scale.iter().all(|&scale| scale.is_normal() && scale > 0.0) {
        return Err("its normalisation divides by nothing, or by what is below nothing".into());
    }
    let permute = parsed::<u64>(map, "permute")?;
    Ok(Some(match per_channel {
        true => Normalisation::with_channel_means(&mean, scale, input).permuted(permute),
        false => Normalisation { mean, scale, permute },
    }))
}
