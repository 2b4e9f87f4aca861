//! What a net answers if nobody has told it that it is being tested: batch normalisation goes on by the mean and
//! variance of the batch at hand, so that the answer to a picture depends on what others are in its batch.

use std::sync::Arc;

use crate::engine::{Device, EngineError, Metrics, Part, PictureSource, Plan, StepTable};
use crate::experiment::Augment;
use crate::graph::program::{Feed, Mode, Placement, Program, Request};
use crate::train::Run;

/// The share of wrong answers on a split in training mode, in batches of `batch` pictures in their order; the
/// pictures that do not fill a batch are left out. On a memory of its own, so that no running statistic is moved.
/// None where `go_on`, which is asked before each batch, said no.
///
/// # Errors
/// A device without room.
pub fn error_by_batches(
    run: &Run,
    part: Part,
    batch: usize,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<Option<f64>, EngineError> {
    let source = PictureSource { set: run.set.clone(), part, normalisation: run.normalisation.clone() };
    let n_pictures = source.split().len();
    let batch = batch.clamp(1, n_pictures.max(1));
    let request = Request {
        batch,
        mode: Mode::Train,
        feed: Feed::DataSet { augment: Augment::default() },
        loss: Some(run.goal()),
        gradients: false,
        update: None,
        wanted: Vec::new(),
    };
    let device: &Arc<dyn Device> = run.device();
    let (graph, placement) = (run.graph.fused(), Placement::forward_only(&run.graph));
    let program = Program::new(&graph, &request);
    device.footprint(&placement, &program)?.check("Answering by batches", &**device)?;
    let memory = device.memory(&placement)?;
    let numbers = crate::train::weights::Numbers::read_from(&run.graph, &run.placement, &**run.memory())?;
    numbers.write_to(&run.graph, &placement, &*memory)?;
    let pictures = device.pictures(&source)?;
    let mut plan = device.plan(&program, &memory, Some(&pictures))?;
    let batches = (0..n_pictures / batch).map(|i| i * batch);
    count(&mut *plan, batches, go_on)
}

/// The share of wrong answers over the batches that begin with these pictures.
fn count(
    plan: &mut dyn Plan,
    firsts: impl Iterator<Item = usize>,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<Option<f64>, EngineError> {
    let (mut n_wrong, mut n_answers) = (0.0, 0.0);
    for first in firsts {
        if !go_on() {
            return Ok(None);
        }
        plan.run(&[StepTable { first: first as u32, ..StepTable::default() }])?;
        for Metrics { n_wrong: wrong, n_answers: answers, .. } in plan.take_metrics(true)? {
            n_wrong += wrong as f64;
            n_answers += answers as f64;
        }
    }
    Ok(Some(n_wrong / f64::max(n_answers, 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::catalogue;
    use crate::engine::{self, DeviceChoice};
    use crate::experiment::file;

    fn run(layers: &str) -> Run {
        let text = format!(
            "data.source = \"glyphs\"\ndata.train = 64\ndata.test = 24\ntrain.batch = 16\ntrain.epochs = 1\n\
             [network]\nlayers = [{layers}]"
        );
        let experiment = file::parse(&text).expect("an experiment");
        let set = Arc::new(catalogue::open(&experiment).expect("built-in pictures"));
        let mut run =
            Run::new(&experiment, set, engine::open(&DeviceChoice::Cpu).expect("it")).expect("it fits");
        run.advance(4).expect("steps");
        run
    }

    fn error(run: &Run, batch: usize) -> f64 {
        error_by_batches(run, Part::Test, batch, &mut || true).expect("there is room").expect("there is time")
    }

    /// The running variance is far from that of the batches after a few steps.
    #[test]
    fn a_normalised_net_answers_otherwise_in_training_mode_and_another_does_not() {
        let mut normal = run("{ conv = 4, stride = 4 }, 'batch-norm', 'relu', { linear = 10 }");
        let before = normal.test().expect("a test").error;
        let [whole, pairs] = [24, 2].map(|batch| error(&normal, batch));
        assert!(whole != before || pairs != before, "{whole} and {pairs} against {before}");
        assert_eq!(normal.test().expect("a test").error, before, "no running statistic has moved");
        let mut plain = run("{ conv = 4, stride = 4 }, 'relu', { linear = 10 }");
        assert_eq!(error(&plain, 8), plain.test().expect("a test").error);
        assert_eq!(error_by_batches(&plain, Part::Test, 8, &mut || false).expect("there is room"), None);
    }
}
