//! `convscope inspect … patches`.

use serde_json::{Value, json};

use super::super::{Failure, SplitChoice, text};
use super::InspectArguments;
use super::shown::Laid;
use crate::engine::Part;
use crate::graph::program::BackwardRule;
use crate::inspect::crop::{self, Crop, colours, signed_colours};
use crate::inspect::look::{Look, View};
use crate::inspect::patches::{MOST_PATCHES, Patch, Patches, Search};
use crate::inspect::picture::{Picture, columns};
use crate::inspect::projection::Projecting;

#[derive(clap::Args)]
pub struct PatchesArguments {
    /// Path of the layer (`layers.3`).
    #[arg(long, value_name = "PATH")]
    layer: String,

    /// Only this unit, counted from 0; all where none is given.
    #[arg(long)]
    unit: Option<usize>,

    /// Among which pictures.
    #[arg(long, value_enum, default_value = "test")]
    split: SplitChoice,

    /// Only pictures of this class.
    #[arg(long, value_name = "NAME")]
    class: Option<String>,

    /// Only the first so many.
    #[arg(long, value_name = "N")]
    first: Option<usize>,

    /// Patches for each unit.
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..=MOST_PATCHES as i64))]
    top: u32,

    /// Let several places of one picture be among the strongest.
    #[arg(long)]
    all_places: bool,

    /// Beside the patches of one unit, what of them made it respond (asks for `--unit`).
    #[arg(long, value_enum, requires = "unit")]
    beside: Option<RuleChoice>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum RuleChoice {
    Gradient,
    Guided,
    Deconvnet,
}

/// Pixels to a side of a patch in the picture, about.
const TILE: usize = 64;

/// What counts as padding is drawn so.
const PADDING: [u8; 3] = [96, 104, 116];

