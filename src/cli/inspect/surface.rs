//! `convscope inspect … surface`.

use std::path::PathBuf;

use serde_json::json;

use super::super::{Failure, text};
use super::InspectArguments;
use crate::data::DataSet;
use crate::engine::Device;
use crate::inspect::batch::Batch;
use crate::inspect::chart::{Across, COLOURS, Chart, Curve, Form, Up};
use crate::inspect::contour::{Heights, Levels, Plane, Window};
use crate::inspect::live::surface::around;
use crate::inspect::picture::Picture;
use crate::inspect::surface::{Direction, Height, Landscape, Principal, Survey, Weights, Window1};
use crate::train::{Net, folder};

#[derive(clap::Args)]
pub struct SurfaceArguments {
    /// Along one direction instead of over two.
    #[arg(long)]
    line: bool,

    /// The line from these weights to other ones of the same net.
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,

    /// Further weights of the same net, of which the places in the plane are marked, in their order: a run's path. A
    /// folder that `train --out` has written stands for the steps that are kept in it.
    #[arg(long, value_name = "FILE|FOLDER", num_args = 1.., conflicts_with_all = ["line", "to"])]
    through: Vec<PathBuf>,

    /// Lay the plane through that path, along its first two principal components, rather than along random directions,
    /// in which a path shrinks to a point.
    #[arg(long, requires = "through")]
    along: bool,

    /// Another experiment, whose surface is drawn beside this one on the same scale.
    #[arg(long, value_name = "EXPERIMENT", conflicts_with_all = ["line", "to"])]
    beside: Option<String>,

    /// The weights of that; without them, those before its first step.
    #[arg(long, value_name = "FILE", requires = "beside")]
    beside_weights: Option<PathBuf>,

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
const NOTE: &str = "Such a slice can show whether the loss falls evenly along a way and how sharp the ground is where \
                    the net stands. It has one or two of as many directions as there are weights: what looks like a \
                    wall may have a way around it, and what looks like a bowl may fall away elsewhere.";

/// A net with its loss, and what of it is drawn.
struct Drawn {
    name: String,
    landscape: Landscape,
    survey: Survey,
    path: Vec<[f64; 2]>,
    /// The share of the path's variance along either axis, where the plane was laid through it.
    explained: Option<[f64; 2]>,
    here: Height,
}

pub(super) fn run(arguments: &InspectArguments, what: &SurfaceArguments) -> Result<(), Failure> {
    if !(what.reach.is_finite() && what.reach > 0.0 && what.reach <= 100.0) {
        return Err(Failure::BadInput(
            "`--reach` is a number above 0, 1 being as far as the weights are long.".into(),
        ));
    }
    let (net, set, device) = arguments.net_and_pictures()?;
    let mut all = vec![measured(what, &net, &set, &*device, &what.through)?];
    if let Some(name) = &what.beside {
        let (net, set) = arguments.beside(name, what.beside_weights.as_deref(), &*device)?;
        all.push(measured(what, &net, &set, &*device, &[])?);
    }
    let is_line = what.line || what.to.is_some();
    let told = |drawn: &Drawn| {
        json!({
            "title": drawn.name,
            "pictures": drawn.landscape.n_pictures,
            "here": drawn.here,
            "line": is_line.then(|| drawn.survey.points()),
            "plane": (!is_line).then(|| drawn.survey.heights(|height| height.loss)),
            "path": drawn.path,
            "explained": drawn.explained,
        })
    };
    let mut json = told(&all[0]);
    if let Some(beside) = all.get(1) {
        json["beside"] = told(beside);
    }
    arguments.show(
        || match is_line {
            true => line(&all[0].survey, &title(&all[0]), what.to.is_some()),
            false => planes(&all),
        },
        json,
        || print(&all),
    )
}

fn title(drawn: &Drawn) -> String {
    format!("Training loss on {}", text::counted(drawn.landscape.n_pictures as u64, "picture"))
}

fn print(all: &[Drawn]) {
    for drawn in all {
        let points = drawn.survey.points();
        let losses = points.iter().map(|(_, height)| height.loss).filter(|loss| loss.is_finite());
        let (low, high) = losses.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)));
        let explained = drawn.explained.map_or_else(String::new, |[x, y]| {
            format!(
                "; of the path's variance {} lies along x, {} along y",
                text::percent(x),
                text::percent(y)
            )
        });
        text::print_line(&format!(
            "{}: {}: {:.4} here, {low:.4} to {high:.4} over {} points{explained}",
            drawn.name,
            title(drawn),
            drawn.here.loss,
            points.len()
        ));
    }
    text::print_line(NOTE);
}

