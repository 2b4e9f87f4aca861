//! The instruments: what each asks for, and that it shows what comes.

use std::sync::Arc;

use egui::Theme;

use super::fixture::{self, Bench, LAPTOP, training};
use crate::app::looking::INSTRUMENTS;
use crate::data::Normalisation;
use crate::engine::cpu::Cpu;
use crate::inspect::exhibit::Exhibit;
use crate::inspect::look::{Look, LookError, View};
use crate::inspect::specimen::Specimen;
use crate::session::{Command, PicturesState};
use crate::train::Net;

fn bench(name: &str) -> Bench {
    Bench::with(name, LAPTOP, Theme::Light, training(name, 100), |builder| builder)
}

/// What the cards ask for.
const SIGNALS: Look = Look::Statistics { batch: 32, histograms: false };

/// The looks that the session was asked for last, if it was asked since.
fn looks(bench: &Bench) -> Option<Vec<Look>> {
    let watched = |command| match command {
        Command::Watch(watch) => Some(watch.looks),
        _ => None,
    };
    let mut looks = bench.commands().into_iter().filter_map(watched).next_back()?;
    // The cards have looks of their own: signals, and the maps of the picture that the instruments share.
    looks.retain(|look| *look != SIGNALS);
    if looks.len() > 1 {
        looks.retain(|look| !matches!(look, Look::Activations { .. }));
    }
    Some(looks)
}

/// What is really seen of the net before its first step.
fn answer(bench: &Bench, look: &Look) -> Result<View, LookError> {
    let snapshot = bench.snapshot.borrow().clone();
    let PicturesState::Ready(ready) = snapshot.pictures() else { panic!("the pictures are ready") };
    let run = snapshot.run().expect("a run");
    let mut net = Net::initial(&run.experiment, &ready.set)?;
    net.normalisation = Normalisation::identity(ready.set.extent);
    let specimen = Specimen::new(&net, Some(ready.set.clone()), Arc::new(Cpu::new()))?;
    look.whole(&specimen.subject())
}

/// Answers all that is asked for, until nothing else is asked; gives what the instrument asked for. What the cards
/// ask for is answered too.
pub fn satisfy(bench: &mut Bench) -> Vec<Look> {
    let mut asked = Vec::new();
    for _ in 0..4 {
        let Some(looks) = looks(bench) else { break };
        let views: Vec<(Look, Result<Arc<View>, String>)> = looks
            .iter()
            .map(|look| (look.clone(), answer(bench, look).map(Arc::new).map_err(|error| error.to_string())))
            .collect();
        bench.set(|snapshot| {
            let run = snapshot.run().expect("a run");
            snapshot.views =
                views.into_iter().map(|(look, view)| fixture::seen(run, 100, look, view)).collect();
        });
        asked = looks;
    }
    asked.retain(|look| *look != SIGNALS);
    asked
}

#[test]
fn every_instrument_asks_for_what_it_shows_and_nothing_else() {
    for experiment in ["quickstart", "resnet-20-shapes"] {
        let mut bench = bench(experiment);
        satisfy(&mut bench);
        for instrument in INSTRUMENTS.iter().skip(1) {
            bench.click(instrument.name);
            let asked = satisfy(&mut bench);
            // The surfaces of the optimisers are no net's, and statistics are those that the cards ask for as well.
            let least = usize::from(!["Optimisers", "Statistics"].contains(&instrument.name));
            assert!((least..=2).contains(&asked.len()), "{}: {asked:?}", instrument.name);
            let problems: Vec<&str> =
                ["cannot be", "There is no"].into_iter().filter(|text| bench.has_text(text)).collect();
            assert!(problems.is_empty(), "{}: {problems:?}", instrument.name);
            // It opens in the middle, until somebody sends it back.
            let is_first = instrument.name == INSTRUMENTS[1].name;
            assert_eq!(
                bench.has("Back to the side"),
                is_first && instrument.needs_room,
                "{}",
                instrument.name
            );
            if is_first {
                bench.click("Back to the side");
            }
            bench.click("Enlarge the instrument");
            bench.click("Back to the side");
        }
    }
}

#[test]
fn a_click_on_a_patch_asks_why() {
    let mut bench = bench("quickstart");
    bench.click("Patches");
    satisfy(&mut bench);
    bench.click("Patch 1");
    let asked = satisfy(&mut bench);
    let [Look::Why { exhibit: Exhibit::Data { index, .. }, unit, .. }] = &asked[..] else {
        panic!("{asked:?}")
    };
    assert!(unit.place.is_some(), "the unit that responded is asked, {index}");
    assert!(bench.has("Deconvnet") && bench.has("Occlusion"));
    assert!(!bench.has("Class map"), "the net has no global average pooling");
}

#[test]
fn a_file_that_is_no_picture_is_told() {
    let mut bench = bench("quickstart");
    bench.click("Activations");
    bench.click("Grating");
    let asked = satisfy(&mut bench);
    assert!(matches!(&asked[..], [Look::Activations { exhibit: Exhibit::Grating(_) }]), "{asked:?}");
    let input = bench.snapshot.borrow().run().and_then(|run| run.input);
    let shown = bench.harness.state_mut().training.looking.show(std::path::Path::new("no/such.png"), input);
    assert!(shown.expect_err("there is none").contains("such.png"));
}
