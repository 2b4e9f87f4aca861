//! A deeper net with the same function, by construction: identity layers set into one that has been trained.
//!
//! "There exists a solution by construction to the deeper model: the added layers are identity mapping, and the other
//! layers are copied from the learned shallower model" (He et al. 2015, "Deep residual learning for image
//! recognition", section 1). So a deeper net need never have a higher training error; where training finds one, the
//! fault is with the training.
//!
//! A plain identity is a convolution whose kernel is 1 in the middle, from a channel to itself, and a ReLU, which
//! changes nothing where all is positive already. A normalisation between them scales by `γ = √(σ² + ε)` and shifts
//! by `β = μ`, with μ and σ² measured on pictures where it stands, so that it undoes itself in training mode as in
//! test mode and training can go on from here. A residual identity is a block whose branch ends in zeros.

use super::batch::Batch;
use super::statistics::of_channels;
use crate::engine::Device;
use crate::experiment::layers::{Activation, BatchNorm, Branches, Conv, Merge, Padding};
use crate::experiment::{Initialisation, Kind, Layer, LayerId, NetworkChoice};
use crate::graph::{Goal, Graph, NodeId, Op, Role};
use crate::inspect::values::Values;
use crate::tensor::Extent;
use crate::train::weights::Numbers;
use crate::train::{Net, TrainError};

/// What to set into a net.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Insertion {
    /// Layers with weights, shared out evenly among the ends of the net's stages.
    pub n_layers: usize,
    pub form: Form,
}

/// What an identity is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// Convolutions that pass every channel on.
    Plain,
    /// Blocks of two convolutions beside a shortcut, which give nothing.
    Residual,
}

/// A net made deeper.
pub struct Deeper {
    pub net: Net,
    pub places: Vec<Place>,
}

/// Where identity layers were set in.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Place {
    /// Behind this layer of the net as it was.
    pub behind: String,
    pub extent: Extent,
    pub n_layers: usize,
}

/// Why a net cannot be made deeper in this way.
#[derive(Debug, thiserror::Error)]
pub enum InsertionProblem {
    #[error(
        "Identity layers go behind a ReLU, where nothing is negative, and this net has none with maps behind it \
         outside of branches and repetitions that go on with another layer."
    )]
    NoPlace,
    #[error("Residual identities are blocks of two layers. Insert an even number of them.")]
    Odd,
    #[error(transparent)]
    Train(#[from] TrainError),
}

/// A place between two layers of the stack.
struct Gap {
    /// The layers before it.
    n_before: usize,
    node: NodeId,
    extent: Extent,
    path: String,
}

/// The net with identity layers at the end of each of its stages, as far as those end in a ReLU: the last places at
/// which maps have each of their shapes.
///
/// # Errors
/// No place for them, or a device without room.
pub fn deeper(
    net: &Net,
    insertion: Insertion,
    pictures: &Batch,
    device: &dyn Device,
) -> Result<Deeper, InsertionProblem> {
    let each = match insertion.form {
        Form::Plain => 1,
        Form::Residual => 2,
    };
    if !insertion.n_layers.is_multiple_of(each) {
        return Err(InsertionProblem::Odd);
    }
    let gaps = gaps(net);
    if gaps.is_empty() {
        return Err(InsertionProblem::NoPlace);
    }
    let n_units = insertion.n_layers / each;
    let share = |i: usize| n_units / gaps.len() + usize::from(i < n_units % gaps.len());
    let mut style = Style { form: insertion.form, norm: norm_of(&net.network.layers), inserted: Vec::new() };
    let mut layers = net.network.layers.clone();
    // From behind, so that the places before stay where they are.
    for (i, gap) in gaps.iter().enumerate().rev() {
        let units = (0..share(i)).flat_map(|_| style.unit(gap.extent.channels, i));
        let units: Vec<Layer> = units.collect();
        layers.splice(gap.n_before..gap.n_before, units);
    }
    let place = |(i, gap): (usize, &Gap)| Place {
        behind: gap.path.clone(),
        extent: gap.extent,
        n_layers: each * share(i),
    };
    let places = gaps.iter().enumerate().map(place).collect();
    let nodes: Vec<NodeId> = gaps.iter().map(|gap| gap.node).collect();
    let values = Values::of(net, pictures, &nodes, device).map_err(TrainError::from)?;
    let moments =
        gaps.iter().map(|gap| of_channels(&values.stored[&gap.node], gap.extent.channels)).collect();
    let net = filled(net, layers, &style, moments).map_err(TrainError::from)?;
    Ok(Deeper { net, places })
}

