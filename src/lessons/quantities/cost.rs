//! What can be said of a net before anything runs.

use super::{Kind, Measure, Measured, Quantity, Unit};
use crate::experiment::words::{nearest, shortened};
use crate::graph::{Graph, LayerReport};
use crate::lessons::settings::{Setting, Sort};

const LAYER: Setting = Setting {
    name: "layer",
    sort: Sort::Layer,
    help: "one layer by its path, such as \"layers.0\"; the whole net where left out",
};
const OUTPUT: Setting = Setting {
    name: "layer",
    sort: Sort::Layer,
    help: "the layer whose output is meant, such as \"layers.0\"; the last where left out",
};

pub const PARAMETERS: Kind = Kind {
    name: "parameters",
    words: "parameters",
    help: "learned numbers",
    unit: Unit::Count,
    settings: &[LAYER],
    measure: Measure::Graph(|quantity, graph| match quantity.settings.text("layer") {
        None => Ok(graph.total().parameters as f64),
        Some(path) => Ok(layer(graph, path)?.parameters as f64),
    }),
};

pub const MULTIPLY_ADDS: Kind = Kind {
    name: "multiply-adds",
    words: "multiply-adds",
    help: "multiply-accumulates of convolutions and fully connected layers for one picture",
    unit: Unit::Count,
    settings: &[LAYER],
    measure: Measure::Graph(|quantity, graph| match quantity.settings.text("layer") {
        None => Ok(graph.total().multiply_adds as f64),
        Some(path) => Ok(layer(graph, path)?.multiply_adds as f64),
    }),
};

pub const CHANNELS: Kind = output("channels", "channels", "maps of the output", |quantity, graph| {
    Ok(output_of(quantity, graph)?.output.channels as f64)
});
pub const HEIGHT: Kind = output("height", "height", "rows of the output", |quantity, graph| {
    Ok(output_of(quantity, graph)?.output.height as f64)
});
pub const WIDTH: Kind = output("width", "width", "columns of the output", |quantity, graph| {
    Ok(output_of(quantity, graph)?.output.width as f64)
});
pub const RECEPTIVE_FIELD: Kind = output(
    "receptive-field",
    "receptive field",
    "columns of the picture that a unit of the output depends on",
    |quantity, graph| Ok(output_of(quantity, graph)?.receptive_field.size[1] as f64),
);

/// A quantity of the output of a layer.
const fn output(
    name: &'static str,
    words: &'static str,
    help: &'static str,
    measure: fn(&Quantity, &Graph) -> Measured,
) -> Kind {
    Kind { name, words, help, unit: Unit::Count, settings: &[OUTPUT], measure: Measure::Graph(measure) }
}

fn output_of<'a>(quantity: &Quantity, graph: &'a Graph) -> Result<&'a LayerReport, String> {
    layer(graph, quantity.settings.text("layer").unwrap_or("last"))
}

/// The layer of this path; `first` and `last` are the first and the last with weights.
fn layer<'a>(graph: &'a Graph, path: &str) -> Result<&'a LayerReport, String> {
    let mut weighted = graph.layers.iter().filter(|layer| layer.multiply_adds > 0);
    let found = match path {
        "first" => weighted.next(),
        "last" => weighted.next_back(),
        path => graph.layers.iter().find(|layer| layer.path == path),
    };
    found.ok_or_else(|| {
        let asked = shortened(path);
        match nearest(path, graph.layers.iter().map(|layer| layer.path.as_str())) {
            Some(meant) => format!("The net has no layer `{asked}`; did you mean `{meant}`?"),
            None => format!("The net has no layer `{asked}`; its first is `layers.0`."),
        }
    })
}