fn measured(
    what: &SurfaceArguments,
    net: &Net,
    set: &DataSet,
    device: &dyn Device,
    through: &[PathBuf],
) -> Result<Drawn, Failure> {
    let n = what.pictures as usize;
    let batch = Batch::first(n, set, &set.train, net.experiment.train.loss, &net.normalisation);
    let mut landscape = Landscape::new(&net.graph, batch.goal, &batch, device)?;
    let other = |path: &PathBuf| -> Result<Weights, Failure> {
        Ok(Net::load(&net.experiment, path, Some(set))?.numbers.parameters)
    };
    let way = steps_of(through).iter().map(other).collect::<Result<Vec<Weights>, Failure>>()?;
    let to = what.to.as_ref().map(other).transpose()?;
    let (mut survey, explained) = match what.along && !way.is_empty() {
        true => along(net, &way, what.points as usize)?,
        false => (survey(net, what, to), None),
    };
    let path = way.iter().map(|weights| survey.place(weights)).collect();
    while !survey.is_done() {
        survey.advance(&mut landscape)?;
    }
    let here = landscape.at(&net.numbers.parameters)?;
    Ok(Drawn { name: net.experiment.title.clone(), landscape, survey, path, explained, here })
}

/// The files of weights, with those of a run's folder in the order of their steps.
fn steps_of(paths: &[PathBuf]) -> Vec<PathBuf> {
    let files = |path: &PathBuf| match path.is_dir() {
        true => folder::steps(path).into_iter().map(|(_, file)| file).collect(),
        false => vec![path.clone()],
    };
    paths.iter().flat_map(files).collect()
}

/// The plane in which a way to these weights lies as well as in any.
fn along(net: &Net, way: &[Weights], n: usize) -> Result<(Survey, Option<[f64; 2]>), Failure> {
    let here = &net.numbers.parameters;
    let all: Vec<&Weights> = way.iter().chain([here]).collect();
    let Some(found) = Principal::of(&all) else {
        return Err(Failure::BadInput(
            "These weights lie in one place or on one line, and a plane takes three. Give more of them with \
             `--through`."
                .into(),
        ));
    };
    let window = around(&found.places);
    Ok((Survey::plane(here.clone(), found.axes, window, n), Some(found.explained)))
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

/// One plane, or two side by side on one scale.
fn planes(all: &[Drawn]) -> Picture {
    let heights: Vec<_> = all.iter().map(|drawn| drawn.survey.heights(|height| height.loss)).collect();
    let every: Vec<f64> = heights.iter().flat_map(|heights| heights.values.clone()).collect();
    let levels = Levels::of(&every);
    let plane = |(drawn, heights): (&Drawn, &Heights)| {
        let axes = match drawn.explained {
            Some(_) => ["first principal component of the path", "second one"],
            None => ["first direction, filter-normalised", "second direction"],
        };
        let title = match all.len() {
            1 => title(drawn),
            _ => format!("{}: {}", drawn.name, title(drawn)),
        };
        let mut plane = Plane::on(&levels, heights, SIZE, &title, axes);
        plane.path(&drawn.path, [255, 200, 90]);
        plane.cross([0.0, 0.0], [255; 3]);
        plane.names(&[("the weights here".into(), [255; 3])]);
        plane.picture
    };
    let pictures: Vec<Picture> = all.iter().zip(&heights).map(plane).collect();
    match &pictures[..] {
        [one] => one.clone(),
        several => Picture::beside(several, [24; 3]),
    }
}