pub(super) fn run(arguments: &InspectArguments, what: &PatchesArguments) -> Result<(), Failure> {
    let laid = arguments.lay_out(true)?;
    let part = match what.split {
        SplitChoice::Train => Part::Train,
        SplitChoice::Test => Part::Test,
    };
    let class = what.class.as_ref().map(|name| class_named(&laid, name)).transpose()?;
    let search = Search {
        layer: what.layer.clone(),
        part,
        class,
        n_pictures: what.first,
        n_patches: what.top as usize,
        one_each: !what.all_places,
    };
    let View::Patches(patches) = laid.look(&Look::Patches(search))? else {
        return Err(Failure::Failed("Another view came than was asked for.".into()));
    };
    let units = match what.unit {
        Some(unit) if unit < patches.units.len() => unit..unit + 1,
        Some(unit) => {
            let n = patches.units.len();
            return Err(Failure::BadInput(format!(
                "`{}` has {}, counted from 0; there is no {unit}.",
                what.layer,
                text::counted(n as u64, "unit")
            )));
        }
        None => 0..patches.units.len(),
    };
    let beside = match (what.beside, what.unit) {
        (Some(rule), Some(unit)) => Some(projections(&laid, &patches, unit, rule)?),
        _ => None,
    };
    let found = json!({
        "layer": patches.path,
        "pictures": patches.n_seen,
        "units": units.clone().map(|unit| json!({
            "unit": unit,
            "patches": patches.units[unit].iter().map(|patch| told(&laid, &patches, patch)).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "beside": beside,
    });
    let picture = || match what.unit {
        Some(unit) => of_unit(&laid, &patches, unit, beside.as_deref()),
        None => of_all(&laid, &patches),
    };
    arguments.show(picture, found, || print(&laid, &patches, units))
}

fn class_named(laid: &Laid, name: &str) -> Result<usize, Failure> {
    laid.net.classes.iter().position(|class| class == name).ok_or_else(|| {
        Failure::BadInput(format!("There is no class `{name}`; there is {}.", laid.net.classes.join(", ")))
    })
}

/// What of the patches of a unit made it respond, `(C, H, W)` each.
fn projections(
    laid: &Laid,
    patches: &Patches,
    unit: usize,
    rule: RuleChoice,
) -> Result<Vec<Vec<f32>>, Failure> {
    let asked = Projecting {
        layer: patches.path.clone(),
        channel: unit,
        part: patches.part,
        patches: patches.units[unit].clone(),
        rule: match rule {
            RuleChoice::Gradient => BackwardRule::Plain,
            RuleChoice::Guided => BackwardRule::Guided,
            RuleChoice::Deconvnet => BackwardRule::Deconvnet,
        },
    };
    match laid.look(&Look::Projections(asked))? {
        View::Projections(seen) => Ok(seen.pictures),
        _ => Err(Failure::Failed("Another view came than was asked for.".into())),
    }
}

fn class_of<'a>(laid: &'a Laid, patches: &Patches, patch: &Patch) -> Option<&'a str> {
    let split = patches.split();
    let class = split.labels.classes()?[patch.picture] as usize;
    laid.net.classes.get(class).map(String::as_str)
}

fn told(laid: &Laid, patches: &Patches, patch: &Patch) -> Value {
    let [rows, columns] = laid.specimen.graph.field_of(patches.node, patch.place);
    json!({
        "picture": patch.picture,
        "class": class_of(laid, patches, patch),
        "row": patch.place[0],
        "column": patch.place[1],
        "response": patch.response,
        // From and to, in pixels; what lies outside the picture is padding.
        "rows": [rows.start, rows.end],
        "columns": [columns.start, columns.end],
    })
}

fn print(laid: &Laid, patches: &Patches, units: std::ops::Range<usize>) {
    let mut rows =
        vec![["unit", "rank", "response", "picture", "row", "column", "class"].map(String::from).to_vec()];
    for unit in units {
        for (rank, patch) in patches.units[unit].iter().enumerate() {
            rows.push(vec![
                unit.to_string(),
                (rank + 1).to_string(),
                format!("{:.4}", patch.response),
                patch.picture.to_string(),
                patch.place[0].to_string(),
                patch.place[1].to_string(),
                class_of(laid, patches, patch).unwrap_or("–").replace(char::is_control, " "),
            ]);
        }
    }
    text::print_table(&[true, true, true, true, true, true, false], &rows);
}

/// A patch, enlarged to about [`TILE`] pixels.
fn tile(laid: &Laid, patches: &Patches, patch: &Patch) -> Picture {
    let extent = patches.set.extent;
    let pixels = colours(patches.split().picture(extent, patch.picture), extent);
    enlarged(laid, patches, patch, &pixels)
}

fn enlarged(laid: &Laid, patches: &Patches, patch: &Patch, pixels: &[[u8; 3]]) -> Picture {
    let crop = Crop::of(&laid.specimen.graph, patches.node, patch.place);
    let picture = crop.cut(pixels, patches.set.extent, PADDING);
    let longer = picture.width.max(picture.height);
    picture.enlarged((TILE / longer).max(1)).padded([TILE.max(longer); 2], [0; 3])
}

/// The patches of one unit, and beside them what made it respond.
fn of_unit(laid: &Laid, patches: &Patches, unit: usize, beside: Option<&[Vec<f32>]>) -> Picture {
    let unit = &patches.units[unit];
    let tiles: Vec<Picture> = unit.iter().map(|patch| tile(laid, patches, patch)).collect();
    let mosaic = |tiles: &[Picture]| Picture::mosaic(tiles, columns(tiles.len()), [0; 3]);
    let Some(beside) = beside else { return mosaic(&tiles) };
    let input = patches.set.extent;
    let projected = unit.iter().zip(beside).map(|(patch, numbers)| {
        let pixels = signed_colours(numbers, input, crop::largest(numbers));
        enlarged(laid, patches, patch, &pixels)
    });
    Picture::beside(&[mosaic(&tiles), mosaic(&projected.collect::<Vec<_>>())], [24; 3])
}

/// A row for each unit.
fn of_all(laid: &Laid, patches: &Patches) -> Picture {
    let most = patches.units.iter().map(Vec::len).max().unwrap_or(0).max(1);
    let blank = Picture::new(TILE, TILE, [24; 3]);
    let row = |unit: &Vec<Patch>| -> Vec<Picture> {
        let mut tiles: Vec<Picture> = unit.iter().map(|patch| tile(laid, patches, patch)).collect();
        let blank =
            tiles.first().map_or(blank.clone(), |tile| Picture::new(tile.width, tile.height, [24; 3]));
        tiles.resize(most, blank);
        tiles
    };
    Picture::mosaic(&patches.units.iter().flat_map(row).collect::<Vec<_>>(), most, [0; 3])
}
