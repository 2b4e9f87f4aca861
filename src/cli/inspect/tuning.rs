//! `convscope inspect … tuning`.

use serde_json::{Value, json};

use super::super::{Failure, text};
use super::{InspectArguments, filters_of};
use crate::inspect::filters::Filters;
use crate::inspect::picture::{Picture, columns};
use crate::inspect::tuning::{GreyFilter, N_ORIENTATIONS, Tuning};

/// Selectivity from which on a filter is counted as oriented: its response at the preferred orientation is then
/// about twice that at the orthogonal one.
const ORIENTED: f64 = 0.2;

/// Pixels to a side of each filter and each curve in the picture.
const TILE: usize = 72;

pub(super) fn run(arguments: &InspectArguments) -> Result<(), Failure> {
    let net = arguments.net()?;
    let filters = filters_of(&net, None)?;
    if filters.scale.is_none() {
        return Err(Failure::BadInput(format!(
            "`{}` does not read all channels of the pictures themselves, and gratings are shown to nothing else.",
            filters.path
        )));
    }
    let numbers = filters.weights.data.len() / filters.len();
    let tunings: Vec<Option<Tuning>> = filters
        .weights
        .data
        .chunks_exact(numbers)
        .map(|filter| GreyFilter::new(filter, filters.size(), &net.normalisation.scale).tuning())
        .collect();
    let found = json!({ "layer": filters.path, "filters": tunings, "summary": summary(&tunings) });
    arguments.show(|| picture(&filters, &tunings), found, || print(&filters, &tunings))
}

/// What can be said of the layer as a whole.
fn summary(tunings: &[Option<Tuning>]) -> Value {
    let mut selectivity: Vec<f64> = tunings.iter().flatten().map(|tuning| tuning.selectivity).collect();
    let mut widths: Vec<f64> =
        tunings.iter().flatten().filter_map(|tuning| tuning.half_width_degrees).collect();
    let n_oriented = selectivity.iter().filter(|&&selectivity| selectivity >= ORIENTED).count();
    json!({
        "filters": tunings.len(),
        "oriented": n_oriented,
        "oriented_from_selectivity": ORIENTED,
        "median_selectivity": median(&mut selectivity),
        "median_half_width_degrees": median(&mut widths),
    })
}

fn median(numbers: &mut [f64]) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied()
}

fn print(filters: &Filters, tunings: &[Option<Tuning>]) {
    let header =
        ["filter", "stripes at", "cycles/pixel", "selectivity", "half width"].map(String::from).to_vec();
    let mut rows = vec![header];
    rows.extend(tunings.iter().enumerate().map(|(i, tuning)| match tuning {
        Some(tuning) => vec![
            i.to_string(),
            format!("{:.0}°", tuning.orientation_degrees),
            format!("{:.3}", tuning.cycles_per_pixel),
            format!("{:.2}", tuning.selectivity),
            tuning.half_width_degrees.map_or_else(|| "–".into(), |width| format!("{width:.0}°")),
        ],
        None => vec![i.to_string(), "–".into(), "–".into(), "–".into(), "–".into()],
    }));
    text::print_table(&[true; 5], &rows);
    let found = summary(tunings);
    let median = |key: &str| found[key].as_f64().map_or_else(|| "–".into(), |median| format!("{median:.2}"));
    text::print_line(&format!(
        "{}: {} of {} filters are oriented (selectivity {ORIENTED} or more); median selectivity {}, median half \
         width {}°",
        filters.path,
        found["oriented"],
        tunings.len(),
        median("median_selectivity"),
        median("median_half_width_degrees"),
    ));
}

/// Each filter, and below it its tuning curve around a circle: far out where it answers most, in the direction
/// of the stripes.
fn picture(filters: &Filters, tunings: &[Option<Tuning>]) -> Picture {
    let [height, width] = filters.size();
    let factor = (TILE / height.max(width)).max(1);
    let tile = |(i, tuning): (usize, &Option<Tuning>)| {
        let filter = Picture { width, height, pixels: filters.picture(i) }.enlarged(factor);
        let side = filter.width.max(TILE);
        let mut both = Picture::new(side, filter.height + side, [24; 3]);
        both.put(&filter, (side - filter.width) / 2, 0);
        if let Some(tuning) = tuning {
            draw(&mut both, &tuning.curve, [side as f64 / 2.0, (filter.height + side / 2) as f64]);
        }
        both
    };
    let tiles: Vec<Picture> = tunings.iter().enumerate().map(tile).collect();
    Picture::mosaic(&tiles, columns(tiles.len()), [0; 3])
}

fn draw(picture: &mut Picture, curve: &[f64], [x, y]: [f64; 2]) {
    let radius = TILE as f64 / 2.0 - 4.0;
    let point = |i: usize| {
        let angle = std::f64::consts::PI * i as f64 / N_ORIENTATIONS as f64;
        let response = radius * curve[i % N_ORIENTATIONS];
        [x + response * angle.cos(), y - response * angle.sin()]
    };
    picture.line([x - radius, y], [x + radius, y], [64; 3]);
    picture.line([x, y - radius], [x, y + radius], [64; 3]);
    (0..2 * N_ORIENTATIONS).for_each(|i| picture.line(point(i), point(i + 1), [255, 190, 60]));
}
