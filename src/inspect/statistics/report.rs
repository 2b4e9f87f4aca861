//! The statistics of a net as plain data.

use rayon::prelude::*;

use super::numbers::{Histogram, Moments, norm, of_channels};
use super::probe::Step;
use super::theory::Link;
use crate::engine::layout;
use crate::experiment::layers::Activation;
use crate::graph::{Graph, LayerReport, NodeId, Op};
use crate::inspect::activations::computing;
use crate::train::weights::Numbers;

/// What was measured of a net, layer by layer.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Statistics {
    pub n_pictures: usize,
    /// Draws of the weights that were averaged over.
    pub n_draws: usize,
    /// Mean loss before the update.
    pub loss: f64,
    /// Of every layer that computes something, in the order of reading.
    pub layers: Vec<LayerStatistics>,
    /// Of every layer with weights.
    pub weights: Vec<WeightStatistics>,
    /// Of every batch normalisation.
    pub norms: Vec<NormStatistics>,
    /// Of every convolution that is larger than 1×1.
    pub responses: Vec<Response>,
}

/// The output of a layer.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct LayerStatistics {
    /// `layers.3.0.2`.
    pub path: String,
    /// The kind's word in the experiment file.
    pub kind: &'static str,
    /// Over all pictures, channels and positions.
    pub signal: Moments,
    /// The gradient of each picture's own loss by its numbers; none where the loss does not depend on them.
    pub gradient: Option<Moments>,
    /// Behind a ReLU: the share of units (channels, or numbers where there is no plane) that are 0 for every picture
    /// at every position.
    pub dead: Option<f64>,
    /// Behind a ReLU: the share of numbers that are 0.
    pub zeros: Option<f64>,
    pub signal_histogram: Option<Histogram>,
    pub gradient_histogram: Option<Histogram>,
}

/// The weights of a layer.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct WeightStatistics {
    pub path: String,
    /// How many weights.
    pub n_weights: usize,
    pub deviation: f64,
    /// `|w| = √Σ w²`.
    pub norm: f64,
    /// `|g|`, of the gradient of the mean loss.
    pub gradient_norm: f64,
    /// `|Δw| / |w|` of the step that the experiment's optimiser takes.
    pub update_ratio: f64,
    /// By what theory says the signal's power `E[y²]` is multiplied on the way here from the layer before:
    /// `n·E[w²]`, times ½ where a ReLU lies between. None where it says nothing ([`Link`]).
    pub theory: Option<f64>,
    /// By what it was multiplied.
    pub measured: Option<f64>,
    pub weight_histogram: Option<Histogram>,
    pub gradient_histogram: Option<Histogram>,
    /// Whether the signal is held against the pictures, before which there is no layer.
    pub is_first: bool,
}

/// A batch normalisation's two modes, channel by channel.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct NormStatistics {
    pub path: String,
    pub batch_mean: Vec<f64>,
    pub running_mean: Vec<f64>,
    pub batch_variance: Vec<f64>,
    pub running_variance: Vec<f64>,
    /// How far the batch's means are from the running ones, in running deviations: the root of the mean square.
    pub means_apart: f64,
    /// The batch's variance over the running one, the geometric mean over the channels.
    pub variance_ratio: f64,
}

/// The response of a convolution, behind its normalisation if there is one and before any non-linearity or sum: what
/// He et al. 2015 ("Deep residual learning", Figure 7) compare between plain and residual nets.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Response {
    pub path: String,
    pub deviation: f64,
}

/// By what a signal's power is multiplied from layer to layer, the geometric mean over all layers behind the first
/// of which theory says something.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Growth {
    pub theory: f64,
    pub measured: f64,
    pub n_layers: usize,
}

impl Statistics {
    pub(in crate::inspect) fn of(graph: &Graph, numbers: &Numbers, step: &Step, histograms: bool) -> Self {
        // Many numbers, of which training should not have to wait long.
        let of_layer = |report: &&LayerReport| LayerStatistics::of(graph, report, step, histograms);
        let layers = computing(graph).par_iter().map(of_layer).collect();
        let nodes = || (1..graph.nodes.len()).map(NodeId);
        let n_pictures = step.values.get(&NodeId(0)).map_or(0, |input| input.len() / graph.input().len());
        let of_weight = |node| WeightStatistics::of(graph, node, numbers, step, histograms);
        Self {
            n_pictures,
            n_draws: 1,
            loss: step.loss,
            layers,
            weights: nodes().filter_map(of_weight).collect(),
            norms: nodes().filter_map(|node| NormStatistics::of(graph, node, numbers, step)).collect(),
            responses: nodes().filter_map(|node| Response::of(graph, node, step)).collect(),
        }
    }

