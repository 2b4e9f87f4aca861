//! Checks that need more than a run tells - its weights, or a grid of runs - are tried by the lesson's own
//! settings in a thread beside the window.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::engine::{self, DeviceChoice};
use crate::lessons::bench::{Findings, Trial, Verdict, verdict};
use crate::lessons::quantities::{Measured, Quantity};
use crate::lessons::{Form, Lesson};

/// The trial that is going on, if one is.
#[derive(Default)]
pub struct State {
    working: Option<Working>,
    /// What was measured so far, in this trial and in those before.
    numbers: Vec<Number>,
    /// What the trials that came to their end have found, the last one first.
    findings: Vec<Findings>,
}

/// A number that was measured: of what, and of which run of a grid.
struct Number {
    of: Quantity,
    place: usize,
    found: Measured,
}

struct Working {
    name: String,
    verdict: Receiver<Result<(Verdict, Findings), String>>,
    numbers: Receiver<Number>,
    progress: Arc<Mutex<(String, f64)>>,
    is_stopped: Arc<AtomicBool>,
}

impl Drop for Working {
    fn drop(&mut self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }
}

impl State {
    /// The name of the check that is being tried, with the experiment and how much of it is done.
    pub fn at_work(&self) -> Option<(&str, String, f64)> {
        let working = self.working.as_ref()?;
        let (experiment, share) = working.progress.lock().map(|at| at.clone()).unwrap_or_default();
        Some((&working.name, experiment, share))
    }

    pub fn stop(&mut self) {
        self.working = None;
    }

    /// Begins to try a check.
    pub fn begin(&mut self, lesson: &Lesson, name: &str, device: DeviceChoice, ctx: &egui::Context) {
        let Some(check) = lesson.check(name).cloned() else { return };
        let (sender, receiver) = channel();
        let (note, numbers) = channel();
        let progress = Arc::new(Mutex::new((String::new(), 0.0)));
        let is_stopped = Arc::new(AtomicBool::new(false));
        self.working = Some(Working {
            name: name.to_string(),
            verdict: receiver,
            numbers,
            progress: progress.clone(),
            is_stopped: is_stopped.clone(),
        });
        let (lesson, ctx) = (lesson.clone(), ctx.clone());
        let failure = sender.clone();
        let work = move || {
            let limit = Duration::from_secs(4 * 60 * lesson.minutes as u64);
            let hear = |experiment: &str, share: f64| {
                if let Ok(mut at) = progress.lock() {
                    *at = (experiment.to_string(), share);
                }
                ctx.request_repaint();
                !is_stopped.load(Ordering::Relaxed)
            };
            let found = engine::open(&device).map_err(|error| error.to_string()).map(|device| {
                let note = |of: &Quantity, place: usize, found: &Measured| {
                    let _ = note.send(Number { of: of.clone(), place, found: found.clone() });
                };
                let trial = Trial { device, form: Form::Quick, seed: 0, limit, hear: &hear, note: &note };
                let findings = trial.findings(&lesson, std::slice::from_ref(&check), &[]);
                (verdict(&check, Form::Quick, &findings), findings)
            });
            // The page may have been left meanwhile; then nobody wants the verdict.
            let _ = sender.send(found);
            ctx.request_repaint();
        };
        if let Err(error) = std::thread::Builder::new().name("lesson trial".into()).spawn(work) {
            let _ = failure.send(Err(format!("The system gives no thread to try this in: {error}.")));
        }
    }

    /// Takes over what has been measured since.
    fn listen(&mut self) {
        let Some(working) = &self.working else { return };
        for number in working.numbers.try_iter() {
            self.numbers.retain(|known| (&known.of, known.place) != (&number.of, number.place));
            self.numbers.push(number);
        }
    }

    /// What was measured of one run of a grid, of whatever moment.
    pub fn number(&self, setup: &str, kind: &str, place: usize) -> Option<&Measured> {
        let is_it =
            |number: &&Number| number.of.of == setup && number.of.kind.name == kind && number.place == place;
        self.numbers.iter().find(is_it).map(|number| &number.found)
    }

    /// What a trial has found of something; none where no trial has measured all that it takes.
    pub fn find<T>(&self, of: impl Fn(&Findings) -> Option<T>) -> Option<T> {
        self.findings.iter().find_map(of)
    }

    /// The verdict, once it is there, with the check's name.
    pub fn finished(&mut self) -> Option<(String, Result<Verdict, String>)> {
        self.listen();
        let found = self.working.as_ref()?.verdict.try_recv().ok()?;
        let name = self.working.as_ref()?.name.clone();
        self.working = None;
        let found = found.map(|(verdict, findings)| {
            self.findings.insert(0, findings);
            verdict
        });
        Some((name, found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lessons::prediction::Answer;
    use crate::lessons::shipped;

    /// A prediction that no run on the table decides reads its answer here.
    #[test]
    fn what_was_measured_for_a_check_answers_a_prediction() {
        let lesson = shipped::get("going-deeper").unwrap();
        let Answer::Number(columns) = &lesson.prediction("field").unwrap().answer else { panic!() };
        let mut state = State::default();
        assert_eq!(state.find(|findings| findings.evaluate(columns).ok()), None);
        state.begin(&lesson, "vgg-field", DeviceChoice::Cpu, &egui::Context::default());
        let (name, verdict) = loop {
            match state.finished() {
                Some(found) => break found,
                None => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        assert!(name == "vgg-field" && verdict.unwrap().held);
        assert_eq!(state.find(|findings| findings.evaluate(columns).ok()), Some(5.0));
    }
}
