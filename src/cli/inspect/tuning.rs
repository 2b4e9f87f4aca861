//! `convscope inspect … tuning`.

use serde_json::{Value, json};

use super::super::{Failure, text};
use super::{InspectArguments, filters_of};
use crate::inspect::chart::{Across, COLOURS, Chart, Curve, Form, GROUND, Up};
use crate::inspect::filters::Filters;
use crate::inspect::gabor::Gabor;
use crate::inspect::live::tuning::Preference;
use crate::inspect::picture::{Picture, columns};
use crate::inspect::tuning::{N_ORIENTATIONS, Tuning};

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
    let each = filters.weights.data.chunks_exact(numbers);
    let scale = &net.normalisation.scale;
    let cells: Vec<Preference> = each.map(|filter| Preference::of(filter, filters.size(), scale)).collect();
    let found = json!({ "layer": filters.path, "filters": cells, "summary": summary(&cells) });
    arguments.show(|| picture(&filters, &cells), found, || print(&filters, &cells))
}

/// What can be said of the layer as a whole.
fn summary(cells: &[Preference]) -> Value {
    let tunings = || cells.iter().filter_map(|cell| cell.tuning.as_ref());
    let mut selectivity: Vec<f64> = tunings().map(|tuning| tuning.selectivity).collect();
    let mut widths: Vec<f64> = tunings().filter_map(|tuning| tuning.half_width_degrees).collect();
    let mut explained: Vec<f64> =
        cells.iter().filter_map(|cell| cell.gabor.as_ref()).map(|gabor| gabor.explained).collect();
    let n_oriented = selectivity.iter().filter(|&&selectivity| selectivity >= ORIENTED).count();
    json!({
        "filters": cells.len(),
        "oriented": n_oriented,
        "oriented_from_selectivity": ORIENTED,
        "median_selectivity": median(&mut selectivity),
        "median_half_width_degrees": median(&mut widths),
        "median_explained_by_gabor": median(&mut explained),
    })
}

fn median(numbers: &mut [f64]) -> Option<f64> {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied()
}

fn print(filters: &Filters, cells: &[Preference]) {
    let header = [
        "filter",
        "stripes at",
        "cycles/pixel",
        "selectivity",
        "half width",
        "Gabor at",
        "cycles/pixel",
        "explains",
    ];
    let mut rows = vec![header.map(String::from).to_vec()];
    let none = || "–".to_string();
    for (i, Preference { tuning, gabor }) in cells.iter().enumerate() {
        let tuned = |show: &dyn Fn(&Tuning) -> String| tuning.as_ref().map_or_else(none, show);
        let fitted = |show: &dyn Fn(&Gabor) -> String| gabor.as_ref().map_or_else(none, show);
        rows.push(vec![
            i.to_string(),
            tuned(&|tuning| format!("{:.0}°", tuning.orientation_degrees)),
            tuned(&|tuning| format!("{:.3}", tuning.cycles_per_pixel)),
            tuned(&|tuning| format!("{:.2}", tuning.selectivity)),
            tuned(&|tuning| tuning.half_width_degrees.map_or_else(none, |width| format!("{width:.0}°"))),
            fitted(&|gabor| format!("{:.0}°", gabor.orientation_degrees)),
            fitted(&|gabor| format!("{:.3}", gabor.cycles_per_pixel)),
            fitted(&|gabor| text::percent(gabor.explained)),
        ]);
    }
    text::print_table(&[true; 8], &rows);
    let found = summary(cells);
    let median = |key: &str| found[key].as_f64().map_or_else(none, |median| format!("{median:.2}"));
    text::print_line(&format!(
        "{}: {} of {} filters are oriented (selectivity {ORIENTED} or more); median selectivity {}, median half \
         width {}°; a Gabor function explains {} of a filter's variance in the median",
        filters.path,
        found["oriented"],
        cells.len(),
        median("median_selectivity"),
        median("median_half_width_degrees"),
        median("median_explained_by_gabor"),
    ));
}

/// Each filter in grey, the Gabor function nearest to it, and below them the filter's tuning curve around a circle:
/// far out where it answers most, in the direction of the stripes. Under all of them how the layer's preferences are
/// distributed.
fn picture(filters: &Filters, cells: &[Preference]) -> Picture {
    let [height, width] = filters.size();
    let factor = (TILE / height.max(width)).max(1);
    let tile = |(i, cell): (usize, &Preference)| {
        let filter = Picture { width, height, pixels: filters.picture(i) }.enlarged(factor);
        let side = filter.width.max(TILE);
        let mut all = Picture::new(2 * filter.width + 2, filter.height + side, GROUND);
        all.put(&filter, 0, 0);
        if let Some(gabor) = &cell.gabor {
            let fitted = Picture { width, height, pixels: grey(&gabor.values) }.enlarged(factor);
            all.put(&fitted, filter.width + 2, 0);
        }
        if let Some(tuning) = &cell.tuning {
            draw(&mut all, &tuning.curve, [filter.width as f64 + 1.0, (filter.height + side / 2) as f64]);
        }
        all
    };
    let tiles: Vec<Picture> = cells.iter().enumerate().map(tile).collect();
    let mosaic = Picture::mosaic(&tiles, columns(tiles.len()), [0; 3]);
    let size = [mosaic.width.max(420), 220];
    let charts = [orientations(cells).drawn(size), selectivities(cells).drawn(size)];
    let mut whole = Picture::new(size[0], mosaic.height + 2 * size[1], GROUND);
    whole.put(&mosaic, 0, 0);
    charts.iter().enumerate().for_each(|(i, chart)| whole.put(chart, 0, mosaic.height + i * size[1]));
    whole
}

/// Numbers around their mean as grey, the furthest black or white.
fn grey(values: &[f64]) -> Vec<[u8; 3]> {
    let largest = values.iter().fold(0.0f64, |largest, value| largest.max(value.abs()));
    let scale = if largest > 0.0 { 127.0 / largest } else { 0.0 };
    values.iter().map(|value| [(128.0 + value * scale) as u8; 3]).collect()
}

/// How many filters lie in each of `n` parts of a range.
fn counted(values: impl Iterator<Item = f64>, high: f64, n: usize) -> Vec<f64> {
    let mut counts = vec![0.0; n];
    values.for_each(|value| counts[((value / high * n as f64) as usize).min(n - 1)] += 1.0);
    counts
}

fn bars(title: &str, names: Vec<String>, counts: Vec<f64>) -> Chart {
    let bars = Curve { form: Form::Bars, ..Curve::over_places("", COLOURS[0], counts) };
    Chart { title: title.into(), across: Across::Names(names), up: Up::linear("filters"), curves: vec![bars] }
}

/// The preferred orientations of those that have one, in parts of 15 degrees.
fn orientations(cells: &[Preference]) -> Chart {
    let oriented = cells.iter().filter_map(|cell| cell.tuning.as_ref()).filter(|t| t.selectivity >= ORIENTED);
    let counts = counted(oriented.map(|tuning| tuning.orientation_degrees), 180.0, 12);
    let names = (0..12).map(|i| format!("{}-{}°", 15 * i, 15 * i + 15)).collect();
    bars("Preferred stripes of the oriented filters", names, counts)
}

fn selectivities(cells: &[Preference]) -> Chart {
    let all = cells.iter().filter_map(|cell| cell.tuning.as_ref()).map(|tuning| tuning.selectivity);
    let names = (0..10).map(|i| format!("{:.1}-{:.1}", i as f64 / 10.0, (i + 1) as f64 / 10.0)).collect();
    bars("Orientation selectivity", names, counted(all, 1.0, 10))
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
