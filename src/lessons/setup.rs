//! The experiments of a lesson, each in three forms: quick, as the student runs it; short, for a check that it
//! still works; full, with the settings of the paper.

use crate::experiment::Experiment;

/// In which size a lesson is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Quick,
    Short,
    Full,
}

/// One experiment of a lesson, or a grid of them.
#[derive(Clone, Debug)]
pub struct Setup {
    pub name: String,
    /// For a net by the name of a preset alone, which is looked at and not run: its customary input is taken.
    pub preset: Option<String>,
    /// The keys that are varied, with the values as texts.
    pub axes: Vec<Axis>,
    quick: Vec<Cell>,
    short: Vec<Cell>,
    full: Vec<Cell>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    pub key: String,
    pub values: Vec<String>,
}

/// One run of a grid; the only one where nothing is varied.
#[derive(Clone, Debug)]
pub struct Cell {
    /// The value on each axis.
    pub values: Vec<String>,
    pub experiment: Experiment,
    /// Where the run ends before the last epoch does.
    pub steps: Option<u64>,
}

impl Setup {
    pub fn new(name: String, preset: Option<String>, axes: Vec<Axis>, forms: [Vec<Cell>; 3]) -> Self {
        assert!(forms.iter().all(|cells| !cells.is_empty()), "a setup has a run");
        let [quick, short, full] = forms;
        Self { name, preset, axes, quick, short, full }
    }

    /// Its runs in a form; at least one.
    pub fn cells(&self, form: Form) -> &[Cell] {
        match form {
            Form::Quick => &self.quick,
            Form::Short => &self.short,
            Form::Full => &self.full,
        }
    }

    /// Whether it is several runs.
    pub fn is_grid(&self) -> bool {
        self.quick.len() > 1
    }

    /// The experiment as the student finds it; the first of a grid.
    pub fn experiment(&self) -> &Experiment {
        &self.quick[0].experiment
    }
}
