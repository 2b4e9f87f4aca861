//! `convscope inspect`: what a trained net looks like inside, as a picture and as numbers. One file for each
//! thing to look at.

mod activations;
mod answers;
mod confusion;
mod convolution;
mod embedding;
mod filters;
mod insertion;
mod patches;
mod removal;
mod shown;
mod statistics;
mod surface;
mod translation;
mod tuning;
mod why;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{ExperimentArguments, Failure, resolve_experiment, text, write_picture};
use crate::data::{DataSet, Source};
use crate::engine::{self, Device, DeviceChoice};
use crate::experiment::Experiment;
use crate::inspect::filters::{Filters, convolution_at, reads_pictures};
use crate::inspect::picture::Picture;
use crate::tensor::Tensor;
use crate::train::initial::Start;
use crate::train::{Model, Net};

#[derive(clap::Args)]
pub struct InspectArguments {
    #[command(flatten)]
    pub(super) experiment: ExperimentArguments,

    /// The weights to look at (safetensors); without them, those before the first step.
    #[arg(long, value_name = "FILE", global = true)]
    weights: Option<PathBuf>,

    /// Where to compute: auto, cpu, gpu, or a part of an adapter's name.
    #[arg(long, default_value = "auto", value_parser = super::device, global = true)]
    device: DeviceChoice,

    /// Write the picture (PNG).
    #[arg(long, value_name = "FILE", global = true)]
    out: Option<PathBuf>,

    /// Print the numbers as one line of JSON.
    #[arg(long, global = true)]
    json: bool,

    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// The filters of a convolution as pictures.
    Filters(filters::FiltersArguments),
    /// Every layer's maps for a picture.
    Activations(activations::ActivationsArguments),
    /// The patches of pictures to which the units of a layer respond most.
    Patches(patches::PatchesArguments),
    /// Why a unit responds to a picture: gradient, guided back-propagation, deconvnet, occlusion, class activation
    /// map.
    Why(why::WhyArguments),
    /// A convolution taken apart: the products that sum to one number, or to the gradient of one weight.
    Convolution(convolution::ConvolutionArguments),
    /// What the first layer's filters prefer, measured with gratings like cells of the visual cortex.
    Tuning,
    /// Which classes are taken for which, and the worst mistakes.
    Confusion(confusion::ConfusionArguments),
    /// How signals and gradients fare through the depth: of the weights given, or before the first step.
    Statistics(statistics::StatisticsArguments),
    /// A deeper net with the same answers: identity layers set into this one.
    Insertion(insertion::InsertionArguments),
    /// The error without each block of the net in turn.
    Removal(removal::RemovalArguments),
    /// The worst mistakes, the most and the least certain answers, and the error of each class.
    Answers(answers::AnswersArguments),
    /// Pictures as points of a plane, by what goes into the last layer.
    Embedding(embedding::EmbeddingArguments),
    /// The loss around the weights, along a line or over a plane.
    Surface(surface::SurfaceArguments),
    /// How far each layer's output moves when the picture is shifted.
    Translation(translation::TranslationArguments),
}

pub(super) fn run(arguments: &InspectArguments) -> Result<(), Failure> {
    match &arguments.what {
        What::Filters(what) => filters::run(arguments, what),
        What::Activations(what) => activations::run(arguments, what),
        What::Patches(what) => patches::run(arguments, what),
        What::Why(what) => why::run(arguments, what),
        What::Convolution(what) => convolution::run(arguments, what),
        What::Tuning => tuning::run(arguments),
        What::Confusion(what) => confusion::run(arguments, what),
        What::Statistics(what) => statistics::run(arguments, what),
        What::Insertion(what) => insertion::run(arguments, what),
        What::Removal(what) => removal::run(arguments, what),
        What::Answers(what) => answers::run(arguments, what),
        What::Embedding(what) => embedding::run(arguments, what),
        What::Surface(what) => surface::run(arguments, what),
        What::Translation(what) => translation::run(arguments, what),
    }
}

/// A net with its pictures, and the device on which it is looked at.
type Subject = (Net, Arc<DataSet>, Arc<dyn Device>);

impl InspectArguments {
    /// The net to look at. Its pictures are opened only where the weights do not tell all, or are not given.
    fn net(&self) -> Result<Net, Failure> {
        let experiment = self.experiment.resolve()?;
        match &self.weights {
            Some(path) => Ok(Net::load(&experiment, path, None)?),
            None => {
                let source = Source::find(&experiment)?;
                Net::foresee(&experiment, source.prospect())?;
                Ok(Net::initial(&experiment, &read(source)?)?)
            }
        }
    }

    /// The net together with its pictures, which are made only where the device has room for an answer beside them.
    fn net_and_pictures(&self) -> Result<Subject, Failure> {
        let device = engine::open(&self.device)?;
        let (net, set) = net_over(&self.experiment.resolve()?, self.weights.as_deref(), &*device)?;
        Ok((net, set, device))
    }

    /// Another experiment's net with its pictures, to be held against the first on the same device: with the weights of
    /// a file, or those before its first step.
    fn beside(
        &self,
        name: &str,
        weights: Option<&Path>,
        device: &dyn Device,
    ) -> Result<(Net, Arc<DataSet>), Failure> {
        let experiment = resolve_experiment(name, &[])?;
        net_over(&experiment, weights, device).map_err(|failure| failure.located(name, &[]))
    }

    /// Shows what was found: the picture in its file, the numbers in one way or the other.
    fn show(
        &self,
        picture: impl FnOnce() -> Picture,
        json: serde_json::Value,
        print: impl FnOnce(),
    ) -> Result<(), Failure> {
        if let Some(path) = &self.out {
            write_picture(path, picture())?;
        }
        match self.json {
            true => text::print_json(&json),
            false => print(),
        }
        Ok(())
    }
}

/// A net, with the weights of a file or those before the first step, and its pictures, if there is room for both and for
/// an answer.
fn net_over(
    experiment: &Experiment,
    weights: Option<&Path>,
    device: &dyn Device,
) -> Result<(Net, Arc<DataSet>), Failure> {
    let source = Source::find(experiment)?;
    Model::foresee_of_net(experiment, source.prospect(), device, 1)?;
    let set = Arc::new(read(source)?);
    let Some(path) = weights else { return Ok((Net::initial(experiment, &set)?, set)) };
    let (mut net, mut file) = Net::open(experiment, path, Some(&set))?;
    file.renamed(&set.classes).inspect(|note| eprintln!("convscope: {note}"));
    net.read_numbers(&mut file)?;
    Ok((net, set))
}

/// The pictures, with what there is to note of them.
fn read(source: Source) -> Result<DataSet, Failure> {
    let set = source.read()?;
    set.notes.iter().for_each(|note| eprintln!("convscope: {note}"));
    Ok(set)
}

/// The weights of the convolution at `path`, or of the first one.
fn filters_of(net: &Net, path: Option<&str>) -> Result<Filters, Failure> {
    let (path, weight) =
        convolution_at(&net.graph, path).map_err(|error| Failure::BadInput(error.to_string()))?;
    let shape = net.graph.parameters[weight.0].shape.clone();
    let weights = Tensor::new(shape, net.numbers.parameters[weight.0].clone());
    let initial = Start::new(&net.graph, &net.experiment.train, net.experiment.seed).numbers(weight);
    let scale = reads_pictures(&net.graph, weight).then(|| net.normalisation.scale.clone());
    Ok(Filters { path, weights, initial: Some(initial), scale })
}
