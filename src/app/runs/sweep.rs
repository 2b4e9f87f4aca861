//! One setting over a list of values, or several seeds: a run for each.

use egui::{Context, RichText, TextEdit};

use crate::app::theme::{self, Palette};
use crate::app::{format, widgets};
use crate::experiment::changes::{Change, Group};
use crate::experiment::{Experiment, Train};
use crate::session::MOST_RUNS;

/// What is being asked for.
#[derive(Clone, Debug)]
pub struct Sweep {
    setting: Setting,
    text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Setting {
    Rate,
    WeightDecay,
    Batch,
    Seed,
}

impl Default for Sweep {
    fn default() -> Self {
        Self { setting: Setting::Rate, text: Setting::Rate.example().into() }
    }
}

/// What came of asking.
pub enum Answer {
    Open,
    Cancelled,
    Runs(Vec<Change>),
}

impl Sweep {
    pub fn ask_ui(&mut self, ctx: &Context, experiment: &Experiment, n_runs: usize) -> Answer {
        let mut answer = Answer::Open;
        let modal = widgets::modal("sweep", ctx).show(ctx, |ui| {
            ui.set_width(380.0);
            ui.label(RichText::new("Sweep over values").heading());
            ui.add_space(theme::GAP);
            let before = self.setting;
            let options = Setting::ALL.map(|setting| (setting, setting.title(), ""));
            ui.horizontal(|ui| widgets::choice_ui(ui, &mut self.setting, &options));
            if self.setting != before {
                self.text = self.setting.example().into();
            }
            let edit = TextEdit::singleline(&mut self.text).desired_width(f32::INFINITY);
            widgets::named(ui.add(edit), "Values of the sweep");
            let runs = self.runs(experiment, n_runs);
            let help = match &runs {
                Ok(runs) => theme::caption(ui, said(runs.len())),
                Err(problem) => RichText::new(problem).small().color(Palette::of(ui).danger),
            };
            ui.label(help);
            ui.add_space(theme::GAP);
            ui.horizontal(|ui| {
                let is_possible = runs.is_ok();
                if ui.add_enabled(is_possible, egui::Button::new("Add these runs")).clicked()
                    && let Ok(runs) = runs
                {
                    answer = Answer::Runs(runs);
                }
                if ui.button("Cancel").clicked() {
                    answer = Answer::Cancelled;
                }
            });
        });
        match answer {
            Answer::Open if modal.should_close() => Answer::Cancelled,
            answer => answer,
        }
    }

    /// A run for each value that is not the experiment's own.
    ///
    /// # Errors
    /// A value that is none or out of bounds, or more than there is room for, in a sentence.
    fn runs(&self, experiment: &Experiment, n_runs: usize) -> Result<Vec<Change>, String> {
        let mut runs: Vec<Change> = Vec::new();
        let values = self.text.split([',', ';', ' ']).map(str::trim).filter(|value| !value.is_empty());
        for value in values {
            let mut changed = experiment.clone();
            self.setting.set(&mut changed, value)?;
            let is_there = runs.iter().any(|run| self.setting.is_same(&run.experiment, &changed));
            if !is_there && !self.setting.is_same(experiment, &changed) {
                let name = self.setting.name(&changed);
                changed.title = format!("{}, {name}", experiment.title);
                runs.push(Change { group: Group::Rate, label: name.clone(), name, experiment: changed });
            }
        }
        match runs.len() {
            0 => Err("Write some values other than the present one, with commas between.".into()),
            n if n_runs + n > MOST_RUNS => Err(format!(
                "{} would be {} of {MOST_RUNS}. Write fewer values.",
                format::counted(n as u64, "more run"),
                n_runs + n
            )),
            _ => Ok(runs),
        }
    }
}

fn said(n: usize) -> String {
    let runs = if n == 1 { "One more run".into() } else { format!("{n} more runs") };
    format!("{runs}, in lockstep with the present one.")
}

impl Setting {
    const ALL: [Self; 4] = [Self::Rate, Self::WeightDecay, Self::Batch, Self::Seed];

    fn title(self) -> &'static str {
        match self {
            Self::Rate => "Rate",
            Self::WeightDecay => "Weight decay",
            Self::Batch => "Batch",
            Self::Seed => "Seed",
        }
    }

    fn example(self) -> &'static str {
        match self {
            Self::Rate => "0.001, 0.01, 0.1",
            Self::WeightDecay => "0, 1e-4, 1e-3",
            Self::Batch => "16, 64, 256",
            Self::Seed => "1, 2, 3, 4, 5",
        }
    }

    fn set(self, experiment: &mut Experiment, value: &str) -> Result<(), String> {
        let train = &mut experiment.train;
        let wrong = |expected: String| format!("`{value}` is not {expected}.");
        let number = |range: std::ops::RangeInclusive<f32>| {
            let expected = || wrong(format!("a number from {} to {}", range.start(), range.end()));
            value.parse().ok().filter(|x| range.contains(x)).ok_or_else(expected)
        };
        match self {
            Self::Rate => train.rate = number(Train::RATE)?,
            Self::WeightDecay => train.weight_decay = number(Train::WEIGHT_DECAY)?,
            Self::Batch => {
                let range = Train::BATCH;
                let expected = || wrong(format!("a whole number from {} to {}", range.start(), range.end()));
                train.batch = value.parse().ok().filter(|n| range.contains(n)).ok_or_else(expected)?;
            }
            Self::Seed => {
                let expected = || wrong(format!("a whole number from 0 to {}", u32::MAX));
                experiment.seed = value.parse::<u32>().map_err(|_| expected())?.into();
            }
        }
        Ok(())
    }

    fn is_same(self, a: &Experiment, b: &Experiment) -> bool {
        match self {
            Self::Rate => a.train.rate == b.train.rate,
            Self::WeightDecay => a.train.weight_decay == b.train.weight_decay,
            Self::Batch => a.train.batch == b.train.batch,
            Self::Seed => a.seed == b.seed,
        }
    }

    /// What a run with this value is called.
    fn name(self, experiment: &Experiment) -> String {
        match self {
            Self::Rate => format!("rate {}", format::setting(experiment.train.rate)),
            Self::WeightDecay => format!("decay {}", format::setting(experiment.train.weight_decay)),
            Self::Batch => format!("batch {}", experiment.train.batch),
            Self::Seed => format!("seed {}", experiment.seed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(setting: Setting, text: &str) -> Result<Vec<String>, String> {
        let sweep = Sweep { setting, text: text.into() };
        let runs = sweep.runs(&Experiment::default(), 1)?;
        Ok(runs.into_iter().map(|run| run.name).collect())
    }

    #[test]
    fn there_is_a_run_for_each_value_but_the_present_one() {
        assert_eq!(runs(Setting::Rate, "0.1, 0.01; 1e-4 0.1").unwrap(), ["rate 0.1", "rate 1e-4"]);
        assert_eq!(runs(Setting::Seed, "1,2,3").unwrap(), ["seed 2", "seed 3"]);
    }

    #[test]
    fn what_cannot_be_is_said() {
        assert_eq!(
            runs(Setting::Batch, "16, many").unwrap_err(),
            "`many` is not a whole number from 1 to 65536."
        );
        assert!(runs(Setting::Rate, "-1").unwrap_err().contains("from 0 to 1000"));
        assert!(runs(Setting::Rate, "").unwrap_err().contains("some values"));
        let many: Vec<String> = (2..40).map(|seed| seed.to_string()).collect();
        assert!(runs(Setting::Seed, &many.join(" ")).unwrap_err().contains("of 16"));
    }
}