    /// Of the layer at a path, `layers.3.0.2`.
    pub fn at(&self, path: &str) -> Option<&LayerStatistics> {
        self.layers.iter().find(|layer| layer.path == path)
    }

    /// The mean over several draws of one net's weights: of what multiplies from layer to layer the geometric one.
    /// Histograms are those of the first draw.
    pub(super) fn mean(mut draws: Vec<Self>) -> Self {
        let n = draws.len();
        let mut logarithms: Vec<f64> = Vec::new();
        let mut sums: Vec<f64> = Vec::new();
        for draw in &mut draws {
            add(&mut logarithms, draw.factors().into_iter().map(|x| x.ln()));
            add(&mut sums, draw.shares().into_iter().map(|x| *x));
        }
        let mut mean = draws.swap_remove(0);
        mean.n_draws = n;
        mean.factors().into_iter().zip(logarithms).for_each(|(x, sum)| *x = (sum / n as f64).exp());
        mean.shares().into_iter().zip(sums).for_each(|(x, sum)| *x = sum / n as f64);
        mean
    }

    /// How the signal grows, by theory and by measurement.
    pub fn growth(&self) -> Option<Growth> {
        let links = || self.weights.iter().filter(|weight| !weight.is_first);
        let mean = |factors: Vec<f64>| {
            let n = factors.len() as f64;
            (factors.into_iter().map(f64::ln).sum::<f64>() / n).exp()
        };
        let both: Vec<(f64, f64)> = links().filter_map(|weight| weight.theory.zip(weight.measured)).collect();
        let (theory, measured): (Vec<f64>, Vec<f64>) = both.iter().copied().unzip();
        let n_layers = both.len();
        (n_layers > 0).then(|| Growth { theory: mean(theory), measured: mean(measured), n_layers })
    }

    /// How many times as long the gradient by the first layer's weights is as that by the last's.
    pub fn first_against_last(&self) -> Option<f64> {
        Some(self.weights.first()?.gradient_norm / self.weights.last()?.gradient_norm)
    }

    /// What is averaged by its logarithm.
    pub(super) fn factors(&mut self) -> Vec<&mut f64> {
        let mut found: Vec<&mut f64> = Vec::new();
        for layer in &mut self.layers {
            found.push(&mut layer.signal.deviation);
            found.extend(layer.gradient.as_mut().map(|gradient| &mut gradient.deviation));
        }
        for weight in &mut self.weights {
            found.extend([&mut weight.deviation, &mut weight.norm]);
            found.extend([&mut weight.gradient_norm, &mut weight.update_ratio]);
            found.extend(weight.theory.as_mut());
            found.extend(weight.measured.as_mut());
        }
        found.extend(self.norms.iter_mut().map(|norm| &mut norm.variance_ratio));
        found.extend(self.responses.iter_mut().map(|response| &mut response.deviation));
        found
    }

    /// What is averaged as it is.
    fn shares(&mut self) -> Vec<&mut f64> {
        let mut found = vec![&mut self.loss];
        for layer in &mut self.layers {
            found.push(&mut layer.signal.mean);
            found.extend(layer.gradient.as_mut().map(|gradient| &mut gradient.mean));
            found.extend(layer.dead.as_mut());
            found.extend(layer.zeros.as_mut());
        }
        for norm in &mut self.norms {
            found.push(&mut norm.means_apart);
            found.extend(norm.batch_mean.iter_mut());
            found.extend(norm.batch_variance.iter_mut());
        }
        found
    }
}

/// Adds number by number to sums that begin at nothing.
fn add(sums: &mut Vec<f64>, numbers: impl Iterator<Item = f64>) {
    for (i, x) in numbers.enumerate() {
        match sums.get_mut(i) {
            Some(sum) => *sum += x,
            None => sums.push(x),
        }
    }
}

