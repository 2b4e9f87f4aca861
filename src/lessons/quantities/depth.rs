//! Nets made deeper by layers that do nothing, and nets robbed of a block.

use super::{Kind, Measure, Measured, Quantity, Sitting, Unit};
use crate::data::DataSet;
use crate::engine::{Device, Part};
use crate::inspect::batch::Batch;
use crate::inspect::insertion::{Comparison, Form, Insertion, compare, deeper};
use crate::inspect::removal;
use crate::lessons::fact::Summary;
use crate::lessons::settings::{Setting, Sort};
use crate::train::{Net, Run};

/// Pictures that normalisations are measured on, and those whose answers are compared.
const N_PICTURES: usize = 256;

const LAYERS: Setting = Setting {
    name: "layers",
    sort: Sort::Count { from: 1, to: 1200 },
    help: "layers with weights that are set in; 36 where left out",
};

pub const INSERTION_DIFFERENCE: Kind = Kind {
    name: "insertion-difference",
    words: "difference that identity layers make",
    help: "the largest difference between two answers of the trained net and of the same with identity layers set in, beside the largest answer",
    unit: Unit::Plain,
    settings: &[LAYERS],
    measure: Measure::Run(|quantity, sitting| {
        let found = inserted(quantity, sitting)?;
        Ok(found.largest_difference / found.largest.max(1e-30))
    }),
};

pub const INSERTION_CHANGED: Kind = Kind {
    name: "insertion-changed",
    words: "answers that identity layers change",
    help: "to how many test pictures the answer is another one after identity layers are set into the trained net",
    unit: Unit::Count,
    settings: &[LAYERS],
    measure: Measure::Run(|quantity, sitting| Ok(inserted(quantity, sitting)?.n_answers_changed as f64)),
};

pub const REMOVAL: Kind = Kind {
    name: "removal",
    words: "harm of removing a block",
    help: "by how much the test error rises where one block of the trained net is taken out: over all blocks the least, the median, the mean or the most",
    unit: Unit::Share,
    settings: &[Setting {
        name: "over",
        sort: Sort::Word(&["least", "median", "mean", "most"]),
        help: "how one number is made of all blocks; the median where left out",
    }],
    measure: Measure::Run(removed),
};

fn inserted(quantity: &Quantity, sitting: &Sitting<'_>) -> Result<Comparison, String> {
    let run: &Run = sitting.run;
    let net = Net::of(run).map_err(|error| error.to_string())?;
    let is_residual = net.graph.layers.iter().any(|report| report.kind == "add");
    let n_layers = quantity.settings.number("layers").map_or(36, |layers| layers as usize);
    let insertion = Insertion { n_layers, form: if is_residual { Form::Residual } else { Form::Plain } };
    let set: &DataSet = &run.set;
    let loss = net.experiment.train.loss;
    let batch = |split| Batch::first(N_PICTURES, set, split, loss, &net.normalisation);
    let device: &dyn Device = &**run.device();
    let found = deeper(&net, insertion, &batch(&set.train), device).map_err(|error| error.to_string())?;
    compare([&net, &found.net], &batch(&set.test), device).map_err(|error| error.to_string())
}

fn removed(quantity: &Quantity, sitting: &mut Sitting<'_>) -> Measured {
    let run: &Run = sitting.run;
    let net = Net::of(run).map_err(|error| error.to_string())?;
    let found = removal::removal(&net, &run.set, Part::Test, run.device(), &mut |_, _| {});
    let found = found.map_err(|error| error.to_string())?;
    let harms: Vec<f64> = found.blocks.iter().map(|block| block.error - found.error).collect();
    let over = quantity.settings.text("over").unwrap_or("median");
    let summary = Summary::ALL.into_iter().find(|summary| summary.name() == over).unwrap_or(Summary::Median);
    match harms.is_empty() {
        true => Err("The net has no block that can be removed.".into()),
        false => Ok(summary.of(&harms)),
    }
}
