//! How far a layer's output moves when the pictures do.

use super::Measured;
use super::Quantity;
use super::{Kind, Measure, Sitting, Unit};
use crate::experiment::words::{nearest, shortened};
use crate::inspect::translation::Shifting;
use crate::lessons::settings::{Setting, Sort};

/// Test pictures that are moved, at most.
const N_PICTURES: usize = 100;

pub const SHIFT_CHANGE: Kind = Kind {
    name: "shift-change",
    words: "change under a shift",
    help: "how far a layer's output moves when test pictures are shifted to the right, 1 being as far as to another picture",
    unit: Unit::Plain,
    settings: &[
        Setting {
            name: "layer",
            sort: Sort::Layer,
            help: "a layer by its path, such as \"layers.0\", or \"input\"",
        },
        Setting { name: "by", sort: Sort::Count { from: 1, to: 64 }, help: "pixels; one where left out" },
        Setting { name: "at", sort: Sort::Moment, help: "\"start\" or \"end\"; the end where left out" },
    ],
    measure: Measure::Run(shift_change),
};

fn shift_change(quantity: &Quantity, sitting: &mut Sitting<'_>) -> Measured {
    let run = &*sitting.run;
    let by = quantity.settings.number("by").map_or(1, |by| by as usize);
    let n = run.set.test.len().min(N_PICTURES);
    let pictures = (0..n).map(|i| run.set.test.picture(run.set.extent, i).to_vec()).collect();
    let (memory, device) = (run.memory(), &**run.device());
    let found = Shifting::new(&run.graph, memory, device, &run.normalisation, pictures, vec![by]);
    let mut shifting = found.map_err(|error| error.to_string())?;
    let found = loop {
        (sitting.go_on)()?;
        if let Some(found) = shifting.advance().map_err(|error| error.to_string())? {
            break found;
        }
    };
    let asked = quantity.settings.text("layer").unwrap_or("input");
    let layer = found.layers.iter().find(|layer| layer.path == asked).ok_or_else(|| {
        let paths = found.layers.iter().map(|layer| layer.path.as_str());
        let meant = nearest(asked, paths).unwrap_or("input");
        format!("The net has no layer `{}`; did you mean `{meant}`?", shortened(asked))
    })?;
    Ok(layer.moved[0])
}
