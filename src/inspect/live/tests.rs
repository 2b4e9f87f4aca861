use super::*;
use crate::data::catalogue;
use crate::engine::Device;
use crate::engine::Part;
use crate::engine::cpu::Cpu;
use crate::experiment::file;
use crate::inspect::look::Look;
use crate::inspect::statistics::{self, Options};
use crate::train::{Net, Run};
use surface::Slice;

const LAYERS: &str = "{ conv = 4, kernel = 5 }, 'relu', { max-pool = 2 }, { linear = 10 }";

/// A run of a few steps.
fn run() -> Run {
    let text = format!(
        "[data]\nsource = 'glyphs'\ntrain = 64\ntest = 90\n[network]\nlayers = [{LAYERS}]\n[train]\nbatch = 16\nrate = 0.05"
    );
    let experiment = file::parse(&text).expect("an experiment");
    let set = Arc::new(catalogue::open(&experiment).expect("glyphs"));
    let mut run = Run::new(&experiment, set, Arc::new(Cpu::new())).expect("a run");
    run.advance(4).expect("an epoch");
    run.collect(true).expect("its metrics");
    run
}

/// A view by glances of no length: one piece each.
fn by_pieces(look: &Look, run: &Run) -> (View, usize) {
    let mut instrument = look.instrument();
    for n in 1.. {
        let glance = instrument.look(&Subject::of(run), Duration::ZERO).expect("a view");
        if glance.is_whole {
            return (glance.view.expect("all of it"), n);
        }
    }
    unreachable!("it ends")
}

/// Whether looked at in one go or piece by piece, the same is seen; and the run is not touched by it.
#[test]
fn pieces_make_up_the_whole() {
    let run = run();
    let before = run.parameters().expect("weights");
    for (look, n_pieces) in [
        (Look::Answers { part: Part::Test }, 2),
        (Look::Tuning, 4),
        (Look::Translation { furthest: 2 }, 3),
        (Look::Embedding { by_tsne: false }, 2),
        (Look::Surface(Slice::FROM_START), 33),
        (Look::Insertion { n_layers: 3, n_pictures: 90 }, 2),
    ] {
        let (view, n) = by_pieces(&look, &run);
        assert_eq!(n, n_pieces, "{look:?}");
        let whole = look.whole(&Subject::of(&run)).expect("a view");
        assert_eq!(format!("{view:?}"), format!("{whole:?}"), "{look:?}");
    }
    assert_eq!(before, run.parameters().expect("weights"));
}

#[test]
fn the_answers_are_those_of_an_evaluation() {
    let run = run();
    let View::Answers(answers) =
        Look::Answers { part: Part::Test }.whole(&Subject::of(&run)).expect("answers")
    else {
        panic!("answers were asked for")
    };
    assert_eq!(answers.all.len(), 90);
    let evaluation = run.evaluate(Part::Test).expect("room");
    assert!((answers.confusion().error() - evaluation.error).abs() < 1e-12);
    let loss = answers.all.iter().map(|answer| answer.loss()).sum::<f64>() / 90.0;
    assert!((loss - evaluation.loss).abs() < 1e-4, "{loss} and {}", evaluation.loss);
}

/// On the way from the initial weights to those after an epoch the loss falls.
#[test]
fn the_line_from_the_start_falls() {
    let run = run();
    let View::Surface(drawn) = Look::Surface(Slice::FROM_START).whole(&Subject::of(&run)).expect("a line")
    else {
        panic!("a line was asked for")
    };
    let at = |x: f64| {
        drawn.line.iter().min_by(|a, b| (a.0 - x).abs().total_cmp(&(b.0 - x).abs())).expect("points").1
    };
    assert_eq!((drawn.line.len(), drawn.plane), (33, None));
    assert!(at(1.0).loss < at(0.0).loss, "{:?} and {:?}", at(1.0), at(0.0));
}

/// A run that was given weights began with those, and not with what its seed would have drawn: its filters have not
/// changed, and a line from its start stands still.
#[test]
fn a_run_begins_with_the_weights_that_it_was_given() {
    let mut run = run();
    run.begin_here().expect("weights");
    let View::Filters(filters) = (Look::Filters { layer: None }).whole(&Subject::of(&run)).expect("filters")
    else {
        panic!("filters were asked for")
    };
    let change = filters.change().expect("it is known where they began");
    assert!(change.weights.data.iter().all(|&w| w == 0.0), "{:?}", change.weights.data);
    let View::Surface(drawn) = Look::Surface(Slice::FROM_START).whole(&Subject::of(&run)).expect("a line")
    else {
        panic!("a line was asked for")
    };
    let first = drawn.line[0].1;
    assert!(drawn.line.iter().all(|(_, height)| *height == first), "{:?}", drawn.line);
}

/// At the first step the run's statistics are those of the net before it.
#[test]
fn statistics_of_a_run_at_its_start_are_those_before_the_first_step() {
    let mut run = run();
    run.reset().expect("back to the start");
    let View::Statistics(found) =
        (Look::Statistics { batch: 32, histograms: true }).whole(&Subject::of(&run)).expect("statistics")
    else {
        panic!("statistics were asked for")
    };
    let net = Net::initial(&run.experiment, &run.set).expect("a net");
    let batch = crate::inspect::batch::Batch::first(
        32,
        &run.set,
        &run.set.train,
        net.experiment.train.loss,
        &net.normalisation,
    );
    let device: &Arc<dyn Device> = run.device();
    let options = Options { batch: 32, n_draws: None, histograms: true };
    let expected = statistics::statistics(&net, &batch, &**device, &options).expect("room");
    assert_eq!(*found, expected);
}

/// What is measured are the weights as they stand, and nothing that trains is touched by it.
#[test]
fn statistics_follow_the_weights_and_change_nothing() {
    let mut run = run();
    let look = Look::Statistics { batch: 16, histograms: false };
    let before = run.parameters().expect("weights");
    let View::Statistics(first) = look.whole(&Subject::of(&run)).expect("statistics") else {
        panic!("statistics were asked for")
    };
    assert_eq!(run.parameters().expect("weights"), before);
    assert_eq!(first.n_pictures, 16);
    assert!(first.at("layers.1").is_some_and(|relu| relu.dead.is_some() && relu.signal_histogram.is_none()));
    run.advance(4).expect("steps");
    run.collect(true).expect("their metrics");
    let View::Statistics(then) = look.whole(&Subject::of(&run)).expect("statistics") else {
        panic!("statistics were asked for")
    };
    assert_ne!(first, then);
}

#[test]
fn what_cannot_be_seen_is_said() {
    let text = "[data]\nsource = 'glyphs'\ntrain = 64\ntest = 90\n[network]\nlayers = [{ linear = 10 }]\n[train]\nbatch = 16";
    let experiment = file::parse(text).expect("an experiment");
    let set = Arc::new(catalogue::open(&experiment).expect("glyphs"));
    let run = Run::new(&experiment, set, Arc::new(Cpu::new())).expect("a run");
    let error = Look::Tuning.whole(&Subject::of(&run)).expect_err("no convolution");
    assert!(error.to_string().contains("first convolution"), "{error}");
}
