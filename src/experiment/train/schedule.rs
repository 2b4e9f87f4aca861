use crate::experiment::Named;
use crate::experiment::fields::Field;

/// The rate over time, after a warm-up if there is one. Time is counted in epochs from the start of the
/// training, so that a milestone means the same with a warm-up and without.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule {
    Constant,
    /// The rate is multiplied by `drop` at each of the times `at`, in epochs.
    Steps {
        drop: f32,
        at: Vec<f32>,
    },
    /// Half a cosine from the rate down to `end` times the rate, over the share s of the way from the warm-up to
    /// the last epoch: `end + (1 − end)·(1 + cos πs)/2` (Loshchilov and Hutter 2017, equation 5, without
    /// restarts). PyTorch's `CosineAnnealingLR` with `eta_min = end · rate`, called after each step.
    Cosine {
        end: f32,
    },
    /// The rate is multiplied by `factor` when the training error of an epoch has for more than `patience`
    /// epochs in a row not come below `1 − threshold` times the least so far. PyTorch's `ReduceLROnPlateau`
    /// (there `patience` 10 and `threshold` 1e-4), whose state the run keeps.
    Plateau {
        factor: f32,
        patience: usize,
        threshold: f32,
    },
    /// The range test: the rate grows by the same factor in every step and reaches `to` in the last one
    /// (Smith 2017, there linearly; by equal factors every order of magnitude gets as many steps).
    Range {
        to: f32,
    },
}

/// How far a training has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Steps done.
    pub step: u64,
    pub steps_per_epoch: u64,
    pub n_epochs: usize,
}

/// A rate that grows linearly from `from` times itself to itself over the first `epochs` (Goyal et al. 2017,
/// section 2.2). Their start, the rate of the reference batch, is `from = reference batch / batch`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WarmUp {
    /// 0 for none.
    pub epochs: f32,
    pub from: f32,
}

impl Schedule {
    /// The factor on a starting rate of `rate` in the step that begins at this moment, warm-up left out. That of
    /// a plateau is the run's affair.
    pub fn factor(&self, rate: f64, moment: Moment, warm_up: WarmUp) -> f64 {
        match self {
            Self::Constant | Self::Plateau { .. } => 1.0,
            Self::Steps { drop, at } => {
                // A step that begins within rounding of a milestone belongs after it.
                let is_behind = |milestone: &&f32| moment.epoch() + 1e-9 >= decimal(**milestone);
                decimal(*drop).powi(at.iter().filter(is_behind).count() as i32)
            }
            Self::Cosine { end } => {
                let share = moment.share(warm_up, moment.n_epochs as f64);
                let end = decimal(*end);
                end + (1.0 - end) * (1.0 + (std::f64::consts::PI * share).cos()) / 2.0
            }
            // A rate of nothing has no multiple.
            Self::Range { .. } if rate == 0.0 => 1.0,
            Self::Range { to } => {
                let last_step = moment.n_epochs as f64 - 1.0 / moment.steps_per_epoch as f64;
                (decimal(*to) / rate).powf(moment.share(warm_up, last_step))
            }
        }
    }
}

impl Moment {
    /// Epochs done, with a fraction.
    pub fn epoch(self) -> f64 {
        self.step as f64 / self.steps_per_epoch as f64
    }

    /// The share of the way from the end of the warm-up to the epoch `end` that lies behind.
    fn share(self, warm_up: WarmUp, end: f64) -> f64 {
        let begin = decimal(warm_up.epochs);
        let way = end - begin;
        if way > 0.0 { ((self.epoch() - begin) / way).clamp(0.0, 1.0) } else { 0.0 }
    }
}

impl WarmUp {
    pub const NONE: Self = Self { epochs: 0.0, from: 0.1 };

    /// The factor on the rate at time `epoch`.
    pub fn factor(self, epoch: f64) -> f64 {
        let (epochs, from) = (decimal(self.epochs), decimal(self.from));
        if epoch < epochs { from + (1.0 - from) * epoch / epochs } else { 1.0 }
    }

    /// Its settings, open for reading and writing.
    pub fn fields(&mut self) -> [Field<'_>; 2] {
        let Self { epochs, from } = self;
        [
            Field::number("epochs", epochs, 0.0..=1e6, "epochs until the rate is reached"),
            Field::number("from", from, 0.0..=1.0, "the factor on the rate in the first step"),
        ]
    }
}

/// The number that a person wrote, not the nearest one in single precision: a tenth of 0.1 is 0.01.
pub fn decimal(x: f32) -> f64 {
    x.to_string().parse().unwrap_or(x.into())
}

impl Named for Schedule {
    const WHAT: &'static str = "schedule";
    const EXAMPLE: &'static str = "{ drop = 0.1, at = [82, 123] }";

