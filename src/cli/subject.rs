//! The net that a name stands for: that of an experiment, or a preset over the pictures it was made for.

use super::{Failure, apply, resolve_beside_presets};
use crate::data::catalogue;
use crate::experiment::{Experiment, LabelKind, NetworkChoice, presets, shipped};
use crate::graph::Goal;
use crate::tensor::Extent;

pub struct Subject {
    /// How the net is trained; for a preset, as an experiment that says nothing is.
    pub experiment: Experiment,
    /// Shape of its pictures.
    pub input: Extent,
    pub goal: Goal,
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
            });
        }
        let mut experiment = resolve_beside_presets(name)?;
        apply(&mut experiment, settings)?;
        let (input, labels, n_classes) = pictures(&experiment)?;
        let goal = Goal { loss: experiment.train.loss, labels, n_classes };
        goal.check()?;
        Ok(Self { experiment, input, goal })
    }
}

/// Shape, kind of labels and number of classes of an experiment's pictures, from the catalogue where that knows
/// them.
fn pictures(experiment: &Experiment) -> Result<(Extent, LabelKind, usize), Failure> {
    let listed = catalogue::list().into_iter().find(|entry| entry.name == experiment.data.source);
    match listed {
        Some(entry) => {
            let [height, width] = experiment.data.size.unwrap_or([entry.extent.height, entry.extent.width]);
            let extent = Extent::new(entry.extent.channels, height, width);
            Ok((extent, entry.labels, entry.classes.len()))
        }
        None => {
            let set = catalogue::open(&experiment.data, experiment.seed)?;
            Ok((set.extent, set.train.labels.kind(), set.classes.len()))
        }
    }
}
