//! Whether the lessons that ship can be gone through: what a table, once set, takes away is not asked for below it.

use std::collections::BTreeSet;

use super::hold::runs_of;
use crate::lessons::fact::Fact;
use crate::lessons::{Lesson, Piece, own, shipped};

fn holds(table: &[String], runs: &BTreeSet<&str>) -> bool {
    runs.iter().all(|run| table.iter().any(|name| name == run))
}

/// What a lesson asks for in vain.
fn beyond_reach(lesson: &Lesson) -> Vec<String> {
    let tables = |pieces: &[Piece]| -> Vec<Vec<String>> {
        let names = |piece: &Piece| if let Piece::Run(names) = piece { Some(names.clone()) } else { None };
        pieces.iter().filter_map(names).collect()
    };
    let mut found = Vec::new();
    for (i, piece) in lesson.pieces.iter().enumerate() {
        let last = tables(&lesson.pieces[..i]).pop();
        match piece {
            Piece::Checks(names) => {
                for check in names.iter().filter_map(|name| lesson.check(name)) {
                    let runs = runs_of(check.facts());
                    let is_read = own::can_be_read(lesson, check.facts());
                    if is_read && !runs.is_empty() && !last.as_ref().is_some_and(|table| holds(table, &runs))
                    {
                        found.push(format!("check {}: {runs:?}", check.name));
                    }
                }
            }
            Piece::Predict(name) => {
                let Some(facts) = lesson.prediction(name).map(|prediction| prediction.facts()) else {
                    continue;
                };
                let runs = runs_of(&facts);
                let is_read = own::can_be_read(lesson, &facts);
                let mut own_tables = last.into_iter().chain(tables(&lesson.pieces[i..]));
                if is_read && !runs.is_empty() && !own_tables.any(|table| holds(&table, &runs)) {
                    found.push(format!("prediction {name}: {runs:?}"));
                }
            }
            _ => {}
        }
    }
    found
}

#[test]
fn what_a_lesson_asks_for_can_be_on_its_table() {
    for name in shipped::names() {
        let lesson = shipped::get(name).unwrap();
        assert_eq!(beyond_reach(&lesson), Vec::<String>::new(), "{name}");
    }
}

/// What takes the weights or a grid is measured beside the window, on the word of one check.
#[test]
fn each_prediction_that_no_table_tells_is_measured_by_a_check() {
    for name in shipped::names() {
        let lesson = shipped::get(name).unwrap();
        for prediction in &lesson.predictions {
            let facts = prediction.facts();
            if own::can_be_read(&lesson, &facts) {
                continue;
            }
            let is_measured = lesson.checks.iter().any(|check| {
                let measured: Vec<_> = check.facts().flat_map(Fact::quantities).collect();
                !own::can_be_read(&lesson, check.facts())
                    && facts.iter().flat_map(Fact::quantities).all(|quantity| measured.contains(&quantity))
            });
            assert!(is_measured, "{name}: nobody measures `{}`", prediction.name);
        }
    }
}
