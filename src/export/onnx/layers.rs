//! Each op in ONNX's words.

use super::proto::Attribute;
use super::writer::{OUTPUT, Writer};
use crate::experiment::layers::{Activation, Lrn, Merge, PoolMode, UpsampleMode};
use crate::graph::layers::activation::ActivationNode;
use crate::graph::layers::batch_norm::BatchNormNode;
use crate::graph::layers::conv::ConvNode;
use crate::graph::layers::linear::LinearNode;
use crate::graph::layers::lrn::LrnNode;
use crate::graph::layers::merge::MergeNode;
use crate::graph::layers::permute::PermuteNode;
use crate::graph::layers::pool::{PoolNode, PoolStep};
use crate::graph::layers::prelu::PreluNode;
use crate::graph::layers::shortcut::ShortcutNode;
use crate::graph::layers::transposed_conv::TransposedConvNode;
use crate::graph::layers::upsample::UpsampleNode;
use crate::graph::layers::{Op, Pass, Window};
use crate::graph::{NodeId, ParameterId};
use crate::tensor::Extent;

/// Writes all nodes of the graph, in order, and the output.
pub fn write(writer: &mut Writer) {
    for node in (1..writer.graph.nodes.len()).map(NodeId) {
        match &writer.graph.node(node).op {
            // Only the first node is an input, and it is there.
            Op::Input => {}
            Op::Conv(op) => conv(op, writer, node),
            Op::TransposedConv(op) => transposed_conv(op, writer, node),
            Op::Linear(op) => linear(op, writer, node),
            Op::BatchNorm(op) => batch_norm(op, writer, node),
            Op::Activation(op) => activation(op, writer, node),
            Op::Pool(op) => pool(op, writer, node),
            Op::Prelu(op) => prelu(op, writer, node),
            Op::Lrn(op) => lrn(op, writer, node),
            Op::Dropout(_) => same(writer, node),
            Op::Upsample(op) => upsample(op, writer, node),
            Op::Flatten(_) => flatten(writer, node),
            Op::Permute(op) => permute(op, writer, node),
            Op::Shortcut(op) => shortcut(op, writer, node),
            Op::Merge(op) => merge(op, writer, node),
        }
    }
    let output = writer.graph.output;
    let name = match writer.extent(output).is_vector() {
        true => writer.vectors(output),
        false => writer.maps(output),
    };
    writer.op("Identity", &[&name], OUTPUT, Vec::new());
}

/// The only input of a node.
fn input(writer: &Writer, node: NodeId) -> NodeId {
    writer.graph.node(node).inputs[0]
}

/// What does nothing in test mode.
fn same(writer: &mut Writer, node: NodeId) {
    let (name, is_flat) = writer.value(input(writer, node));
    writer.set(name, is_flat);
}

fn conv(op: &ConvNode, writer: &mut Writer, node: NodeId) {
    let from = input(writer, node);
    let attributes = vec![
        Attribute::ints("kernel_shape", &op.window.kernel),
        Attribute::ints("strides", &op.window.stride),
        Attribute::ints("dilations", &op.window.dilation),
        Attribute::ints("pads", &pads(&op.window, writer.extent(from), writer.extent(node))),
        Attribute::int("group", op.groups),
    ];
    let x = writer.maps(from);
    let name = weighted("Conv", writer, node, x, (op.weight, op.bias), attributes);
    writer.set(name, false);
}

fn transposed_conv(op: &TransposedConvNode, writer: &mut Writer, node: NodeId) {
    let from = input(writer, node);
    let (x, y, window) = (writer.extent(from), writer.extent(node), op.window);
    // What the last prints leave free at the end.
    let added = |axis: usize, x: usize, y: usize| {
        let printed = (x - 1) * window.stride[axis] + window.span()[axis];
        (y + 2 * window.padding[axis]).saturating_sub(printed)
    };
    let [vertical, horizontal] = window.padding;
    let attributes = vec![
        Attribute::ints("kernel_shape", &window.kernel),
        Attribute::ints("strides", &window.stride),
        Attribute::ints("dilations", &window.dilation),
        Attribute::ints("pads", &[vertical, horizontal, vertical, horizontal]),
        Attribute::ints("output_padding", &[added(0, x.height, y.height), added(1, x.width, y.width)]),
        Attribute::int("group", op.groups),
    ];
    let x = writer.maps(from);
    let name = weighted("ConvTranspose", writer, node, x, (op.weight, op.bias), attributes);
    writer.set(name, false);
}

