//! `convscope inspect … activations`.

use serde_json::json;

use super::super::{Failure, text};
use super::InspectArguments;
use super::shown::PictureArguments;
use crate::inspect::activations::{Maps, layer_at};
use crate::inspect::look::{Look, View};
use crate::inspect::picture::Picture;

#[derive(clap::Args)]
pub struct ActivationsArguments {
    #[command(flatten)]
    picture: PictureArguments,

    /// Only the layer at this path (`layers.3`); all where none is given.
    #[arg(long, value_name = "PATH")]
    layer: Option<String>,

    /// Pixels to a side for each number.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=64))]
    enlarge: u32,
}

pub(super) fn run(arguments: &InspectArguments, what: &ActivationsArguments) -> Result<(), Failure> {
    let (laid, exhibit) = arguments.show_picture(&what.picture)?;
    if let Some(path) = &what.layer {
        layer_at(&laid.specimen.graph, path).map_err(|error| Failure::BadInput(error.to_string()))?;
    }
    let View::Activations(seen) = laid.look(&Look::Activations { exhibit })? else {
        return Err(Failure::Failed("Another view came than was asked for.".into()));
    };
    let is_meant = |maps: &&Maps| what.layer.as_ref().is_none_or(|path| maps.path == *path);
    let layers: Vec<&Maps> = seen.layers.iter().filter(is_meant).collect();
    let found = json!({
        "picture": laid.told(&seen.picture),
        "layers": layers.iter().map(|maps| json!({
            "path": maps.path,
            "kind": maps.kind,
            "shape": maps.extent,
            "maps": maps.numbers,
        })).collect::<Vec<_>>(),
    });
    let factor = what.enlarge as usize;
    let picture =
        || Picture::stacked(&layers.iter().map(|maps| maps.mosaic(factor)).collect::<Vec<_>>(), [24; 3]);
    arguments.show(picture, found, || print(&layers))
}

fn print(layers: &[&Maps]) {
    let mut rows =
        vec![["layer", "kind", "shape", "least", "mean", "most", "zeros"].map(String::from).to_vec()];
    for maps in layers {
        let n = maps.numbers.len() as f64;
        let (least, most) = maps.numbers.iter().fold((f32::MAX, f32::MIN), |(a, b), &x| (a.min(x), b.max(x)));
        let mean = maps.numbers.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
        let zeros = maps.numbers.iter().filter(|&&x| x == 0.0).count() as f64 / n;
        rows.push(vec![
            maps.path.clone(),
            maps.kind.into(),
            maps.extent.to_string(),
            format!("{least:.3}"),
            format!("{mean:.3}"),
            format!("{most:.3}"),
            text::percent(zeros),
        ]);
    }
    text::print_table(&[false, false, true, true, true, true, true], &rows);
}