    fn all() -> Vec<Self> {
        vec![
            Self::Constant,
            Self::Steps { drop: 0.1, at: Vec::new() },
            Self::Cosine { end: 0.0 },
            Self::Plateau { factor: 0.1, patience: 3, threshold: 0.01 },
            Self::Range { to: 10.0 },
        ]
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::Steps { .. } => "steps",
            Self::Cosine { .. } => "cosine",
            Self::Plateau { .. } => "plateau",
            Self::Range { .. } => "range",
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Self::Constant => "Constant",
            Self::Steps { .. } => "Steps",
            Self::Cosine { .. } => "Cosine",
            Self::Plateau { .. } => "On plateau",
            Self::Range { .. } => "Range test",
        }
    }

    fn help(&self) -> &'static str {
        match self {
            Self::Constant => "The rate stays as it is set.",
            Self::Steps { .. } => {
                "The rate drops by a factor at each of several epochs: large steps while far away, small ones to \
                 settle. The loss drops with it."
            }
            Self::Cosine { .. } => {
                "The rate falls along half a cosine until the last epoch (Loshchilov and Hutter 2017)."
            }
            Self::Plateau { .. } => {
                "The rate drops by a factor when the training error of an epoch has stopped falling."
            }
            Self::Range { .. } => {
                "The rate grows by the same factor in every step, over the whole run: the loss falls, flattens and \
                 breaks out. The best rate lies somewhat below where it breaks out (Smith 2017)."
            }
        }
    }

    fn fields(&mut self) -> Vec<Field<'_>> {
        match self {
            Self::Constant => Vec::new(),
            Self::Steps { drop, at } => vec![
                Field::number("drop", drop, 0.0..=1.0, "the factor on the rate at each step"),
                Field::numbers("at", at, 0.0..=1e6, "the epochs at which the rate drops"),
            ],
            Self::Cosine { end } => {
                vec![Field::number("end", end, 0.0..=1.0, "the factor on the rate at the end")]
            }
            Self::Plateau { factor, patience, threshold } => vec![
                Field::number("factor", factor, 0.0..=1.0, "the factor on the rate at each drop"),
                Field::count("patience", patience, 0..=100_000, "epochs without progress that are borne"),
                Field::number(
                    "threshold",
                    threshold,
                    0.0..=1.0,
                    "the share of the least error by which a new one must be lower to be progress",
                ),
            ],
            Self::Range { to } => {
                vec![Field::number("to", to, 1e-9..=1000.0, "the rate in the last step")]
            }
        }
    }

    fn required(&self) -> &'static [&'static str] {
        match self {
            Self::Steps { .. } => &["drop", "at"],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Factors on a rate of 0.01 at some steps of a training of 10 epochs of 4 steps, after the given epochs of
    /// warm-up.
    fn check(schedule: Schedule, warm_up: f32, expected: &[(u64, f64)]) {
        for &(step, expected) in expected {
            let moment = Moment { step, steps_per_epoch: 4, n_epochs: 10 };
            let found = schedule.factor(0.01, moment, WarmUp { epochs: warm_up, ..WarmUp::NONE });
            assert!((found - expected).abs() < 1e-12, "{schedule:?}, step {step}: {found}, not {expected}");
        }
    }

    #[test]
    fn the_rate_drops_at_each_milestone() {
        let schedule = Schedule::Steps { drop: 0.1, at: vec![2.0, 3.5] };
        check(schedule.clone(), 0.0, &[(0, 1.0), (7, 1.0), (8, 0.1), (13, 0.1), (14, 0.01), (39, 0.01)]);
        check(schedule, 3.0, &[(7, 1.0), (8, 0.1)]);
        check(Schedule::Constant, 0.0, &[(0, 1.0), (39, 1.0)]);
    }

    /// The cosines of 0, 45, 90 and 120 degrees.
    #[test]
    fn a_cosine_falls_from_the_warm_up_to_the_end() {
        let r = 0.5f64.sqrt();
        check(Schedule::Cosine { end: 0.0 }, 0.0, &[(0, 1.0), (10, (1.0 + r) / 2.0), (20, 0.5), (40, 0.0)]);
        check(Schedule::Cosine { end: 0.2 }, 4.0, &[(0, 1.0), (16, 1.0), (28, 0.6), (32, 0.4), (40, 0.2)]);
    }

    #[test]
    fn a_range_test_grows_by_equal_factors_to_the_last_step() {
        let schedule = Schedule::Range { to: 10.0 };
        check(schedule.clone(), 0.0, &[(0, 1.0), (13, 10.0), (26, 100.0), (39, 1000.0)]);
        let moment = Moment { step: 20, steps_per_epoch: 4, n_epochs: 10 };
        assert_eq!(schedule.factor(0.0, moment, WarmUp::NONE), 1.0);
    }

    #[test]
    fn a_warm_up_is_linear() {
        let warm_up = WarmUp { epochs: 5.0, from: 0.1 };
        for (epoch, expected) in [(0.0, 0.1), (2.5, 0.55), (4.0, 0.82), (5.0, 1.0), (9.0, 1.0)] {
            assert!((warm_up.factor(epoch) - expected).abs() < 1e-12);
        }
        assert_eq!(WarmUp::NONE.factor(0.0), 1.0);
    }

    /// Nothing that can be set makes a rate that is no number.
    #[test]
    fn extremes_are_finite() {
        for mut schedule in Schedule::all() {
            for n_epochs in [0, 1, 1_000_000] {
                for (epochs, rate) in [(0.0, 0.0), (1e6, 1e-30), (1.0, 1000.0)] {
                    let moment = Moment { step: 1, steps_per_epoch: 1, n_epochs };
                    let warm_up = WarmUp { epochs, from: 0.0 };
                    assert!(schedule.factor(rate, moment, warm_up).is_finite());
                    assert!(warm_up.factor(moment.epoch()).is_finite());
                }
            }
            schedule.fields();
        }
    }
}
