//! Where in an experiment's file a layer stands that does not fit.

use std::path::Path;

use crate::experiment::{Problem, file, shipped};
use crate::graph::ShapeProblem;

/// The problem with file and line, where the layers of the experiment called `name` stand in a file as they are.
pub fn located(name: &str, settings: &[String], problem: &ShapeProblem) -> Problem {
    let told = Problem::new(problem.to_string());
    let is_changed = settings.iter().any(|setting| setting.trim_start().starts_with("network"));
    if is_changed || shipped::get(name).is_some() {
        return told;
    }
    let path = Path::new(name);
    let Ok((_, text)) = file::load_text(path) else { return told };
    match file::layer_place(&text, &problem.path) {
        Some(place) => told.at(&text, place).in_file(path),
        None => told.in_file(path),
    }
}
