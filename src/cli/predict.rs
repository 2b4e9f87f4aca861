//! `convscope predict`.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{ExperimentArguments, Failure, text};
use crate::data::{self, Prospect, catalogue};
use crate::engine::{self, DeviceChoice};
use crate::experiment::{Experiment, Loss};
use crate::tensor::Extent;
use crate::train::weights::{WeightsError, WeightsFile};
use crate::train::{Model, Net, Reader};

#[derive(clap::Args)]
pub struct PredictArguments {
    #[command(flatten)]
    pub(super) experiment: ExperimentArguments,

    /// The weights to answer with (safetensors).
    #[arg(long, value_name = "FILE")]
    weights: PathBuf,

    /// Pictures of any size: PNG, JPEG, WebP, GIF or BMP. They are cut to the net's proportions around their
    /// middle and resized.
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,

    /// Where to compute: auto, cpu, gpu, or a part of an adapter's name.
    #[arg(long, default_value = "auto", value_parser = super::device)]
    device: DeviceChoice,

    /// Print one JSON object for each picture, on a line of its own: path, logits, probabilities (of tags each one's
    /// own, of pixels the share of them taken for each class), and as label the name of the first; of pixels also the
    /// logits' shape.
    #[arg(long)]
    json: bool,
}

/// Pictures read at a time, at most.
const BATCH: usize = 32;

/// Classes named for each picture.
const MOST_NAMED: usize = 3;

/// The probability from which on a tag is taken for given.
const TAG_FROM: f32 = 0.5;

/// What the net says of one picture.
#[derive(Serialize)]
struct Answer<'a> {
    path: &'a str,
    /// What the net gives, row by row: one for each class, or one for each class and pixel.
    logits: Vec<f32>,
    /// `[K, H, W]` where pixels have classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    shape: Option<[usize; 3]>,
    /// For each class, see [`probabilities`].
    probabilities: Vec<f32>,
    /// Name of the most probable class.
    label: &'a str,
}

pub(super) fn run(arguments: &PredictArguments) -> Result<(), Failure> {
    let experiment = arguments.experiment.resolve()?;
    let (net, mut file) = Net::open(&experiment, &arguments.weights, None)?;
    note_other_pictures(&experiment, &file);
    let most = arguments.images.len().min(BATCH);
    let model = Model::of_file((&net, &mut file), engine::open(&arguments.device)?, most)?;
    let mut reader = model.reader()?;
    let mut is_complete = true;
    for paths in arguments.images.chunks(model.batch()) {
        is_complete &= answer(&net, &mut reader, paths, arguments.json)?;
    }
    if is_complete { Ok(()) } else { Err(Failure::Told) }
}

/// Says so where the weights are not of the experiment's pictures, if these are known by name: what is asked about are other
/// pictures still, and the classes are those of the weights. A folder, which may be large, is not looked through for it.
fn note_other_pictures(experiment: &Experiment, file: &WeightsFile) {
    if !catalogue::names().any(|name| name == experiment.data.source) {
        return;
    }
    let Ok(Prospect { extent, classes: Some(classes), .. }) = data::prospect(experiment) else { return };
    if let Err(WeightsError::Mismatch { path, what }) = file.expect_pictures(extent, &classes) {
        eprintln!("convscope: {}: {what}. The answers are in its own classes.", path.display());
    }
}

/// Answers for the pictures at `paths`; gives whether all of them could be read.
fn answer(net: &Net, reader: &mut Reader, paths: &[PathBuf], as_json: bool) -> Result<bool, Failure> {
    let (mut readable, mut pictures) = (Vec::new(), Vec::new());
    for path in paths {
        match net.read_picture(path) {
            Ok(picture) => {
                readable.push(path);
                pictures.push(picture);
            }
            Err(error) => eprintln!("convscope: {error}"),
        }
    }
    for (path, logits) in readable.iter().zip(reader.read(&pictures)?) {
        print(net, path, logits, as_json);
    }
    Ok(readable.len() == paths.len())
}

