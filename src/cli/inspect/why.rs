//! `convscope inspect … why`.

use serde_json::json;

use super::super::{Failure, text};
use super::InspectArguments;
use super::shown::{PictureArguments, UnitArguments};
use crate::inspect::activations::grey;
use crate::inspect::attribution::{Occluder, RULES, Why};
use crate::inspect::crop::{self, colours, signed_colours};
use crate::inspect::look::{Look, View};
use crate::inspect::picture::Picture;
use crate::tensor::Extent;

#[derive(clap::Args)]
pub struct WhyArguments {
    #[command(flatten)]
    picture: PictureArguments,

    #[command(flatten)]
    unit: UnitArguments,

    /// Side in pixels of the square that is greyed out; a fifth of the picture where none is given.
    #[arg(long, value_name = "PIXELS")]
    occluder: Option<usize>,

    /// Pixels by which the square is moved; a fourteenth of the picture where none is given.
    #[arg(long, value_name = "PIXELS")]
    stride: Option<usize>,
}

/// Pixels to a side of each picture, about.
const TILE: usize = 224;

pub(super) fn run(arguments: &InspectArguments, what: &WhyArguments) -> Result<(), Failure> {
    let (laid, exhibit) = arguments.show_picture(&what.picture)?;
    let graph = &laid.specimen.graph;
    let unit = what.unit.unit(graph);
    let fitting = Occluder::fitting(graph.input());
    let occluder = Occluder {
        side: what.occluder.unwrap_or(fitting.side),
        stride: what.stride.unwrap_or(fitting.stride),
    };
    let View::Why(why) = laid.look(&Look::Why { exhibit, unit, occluder: Some(occluder) })? else {
        return Err(Failure::Failed("Another view came than was asked for.".into()));
    };
    let [rows, columns] = graph.field_of(why.node, why.place);
    let named = |i: usize| RULES[i].1;
    let found = json!({
        "picture": laid.told(&why.picture),
        "layer": why.unit.layer,
        "unit": why.unit.channel,
        "row": why.place[0],
        "column": why.place[1],
        "response": why.response,
        "rows": [rows.start, rows.end],
        "columns": [columns.start, columns.end],
        named(0): why.gradients[0],
        named(1): why.gradients[1],
        named(2): why.gradients[2],
        "occlusion": why.occlusion.as_ref().map(|occlusion| json!({
            "side": occlusion.occluder.side,
            "stride": occlusion.occluder.stride,
            "shape": occlusion.size,
            "falls": occlusion.falls,
        })),
        "class map": why.class_map.as_ref().map(|map| json!({
            "shape": map.size,
            "numbers": map.numbers,
            "bias": map.bias,
        })),
    });
    arguments.show(|| picture(&why), found, || print(&why))
}

fn print(why: &Why) {
    let [row, column] = why.place;
    text::print_line(&format!(
        "{}, unit {}, row {row}, column {column}: responds with {:.4}",
        why.unit.layer, why.unit.channel, why.response
    ));
    for ((_, name), gradient) in RULES.iter().zip(&why.gradients) {
        text::print_line(&format!("{name}: up to {:.4} by magnitude", crop::largest(gradient)));
    }
    if let Some(occlusion) = &why.occlusion {
        let most = occlusion.falls.iter().copied().fold(f32::MIN, f32::max);
        text::print_line(&format!("occlusion: the response falls by {most:.4} at most"));
    }
    match &why.class_map {
        Some(map) => {
            text::print_line(&format!("class map: up to {:.4} by magnitude", crop::largest(&map.numbers)))
        }
        None => text::print_line("class map: none, for there is no global average pooling before this unit"),
    }
}

/// The picture, then the five ways in their order; numbers in grey or in the picture's colours, 0 mid grey.
fn picture(why: &Why) -> Picture {
    let input = why.picture.extent;
    let factor = (TILE / input.height.max(input.width)).max(1);
    let of =
        |pixels: Vec<[u8; 3]>| Picture { width: input.width, height: input.height, pixels }.enlarged(factor);
    let mut tiles = vec![of(colours(&why.picture.bytes, input))];
    for gradient in &why.gradients {
        tiles.push(of(signed_colours(gradient, input, crop::largest(gradient))));
    }
    if let Some(occlusion) = &why.occlusion {
        let by_pixel = occlusion.by_pixel(input);
        tiles.push(of(grey(&by_pixel, input, crop::largest(&by_pixel)).pixels));
    }
    if let Some(map) = &why.class_map {
        let [height, width] = map.size;
        let extent = Extent::new(1, height, width);
        let small = grey(&map.numbers, extent, crop::largest(&map.numbers));
        tiles.push(small.enlarged((input.height * factor / height.max(1)).max(1)));
    }
    Picture::beside(&tiles, [24; 3])
}