fn linear(op: &LinearNode, writer: &mut Writer, node: NodeId) {
    let from = input(writer, node);
    let x = writer.vectors(from);
    let attributes = vec![Attribute::int("transB", 1)];
    let name = weighted("Gemm", writer, node, x, (op.weight, op.bias), attributes);
    writer.set(name, true);
}

/// An operator of x, weights and, where there is one, a bias.
fn weighted(
    op_type: &str,
    writer: &mut Writer,
    node: NodeId,
    x: String,
    (weight, bias): (ParameterId, Option<ParameterId>),
    attributes: Vec<Attribute>,
) -> String {
    let mut inputs = vec![x, writer.parameter(weight, None)];
    inputs.extend(bias.map(|bias| writer.parameter(bias, None)));
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    let name = writer.name(node);
    writer.op(op_type, &inputs, name, attributes)
}

fn batch_norm(op: &BatchNormNode, writer: &mut Writer, node: NodeId) {
    let x = writer.maps(input(writer, node));
    let (scale, shift) = (writer.parameter(op.scale, None), writer.parameter(op.shift, None));
    let (mean, variance) = (writer.statistic(op.mean), writer.statistic(op.variance));
    let attributes = vec![Attribute::float("epsilon", op.epsilon)];
    let inputs = [x, scale, shift, mean, variance];
    let inputs = inputs.each_ref().map(String::as_str);
    let name = writer.op("BatchNormalization", &inputs, writer.name(node), attributes);
    writer.set(name, false);
}

fn activation(op: &ActivationNode, writer: &mut Writer, node: NodeId) {
    let (x, is_flat) = writer.value(input(writer, node));
    let name = writer.name(node);
    let (op_type, attributes) = match op.function {
        Activation::Relu => ("Relu", Vec::new()),
        Activation::LeakyRelu { slope } => ("LeakyRelu", vec![Attribute::float("alpha", slope)]),
        Activation::Elu { alpha } => ("Elu", vec![Attribute::float("alpha", alpha)]),
        // Its two constants are what ONNX takes where none are given.
        Activation::Selu => ("Selu", Vec::new()),
        Activation::Tanh => ("Tanh", Vec::new()),
        Activation::Sigmoid => ("Sigmoid", Vec::new()),
        Activation::Gelu => {
            let share = normal_share(writer, &name, &x);
            let name = writer.op("Mul", &[&x, &share], name, Vec::new());
            return writer.set(name, is_flat);
        }
        Activation::Silu => {
            let share = writer.op("Sigmoid", &[&x], format!("{name}/sigmoid"), Vec::new());
            let name = writer.op("Mul", &[&x, &share], name, Vec::new());
            return writer.set(name, is_flat);
        }
    };
    let name = writer.op(op_type, &[&x], name, attributes);
    writer.set(name, is_flat);
}

/// `Φ(x) = (1 + erf(x / √2)) / 2`: the operators of this version have the error function, but no GELU yet.
fn normal_share(writer: &mut Writer, name: &str, x: &str) -> String {
    let constants = [("root", std::f32::consts::FRAC_1_SQRT_2), ("half", 0.5)];
    let constants = constants.map(|(what, number)| writer.floats(&format!("{name}/{what}"), &[1], &[number]));
    let [root, half] = constants.each_ref().map(String::as_str);
    let scaled = writer.op("Mul", &[x, root], format!("{name}/scaled"), Vec::new());
    let erf = writer.op("Erf", &[&scaled], format!("{name}/erf"), Vec::new());
    let erf = writer.op("Mul", &[&erf, half], format!("{name}/half-erf"), Vec::new());
    writer.op("Add", &[&erf, half], format!("{name}/share"), Vec::new())
}

