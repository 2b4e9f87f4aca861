//! The tree of layers as nested modules, with the names that the tensors have in files: `nn.Sequential` counts
//! its children as our paths do.

use std::collections::{BTreeSet, HashMap};

use super::blocks;
use super::expression::{Argument, Block, Expression};
use super::layers::{self, Helper, Written};
use crate::experiment::layers::{Branches, Repeat};
use crate::experiment::{Kind, Layer, Network};
use crate::export::ExportError;
use crate::graph::Graph;
use crate::tensor::Extent;

/// A net as one expression.
pub struct Modules {
    pub layers: Expression,
    pub helpers: BTreeSet<Helper>,
    /// Whether the last layer gives `(N, K)` rather than `(N, K, H, W)`.
    pub is_flat: bool,
}

/// A value between two layers: its shape, and whether it is `(N, K)` in PyTorch, as behind a fully connected
/// layer, rather than `(N, C, H, W)`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Value {
    extent: Extent,
    is_flat: bool,
}

impl Modules {
    pub fn of(network: &Network, graph: &Graph) -> Result<Self, ExportError> {
        let outputs = graph.layers.iter().map(|layer| (layer.path.as_str(), layer.output)).collect();
        let mut walk = Walk { outputs, helpers: BTreeSet::new(), keeps_maps: false, needs_maps: false };
        let input = Value { extent: network.input, is_flat: false };
        let mut made = walk.stack("layers", &network.layers, input, true)?;
        // Where maps are needed behind a vector, or the two meet, vectors are maps of one pixel throughout.
        if walk.needs_maps {
            walk.keeps_maps = true;
            walk.helpers.clear();
            made = walk.stack("layers", &network.layers, input, true)?;
        }
        let (modules, output) = made;
        Ok(Self { layers: modules, helpers: walk.helpers, is_flat: output.is_flat })
    }
}

struct Walk<'a> {
    /// Output of each layer by its path.
    outputs: HashMap<&'a str, Extent>,
    helpers: BTreeSet<Helper>,
    keeps_maps: bool,
    needs_maps: bool,
}

impl Walk<'_> {
    /// The layers of a stack as `nn.Sequential`; where asked for, with the shape beside each layer that changes
    /// it.
    fn stack(
        &mut self,
        path: &str,
        layers: &[Layer],
        input: Value,
        with_shapes: bool,
    ) -> Result<(Expression, Value), ExportError> {
        let mut modules = Vec::new();
        let mut value = input;
        for (i, layer) in layers.iter().enumerate() {
            let (module, output) = self.layer(&format!("{path}.{i}"), layer, value)?;
            let comment = (with_shapes && output != value).then(|| shape(output));
            value = output;
            modules.push(Argument { comment, ..Argument::plain(module) });
        }
        Ok((Expression::call("nn.Sequential", modules), value))
    }

    fn layer(&mut self, path: &str, layer: &Layer, input: Value) -> Result<(Expression, Value), ExportError> {
        match &layer.kind {
            Kind::Repeat(repeat) => self.repeat(path, repeat, input),
            Kind::Branches(branches) => self.branches(path, branches, input),
            kind => {
                let (module, helper) = self.leaf(kind, input)?;
                self.helpers.extend(helper);
                let extent = self.outputs.get(path).copied().unwrap_or(input.extent);
                let is_flat = match kind {
                    Kind::Linear(_) | Kind::Flatten => !self.keeps_maps,
                    _ => input.is_flat,
                };
                Ok((module, Value { extent, is_flat }))
            }
        }
    }

    fn leaf(&mut self, kind: &Kind, input: Value) -> Result<Written, ExportError> {
        let Value { extent: x, is_flat } = input;
        let is_at_home_with_vectors = matches!(
            kind,
            Kind::Linear(_)
                | Kind::BatchNorm(_)
                | Kind::Activation(_)
                | Kind::Prelu(_)
                | Kind::Dropout(_)
                | Kind::Flatten
                | Kind::Identity
        );
        self.needs_maps |= is_flat && !is_at_home_with_vectors;
        Ok(match kind {
            Kind::Conv(conv) => layers::conv(conv, x),
            Kind::TransposedConv(conv) => (layers::transposed_conv(conv, x), None),
            Kind::Linear(linear) => layers::linear(linear, x, is_flat, self.keeps_maps),
            Kind::BatchNorm(norm) => (layers::batch_norm(norm, x, is_flat), None),
            Kind::Activation(activation) => (layers::activation(*activation), None),
            Kind::Pool(pool) => (layers::pool(pool), None),
            Kind::Prelu(prelu) => (layers::prelu(prelu, x), None),
            Kind::GlobalAveragePool => (layers::global_average_pool(), None),
            Kind::Lrn(lrn) => (layers::lrn(lrn), None),
            Kind::Dropout(dropout) => (layers::dropout(dropout), None),
            Kind::Upsample(upsample) => (layers::upsample(upsample), None),
            Kind::Flatten => layers::flatten(self.keeps_maps),
            Kind::Identity => (blocks::identity(), None),
            Kind::PermutePixels(_) => layers::permute_pixels(x),
            Kind::Shortcut(shortcut) => layers::shortcut(shortcut, x),
            Kind::Branches(_) | Kind::Repeat(_) => unreachable!("combinators are walked through"),
        })
    }

    /// Each time a stack of its own; those that follow each other and are the same are written once.
    fn repeat(
        &mut self,
        path: &str,
        repeat: &Repeat,
        input: Value,
    ) -> Result<(Expression, Value), ExportError> {
        let mut runs: Vec<(Expression, usize)> = Vec::new();
        let mut value = input;
        for i in 0..repeat.times {
            let (module, output) = self.stack(&format!("{path}.{i}"), &repeat.layers, value, false)?;
            value = output;
            match runs.last_mut() {
                Some((last, times)) if *last == module => *times += 1,
                _ => runs.push((module, 1)),
            }
        }
        let module = |(module, times): (Expression, usize)| match times {
            1 => module,
            times => Expression::Repeated { body: Box::new(module), times },
        };
        Ok((Expression::sequential(runs.into_iter().map(module).collect()), value))
    }

    fn branches(
        &mut self,
        path: &str,
        branches: &Branches,
        input: Value,
    ) -> Result<(Expression, Value), ExportError> {
        let (mut modules, mut ends) = (Vec::new(), Vec::new());
        for (i, layers) in branches.branches.iter().enumerate() {
            let (module, end) = self.stack(&format!("{path}.branches.{i}"), layers, input, false)?;
            modules.push(if layers.is_empty() { blocks::identity() } else { module });
            ends.push(end);
        }
        let is_flat = ends.iter().all(|end| end.is_flat);
        self.needs_maps |= !is_flat && ends.iter().any(|end| end.is_flat);
        let extent = self.outputs.get(path).copied().unwrap_or(input.extent);
        let title = blocks::title(branches);
        let block = Block { merge: branches.merge, title, branches: modules };
        Ok((Expression::Block(Box::new(block)), Value { extent, is_flat }))
    }
}

/// The shape of a batch as a comment.
fn shape(value: Value) -> String {
    let Extent { channels, height, width } = value.extent;
    match value.is_flat {
        true => format!("(N, {channels})"),
        false => format!("(N, {channels}, {height}, {width})"),
    }
}