/// The last place of each shape of maps at the end of a ReLU; the classifier's own shape is none.
fn gaps(net: &Net) -> Vec<Gap> {
    let mut gaps: Vec<Gap> = Vec::new();
    for i in 0..net.network.layers.len() {
        let (path, inside) = (format!("layers.{i}"), format!("layers.{i}."));
        let own = |other: &str| other == path || other.starts_with(&inside);
        let Some(last) = net.graph.layers.iter().rfind(|report| own(&report.path)) else { continue };
        let is_relu = matches!(&net.graph.node(last.node).op,
            Op::Activation(activation) if activation.function == Activation::Relu);
        if is_relu && last.output.height * last.output.width > 1 {
            gaps.retain(|gap| gap.extent != last.output);
            let (node, extent) = (last.node, last.output);
            gaps.push(Gap { n_before: i + 1, node, extent, path: last.path.clone() });
        }
    }
    gaps
}

/// The settings of the first normalisation in a stack, if it has one.
fn norm_of(layers: &[Layer]) -> Option<BatchNorm> {
    layers.iter().find_map(|layer| match &layer.kind {
        Kind::BatchNorm(norm) => Some(norm.clone()),
        kind => kind.children().into_iter().find_map(|inside| norm_of(inside)),
    })
}

/// How identities are built here, and which have been.
struct Style {
    form: Form,
    norm: Option<BatchNorm>,
    /// Layers with numbers of their own, with the gap that they stand in.
    inserted: Vec<(LayerId, usize)>,
}

impl Style {
    fn unit(&mut self, channels: usize, gap: usize) -> Vec<Layer> {
        let relu = || Layer::new(Kind::Activation(Activation::Relu));
        match self.form {
            Form::Plain => {
                let mut layers = self.convolution(channels, Some(Initialisation::Dirac), gap);
                layers.push(relu());
                layers
            }
            Form::Residual => {
                // Without a normalisation, whose scale can be 0, the last convolution is itself.
                let last = if self.norm.is_none() { Some(Initialisation::Zero) } else { None };
                let mut branch = self.convolution(channels, None, gap);
                branch.push(relu());
                branch.extend(self.convolution(channels, last, gap));
                let branches = Branches { merge: Merge::Add, branches: vec![branch, Vec::new()] };
                vec![Layer::new(Kind::Branches(branches)), relu()]
            }
        }
    }

    fn convolution(&mut self, channels: usize, init: Option<Initialisation>, gap: usize) -> Vec<Layer> {
        let padding = Padding::Each([1, 1]);
        let conv = Conv { filters: channels, padding, bias: self.norm.is_none(), init, ..Conv::default() };
        let mut layers = vec![Layer::new(Kind::Conv(conv))];
        layers.extend(self.norm.clone().map(|norm| Layer::new(Kind::BatchNorm(norm))));
        self.inserted.extend(layers.iter().map(|layer| (layer.id, gap)));
        layers
    }
}

