//! The net that a name stands for: that of an experiment, or a preset over the pictures it was made for.

use super::{Failure, apply, resolve_beside_presets};
use crate::data::{Prospect, prospect};
use crate::experiment::{Experiment, NetworkChoice, presets, shipped};
use crate::graph::Goal;
use crate::tensor::Extent;

pub struct Subject {
    /// How the net is trained; for a preset, as an experiment that says nothing is.
    pub experiment: Experiment,
    /// Shape of its pictures.
    pub input: Extent,
    pub goal: Goal,
    /// What the pictures of an experiment are; a preset has none.
    pub pictures: Option<Prospect>,
}

/// What a preset is looked at with, where not with what it was made for.
#[derive(Default)]
pub struct ForPreset {
    pub input: Option<Extent>,
    pub n_classes: Option<usize>,
}

impl Subject {
    /// A name that ships, or a file, is an experiment, which `settings` change; `quickstart` is both and the
    /// experiment wins.
    pub fn of(name: &str, settings: &[String], for_preset: ForPreset) -> Result<Self, Failure> {
        if shipped::get(name).is_none() && presets::check(name).is_ok() {
            if !settings.is_empty() {
                return Err(Failure::BadInput(format!(
                    "`--set` changes an experiment, and a preset has no keys. Give an experiment that ships and add \
                     `--set network.preset={name}`."
                )));
            }
            let network = NetworkChoice::Preset(name.into());
            let n_classes = for_preset.n_classes.unwrap_or_else(|| presets::customary_classes(name));
            return Ok(Self {
                experiment: Experiment { network, ..Experiment::default() },
                input: for_preset.input.unwrap_or_else(|| presets::customary_input(name)),
                goal: Goal::classes(n_classes),
                pictures: None,
            });
        }
        let mut experiment = resolve_beside_presets(name)?;
        apply(&mut experiment, settings)?;
        let pictures = prospect(&experiment)?;
        let n_classes = pictures.classes.as_ref().map_or(0, Vec::len);
        let goal = Goal { loss: experiment.train.loss, labels: pictures.labels, n_classes };
        goal.check()?;
        Ok(Self { experiment, input: pictures.extent, goal, pictures: Some(pictures) })
    }
}
