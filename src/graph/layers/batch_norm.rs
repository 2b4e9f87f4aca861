//! Batch normalisation: `y = γ · (x − μ) / √(σ² + ε) + β` for each channel (Ioffe and Szegedy 2015,
//! Algorithm 1). In training μ and σ² are those of the batch over `(N, H, W)`; in testing, running ones.

use super::{Pass, StepOp};
use crate::experiment::layers::BatchNorm;
use crate::graph::build::Builder;
use crate::graph::program::{Emit, Mode, ValueId};
use crate::graph::{NodeId, ParameterId, Role, StatisticId};
use crate::tensor::Extent;

#[derive(Clone, Debug, PartialEq)]
pub struct BatchNormNode {
    pub scale: ParameterId,
    pub shift: ParameterId,
    pub mean: StatisticId,
    pub variance: StatisticId,
    pub epsilon: f32,
    pub momentum: f32,
    /// Whether a ReLU follows within the same step.
    pub relu: bool,
}

/// `Forward`, training: x, γ, β → y, batch mean, 1/√(σ²+ε), running mean, running variance (both moved).
/// `Forward`, testing: x, γ, β, running mean, running variance → y.
/// `Backward`, training: x, dy, γ, β, batch mean, 1/√(σ²+ε) → dx, dγ, dβ; behind a ReLU the sign of y is
/// found again from x. `Backward`, testing: x, dy, γ, β, running mean, running variance → dx, dγ, dβ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchNormStep {
    pub pass: Pass,
    pub mode: Mode,
    pub batch: usize,
    /// Of x and y, `(C, H, W)`.
    pub extent: Extent,
    pub epsilon: f32,
    pub momentum: f32,
    pub relu: bool,
}

pub(in crate::graph) fn add(
    norm: &BatchNorm,
    builder: &mut Builder,
    input: NodeId,
) -> Result<NodeId, String> {
    let extent = builder.extent(input);
    let op = super::Op::BatchNorm(BatchNormNode {
        scale: builder.parameter("weight", vec![extent.channels], Role::Scale)?,
        shift: builder.parameter("bias", vec![extent.channels], Role::Shift)?,
        mean: builder.statistic("running_mean", extent.channels, 0.0),
        variance: builder.statistic("running_var", extent.channels, 1.0),
        epsilon: norm.epsilon,
        momentum: norm.momentum,
        relu: false,
    });
    builder.node(op, vec![input], extent, builder.field(input))
}

impl BatchNormNode {
    pub(super) fn forward(&self, emit: &mut Emit, node: NodeId) {
        let x = emit.graph.node(node).inputs[0];
        let extent = emit.extent(node);
        let mut inputs = vec![emit.forward_value(x), emit.parameter(self.scale), emit.parameter(self.shift)];
        let y = emit.batch_of(extent);
        let running = [emit.statistic(self.mean), emit.statistic(self.variance)];
        let outputs = match emit.mode {
            Mode::Train => {
                let batch = [emit.transient(extent.channels), emit.transient(extent.channels)];
                emit.save(node, batch.to_vec());
                vec![y, batch[0], batch[1], running[0], running[1]]
            }
            Mode::Test => {
                inputs.extend(running);
                emit.save(node, running.to_vec());
                vec![y]
            }
        };
        emit.step(self.step(emit, node, Pass::Forward), inputs, outputs);
        emit.set_forward(node, y);
    }

    pub(super) fn backward(&self, emit: &mut Emit, node: NodeId, gradient: ValueId) {
        let x = emit.graph.node(node).inputs[0];
        let saved = [emit.saved(node)[0], emit.saved(node)[1]];
        let mut inputs = vec![emit.forward_value(x), gradient];
        inputs.extend([emit.parameter(self.scale), emit.parameter(self.shift)]);
        inputs.extend(saved);
        let dx = emit.batch_of(emit.extent(x));
        let outputs = vec![dx, emit.parameter_gradient(self.scale), emit.parameter_gradient(self.shift)];
        emit.step(self.step(emit, node, Pass::Backward), inputs, outputs);
        emit.contribute(x, dx);
    }

    fn step(&self, emit: &Emit, node: NodeId, pass: Pass) -> StepOp {
        StepOp::BatchNorm(BatchNormStep {
            pass,
            mode: emit.mode,
            batch: emit.batch,
            extent: emit.extent(node),
            epsilon: self.epsilon,
            momentum: self.momentum,
            relu: self.relu,
        })
    }
}