/// The deeper net with the old one's numbers in the old places, and in the new ones those of the identity. `moments`
/// are mean and variance of each channel in each gap.
fn filled(
    net: &Net,
    layers: Vec<Layer>,
    style: &Style,
    moments: Vec<(Vec<f64>, Vec<f64>)>,
) -> Result<Net, crate::graph::ShapeProblem> {
    let mut deeper = net.clone();
    deeper.network.layers.clone_from(&layers);
    deeper.experiment.network = NetworkChoice::Layers { input: Some(net.graph.input()), layers };
    let goal = Goal::answering(net.experiment.train.loss, net.classes.len());
    deeper.graph = Graph::for_goal(&deeper.network, &goal)?;
    let graph = &deeper.graph;
    let gap_of = |name: &str| {
        let path = name.rsplit_once('.').map_or(name, |(path, _)| path);
        let report = graph.layers.iter().find(|report| report.path == path)?;
        style.inserted.iter().find(|(id, _)| *id == report.layer).map(|(_, gap)| *gap)
    };
    let mut numbers = Numbers::initial(graph, &net.experiment.train, net.experiment.seed);
    let (mut parameters, mut statistics) = (net.numbers.parameters.iter(), net.numbers.statistics.iter());
    let epsilon = style.norm.as_ref().map_or(0.0, |norm| f64::from(norm.epsilon));
    let single = |numbers: &[f64]| numbers.iter().map(|&x| x as f32).collect::<Vec<f32>>();
    for (parameter, own) in graph.parameters.iter().zip(&mut numbers.parameters) {
        match (gap_of(&parameter.name), parameter.role) {
            (None, _) => own.clone_from_slice(parameters.next().map_or(&[][..], Vec::as_slice)),
            (Some(_), Role::Scale) if parameter.ends_branch => own.fill(0.0),
            (Some(gap), Role::Scale) if style.form == Form::Plain => {
                let roots: Vec<f64> =
                    moments[gap].1.iter().map(|variance| (variance + epsilon).sqrt()).collect();
                *own = single(&roots);
            }
            (Some(gap), Role::Shift) if style.form == Form::Plain => *own = single(&moments[gap].0),
            // Drawn as a net begins: for a plain identity that is the identity.
            (Some(_), _) => {}
        }
    }
    for (statistic, own) in graph.statistics.iter().zip(&mut numbers.statistics) {
        match gap_of(&statistic.name) {
            None => own.clone_from_slice(statistics.next().map_or(&[][..], Vec::as_slice)),
            Some(gap) if style.form == Form::Plain => {
                let is_mean = statistic.name.ends_with("mean");
                *own = single(if is_mean { &moments[gap].0 } else { &moments[gap].1 });
            }
            Some(_) => {}
        }
    }
    deeper.numbers = numbers;
    Ok(deeper)
}

/// How far two nets' answers to the same pictures are apart.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Comparison {
    pub n_pictures: usize,
    pub n_answers_changed: usize,
    /// The largest answer by magnitude, and the largest difference between two.
    pub largest: f64,
    pub largest_difference: f64,
    /// Every logit of the one, and of the other.
    #[serde(skip)]
    pub answers: [Vec<f32>; 2],
}

/// Asks two nets about the same pictures, in test mode.
///
/// # Errors
/// A device without room.
pub fn compare(nets: [&Net; 2], pictures: &Batch, device: &dyn Device) -> Result<Comparison, TrainError> {
    let answers = |net: &Net| -> Result<Vec<f32>, TrainError> {
        let mut values = Values::of(net, pictures, &[net.graph.output], device)?;
        Ok(values.stored.remove(&net.graph.output).unwrap_or_default())
    };
    let [one, other] = [answers(nets[0])?, answers(nets[1])?];
    let n_answers = nets[0].graph.node(nets[0].graph.output).extent.len().max(1);
    Ok(Comparison::of([one, other], n_answers))
}

/// Layers with weights.
pub fn weighted(graph: &Graph) -> usize {
    graph.nodes.iter().filter(|node| node.op.weight().is_some()).count()
}

impl Comparison {
    /// Of the logits of two nets, `n_answers` for each picture.
    pub fn of(answers: [Vec<f32>; 2], n_answers: usize) -> Self {
        let [one, other] = &answers;
        let pairs = || one.iter().zip(other).map(|(&a, &b)| (f64::from(a), f64::from(b)));
        let both = one.chunks_exact(n_answers).zip(other.chunks_exact(n_answers));
        Self {
            n_pictures: one.len() / n_answers,
            n_answers_changed: both.filter(|(a, b)| best(a) != best(b)).count(),
            largest: pairs().fold(0.0, |largest, (a, _)| largest.max(a.abs())),
            largest_difference: pairs().fold(0.0, |largest, (a, b)| largest.max((a - b).abs())),
            answers,
        }
    }

    /// The share of wrong answers of either net, where the pictures are of these classes.
    pub fn errors(&self, classes: &[u16]) -> [f64; 2] {
        let n = self.n_pictures.max(1);
        self.answers.each_ref().map(|answers| {
            let each = (answers.len() / n).max(1);
            let wrong =
                answers.chunks_exact(each).zip(classes).filter(|(a, class)| best(a) != **class as usize);
            wrong.count() as f64 / n as f64
        })
    }
}

/// The class with the largest logit, the first of equals.
fn best(logits: &[f32]) -> usize {
    (1..logits.len()).fold(0, |best, k| if logits[k] > logits[best] { k } else { best })
}

#[cfg(test)]
mod tests;
