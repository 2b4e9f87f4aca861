//! `convscope descent`: the optimisers on a surface of two weights.

use std::path::PathBuf;

use serde_json::json;

use super::{Failure, text, write_picture};
use crate::experiment::{Named, Optimiser};
use crate::inspect::chart::light;
use crate::inspect::contour::{Heights, Plane};
use crate::inspect::descent::{Descent, Path, Surface};

#[derive(clap::Args)]
pub struct DescentArguments {
    /// The surface.
    #[arg(value_enum)]
    surface: SurfaceChoice,

    /// A rule, by its name in an experiment: sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw; may be given
    /// several times. The first six where none is given.
    #[arg(long = "optimiser", value_name = "NAME", value_parser = rule)]
    optimisers: Vec<Optimiser>,

    /// The rate of all of them; where not given, one that suits each on this surface.
    #[arg(long)]
    rate: Option<f32>,

    /// Where to begin; where not given, a place that suits the surface.
    #[arg(long, value_names = ["X", "Y"], num_args = 2, allow_negative_numbers = true)]
    start: Vec<f64>,

    /// Steps to take.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    steps: u32,

    /// Write the surface with the paths on it (PNG).
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Print the paths as one line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum SurfaceChoice {
    Ravine,
    Saddle,
    Plateau,
    Rosenbrock,
    Beale,
}

/// Pixels of the picture, and points of the surface along either side.
const SIZE: [usize; 2] = [860, 600];
const FINE: [usize; 2] = [356, 262];

fn rule(name: &str) -> Result<Optimiser, String> {
    let known = || Optimiser::ALL.map(|rule| rule.name()).join(", ");
    let found = Optimiser::ALL.into_iter().find(|rule| rule.name() == name);
    found.ok_or_else(|| format!("there is no such rule; there are {}", known()))
}

pub(super) fn run(arguments: &DescentArguments) -> Result<(), Failure> {
    let surface = match arguments.surface {
        SurfaceChoice::Ravine => Surface::Ravine,
        SurfaceChoice::Saddle => Surface::Saddle,
        SurfaceChoice::Plateau => Surface::Plateau,
        SurfaceChoice::Rosenbrock => Surface::Rosenbrock,
        SurfaceChoice::Beale => Surface::Beale,
    };
    let rules = match arguments.optimisers.is_empty() {
        true => &Optimiser::ALL[..6],
        false => &arguments.optimisers[..],
    };
    let descent = |&rule: &Optimiser| {
        let customary = Descent::customary(surface, rule, arguments.steps as usize);
        let start = match arguments.start[..] {
            [x, y] => [x, y],
            _ => customary.start,
        };
        Descent { rate: arguments.rate.unwrap_or(customary.rate), start, ..customary }
    };
    let paths: Vec<(Descent, Path)> = rules.iter().map(descent).map(|own| (own, own.path())).collect();
    if let Some(path) = &arguments.out {
        write_picture(path, picture(surface, &paths))?;
    }
    match arguments.json {
        true => text::print_json(&json!({
            "surface": surface,
            "minimum": { "point": surface.minimum().0, "value": surface.minimum().1 },
            "paths": paths.iter().map(|(own, path)| json!({
                "optimiser": own.rule.name(),
                "rate": own.rate,
                "points": path.points,
                "values": path.values,
                "rates": path.rates,
                "lost_after": path.lost_after,
            })).collect::<Vec<_>>(),
        })),
        false => print(surface, &paths),
    }
    Ok(())
}

fn picture(surface: Surface, paths: &[(Descent, Path)]) -> crate::inspect::picture::Picture {
    let (point, least) = surface.minimum();
    let heights = Heights::of(surface.window(), FINE, |at| surface.value(at) - least);
    let title = format!("{}: {}, height above its minimum", surface.name(), surface.formula());
    let mut plane = Plane::of(&heights, SIZE, &title, ["x", "y"]);
    for (i, (_, path)) in paths.iter().enumerate() {
        plane.path(&path.points, light(i));
    }
    plane.cross(point, [255; 3]);
    let name =
        |(i, (own, _)): (usize, &(Descent, Path))| (format!("{} {}", own.rule.name(), own.rate), light(i));
    plane.names(&paths.iter().enumerate().map(name).collect::<Vec<_>>());
    plane.picture
}

fn print(surface: Surface, paths: &[(Descent, Path)]) {
    let least = surface.minimum().1;
    let header =
        ["rule", "rate", "ends at", "height", "to 1 %", "rate at the end"].map(String::from).to_vec();
    let mut rows = vec![header];
    for (own, path) in paths {
        let [x, y] = path.points[path.points.len() - 1];
        let near = least + 0.01 * (path.values[0] - least);
        rows.push(vec![
            own.rule.name().into(),
            own.rate.to_string(),
            match path.lost_after {
                Some(step) => format!("lost after step {step}"),
                None => format!("({x:.3}, {y:.3})"),
            },
            format!("{:.3e}", path.values[path.values.len() - 1] - least),
            path.steps_to(near).map_or_else(|| "–".into(), |step| step.to_string()),
            path.rates.last().map_or_else(|| "–".into(), |[x, y]| format!("{x:.2e}, {y:.2e}")),
        ]);
    }
    text::print_table(&[false, true, false, true, true, false], &rows);
    text::print_line(&format!(
        "height is above the minimum; to 1 %: steps until a hundredth of the height at the start is left. {}",
        surface.purpose()
    ));
}
