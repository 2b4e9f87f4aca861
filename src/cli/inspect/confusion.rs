//! `convscope inspect … confusion`.

use serde_json::json;

use super::super::{Failure, SplitChoice, text};
use super::InspectArguments;
use crate::data::{DataSet, Split};
use crate::engine;
use crate::inspect::confusion::{Confusion, Mistake};
use crate::inspect::picture::Picture;
use crate::train::Model;

#[derive(clap::Args)]
pub struct ConfusionArguments {
    /// Which pictures.
    #[arg(long, value_enum, default_value = "test")]
    split: SplitChoice,

    /// How many of the worst mistakes to tell.
    #[arg(long, default_value_t = 10)]
    worst: usize,
}

/// Pixels to a side of each cell in the picture, and of the whole picture, at most.
const CELL: usize = 24;
const WHOLE: usize = 4096;

pub(super) fn run(arguments: &InspectArguments, what: &ConfusionArguments) -> Result<(), Failure> {
    let (net, set) = arguments.net_and_pictures()?;
    let split = what.split.of(&set);
    let classes = split.labels.classes().ok_or_else(|| {
        let words = split.labels.kind().words();
        Failure::BadInput(format!(
            "A confusion matrix is of pictures with one class each; these have {words}."
        ))
    })?;
    let model = Model::new(&net, engine::open(&arguments.device)?, split.len())?;
    let (confusion, mut mistakes) = answers(&model, &set, split, classes)?;
    mistakes.sort_by(|a, b| b.loss.total_cmp(&a.loss));
    mistakes.truncate(what.worst);
    let found = json!({
        "classes": confusion.classes,
        "counts": confusion.counts,
        "error": confusion.error(),
        "errors": confusion.errors(),
        "worst": mistakes,
    });
    arguments.show(|| picture(&confusion), found, || print(&confusion, &mistakes))
}

fn answers(
    model: &Model,
    set: &DataSet,
    split: &Split,
    classes: &[u16],
) -> Result<(Confusion, Vec<Mistake>), Failure> {
    let (mut confusion, mut mistakes) = (Confusion::new(&set.classes), Vec::new());
    let mut reader = model.reader()?;
    for first in (0..split.len()).step_by(model.batch()) {
        let batch = first..split.len().min(first + model.batch());
        let pictures: Vec<Vec<u8>> = batch.clone().map(|i| split.picture(set.extent, i).to_vec()).collect();
        for (i, logits) in batch.zip(reader.read(&pictures)?) {
            mistakes.extend(confusion.count(i, classes[i] as usize, &logits));
        }
    }
    Ok((confusion, mistakes))
}

fn print(confusion: &Confusion, mistakes: &[Mistake]) {
    let name = |class: usize| confusion.classes[class].replace(char::is_control, " ");
    let mut header = vec!["is \\ taken for".to_string()];
    header.extend((0..confusion.classes.len()).map(name));
    header.push("error".into());
    let mut rows = vec![header];
    for (class, error) in confusion.errors().into_iter().enumerate() {
        let mut row = vec![name(class)];
        row.extend(confusion.counts[class].iter().map(|&n| if n == 0 { "·".into() } else { n.to_string() }));
        row.push(error.map_or_else(|| "–".into(), text::percent));
        rows.push(row);
    }
    let mut right = vec![true; rows[0].len()];
    right[0] = false;
    text::print_table(&right, &rows);
    text::print_line(&format!("error {}", text::percent(confusion.error())));
    for mistake in mistakes {
        text::print_line(&format!(
            "picture {} is {}, taken for {}, loss {:.2}",
            mistake.index,
            name(mistake.class),
            name(mistake.answer),
            mistake.loss
        ));
    }
}

/// A row for each class, a column for each answer: the lighter, the more of the class's pictures. Right answers
/// are blue, wrong ones orange.
fn picture(confusion: &Confusion) -> Picture {
    let n = confusion.classes.len();
    let side = (WHOLE / n).clamp(1, CELL);
    let cell = |class: usize, answer: usize| {
        let row = &confusion.counts[class];
        let share = row[answer] as f64 / row.iter().sum::<u64>().max(1) as f64;
        let full = if class == answer { [90.0, 160.0, 255.0] } else { [255.0, 160.0, 60.0] };
        // The root shows the few that are taken for another beside the many that are not.
        Picture::new(side, side, full.map(|colour: f64| (24.0 + (colour - 24.0) * share.sqrt()) as u8))
    };
    let cells: Vec<Picture> = (0..n * n).map(|i| cell(i / n, i % n)).collect();
    Picture::mosaic(&cells, n, [0; 3])
}
