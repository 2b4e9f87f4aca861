//! `convscope inspect … convolution`.

use serde_json::{Value, json};

use super::super::{Failure, text};
use super::InspectArguments;
use super::shown::{PictureArguments, Place};
use crate::inspect::activations::grey;
use crate::inspect::convolution::{Convolution, Product};
use crate::inspect::crop;
use crate::inspect::look::{Look, View};
use crate::inspect::picture::Picture;
use crate::tensor::Extent;

#[derive(clap::Args)]
pub struct ConvolutionArguments {
    #[command(flatten)]
    picture: PictureArguments,

    /// Path of the convolution (`layers.3`); the first where none is given.
    #[arg(long, value_name = "PATH")]
    layer: Option<String>,

    /// Number of the filter, counted from 0.
    #[arg(long, default_value_t = 0)]
    filter: usize,

    /// The position of the output whose sum is taken apart.
    #[arg(long, value_name = "ROW,COLUMN", default_value = "0,0")]
    at: Place,

    /// The gradient of the loss by one weight of the filter is taken apart too: channel and place in the kernel.
    #[arg(long, value_name = "CHANNEL,ROW,COLUMN")]
    weight: Option<String>,
}

/// Pixels to a side of each map, about.
const TILE: usize = 224;

pub(super) fn run(arguments: &InspectArguments, what: &ConvolutionArguments) -> Result<(), Failure> {
    let (laid, exhibit) = arguments.show_picture(&what.picture)?;
    let look = Look::Convolution { layer: what.layer.clone(), exhibit };
    let View::Convolution(conv) = laid.look(&look)? else {
        return Err(Failure::Failed("Another view came than was asked for.".into()));
    };
    let Place(at) = what.at;
    let y = conv.output;
    if what.filter >= y.channels || at[0] >= y.height || at[1] >= y.width {
        return Err(Failure::BadInput(format!(
            "`{}` gives {y}, and has no filter {} at row {} and column {}; all are counted from 0.",
            conv.path, what.filter, at[0], at[1]
        )));
    }
    let weight = what.weight.as_ref().map(|text| weight(&conv, text)).transpose()?;
    let products = conv.products(what.filter, at);
    let bias = conv.bias.as_ref().map_or(0.0, |bias| bias[what.filter]);
    let origins = weight.and_then(|(channel, tap)| conv.origins(what.filter, channel, tap));
    let found = json!({
        "layer": conv.path,
        "filter": what.filter,
        "row": at[0],
        "column": at[1],
        "value": conv.y[(what.filter * y.height + at[0]) * y.width + at[1]],
        "bias": bias,
        "products": products.iter().map(|product| told(&conv, product)).collect::<Vec<_>>(),
        "weight_gradient": origins.as_ref().map(|origins| json!({
            "sum": origins.iter().sum::<f32>(),
            "shape": [y.height, y.width],
            "by_position": origins,
        })),
    });
    arguments.show(|| picture(&conv, what.filter), found, || print(&products, bias, origins.as_deref()))
}

/// `CHANNEL,ROW,COLUMN` of a weight that there is.
fn weight(conv: &Convolution, text: &str) -> Result<(usize, [usize; 2]), Failure> {
    let numbers: Vec<usize> = text.split(',').filter_map(|number| number.trim().parse().ok()).collect();
    let shape = &conv.weights.shape;
    match numbers[..] {
        [channel, row, column] if channel < shape[1] && row < shape[2] && column < shape[3] => {
            Ok((channel, [row, column]))
        }
        _ => Err(Failure::BadInput(format!(
            "`{text}` is no weight of a filter of {}×{}×{}. Give its channel, row and column, counted from 0.",
            shape[1], shape[2], shape[3]
        ))),
    }
}

fn told(conv: &Convolution, product: &Product) -> Value {
    json!({
        "channel": product.channel,
        "tap": product.tap,
        "row": product.place[0],
        "column": product.place[1],
        "padding": conv.is_padding(product.place),
        "x": product.x,
        "weight": product.weight,
        "product": product.value(),
    })
}

fn print(products: &[Product], bias: f32, origins: Option<&[f32]>) {
    let mut rows =
        vec![["channel", "tap", "row", "column", "x", "weight", "product"].map(String::from).to_vec()];
    rows.extend(products.iter().map(|product| {
        vec![
            product.channel.to_string(),
            format!("{},{}", product.tap[0], product.tap[1]),
            product.place[0].to_string(),
            product.place[1].to_string(),
            format!("{:.4}", product.x),
            format!("{:.4}", product.weight),
            format!("{:.4}", product.value()),
        ]
    }));
    text::print_table(&[true; 7], &rows);
    let sum: f32 = products.iter().map(Product::value).sum();
    text::print_line(&format!("sum {sum:.4} + bias {bias:.4} = {:.4}", sum + bias));
    if let Some(origins) = origins {
        let sum: f32 = origins.iter().sum();
        text::print_line(&format!(
            "gradient of the loss by the weight: {sum:.6}, over {} positions",
            origins.len()
        ));
    }
}

/// The first channel that goes in and the map that comes out, each on its own scale.
fn picture(conv: &Convolution, filter: usize) -> Picture {
    let map = |numbers: &[f32], extent: Extent, channel: usize| {
        let numbers = &numbers[channel * extent.area()..][..extent.area()];
        let factor = (TILE / extent.height.max(extent.width)).max(1);
        grey(numbers, extent, crop::largest(numbers)).enlarged(factor)
    };
    let first = filter / (conv.output.channels / conv.groups) * conv.weights.shape[1];
    Picture::beside(&[map(&conv.x, conv.input, first), map(&conv.y, conv.output, filter)], [24; 3])
}