fn print(net: &Net, path: &Path, logits: Vec<f32>, as_json: bool) {
    let classes = &net.classes;
    let output = net.graph.node(net.graph.output).extent;
    let probabilities = probabilities(net.experiment.train.loss, output, &logits);
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
    let path = path.to_string_lossy();
    if as_json {
        let shape = (!output.is_vector()).then_some([output.channels, output.height, output.width]);
        let answer = Answer { path: &path, logits, shape, probabilities, label: &classes[order[0]] };
        // Strings and numbers cannot fail to be written.
        text::print_line(&serde_json::to_string(&answer).unwrap_or_default());
        return;
    }
    let named = order.iter().take(n_named(net.experiment.train.loss, &probabilities)).map(|&class| {
        // Names come from a file, and a terminal obeys some characters.
        let name = classes[class].replace(char::is_control, " ");
        format!("{name} {}", text::percent(probabilities[class] as f64))
    });
    text::print_line(&format!("{path}: {}", named.collect::<Vec<_>>().join(", ")));
}

/// How many of the most probable classes to name: of tags all that are given, and never fewer than a few.
fn n_named(loss: Loss, probabilities: &[f32]) -> usize {
    match loss {
        Loss::SigmoidCrossEntropy => probabilities.iter().filter(|&&p| p >= TAG_FROM).count().max(MOST_NAMED),
        _ => MOST_NAMED,
    }
}

/// How probable each class is, or what stands for it: the softmax of the logits; for tags each one's sigmoid;
/// after squared error the outputs themselves, cut off at 0 and 1; where pixels have classes, the share of the
/// pixels that are taken for each.
fn probabilities(loss: Loss, output: Extent, logits: &[f32]) -> Vec<f32> {
    match loss {
        Loss::CrossEntropy { .. } => softmax(logits),
        Loss::SquaredError => logits.iter().map(|y| y.clamp(0.0, 1.0)).collect(),
        Loss::SigmoidCrossEntropy => {
            logits.iter().map(|&z| (1.0 / (1.0 + (-z as f64).exp())) as f32).collect()
        }
        Loss::PixelCrossEntropy { .. } => {
            let mut counts = vec![0.0; output.channels];
            let z = |class: usize, pixel: usize| logits[class * output.area() + pixel];
            for pixel in 0..output.area() {
                let better =
                    |best: usize, class: usize| if z(class, pixel) > z(best, pixel) { class } else { best };
                counts[(0..output.channels).fold(0, better)] += 1.0;
            }
            counts.iter().map(|count| count / output.area() as f32).collect()
        }
    }
}

/// `eᶻ / Σ eᶻ`, in double precision and safe from overflow.
fn softmax(logits: &[f32]) -> Vec<f32> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f64> = logits.iter().map(|&z| (z as f64 - largest as f64).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|power| (power / sum) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_sum_to_one_however_large_the_logits() {
        assert_eq!(softmax(&[1000.0, 1000.0]), [0.5, 0.5]);
        let odds = softmax(&[0.0, 3f32.ln()]);
        assert!((odds[0] - 0.25).abs() < 1e-7 && (odds[1] - 0.75).abs() < 1e-7);
    }

    #[test]
    fn every_tag_that_is_given_is_named() {
        let probabilities = [0.9, 0.5, 0.6, 0.49, 0.99];
        assert_eq!(n_named(Loss::SigmoidCrossEntropy, &probabilities), 4);
        assert_eq!(n_named(Loss::SigmoidCrossEntropy, &[0.1; 5]), 3);
        assert_eq!(n_named(Loss::CrossEntropy { smoothing: 0.0 }, &probabilities), 3);
    }

    #[test]
    fn pixels_are_counted_by_the_class_that_they_are_taken_for() {
        // (K, H, W) = (2, 1, 4): the second class wins at two of four pixels, the first where they are equal.
        let logits = [0.0, 1.0, 2.0, 5.0, 1.0, 0.0, 3.0, 5.0];
        let loss = Loss::PixelCrossEntropy { void: None };
        assert_eq!(probabilities(loss, Extent::new(2, 1, 4), &logits), [0.5, 0.5]);
        let tags = probabilities(Loss::SigmoidCrossEntropy, Extent::vector(2), &[0.0, 200.0]);
        assert_eq!(tags, [0.5, 1.0]);
    }
}
