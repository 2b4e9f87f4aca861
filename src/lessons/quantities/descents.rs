//! Where an experiment's optimiser gets to on a surface of two weights: nothing is trained for it.

use super::{Kind, Measure, Measured, Quantity, Unit};
use crate::experiment::{Experiment, Optimiser};
use crate::inspect::descent::{Descent, Surface};
use crate::lessons::settings::{Setting, Sort};

pub const DESCENT: Kind = Kind {
    name: "descent",
    words: "way down a surface",
    help: "the height, or a weight, that the experiment's optimiser reaches on a surface of two weights from its customary start",
    unit: Unit::Plain,
    settings: &[
        Setting {
            name: "surface",
            sort: Sort::Word(&["ravine", "saddle", "plateau", "rosenbrock", "beale"]),
            help: "which surface; the ravine where left out",
        },
        Setting {
            name: "steps",
            sort: Sort::Count { from: 1, to: 10_000 },
            help: "after so many steps; one where left out",
        },
        Setting {
            name: "rate",
            sort: Sort::Number { from: 0.0, to: 1000.0 },
            help: "the rate; that which suits the rule on the surface where left out",
        },
        Setting {
            name: "show",
            sort: Sort::Word(&["height", "x", "y"]),
            help: "the height of the surface or one of the weights; the height where left out",
        },
    ],
    measure: Measure::Told(descent),
};

fn descent(quantity: &Quantity, experiment: &Experiment) -> Measured {
    let settings = &quantity.settings;
    let name = settings.text("surface").unwrap_or("ravine");
    let surface = Surface::ALL.into_iter().find(|surface| surface.name() == name).unwrap_or(Surface::Ravine);
    let n_steps = settings.number("steps").map_or(1, |steps| steps as usize);
    let rule: Optimiser = experiment.train.optimiser;
    let mut descent = Descent::customary(surface, rule, n_steps);
    if let Some(rate) = settings.number("rate") {
        descent.rate = rate as f32;
    }
    let path = descent.path();
    let last = path.points.len().checked_sub(1).filter(|_| path.lost_after.is_none());
    let last = last.ok_or("It has left the surface: the weights are no numbers any more.")?;
    Ok(match settings.text("show") {
        Some("x") => path.points[last][0],
        Some("y") => path.points[last][1],
        _ => path.values[last],
    })
}
