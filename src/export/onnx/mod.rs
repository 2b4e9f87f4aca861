//! A net as an ONNX model: one node or a few for each layer, under the layer's path, weights inside.
//!
//! The input, `input` `(N, C, H, W)`, is what the normalisation leaves of a picture, as with the module of the
//! PyTorch export; the constants to do so stand in the metadata beside the names of the classes, as lists in
//! JSON: `x = (byte / 255 − normalisation_mean) · normalisation_scale`, after the pixels of each channel have
//! been put in the order of `permutation`, where there is one. The output is `logits`, `(N, K)`, or
//! `(N, K, H, W)` where the net ends in maps. Any batch size will do.

mod layers;
mod message;
mod proto;
mod writer;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use super::ExportError;
use crate::graph::Op;
use crate::train::Net;
use message::Whole;
use proto::{GraphProto, Model, OperatorSet, Property, ValueInfo};
use writer::Writer;

/// The versions of the format and of its operators. Of 2022; nothing newer is needed, and older programs read
/// it.
const IR_VERSION: i64 = 8;
const OPERATORS: i64 = 17;

/// The most bytes that a protocol buffer may take.
const LARGEST: u64 = (1 << 31) - 1;

/// Writes `model.onnx` into a folder that exists.
pub fn write(net: &Net, folder: &Path) -> Result<(), ExportError> {
    check_size(least_bytes(net))?;
    let model = model(net);
    check_size(model.len())?;
    let path = folder.join("model.onnx");
    let written = File::create(&path).and_then(|file| {
        let mut file = BufWriter::new(file);
        model.write(&mut file)?;
        file.flush()
    });
    written.map_err(|cause| ExportError::Write { path, cause })
}

/// Bytes of the weights and of the permutations: what may be large in a model, known before it is made.
fn least_bytes(net: &Net) -> u64 {
    let n_weights: u64 = net.numbers.parameters.iter().map(|numbers| numbers.len() as u64).sum();
    let n_places = net.graph.nodes.iter().map(|node| match &node.op {
        Op::Permute(op) => op.permutation.n as u64,
        _ => 0,
    });
    4 * n_weights + 8 * n_places.sum::<u64>()
}

fn check_size(bytes: u64) -> Result<(), ExportError> {
    match bytes > LARGEST {
        true => Err(ExportError::TooLarge { bytes }),
        false => Ok(()),
    }
}

/// The net as a message.
fn model(net: &Net) -> Whole<'_> {
    let mut writer = Writer::new(net);
    layers::write(&mut writer);
    let graph = &net.graph;
    let (input, output) = (graph.input(), graph.node(graph.output).extent);
    let logits = match output.is_vector() {
        true => vec![output.channels],
        false => vec![output.channels, output.height, output.width],
    };
    let properties = net.about().to_map().into_iter();
    let mut properties: Vec<Property> = properties.map(|(key, value)| Property { key, value }).collect();
    properties.retain(|property| property.key != "format");
    let model = Model {
        ir_version: IR_VERSION,
        producer_name: "ConvScope".into(),
        producer_version: env!("CARGO_PKG_VERSION").into(),
        doc_string: "Input: x = (byte / 255 - normalisation_mean) * normalisation_scale, see the metadata. \
                     Output: logits."
            .into(),
        graph: None,
        opset_import: vec![OperatorSet { domain: String::new(), version: OPERATORS }],
        metadata_props: properties,
    };
    let graph = GraphProto {
        node: writer.nodes,
        // The checker wants a name.
        name: if net.experiment.title.is_empty() { "net".into() } else { net.experiment.title.clone() },
        initializer: Vec::new(),
        input: vec![ValueInfo::batch(writer::INPUT, &[input.channels, input.height, input.width])],
        output: vec![ValueInfo::batch(writer::OUTPUT, &logits)],
    };
    Whole { model, graph, initialisers: writer.initialisers }
}

#[cfg(test)]
mod tests;