fn prelu(op: &PreluNode, writer: &mut Writer, node: NodeId) {
    let (x, is_flat) = writer.value(input(writer, node));
    let n_slopes = writer.graph.parameters[op.slope.0].len();
    // Spread over what stands behind the channels.
    let shape = if is_flat { vec![n_slopes] } else { vec![n_slopes, 1, 1] };
    let slope = writer.parameter(op.slope, Some(&shape));
    let name = writer.op("PRelu", &[&x, &slope], writer.name(node), Vec::new());
    writer.set(name, is_flat);
}

fn lrn(op: &LrnNode, writer: &mut Writer, node: NodeId) {
    let (from, name) = (input(writer, node), writer.name(node));
    let x = writer.maps(from);
    let Lrn { size, alpha, beta, k } = op.lrn;
    // ONNX divides the sum by the size.
    let alpha = size as f32 * alpha;
    if size % 2 == 1 {
        let floats = [("alpha", alpha), ("beta", beta), ("bias", k)];
        let mut attributes = floats.map(|(what, number)| Attribute::float(what, number)).to_vec();
        attributes.push(Attribute::int("size", size));
        let name = writer.op("LRN", &[&x], name, attributes);
        return writer.set(name, false);
    }
    // Of an even size, ONNX has the one left over behind; so the sum is a pool over the channels.
    let Extent { channels, height, width } = writer.extent(node);
    let squares = writer.op("Mul", &[&x, &x], format!("{name}/squares"), Vec::new());
    let rows = writer.reshape(&squares, &format!("{name}/rows"), &[1, channels, height * width]);
    let attributes = vec![
        Attribute::ints("kernel_shape", &[size, 1]),
        Attribute::ints("pads", &[size / 2, 0, (size - 1) / 2, 0]),
        Attribute::int("count_include_pad", 1),
    ];
    let mean = writer.op("AveragePool", &[&rows], format!("{name}/mean"), attributes);
    let mean = writer.reshape(&mean, &format!("{name}/means"), &[channels, height, width]);
    let constants = [("alpha", alpha), ("k", k), ("beta", beta)];
    let constants = constants.map(|(what, number)| writer.floats(&format!("{name}/{what}"), &[1], &[number]));
    let [alpha, k, beta] = constants.each_ref().map(String::as_str);
    let sum = writer.op("Mul", &[&mean, alpha], format!("{name}/sum"), Vec::new());
    let sum = writer.op("Add", &[&sum, k], format!("{name}/base"), Vec::new());
    let power = writer.op("Pow", &[&sum, beta], format!("{name}/power"), Vec::new());
    let name = writer.op("Div", &[&x, &power], name, Vec::new());
    writer.set(name, false);
}

fn upsample(op: &UpsampleNode, writer: &mut Writer, node: NodeId) {
    let (x, name) = (writer.maps(input(writer, node)), writer.name(node));
    let (mode, coordinates) = match op.mode {
        UpsampleMode::Nearest => ("nearest", "asymmetric"),
        UpsampleMode::Bilinear => ("linear", "half_pixel"),
    };
    let attributes = vec![
        Attribute::string("mode", mode),
        Attribute::string("coordinate_transformation_mode", coordinates),
        Attribute::string("nearest_mode", "floor"),
    ];
    let [down, across] = op.factor.map(|factor| factor as f32);
    let scales = writer.floats(&format!("{name}/scales"), &[4], &[1.0, 1.0, down, across]);
    let name = writer.op("Resize", &[&x, "", &scales], name, attributes);
    writer.set(name, false);
}

fn flatten(writer: &mut Writer, node: NodeId) {
    let name = writer.vectors(input(writer, node));
    writer.set(name, true);
}

fn permute(op: &PermuteNode, writer: &mut Writer, node: NodeId) {
    let (x, name) = (writer.maps(input(writer, node)), writer.name(node));
    let Extent { channels, height, width } = writer.extent(node);
    let places: Vec<i64> = op.permutation.places().into_iter().map(i64::from).collect();
    let places = writer.whole(&format!("{name}/places"), &places);
    let pixels = writer.reshape(&x, &format!("{name}/pixels"), &[channels, height * width]);
    let attributes = vec![Attribute::int("axis", 2)];
    let moved = writer.op("Gather", &[&pixels, &places], format!("{name}/moved"), attributes);
    let name = writer.reshape(&moved, &name, &[channels, height, width]);
    writer.set(name, false);
}