impl LayerStatistics {
    fn of(graph: &Graph, report: &LayerReport, step: &Step, histograms: bool) -> Self {
        let values = &step.values[&report.node];
        let gradients = step.gradients.get(&report.node);
        let is_relu = matches!(
            &graph.node(report.node).op,
            Op::Activation(activation) if activation.function == Activation::Relu
        );
        let zeros = || values.iter().filter(|&&x| x == 0.0).count() as f64 / values.len().max(1) as f64;
        Self {
            path: report.path.clone(),
            kind: report.kind,
            signal: Moments::of(values),
            gradient: gradients.map(|gradients| Moments::of(gradients)),
            dead: is_relu.then(|| dead_share(values, report.output.channels)),
            zeros: is_relu.then(zeros),
            signal_histogram: histograms.then(|| Histogram::of(values)),
            gradient_histogram: gradients.filter(|_| histograms).map(|gradients| Histogram::of(gradients)),
        }
    }
}

/// The share of channels that are 0 everywhere, in maps `(N, H, W, C)`.
fn dead_share(values: &[f32], n_channels: usize) -> f64 {
    let mut is_dead = vec![true; n_channels];
    for pixel in values.chunks_exact(n_channels) {
        is_dead.iter_mut().zip(pixel).for_each(|(is_dead, &x)| *is_dead &= x == 0.0);
    }
    is_dead.iter().filter(|&&is_dead| is_dead).count() as f64 / n_channels as f64
}

impl WeightStatistics {
    fn of(graph: &Graph, node: NodeId, numbers: &Numbers, step: &Step, histograms: bool) -> Option<Self> {
        let id = graph.node(node).op.weight()?;
        let parameter = &graph.parameters[id.0];
        let (weights, gradient) = (&numbers.parameters[id.0], &step.by_parameter[id.0]);
        let link = Link::to(graph, node);
        let power = |node| step.values.get(&node).map(|values| Moments::of(values).mean_square());
        let measured = |link: &Link| Some(power(link.node)? / power(link.source)?);
        let moments = Moments::of(weights);
        Some(Self {
            path: parameter.name.trim_end_matches(".weight").to_string(),
            n_weights: parameter.len(),
            deviation: moments.deviation,
            norm: norm(weights),
            gradient_norm: norm(gradient),
            update_ratio: step.changes[id.0] / norm(weights),
            theory: link.map(|link| link.factor * moments.mean_square()),
            measured: link.as_ref().and_then(measured),
            weight_histogram: histograms.then(|| Histogram::of(weights)),
            gradient_histogram: histograms
                .then(|| Histogram::of(&layout::parameter_from_storage(parameter, gradient))),
            is_first: link.is_some_and(|link| link.source == NodeId(0)),
        })
    }
}

impl NormStatistics {
    fn of(graph: &Graph, node: NodeId, numbers: &Numbers, step: &Step) -> Option<Self> {
        let Op::BatchNorm(norm) = &graph.node(node).op else { return None };
        let values = step.values.get(&graph.node(node).inputs[0])?;
        let (batch_mean, batch_variance) = of_channels(values, graph.node(node).extent.channels);
        let running = |id: crate::graph::StatisticId| -> Vec<f64> {
            numbers.statistics[id.0].iter().map(|&x| f64::from(x)).collect()
        };
        let (running_mean, running_variance) = (running(norm.mean), running(norm.variance));
        let n = batch_mean.len() as f64;
        let channels = || 0..batch_mean.len();
        let floor = f64::from(norm.epsilon);
        let apart = |c: usize| (batch_mean[c] - running_mean[c]).powi(2) / (running_variance[c] + floor);
        let ratio = |c: usize| ((batch_variance[c] + floor) / (running_variance[c] + floor)).ln();
        Some(Self {
            path: graph.parameters[norm.scale.0].name.trim_end_matches(".weight").to_string(),
            means_apart: (channels().map(apart).sum::<f64>() / n).sqrt(),
            variance_ratio: (channels().map(ratio).sum::<f64>() / n).exp(),
            batch_mean,
            running_mean,
            batch_variance,
            running_variance,
        })
    }
}

impl Response {
    fn of(graph: &Graph, node: NodeId, step: &Step) -> Option<Self> {
        let Op::Conv(conv) = &graph.node(node).op else { return None };
        if conv.window.area() == 1 {
            return None;
        }
        let is_its_norm = |other: &NodeId| {
            graph.node(*other).inputs == [node] && matches!(graph.node(*other).op, Op::BatchNorm(_))
        };
        let norm = (node.0 + 1..graph.nodes.len()).map(NodeId).find(is_its_norm);
        let values = step.values.get(&norm.unwrap_or(node))?;
        let path = graph.parameters[conv.weight.0].name.trim_end_matches(".weight").to_string();
        Some(Self { path, deviation: Moments::of(values).deviation })
    }
}
