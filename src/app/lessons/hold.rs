//! What an open lesson withholds from its runs: what its author has locked, and the beginning of a run whose outcome it
//! asks for first.

use std::collections::BTreeSet;

use super::{Open, stands_for};
use crate::app::bridge::Hold;
use crate::lessons::fact::Fact;
use crate::lessons::progress::Teaching;
use crate::lessons::quantities::Measure;
use crate::lessons::{Piece, Prediction, own};
use crate::session::{RunId, Snapshot};

/// What is withheld from a run; nothing where it stands for no experiment of the lesson.
pub fn hold(open: &Open, teaching: Teaching, snapshot: &Snapshot, run: RunId) -> Hold {
    let Some(front) = snapshot.run_of(run) else { return Hold::default() };
    if !open.lesson.setups.iter().any(|setup| stands_for(&front.name, &setup.name)) {
        return Hold::default();
    }
    let begins = |name: &str| own::run_of(snapshot, name).is_some_and(|run| !run.has_begun);
    // Whichever of them is in front: runs of one table go in lockstep.
    let first = asked(open, teaching, begins).next();
    let first =
        first.map(|prediction| format!("The lesson asks first: {} Commit to an answer.", prediction.ask));
    Hold { lock: open.lesson.lock.clone(), first }
}

/// The predictions to be made before these runs begin: of those that can be made by now, or once others are made, those
/// whose outcome is told by the curves of runs that are all among them.
pub fn asked(
    open: &Open,
    teaching: Teaching,
    is_run: impl Fn(&str) -> bool,
) -> impl Iterator<Item = &Prediction> {
    let is_asked = !teaching.skip_predictions && !teaching.reveal;
    let waits = |name: &String| open.lesson.check(name).is_some() && !open.progress.has(name);
    let is_near = move |piece: &&Piece| !matches!(piece, Piece::Stage(after) if after.iter().any(waits));
    let pieces = open.lesson.pieces.iter().take_while(is_near).filter(move |_| is_asked);
    let names = pieces.filter_map(|piece| if let Piece::Predict(name) = piece { Some(name) } else { None });
    let open_ones = names.filter(|name| !open.progress.predictions.contains_key(*name));
    open_ones.filter_map(|name| open.lesson.prediction(name)).filter(move |prediction| {
        let facts = prediction.facts();
        let runs = runs_of(&facts);
        !runs.is_empty() && runs.iter().all(|name| is_run(name))
    })
}

/// The experiments whose curves tell these facts.
pub fn runs_of<'a>(facts: impl IntoIterator<Item = &'a Fact>) -> BTreeSet<&'a str> {
    let quantities = facts.into_iter().flat_map(Fact::quantities);
    let is_read = quantities.filter(|quantity| matches!(quantity.kind.measure, Measure::Curves(_)));
    is_read.map(|quantity| quantity.of.as_str()).collect()
}
