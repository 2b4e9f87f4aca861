//! `convscope inspect … embedding`.

use serde_json::json;

use super::super::{Failure, SplitChoice, text};
use super::InspectArguments;
use crate::graph::program::Placement;
use crate::inspect::batch::Batch;
use crate::inspect::chart::{GROUND, light};
use crate::inspect::embedding::{Features, Points, neighbours_alike, pca, tsne::Tsne};
use crate::inspect::letters::{Way, length};
use crate::inspect::picture::Picture;

#[derive(clap::Args)]
pub struct EmbeddingArguments {
    /// How to lay the pictures flat.
    #[arg(long, value_enum, default_value = "tsne")]
    method: Method,

    /// Pictures, at most.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(4..=5000))]
    pictures: u32,

    /// Which pictures.
    #[arg(long, value_enum, default_value = "test")]
    split: SplitChoice,

    /// Neighbours that t-SNE heeds of each picture, about.
    #[arg(long, default_value_t = 30.0)]
    perplexity: f32,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Method {
    /// The plane in which they lie furthest apart.
    Pca,
    /// Neighbours stay neighbours.
    Tsne,
}

const SIZE: [usize; 2] = [900, 760];
const INK: [u8; 3] = [200; 3];

pub(super) fn run(arguments: &InspectArguments, what: &EmbeddingArguments) -> Result<(), Failure> {
    let (net, set, device) = arguments.net_and_pictures()?;
    let split = what.split.of(&set);
    let Some(classes) = split.labels.classes() else {
        let words = split.labels.kind().words();
        return Err(Failure::BadInput(format!("Points are coloured by one class each; these have {words}.")));
    };
    let n = (what.pictures as usize).min(split.len());
    let batch = Batch::first(n, &set, split, net.experiment.train.loss, &net.normalisation);
    let placement = Placement::forward_only(&net.graph);
    let memory = device.memory(&placement)?;
    net.numbers.write_to(&net.graph, &placement, &*memory)?;
    let features = Features::of(&net.graph, &memory, &batch.pictures, &*device)?;
    let Some(features) = features else {
        return Err(Failure::BadInput("This net has no weights, and so no last layer.".into()));
    };
    let plane = pca::plane(&features);
    let (points, words) = match what.method {
        Method::Pca => {
            let [x, y] = plane.explained.map(text::percent);
            (plane.points, format!("principal components, {x} and {y} of the variance"))
        }
        Method::Tsne => {
            (by_tsne(&features, what.perplexity)?, format!("t-SNE of perplexity {}", what.perplexity))
        }
    };
    let alike = neighbours_alike(&points, &classes[..n]);
    let json = json!({
        "before": features.before,
        "dimension": features.dimension(),
        "classes": classes[..n],
        "points": points,
        "explained": plane.explained,
        "neighbours_alike": alike,
    });
    let title = format!("{} before {}: {words}", text::counted(n as u64, "picture"), features.before);
    arguments.show(
        || picture(&points, &classes[..n], &net.classes, &title),
        json,
        || {
            text::print_line(&title);
            text::print_line(&format!(
                "the nearest neighbour of {} is of the same class",
                text::percent(alike)
            ));
        },
    )
}

fn by_tsne(features: &Features, perplexity: f32) -> Result<Points, Failure> {
    if !(1.0..=1000.0).contains(&perplexity) {
        return Err(Failure::BadInput(
            "`--perplexity` is a number of neighbours, 1 to 1000; 30 is customary.".into(),
        ));
    }
    let Some(mut tsne) = Tsne::new(features, perplexity) else {
        return Err(Failure::BadInput("It takes 4 pictures at least to lay them flat by t-SNE.".into()));
    };
    while !tsne.is_done() {
        tsne.advance();
    }
    Ok(tsne.points().to_vec())
}

fn picture(points: &Points, classes: &[u16], names: &[String], title: &str) -> Picture {
    let mut picture = Picture::new(SIZE[0], SIZE[1], GROUND);
    picture.write(title, [12, 10], INK, Way::Right);
    let mut x = 12;
    for (class, name) in names.iter().enumerate().take(20) {
        picture.blot([x as f64 + 3.0, 32.0], 6, light(class));
        picture.write(name, [x + 12, 29], INK, Way::Right);
        x += 24 + length(name) as i64;
    }
    let reach = |axis: usize| {
        let all = points.iter().map(|point| point[axis]);
        all.fold((f32::INFINITY, f32::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)))
    };
    let (across, up) = (reach(0), reach(1));
    let span = (across.1 - across.0).max(up.1 - up.0).max(f32::MIN_POSITIVE);
    let [width, height] = [SIZE[0] as f32 - 40.0, SIZE[1] as f32 - 80.0];
    let side = width.min(height);
    for (point, &class) in points.iter().zip(classes) {
        let x = 20.0 + (width - side) / 2.0 + side * (point[0] - across.0) / span;
        let y = 60.0 + side * (1.0 - (point[1] - up.0) / span);
        picture.blot([x.into(), y.into()], 5, light(class.into()));
    }
    picture
}
