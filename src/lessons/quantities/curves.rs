//! What a run told of its steps and evaluations.

use super::{Kind, Measure, Measured, Quantity, Unit};
use crate::lessons::settings::{Moment, Setting, Sort};
use crate::train::curves::{Curves, StepRecord};

const AT: Setting = Setting {
    name: "at",
    sort: Sort::Moment,
    help: "when: \"end\", \"best\", \"start\" or a number of epochs; the end where left out",
};

pub const TEST_ERROR: Kind = Kind {
    name: "test-error",
    words: "test error",
    help: "the share of wrong answers on the test pictures, in test mode",
    unit: Unit::Share,
    settings: &[AT],
    measure: Measure::Curves(|quantity, curves, _| test(quantity, curves, |record| record.error)),
};

pub const TEST_LOSS: Kind = Kind {
    name: "test-loss",
    words: "test loss",
    help: "the mean loss over the test pictures, in test mode",
    unit: Unit::Plain,
    settings: &[AT],
    measure: Measure::Curves(|quantity, curves, _| test(quantity, curves, |record| record.loss)),
};

pub const TRAIN_ERROR: Kind = Kind {
    name: "train-error",
    words: "training error",
    help: "the share of wrong answers in the batches of the last epoch up to the moment, while they were learned",
    unit: Unit::Share,
    settings: &[AT],
    measure: Measure::Curves(|quantity, curves, steps_per_epoch| {
        train(quantity, curves, steps_per_epoch, |record| record.error)
    }),
};

pub const TRAIN_LOSS: Kind = Kind {
    name: "train-loss",
    words: "training loss",
    help: "the mean loss of the batches of the last epoch up to the moment, while they were learned",
    unit: Unit::Plain,
    settings: &[AT],
    measure: Measure::Curves(|quantity, curves, steps_per_epoch| {
        train(quantity, curves, steps_per_epoch, |record| record.loss)
    }),
};

pub const BEST_RATE: Kind = Kind {
    name: "best-rate",
    words: "best rate",
    help: "of a run whose rate grows step by step: the rate at which the smoothed loss fell fastest",
    unit: Unit::Plain,
    settings: &[],
    measure: Measure::Curves(|_, curves, _| best_rate(curves)),
};

pub const SECONDS: Kind = Kind {
    name: "seconds",
    words: "training time",
    help: "seconds of training, evaluations left out",
    unit: Unit::Seconds,
    settings: &[],
    measure: Measure::Curves(|_, curves, _| match curves.last() {
        Some(last) => Ok(last.seconds),
        None => Err("Nothing has been trained yet.".into()),
    }),
};

fn test(quantity: &Quantity, curves: &Curves, of: fn(&crate::train::curves::TestRecord) -> f64) -> Measured {
    let none = || "The test pictures have not been answered then.".to_string();
    let tests = &curves.tests;
    match quantity.settings.moment() {
        Moment::End => tests.last().map(of).ok_or_else(none),
        Moment::Start => tests.iter().find(|record| record.step == 0).map(of).ok_or_else(none),
        Moment::Best => tests.iter().map(of).min_by(f64::total_cmp).ok_or_else(none),
        Moment::Epoch(epoch) => {
            tests.iter().find(|record| record.epoch >= epoch - 1e-6).map(of).ok_or_else(none)
        }
    }
}

fn train(quantity: &Quantity, curves: &Curves, steps_per_epoch: u64, of: fn(&StepRecord) -> f32) -> Measured {
    let per_epoch = (steps_per_epoch as usize).max(1);
    // The mean of the epoch that ends after `end` steps.
    let mean = |end: usize| -> Measured {
        let first = end.saturating_sub(per_epoch);
        let (n, sum) = curves
            .from(first)
            .take(end - first)
            .fold((0, 0.0), |(n, sum), record| (n + 1, sum + of(record) as f64));
        // Wrong answers can still be counted where the loss is no number: what was not learned is not told.
        let is_broken = curves.from(first).take(end - first).any(|record| !record.loss.is_finite());
        match n {
            0 => Err("Nothing has been trained yet.".into()),
            _ if is_broken => Ok(f64::NAN),
            n => Ok(sum / n as f64),
        }
    };
    match quantity.settings.moment() {
        Moment::End => mean(curves.len()),
        Moment::Start => curves
            .from(0)
            .next()
            .map(|record| of(record).into())
            .ok_or_else(|| "Nothing has been trained yet.".to_string()),
        Moment::Best => {
            let ends = (1..=curves.len() / per_epoch).map(|epoch| epoch * per_epoch);
            let means: Vec<f64> = ends.map(mean).collect::<Result<_, _>>()?;
            means
                .into_iter()
                .filter(|mean| mean.is_finite())
                .min_by(f64::total_cmp)
                .ok_or_else(|| "Not one epoch has been trained.".to_string())
        }
        Moment::Epoch(epoch) => {
            let end = ((epoch * per_epoch as f64).round() as usize).max(1);
            match end <= curves.len() {
                true => mean(end),
                false => Err(format!("The run has not come as far as epoch {epoch}.")),
            }
        }
    }
}

/// The rate of the steepest descent of the loss over the logarithm of the rate, where a range test smooths the
/// loss over a tenth of its steps and leaves out what follows the least loss (Smith 2017).
fn best_rate(curves: &Curves) -> Measured {
    let records: Vec<&StepRecord> = curves.from(0).filter(|record| record.loss.is_finite()).collect();
    let width = (records.len() / 10).max(3);
    if records.len() < 3 * width {
        return Err("A range test needs 9 steps or more before the loss is no number.".into());
    }
    let smooth: Vec<(f64, f64)> = records
        .windows(width)
        .map(|window| {
            let n = window.len() as f64;
            let rate = window.iter().map(|record| (record.rate as f64).max(1e-30).ln()).sum::<f64>() / n;
            (rate, window.iter().map(|record| record.loss as f64).sum::<f64>() / n)
        })
        .collect();
    let least = (0..smooth.len()).min_by(|&a, &b| smooth[a].1.total_cmp(&smooth[b].1)).unwrap_or(0);
    let slope = |i: usize| {
        let (before, behind) = (smooth[i], smooth[i + width]);
        ((behind.1 - before.1) / (behind.0 - before.0).max(1e-12), (before.0 + behind.0) / 2.0)
    };
    let slopes = (0..smooth.len() - width).filter(|i| i + width <= least.max(width)).map(slope);
    match slopes.min_by(|a, b| a.0.total_cmp(&b.0)) {
        Some((_, rate)) => Ok(rate.exp()),
        None => Err("The loss never fell.".into()),
    }
}
