//! How the values of single keys are read and written, where they are more than a number or a word.

use super::node::{NONE, Node, number_text};
use super::read_layers::read_layers;
use super::write_layers::layers_text;
use crate::experiment::{
    Augment, Data, Experiment, MAX_SIDE, NetworkChoice, Noise, Problem, WarmUp, presets,
};
use crate::tensor::Extent;

const MAX_CHANNELS: usize = 65_536;
const MAX_PICTURES: usize = 1_000_000_000;

pub(super) fn text(node: &Node<'_>) -> Result<String, Problem> {
    node.string("a text in quotes").map(str::to_string)
}

pub(super) fn source(node: &Node<'_>) -> Result<String, Problem> {
    let expected = "the name of a data set or the path to one, in quotes";
    match node.string(expected)? {
        "" => Err(node.wrong(expected)),
        source => Ok(source.to_string()),
    }
}

pub(super) fn subset(node: &Node<'_>) -> Result<Option<usize>, Problem> {
    let expected = format!("a whole number from 1 to {MAX_PICTURES}, or \"all\"");
    match node.as_str() {
        Some("all") => Ok(None),
        _ => node.count_or(1..=MAX_PICTURES, expected).map(Some),
    }
}

pub(super) fn read_augment(augment: &mut Augment, node: &Node<'_>) -> Result<(), Problem> {
    let expected = "a table such as { flip = true, crop = 4 }, or \"none\"";
    if node.as_str() == Some(NONE) {
        *augment = Augment::default();
        return Ok(());
    }
    for entry in node.table(expected)? {
        match entry.name {
            "flip" => augment.flip = entry.flag()?,
            "crop" => augment.crop = entry.count(0..=64)?,
            "cutout" => augment.cutout = entry.count(0..=MAX_SIDE)?,
            "jitter" => augment.jitter = entry.number(0.0..=1.0)?,
            _ => return Err(entry.unknown("`augment`", &["flip", "crop", "cutout", "jitter"])),
        }
    }
    Ok(())
}

pub(super) fn read_noise(noise: &mut Noise, node: &Node<'_>) -> Result<(), Problem> {
    match node.entries() {
        None => *noise = Noise { share: node.number(0.0..=1.0)?, to: None },
        Some(entries) => {
            for entry in entries {
                match entry.name {
                    "share" => noise.share = entry.number(0.0..=1.0)?,
                    "to" => noise.to = Some(entry.string("the name of a class, in quotes")?.to_string()),
                    _ => return Err(entry.unknown("`noise`", &["share", "to"])),
                }
            }
        }
    }
    Ok(())
}

