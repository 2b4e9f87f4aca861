//! `convscope inspect … translation`.

use serde_json::json;

use super::super::{Failure, SplitChoice, text};
use super::InspectArguments;
use crate::graph::program::Placement;
use crate::inspect::chart::{Across, COLOURS, Chart, Curve, Up};
use crate::inspect::picture::Picture;
use crate::inspect::translation::{Shifting, Translation};

#[derive(clap::Args)]
pub struct TranslationArguments {
    /// The furthest shift, in pixels to the right.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=256))]
    furthest: u32,

    /// Pictures to shift, at most.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(2..=4096))]
    pictures: u32,

    /// Which pictures.
    #[arg(long, value_enum, default_value = "test")]
    split: SplitChoice,
}

/// Curves in the picture, at most; of more layers some are left out.
const MOST_CURVES: usize = 8;

const SIZE: [usize; 2] = [900, 560];

pub(super) fn run(arguments: &InspectArguments, what: &TranslationArguments) -> Result<(), Failure> {
    let (net, set, device) = arguments.net_and_pictures()?;
    let (split, furthest) = (what.split.of(&set), what.furthest as usize);
    if net.normalisation.permute.is_some() {
        return Err(Failure::BadInput(
            "The pixels of these pictures are permuted (`data.permute`): to shift them means nothing.".into(),
        ));
    }
    if furthest >= set.extent.width {
        return Err(Failure::BadInput(format!(
            "Pictures of {} are shifted out of sight by {furthest} pixels. Use a smaller `--furthest`.",
            set.extent
        )));
    }
    let n = split.len().min(what.pictures as usize);
    if n < 2 {
        return Err(Failure::BadInput(
            "It takes two pictures at least to tell how far they are apart.".into(),
        ));
    }
    let pictures: Vec<Vec<u8>> = (0..n).map(|i| split.picture(set.extent, i).to_vec()).collect();
    let placement = Placement::forward_only(&net.graph);
    let memory = device.memory(&placement)?;
    net.numbers.write_to(&net.graph, &placement, &*memory)?;
    let shifts: Vec<usize> = (0..=furthest).collect();
    let mut shifting = Shifting::new(&net.graph, &memory, &*device, &net.normalisation, pictures, shifts)?;
    let found = loop {
        if let Some(found) = shifting.advance()? {
            break found;
        }
    };
    arguments.show(|| picture(&found), json!({ "translation": found }), || print(&found))
}

fn picture(found: &Translation) -> Picture {
    let every = found.layers.len().div_ceil(MOST_CURVES);
    // The last layer is always there.
    let shown = found.layers.iter().rev().step_by(every).collect::<Vec<_>>();
    let curve = |(i, layer): (usize, &&crate::inspect::translation::Moved)| {
        let name = format!("{} {}", layer.path, layer.kind);
        Curve::over_places(&name, COLOURS[i % COLOURS.len()], layer.moved.iter().copied()).at(&found.shifts)
    };
    Chart {
        title: format!(
            "How far the outputs move when {} do; 1: as far as to another",
            text::counted(found.n_pictures as u64, "picture")
        ),
        across: Across::Numbers("shift, pixels".into()),
        up: Up { covers: vec![0.0, 1.0], ..Up::linear("distance moved") },
        curves: shown.iter().rev().enumerate().map(curve).collect(),
    }
    .drawn(SIZE)
}

fn print(found: &Translation) {
    let last = found.shifts.len() - 1;
    let some: Vec<usize> = [1, 2, 4, 8].into_iter().filter(|s| *s < last).chain([last]).collect();
    let mut header: Vec<String> = ["layer", "kind", "stride"].map(String::from).to_vec();
    header.extend(some.iter().map(|&s| format!("moved by {}", found.shifts[s])));
    header.extend(some.iter().map(|&s| format!("astray by {}", found.shifts[s])));
    let mut rows = vec![header];
    for layer in &found.layers {
        let mut row = vec![layer.path.clone(), layer.kind.into(), layer.stride.to_string()];
        row.extend(some.iter().map(|&s| format!("{:.3}", layer.moved[s])));
        row.extend(some.iter().map(|&s| layer.followed[s].map_or_else(|| "–".into(), |x| format!("{x:.3}"))));
        rows.push(row);
    }
    let mut right = vec![true; rows[0].len()];
    (right[0], right[1]) = (false, false);
    text::print_table(&right, &rows);
    text::print_line(&format!(
        "{}; 1 is as far as to the output for another picture; astray: how far from being shifted as the \
         picture is",
        text::counted(found.n_pictures as u64, "picture")
    ));
}
