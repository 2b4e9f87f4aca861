//! `convscope inspect … removal`.

use serde_json::json;

use super::super::{Failure, SplitChoice, text};
use super::InspectArguments;
use crate::inspect::chart::{Across, COLOURS, Chart, Curve, Form, Up};
use crate::inspect::picture::Picture;
use crate::inspect::removal::{Removal, removal};

#[derive(clap::Args)]
pub struct RemovalArguments {
    /// Which pictures to evaluate on.
    #[arg(long, value_enum, default_value = "test")]
    split: SplitChoice,
}

const HEIGHT: usize = 480;

pub(super) fn run(arguments: &InspectArguments, what: &RemovalArguments) -> Result<(), Failure> {
    let (net, set, device) = arguments.net_and_pictures()?;
    let mut heard = |done: usize, n: usize| eprintln!("convscope: {done} of {n} evaluations");
    let found = removal(&net, &set, what.split.part(), &device, &mut heard)?;
    if found.blocks.is_empty() {
        return Err(Failure::BadInput(
            "This net has no block that can be removed: neither branches that are added, nor convolutions that keep \
             the shape of their maps."
                .into(),
        ));
    }
    let json = json!({ "removal": found });
    arguments.show(|| picture(&found), json, || print(&found))
}

fn picture(found: &Removal) -> Picture {
    let names: Vec<String> = found.blocks.iter().map(|block| block.path.clone()).collect();
    let errors = found.blocks.iter().map(|block| 100.0 * block.error);
    let whole = vec![100.0 * found.error; names.len()];
    let width = (28 * names.len() + 120).clamp(420, 2400);
    let bars = Curve { form: Form::Bars, ..Curve::over_places("without this block", COLOURS[0], errors) };
    let line = Curve::over_places("the whole net", COLOURS[1], whole);
    Chart {
        title: format!("Error without each block, on {}", text::counted(found.n_pictures as u64, "picture")),
        across: Across::Names(names),
        up: Up::linear("error, %"),
        curves: vec![bars, line],
    }
    .drawn([width, HEIGHT])
}

fn print(found: &Removal) {
    let mut rows = vec![["without", "what remains", "error", "more by"].map(String::from).to_vec()];
    for block in &found.blocks {
        rows.push(vec![
            block.path.clone(),
            match block.is_identity {
                Some(true) => "the identity",
                Some(false) => "a shortcut that changes the shape",
                None => "the identity in a plain layer's place",
            }
            .into(),
            text::percent(block.error),
            format!("{:+.1} points", 100.0 * (block.error - found.error)),
        ]);
    }
    text::print_table(&[false, false, true, true], &rows);
    text::print_line(&format!(
        "the whole net's error on {} is {}",
        text::counted(found.n_pictures as u64, "picture"),
        text::percent(found.error)
    ));
}
