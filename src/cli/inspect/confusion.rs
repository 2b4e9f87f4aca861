//! `convscope inspect … confusion`.

use serde_json::json;

use super::super::{Failure, SplitChoice, text};
use super::InspectArguments;
use crate::data::{DataSet, Split};
use crate::inspect::confusion::{Confusion, Mistake};
use crate::inspect::letters::{self, Way};
use crate::inspect::picture::{GAP, Picture};
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

/// Characters of a name in the picture.
const LONGEST: usize = 20;

const GROUND: [u8; 3] = [0; 3];
const INK: [u8; 3] = [200; 3];

pub(super) fn run(arguments: &InspectArguments, what: &ConfusionArguments) -> Result<(), Failure> {
    let (net, set, device) = arguments.net_and_pictures()?;
    let split = what.split.of(&set);
    let classes = split.labels.classes().ok_or_else(|| {
        let words = split.labels.kind().words();
        Failure::BadInput(format!(
            "A confusion matrix is of pictures with one class each; these have {words}."
        ))
    })?;
    let model = Model::new(&net, device, split.len())?;
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

/// A row for each class, a column for each answer, with their names: the lighter, the more of the class's pictures.
/// Right answers are blue, wrong ones orange.
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
    named(&Picture::mosaic(&cells, n, GROUND), &confusion.classes, side)
}

/// The matrix with the names of its rows to the left and of its columns above it, where its cells are large enough.
fn named(matrix: &Picture, classes: &[String], side: usize) -> Picture {
    let pitch = side + GAP;
    if pitch < letters::HEIGHT + 1 {
        return matrix.clone();
    }
    let scale = if pitch >= 2 * letters::HEIGHT { 2 } else { 1 };
    let names: Vec<String> = classes.iter().map(|name| shortened(name)).collect();
    let longest = names.iter().map(|name| scale * letters::length(name)).max().unwrap_or(0);
    let [left, top] = [longest + 2 * GAP; 2];
    let mut whole = Picture::new(left + matrix.width, top + matrix.height, GROUND);
    whole.put(matrix, left, top);
    for (class, name) in names.iter().enumerate() {
        let mut word = Picture::new(letters::length(name), letters::HEIGHT, GROUND);
        word.write(name, [0, 0], INK, Way::Right);
        let word = word.enlarged(scale);
        let middle = GAP + class * pitch + (side.saturating_sub(word.height)) / 2;
        whole.put(&word, left - GAP - word.width, top + middle);
        whole.put(&word.turned(), left + middle, top - GAP - word.width);
    }
    whole
}

/// At most so many characters of a name.
fn shortened(name: &str) -> String {
    match name.chars().count() > LONGEST {
        true => name.chars().take(LONGEST - 1).chain(['…']).collect(),
        false => name.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names stand beside their rows and over their columns, also long ones; where cells are tiny they are left out.
    #[test]
    fn rows_and_columns_bear_their_names() {
        let picture_of = |classes: &[String]| picture(&Confusion::new(classes));
        let found = picture_of(&["cat".into(), "x".repeat(300)]);
        let margin = 2 * letters::length(&"x".repeat(LONGEST)) + 2 * GAP;
        let matrix = GAP + 2 * (CELL + GAP);
        assert_eq!([found.width, found.height], [margin + matrix; 2]);
        let ink_in = |rows: std::ops::Range<usize>, columns: std::ops::Range<usize>| {
            rows.flat_map(|y| columns.clone().map(move |x| (x, y)))
                .filter(|(x, y)| found.pixels[y * found.width + x] == INK)
                .count()
        };
        let [first, second] = [0, 1].map(|i| margin + i * (CELL + GAP)..margin + (i + 1) * (CELL + GAP));
        let [row, column] = [ink_in(first.clone(), 0..margin), ink_in(0..margin, first)];
        assert!(row > 0 && row == column, "the same word, turned");
        assert!(ink_in(second, 0..margin) > row, "a longer word");
        let many: Vec<String> = (0..900).map(|i| i.to_string()).collect();
        assert_eq!(picture_of(&many).width, GAP + 900 * (WHOLE / 900 + GAP));
    }
}
