//! `convscope inspect … answers`.

use serde_json::json;

use super::super::{Failure, SplitChoice, text};
use super::InspectArguments;
use crate::data::{DataSet, Split};
use crate::inspect::answers::{Answer, Answers, Pick};
use crate::inspect::chart::GROUND;
use crate::inspect::letters::{Way, length};
use crate::inspect::picture::{Picture, columns};
use crate::train::{Model, Net};

#[derive(clap::Args)]
pub struct AnswersArguments {
    /// Which pictures.
    #[arg(long, value_enum, default_value = "test")]
    split: SplitChoice,

    /// Which answers to show.
    #[arg(long, value_enum, default_value = "worst")]
    pick: PickChoice,

    /// How many of them.
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..=400))]
    count: u32,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum PickChoice {
    /// Wrong ones, the most wrong first.
    Worst,
    /// The surest, right or wrong.
    MostCertain,
    /// The least sure.
    LeastCertain,
}

impl PickChoice {
    fn pick(self) -> Pick {
        match self {
            Self::Worst => Pick::Worst,
            Self::MostCertain => Pick::MostCertain,
            Self::LeastCertain => Pick::LeastCertain,
        }
    }
}

/// Pixels to a side of each picture, at least, and of the lines below it.
const SIDE: usize = 112;
const CAPTION: usize = 24;
const INK: [u8; 3] = [210; 3];
const WRONG: [u8; 3] = [255, 170, 90];

pub(super) fn run(arguments: &InspectArguments, what: &AnswersArguments) -> Result<(), Failure> {
    let (net, set, device) = arguments.net_and_pictures()?;
    let split = what.split.of(&set);
    let answers = answers(&net, &Model::new(&net, device, split.len())?, &set, split)?;
    let picked = answers.picked(what.pick.pick(), what.count as usize);
    let confusion = answers.confusion();
    let calibration = answers.calibration();
    let json = json!({
        "classes": answers.classes,
        "error": confusion.error(),
        "errors": confusion.errors(),
        "calibration": calibration.iter().map(|(n, right)| json!({ "n": n, "right": right })).collect::<Vec<_>>(),
        "picked": picked,
    });
    arguments.show(
        || picture(&picked, &answers, &set, split),
        json,
        || {
            print_errors(&answers);
            print_picked(what.pick.pick(), &picked, &answers);
        },
    )
}

/// What the net says of every picture of a split.
pub(super) fn answers(net: &Net, model: &Model, set: &DataSet, split: &Split) -> Result<Answers, Failure> {
    let classes = split.labels.classes().ok_or_else(|| {
        let words = split.labels.kind().words();
        Failure::BadInput(format!("Answers are judged for pictures with one class each; these have {words}."))
    })?;
    let mut answers = Answers::new(&net.classes);
    let batch = model.batch();
    let mut reader = model.reader()?;
    for first in (0..split.len()).step_by(batch) {
        let indices = first..split.len().min(first + batch);
        let pictures: Vec<Vec<u8>> = indices.clone().map(|i| split.picture(set.extent, i).to_vec()).collect();
        let logits = reader.read(&pictures)?;
        answers.all.extend(indices.zip(logits).map(|(i, logits)| Answer::of(i, classes[i].into(), &logits)));
    }
    Ok(answers)
}

fn name(answers: &Answers, class: usize) -> String {
    answers.classes.get(class).map_or_else(|| class.to_string(), |name| name.replace(char::is_control, " "))
}

fn print_errors(answers: &Answers) {
    let confusion = answers.confusion();
    let mut rows = vec![["class", "pictures", "error"].map(String::from).to_vec()];
    for (class, error) in confusion.errors().into_iter().enumerate() {
        let n: u64 = confusion.counts[class].iter().sum();
        let error = error.map_or_else(|| "–".into(), text::percent);
        rows.push(vec![name(answers, class), n.to_string(), error]);
    }
    text::print_table(&[false, true, true], &rows);
    text::print_line(&format!("error {}", text::percent(confusion.error())));
    for (tenth, (n, right)) in answers.calibration().into_iter().enumerate().filter(|(_, (n, _))| *n > 0) {
        text::print_line(&format!(
            "of {} given with {} to {} % certainty, {} are right",
            text::counted(n as u64, "answer"),
            10 * tenth,
            10 * tenth + 10,
            text::percent(right)
        ));
    }
}

fn print_picked(pick: Pick, picked: &[Answer], answers: &Answers) {
    text::print_line(&format!("{}:", pick.title()));
    for answer in picked {
        text::print_line(&format!(
            "picture {} is {}, taken for {} with {:.1} % certainty; {:.2} % for what it is",
            answer.index,
            name(answers, answer.class),
            name(answers, answer.answer),
            100.0 * answer.probability,
            100.0 * answer.of_class
        ));
    }
}

/// The pictures themselves, with what each is and what it is taken for.
fn picture(picked: &[Answer], answers: &Answers, set: &DataSet, split: &Split) -> Picture {
    let factor = SIDE.div_ceil(set.extent.height.max(set.extent.width)).max(1);
    let tile = |answer: &Answer| {
        let shown = Picture::of_bytes(set.extent, split.picture(set.extent, answer.index)).enlarged(factor);
        let mut tile = Picture::new(shown.width.max(SIDE), shown.height + CAPTION, GROUND);
        tile.put(&shown, (tile.width - shown.width) / 2, 0);
        let of = name(answers, answer.class);
        let taken = format!("{} {:.0} %", name(answers, answer.answer), 100.0 * answer.probability);
        let colour = if answer.is_right() { INK } else { WRONG };
        for (line, text, colour) in [(0, of, INK), (1, taken, colour)] {
            let most = tile.width / 6;
            let text: String = text.chars().take(most).collect();
            let left = (tile.width.saturating_sub(length(&text)) / 2) as i64;
            tile.write(&text, [left, shown.height as i64 + 3 + 11 * line], colour, Way::Right);
        }
        tile
    };
    let tiles: Vec<Picture> = picked.iter().map(tile).collect();
    Picture::mosaic(&tiles, columns(tiles.len()), [0; 3])
}