/// What may also be left out by the word `none`.
pub(super) fn or_none<T>(
    node: &Node<'_>,
    read: impl FnOnce(&Node<'_>) -> Result<T, Problem>,
) -> Result<Option<T>, Problem> {
    match node.as_str() {
        Some("none") => Ok(None),
        _ => read(node).map(Some),
    }
}

pub(super) fn read_warm_up(warm_up: &mut WarmUp, node: &Node<'_>) -> Result<(), Problem> {
    if node.as_str() == Some("none") {
        *warm_up = WarmUp::NONE;
        return Ok(());
    }
    let Some(entries) = node.entries() else {
        let [epochs, _] = warm_up.fields();
        return node.read_field(epochs);
    };
    for entry in entries {
        match warm_up.fields().into_iter().find(|field| field.name == entry.name) {
            Some(field) => entry.read_field(field)?,
            None => return Err(entry.unknown("`warm-up`", &["epochs", "from"])),
        }
    }
    Ok(())
}

pub(super) fn warm_up_text(WarmUp { epochs, from }: WarmUp) -> Option<String> {
    let (epochs_text, from_text) = (number_text(epochs), number_text(from));
    match from == WarmUp::NONE.from {
        true => (epochs != 0.0).then_some(epochs_text),
        false => Some(format!("{{ epochs = {epochs_text}, from = {from_text} }}")),
    }
}

pub(super) fn preset(node: &Node<'_>) -> Result<NetworkChoice, Problem> {
    let name = node.string("the name of a preset such as \"resnet-20\"")?;
    presets::check(name).map_err(|problem| node.problem(problem.message))?;
    Ok(NetworkChoice::Preset(name.to_string()))
}

pub(super) fn read_input(experiment: &mut Experiment, node: &Node<'_>) -> Result<(), Problem> {
    let NetworkChoice::Layers { input, .. } = &mut experiment.network else {
        return Err(node.problem(
            "`input` belongs to `layers`; a preset takes the shape of the pictures. Leave it out.",
        ));
    };
    let expected = format!(
        "the shape of a picture, [channels, height, width], with up to {MAX_CHANNELS} channels and \
         {MAX_SIDE} pixels to a side"
    );
    let items = node.list().ok_or_else(|| node.wrong(&expected))?;
    let [channels, height, width] = items.as_slice() else {
        return Err(node.wrong(&expected));
    };
    *input = Some(Extent::new(
        channels.count_or(1..=MAX_CHANNELS, &expected)?,
        height.count_or(1..=MAX_SIDE, &expected)?,
        width.count_or(1..=MAX_SIDE, &expected)?,
    ));
    Ok(())
}

pub(super) fn read_network(experiment: &mut Experiment, node: &Node<'_>) -> Result<(), Problem> {
    let input = match experiment.network {
        NetworkChoice::Layers { input, .. } => input,
        NetworkChoice::Preset(_) => None,
    };
    experiment.network = NetworkChoice::Layers { input, layers: read_layers(node)? };
    Ok(())
}

/// A string in TOML's quotes.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

/// A key of a table, in quotes where it has to be.
pub(super) fn quoted_key(key: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !key.is_empty() && key.chars().all(is_bare) { key.into() } else { quoted(key) }
}

pub(super) fn normalise_text(experiment: &Experiment) -> Option<String> {
    let normalise = experiment.data.normalise;
    (normalise != Data::default().normalise).then(|| quoted(normalise.name()))
}

pub(super) fn augment_text(augment: Augment) -> Option<String> {
    let flip = augment.flip.then(|| "flip = true".to_string());
    let crop = (augment.crop > 0).then(|| format!("crop = {}", augment.crop));
    let cutout = (augment.cutout > 0).then(|| format!("cutout = {}", augment.cutout));
    let jitter = (augment.jitter > 0.0).then(|| format!("jitter = {}", number_text(augment.jitter)));
    let settings: Vec<String> = [flip, crop, cutout, jitter].into_iter().flatten().collect();
    (!settings.is_empty()).then(|| format!("{{ {} }}", settings.join(", ")))
}

pub(super) fn noise_text(noise: &Noise) -> Option<String> {
    let share = number_text(noise.share);
    match &noise.to {
        Some(class) => Some(format!("{{ share = {share}, to = {} }}", quoted(class))),
        None => (noise.share > 0.0).then_some(share),
    }
}

pub(super) fn preset_text(experiment: &Experiment) -> Option<String> {
    match &experiment.network {
        NetworkChoice::Preset(name) => Some(quoted(name)),
        NetworkChoice::Layers { .. } => None,
    }
}

pub(super) fn input_text(experiment: &Experiment) -> Option<String> {
    match experiment.network {
        NetworkChoice::Layers { input: Some(input), .. } => {
            Some(format!("[{}, {}, {}]", input.channels, input.height, input.width))
        }
        _ => None,
    }
}

pub(super) fn network_text(experiment: &Experiment) -> Option<String> {
    match &experiment.network {
        NetworkChoice::Layers { layers, .. } => Some(layers_text(layers)),
        NetworkChoice::Preset(_) => None,
    }
}

pub(super) fn weight_decay_text(experiment: &Experiment) -> Option<String> {
    let decay = experiment.train.weight_decay;
    (decay != 0.0).then(|| number_text(decay))
}
