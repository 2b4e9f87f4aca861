//! What the filters of the first layer prefer, shown gratings as a cell of the visual cortex is.

use super::{Kind, Measure, Unit};
use crate::inspect::filters::first_convolution;
use crate::inspect::tuning::{GreyFilter, Tuning};
use crate::lessons::settings::{Setting, Sort};
use crate::train::Run;

const AT: Setting =
    Setting { name: "at", sort: Sort::Moment, help: "\"start\" or \"end\"; the end where left out" };
const ABOVE: Setting = Setting {
    name: "above",
    sort: Sort::Number { from: 0.0, to: 1.0 },
    help: "how selective a filter must be to count as oriented; 0.3 where left out",
};

pub const ORIENTED_SHARE: Kind = Kind {
    name: "oriented-share",
    words: "share of oriented filters",
    help: "the share of first-layer filters whose orientation selectivity (1 less the circular variance) is above a bound",
    unit: Unit::Share,
    settings: &[ABOVE, AT],
    measure: Measure::Run(|quantity, sitting| {
        let above = quantity.settings.number("above").unwrap_or(0.3);
        let all = selectivities(sitting.run)?;
        Ok(all.iter().filter(|&&selectivity| selectivity > above).count() as f64 / all.len() as f64)
    }),
};

pub const SELECTIVITY: Kind = Kind {
    name: "selectivity",
    words: "median orientation selectivity",
    help: "the median over the first layer's filters of 1 less the circular variance: 0 prefers nothing, 1 one orientation alone",
    unit: Unit::Plain,
    settings: &[AT],
    measure: Measure::Run(|_, sitting| {
        let mut all = selectivities(sitting.run)?;
        all.sort_by(f64::total_cmp);
        Ok((all[(all.len() - 1) / 2] + all[all.len() / 2]) / 2.0)
    }),
};

/// Of each filter of the first convolution; 0 of one that answers nothing.
fn selectivities(run: &Run) -> Result<Vec<f64>, String> {
    let id = first_convolution(&run.graph).ok_or("The net has no convolution.")?;
    let weights = run.parameter(id).map_err(|error| error.to_string())?;
    let size = [weights.shape[2], weights.shape[3]];
    let per_filter = weights.shape[1] * size[0] * size[1];
    let scale = &run.normalisation.scale;
    if scale.len() != weights.shape[1] {
        return Err("The first convolution does not read the pictures.".into());
    }
    let tuning = |filter: &[f32]| GreyFilter::new(filter, size, scale).tuning();
    let selectivity = |tuning: Option<Tuning>| tuning.map_or(0.0, |tuning| tuning.selectivity);
    Ok(weights.data.chunks_exact(per_filter).map(|filter| selectivity(tuning(filter))).collect())
}
