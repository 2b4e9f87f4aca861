//! `convscope inspect … filters`.

use serde_json::json;

use super::super::{Failure, text};
use super::{InspectArguments, filters_of};
use crate::inspect::filters::{Order, Scale};

#[derive(clap::Args)]
pub struct FiltersArguments {
    /// Which convolution, by its path in the net (`layers.3`); the first where none is given.
    #[arg(long, value_name = "PATH")]
    layer: Option<String>,

    /// Whether black and white stand for the largest weight of each filter or of all.
    #[arg(long, value_enum, default_value = "own")]
    scale: ScaleChoice,

    /// In which order they are shown and told.
    #[arg(long, value_enum, default_value = "number")]
    order: OrderChoice,

    /// The weights less those that the experiment's seed draws before the first step.
    #[arg(long)]
    change: bool,

    /// Pixels to a side for each weight.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=64))]
    enlarge: u32,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum ScaleChoice {
    Own,
    Common,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum OrderChoice {
    /// As they stand in the layer.
    Number,
    /// Longest first.
    Norm,
    /// By the angle of the stripes that each prefers.
    Orientation,
    /// Most colourful first.
    Colour,
}

/// The most pixels that a picture of filters may have.
const MOST_PIXELS: usize = 1 << 27;

pub(super) fn run(arguments: &InspectArguments, what: &FiltersArguments) -> Result<(), Failure> {
    let net = arguments.net()?;
    let filters = filters_of(&net, what.layer.as_deref())?;
    let filters = if what.change { filters.change().unwrap_or(filters) } else { filters };
    let order = filters.order(match what.order {
        OrderChoice::Number => Order::Number,
        OrderChoice::Norm => Order::Norm,
        OrderChoice::Orientation => Order::Orientation,
        OrderChoice::Colour => Order::Colour,
    });
    let filters = filters.in_order(&order);
    let factor = what.enlarge as usize;
    if arguments.out.is_some() && filters.weights.data.len() * factor * factor > MOST_PIXELS {
        return Err(Failure::BadInput(format!(
            "A picture of all the weights of `{}` would have over {MOST_PIXELS} pixels. Use a smaller `--enlarge`.",
            filters.path
        )));
    }
    let scale = match what.scale {
        ScaleChoice::Own => Scale::Own,
        ScaleChoice::Common => Scale::Common,
    };
    let norms: Vec<f64> = (0..filters.len()).map(|i| filters.norm(i)).collect();
    let found = json!({
        "layer": filters.path,
        "shape": filters.weights.shape,
        "order": order,
        "weights": filters.weights.data,
        "norms": norms,
    });
    let print = || {
        let [height, width] = filters.size();
        text::print_line(&format!(
            "{}: {} of {height}×{width} over {}, of length {:.3} to {:.3}",
            filters.path,
            text::counted(filters.len() as u64, "filter"),
            text::counted(filters.weights.shape[1] as u64, "channel"),
            norms.iter().copied().fold(f64::INFINITY, f64::min),
            norms.iter().copied().fold(0.0, f64::max),
        ));
    };
    arguments.show(|| filters.mosaic(scale, factor), found, print)
}