fn pool(op: &PoolNode, writer: &mut Writer, node: NodeId) {
    let from = input(writer, node);
    let (input, output, window) = (writer.extent(from), writer.extent(node), op.window);
    let mut attributes = vec![
        Attribute::ints("kernel_shape", &window.kernel),
        Attribute::ints("strides", &window.stride),
        Attribute::ints("pads", &pads(&window, input, output)),
    ];
    let (x, name) = (writer.maps(from), writer.name(node));
    if op.mode == PoolMode::Max {
        let name = writer.op("MaxPool", &[&x], name, attributes);
        return writer.set(name, false);
    }
    attributes.push(Attribute::int("count_include_pad", 1));
    // ONNX divides every sum by the window's area; we by nothing, or by what of a window that hangs over the
    // end is not beyond the padding.
    let step = PoolStep { pass: Pass::Forward, mode: op.mode, batch: 1, input, output, window };
    let (height, width) = (output.height, output.width);
    let pixels = (0..height).flat_map(|i| (0..width).map(move |j| (i, j)));
    let factors: Vec<f32> = pixels.map(|(i, j)| window.area() as f32 / step.divisor(i, j) as f32).collect();
    let first = factors.first().copied().unwrap_or(1.0);
    if factors.iter().all(|factor| *factor == 1.0) {
        let name = writer.op("AveragePool", &[&x], name, attributes);
        return writer.set(name, false);
    }
    let mean = writer.op("AveragePool", &[&x], format!("{name}/mean"), attributes);
    let factors = match factors.iter().all(|factor| *factor == first) {
        true => writer.floats(&format!("{name}/factor"), &[1, 1, 1, 1], &[first]),
        false => writer.floats(&format!("{name}/factors"), &[1, 1, height, width], &factors),
    };
    let name = writer.op("Mul", &[&mean, &factors], name, Vec::new());
    writer.set(name, false);
}

/// Every s-th pixel, then channels of zeros behind.
fn shortcut(op: &ShortcutNode, writer: &mut Writer, node: NodeId) {
    let from = input(writer, node);
    let (x, y) = (writer.extent(from), writer.extent(node));
    let name = writer.name(node);
    let mut value = writer.maps(from);
    let [down, across] = op.stride.map(|stride| stride as i64);
    if [down, across] != [1, 1] {
        let constants =
            [("starts", [0, 0]), ("ends", [i64::MAX; 2]), ("axes", [2, 3]), ("steps", [down, across])];
        let constants = constants.map(|(what, numbers)| writer.whole(&format!("{name}/{what}"), &numbers));
        let [starts, ends, axes, steps] = constants.each_ref().map(String::as_str);
        value = writer.op("Slice", &[&value, starts, ends, axes, steps], format!("{name}/kept"), Vec::new());
    }
    let behind = (y.channels - x.channels) as i64;
    let pads = writer.whole(&format!("{name}/pads"), &[0, 0, 0, 0, 0, behind, 0, 0]);
    let name = writer.op("Pad", &[&value, &pads], name, Vec::new());
    writer.set(name, false);
}

fn merge(op: &MergeNode, writer: &mut Writer, node: NodeId) {
    let inputs = writer.graph.node(node).inputs.clone();
    let all: Vec<String> = inputs.iter().map(|&input| writer.maps(input)).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let name = writer.name(node);
    let name = match op.merge {
        Merge::Add => writer.op("Sum", &all, name, Vec::new()),
        Merge::Concat => writer.op("Concat", &all, name, vec![Attribute::int("axis", 1)]),
    };
    writer.set(name, false);
}

/// `[top, left, bottom, right]`: behind the maps just as far as the last window reaches, so that no rule of
/// rounding is left to whoever reads the file.
fn pads(window: &Window, x: Extent, y: Extent) -> [usize; 4] {
    let behind = |axis: usize, x: usize, y: usize| {
        let reach = (y - 1) * window.stride[axis] + window.span()[axis];
        reach.saturating_sub(x + window.padding[axis])
    };
    let [top, left] = window.padding;
    [top, left, behind(0, x.height, y.height), behind(1, x.width, y.width)]
}
