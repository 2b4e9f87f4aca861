//! `convscope inspect … surface`.

use std::path::PathBuf;

use serde_json::json;

use super::super::{Failure, text};
use super::InspectArguments;
use crate::engine;
use crate::inspect::batch::Batch;
use crate::inspect::chart::{Across, COLOURS, Chart, Curve, Form, Up};
use crate::inspect::contour::{Plane, Window};
use crate::inspect::picture::Picture;
use crate::inspect::surface::{Direction, Landscape, Survey, Weights, Window1};
use crate::train::Net;

#[derive(clap::Args)]
pub struct SurfaceArguments {
    /// Along one direction instead of over two.
    #[arg(long)]
    line: bool,

    /// The line from these weights to other ones of the same net.
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,

    /// Further weights of the same net, of which the places in the plane are marked, in their order: a run's path.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["line", "to"])]
    through: Vec<PathBuf>,

    /// How far to go in either direction: 1 is as far as the weights are long, filter by filter.
    #[arg(long, default_value_t = 1.0)]
    reach: f64,

    /// Points along a side.
    #[arg(long, default_value_t = 17, value_parser = clap::value_parser!(u32).range(3..=257))]
    points: u32,

    /// Training pictures to measure the loss on, at most.
    #[arg(long, default_value_t = 128, value_parser = clap::value_parser!(u32).range(2..=4096))]
    pictures: u32,

    /// The seed of the random directions; the experiment's own where not given.
    #[arg(long)]
    directions: Option<u64>,
}

const SIZE: [usize; 2] = [760, 620];

/// What such a picture can show and what not.
const NOTE: &str = "A line or plane of so many dimensions shows little: between two points that it joins the net may \
                    be joined by a better way, and what is smooth here may be rough elsewhere.";

pub(super) fn run(arguments: &InspectArguments, what: &SurfaceArguments) -> Result<(), Failure> {
    let (net, set) = arguments.net_and_pictures()?;
    if !(what.reach.is_finite() && what.reach > 0.0 && what.reach <= 100.0) {
        return Err(Failure::BadInput(
            "`--reach` is a number above 0, 1 being as far as the weights are long.".into(),
        ));
    }
    let n = what.pictures as usize;
    let batch = Batch::first(n, &set, &set.train, net.experiment.train.loss, &net.normalisation);
    let device = engine::open(&arguments.device)?;
    let mut landscape = Landscape::new(&net.graph, batch.goal, &batch, &*device)?;
    let other = |path: &PathBuf| -> Result<Weights, Failure> {
        Ok(Net::load(&net.experiment, path, Some(&set))?.numbers.parameters)
    };
    let mut survey = survey(&net, what, what.to.as_ref().map(other).transpose()?);
    let path = what.through.iter().map(other).collect::<Result<Vec<Weights>, Failure>>()?;
    let path: Vec<[f64; 2]> = path.iter().map(|weights| survey.place(weights)).collect();
    while !survey.is_done() {
        survey.advance(&mut landscape)?;
    }
    let middle = landscape.at(&net.numbers.parameters)?;
    let is_line = what.line || what.to.is_some();
    let points = survey.points();
    let heights = survey.heights(|height| height.loss);
    let json = json!({
        "pictures": landscape.n_pictures,
        "here": middle,
        "line": is_line.then_some(&points),
        "plane": (!is_line).then_some(&heights),
        "path": path,
    });
    let title = format!("Training loss on {} pictures", landscape.n_pictures);
    arguments.show(
        || match is_line {
            true => line(&survey, &title, what.to.is_some()),
            false => plane(&survey, &title, &path),
        },
        json,
        || {
            let losses = points.iter().map(|(_, height)| height.loss).filter(|loss| loss.is_finite());
            let (low, high) =
                losses.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)));
            text::print_line(&format!(
                "{title}: {:.4} here, {low:.4} to {high:.4} over {} points. {NOTE}",
                middle.loss,
                points.len()
            ));
        },
    )
}

fn survey(net: &Net, what: &SurfaceArguments, to: Option<Weights>) -> Survey {
    let origin = net.numbers.parameters.clone();
    let n = what.points as usize;
    let seed = what.directions.unwrap_or(net.experiment.seed);
    let random = |which| Direction::random(&net.graph, &net.numbers.parameters, seed, which);
    let reach = what.reach;
    match to {
        // A little beyond both ends.
        Some(to) => Survey::line(
            origin.clone(),
            Direction::between(&origin, &to),
            Window1 { low: -0.25, high: 1.25 },
            n,
        ),
        None if what.line => Survey::line(origin, random(0), Window1 { low: -reach, high: reach }, n),
        None => {
            let window = Window { low: [-reach; 2], high: [reach; 2] };
            Survey::plane(origin, [random(0), random(1)], window, n)
        }
    }
}

fn line(survey: &Survey, title: &str, is_between: bool) -> Picture {
    let curve = |name: &str, colour, of: &dyn Fn(crate::inspect::surface::Height) -> f64| Curve {
        name: name.into(),
        colour,
        points: survey.points().into_iter().map(|(x, height)| [x, of(height)]).collect(),
        form: Form::Joined,
    };
    let across = match is_between {
        true => "from these weights (0) to the others (1)",
        false => "along a filter-normalised direction",
    };
    Chart {
        title: title.into(),
        across: Across::Numbers(across.into()),
        up: Up { covers: vec![0.0], ..Up::linear("loss, and share of wrong answers") },
        curves: vec![
            curve("loss", COLOURS[0], &|height| height.loss),
            curve("error", COLOURS[1], &|height| height.error),
        ],
    }
    .drawn(SIZE)
}

fn plane(survey: &Survey, title: &str, path: &[[f64; 2]]) -> Picture {
    let heights = survey.heights(|height| height.loss);
    let axes = ["first direction, filter-normalised", "second direction"];
    let mut plane = Plane::of(&heights, SIZE, title, axes);
    plane.path(path, [255, 200, 90]);
    plane.cross([0.0, 0.0], [255; 3]);
    plane.names(&[("the weights here".into(), [255; 3])]);
    plane.picture
}
