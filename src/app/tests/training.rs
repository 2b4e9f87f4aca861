//! Training by the controls of the deck, and seeing what comes of it.

use std::sync::Arc;

use egui::{Key, Modifiers, Theme};

use super::fixture::{Bench, LAPTOP, curves, front, training};
use crate::engine::{DeviceChoice, DeviceInfo, DeviceKind};
use crate::experiment::{Experiment, Initialisation, Optimiser, Schedule, WarmUp};
use crate::session::{Activity, Command};
use crate::train::curves::StepRecord;

#[test]
fn the_deck_sends_what_its_keys_and_buttons_say() {
    let mut bench = Bench::open("quickstart");
    bench.commands();
    bench.press(Modifiers::NONE, Key::Space);
    assert!(matches!(bench.commands()[..], [Command::Play(_)]));
    bench.click("One step");
    assert!(matches!(bench.commands()[..], [Command::Step(_)]));
    bench.press(Modifiers::NONE, Key::E);
    assert!(matches!(bench.commands()[..], [Command::Epoch(_)]));
    bench.press(Modifiers::NONE, Key::R);
    assert!(bench.commands().is_empty(), "there is nothing to go back from");
}

#[test]
fn what_runs_is_paused_and_shown() {
    let mut bench = Bench::with("quickstart", LAPTOP, egui::Theme::Light, training("quickstart", 400), |b| b);
    bench.commands();
    assert!(bench.has("Training") && bench.has("12.3 k") && bench.has_text("epoch 2.56/5"));
    assert!(bench.has_text("train ") && bench.has_text("test "), "the curves have values");
    assert!(bench.has("Filter 0") && bench.has("Filter 15"));
    bench.click("Pause");
    assert!(matches!(bench.commands()[..], [Command::Pause(_)]));
    bench.press(Modifiers::NONE, Key::R);
    assert!(matches!(bench.commands()[..], [Command::Reset(_)]));
}

#[test]
fn the_curve_grows_with_the_run() {
    let mut bench = Bench::with("quickstart", LAPTOP, egui::Theme::Light, training("quickstart", 10), |b| b);
    assert!(bench.has("test –"));
    bench.set(|snapshot| {
        front(snapshot).curves = Arc::new(curves(160, 1.0));
    });
    let test = 0.05 + 0.7 * (-156.0f64 / 120.0).exp();
    let shown = format!("test {:.1} %", 100.0 * test);
    assert!(bench.has(&shown), "the last evaluation is shown: {shown}");
}

/// The session has no room for a batch: the field goes back to what is trained, with the sentence, and undoing does not
/// bring it again.
#[test]
fn a_batch_that_is_refused_goes_back() {
    use crate::session::Refused;
    let mut bench = Bench::with("quickstart", LAPTOP, Theme::Light, training("quickstart", 10), |b| b);
    let kept = bench.harness.state().editor.experiment.clone();
    bench.enter("Batch", "150");
    let asked = bench.told().expect("it is asked for");
    assert_eq!(asked.train.batch, 150);
    bench.set(|snapshot| {
        let run = front(snapshot);
        run.note = Some(
            "Training in batches of 150 needs more than there is. Training goes on with batch 32.".into(),
        );
        run.refused = Some(Refused { asked: Arc::new(asked), kept: Arc::new(kept.clone()) });
    });
    assert_eq!(bench.told(), Some(kept.clone()), "the session hears what is had");
    assert_eq!(bench.get("Batch").value().as_deref(), Some("32"));
    assert!(bench.has_text("Training goes on with batch 32."));
    assert!(!bench.harness.state().editor.can_undo());
}

#[test]
fn a_rate_changed_while_training_is_told_once() {
    let mut bench = Bench::with("quickstart", LAPTOP, egui::Theme::Light, training("quickstart", 10), |b| b);
    bench.commands();
    bench.enter("Rate", "0.5");
    let commands = bench.commands();
    assert!(matches!(&commands[..], [Command::Describe(_, told)] if told.train.rate == 0.5), "{commands:?}");
}

#[test]
fn a_loss_that_breaks_is_explained_with_its_remedy() {
    let mut bench = Bench::with("quickstart", LAPTOP, egui::Theme::Light, training("quickstart", 10), |b| b);
    bench.set(|snapshot| {
        let run = front(snapshot);
        let mut broken = (*run.curves).clone();
        broken.push(StepRecord {
            step: 11,
            epoch: 0.1,
            loss: f32::NAN,
            error: 0.9,
            rate: 5.0,
            seconds: 1.0,
            batch: 0,
        });
        run.curves = Arc::new(broken);
    });
    assert!(bench.has_text("no longer a number at step 11"));
    bench.commands();
    bench.click("Lower the rate to 0.002 and reset");
    let commands = bench.commands();
    assert!(
        matches!(&commands[..], [Command::Describe(_, told), Command::Reset(_)] if told.train.rate == 0.002),
        "{commands:?}"
    );
}

#[test]
fn a_problem_is_said_and_put_away() {
    let mut bench = Bench::open("quickstart");
    bench
        .set(|snapshot| snapshot.problem = Some("The device was lost. Train goes on from the start.".into()));
    assert!(bench.has_text("The device was lost"));
    bench.click("Dismiss message");
    assert!(!bench.has_text("The device was lost"));
}

#[test]
fn the_device_is_shown_and_chosen() {
    let mut bench = Bench::open("quickstart");
    let gpu = DeviceInfo {
        kind: DeviceKind::Gpu,
        name: "Radeon".into(),
        detail: "Vulkan".into(),
        is_software: false,
    };
    bench.set(|snapshot| snapshot.devices = snapshot.devices.iter().cloned().chain([gpu.clone()]).collect());
    bench.commands();
    bench.click("Device");
    bench.click("GPU: Radeon");
    let commands = bench.commands();
    assert!(
        matches!(&commands[..], [Command::UseDevice(DeviceChoice::Named(name))] if name == "Radeon"),
        "{commands:?}"
    );
}

#[test]
fn keys_are_listed_and_typing_triggers_none() {
    let mut bench = Bench::open("quickstart");
    bench.press(Modifiers::NONE, Key::F1);
    assert!(bench.has("Keyboard shortcuts") && bench.has("Select the layer above"));
    bench.commands();
    bench.press(Modifiers::NONE, Key::Space);
    assert!(bench.commands().is_empty(), "the overview is in front");
    bench.press(Modifiers::NONE, Key::Escape);
    bench.click("Title of the experiment");
    bench.press(Modifiers::NONE, Key::S);
    assert!(!bench.commands().iter().any(|command| matches!(command, Command::Step(_))));
}

#[test]
fn nothing_is_sent_and_nothing_moves_while_nothing_happens() {
    let mut bench = Bench::with("quickstart", LAPTOP, egui::Theme::Light, training("quickstart", 400), |b| b);
    bench.set(|snapshot| front(snapshot).activity = Activity::Idle);
    bench.commands();
    assert!(bench.harness.try_run().is_ok(), "the window comes to rest");
    assert!(bench.commands().is_empty());
}

#[test]
fn a_finished_run_is_given_more_epochs() {
    let mut bench =
        Bench::with("quickstart", LAPTOP, egui::Theme::Light, training("quickstart", 780), |builder| builder);
    bench.set(|snapshot| front(snapshot).activity = Activity::Finished);
    assert!(bench.has("Finished") && bench.is_disabled("Train"));
    let before = bench.told().map(|told| told.train.epochs).unwrap_or_default();
    bench.click("5 more epochs");
    let commands = bench.commands();
    let told = matches!(&commands[..], [Command::Describe(_, told), Command::Play(_)] if told.train.epochs == before + 5);
    assert!(told, "{commands:?}");
}

#[test]
fn a_changed_experiment_begins_anew() {
    let mut bench =
        Bench::with("quickstart", LAPTOP, egui::Theme::Light, training("quickstart", 780), |builder| builder);
    bench.set(|snapshot| {
        front(snapshot).activity = Activity::Finished;
        front(snapshot).is_stale = true;
    });
    assert!(bench.has("Changed") && bench.has("Start again") && !bench.is_disabled("Train"));
}

#[test]
fn rule_schedule_and_start_are_chosen_with_their_settings() {
    let mut bench = Bench::open("quickstart");
    for (menu, option) in [("Optimiser", "RMSProp"), ("Schedule", "On plateau"), ("Initialisation", "Normal")]
    {
        bench.click(menu);
        bench.click(option);
    }
    bench.enter("decay", "0.99");
    bench.enter("patience", "7");
    bench.enter("deviation", "0.05");
    let train = bench.told().expect("it is told").train;
    assert_eq!(train.optimiser, Optimiser::RmsProp { decay: 0.99, epsilon: 1e-8 });
    assert_eq!(train.schedule, Schedule::Plateau { factor: 0.1, patience: 7, threshold: 0.01 });
    assert_eq!(train.initialisation, Initialisation::Normal { deviation: 0.05 });
}

#[test]
fn settings_seldom_touched_are_shown_on_demand_and_stay_once_touched() {
    let mut bench = Bench::open("quickstart");
    assert!(!bench.has("Clip gradient to"));
    bench.click("More training settings");
    bench.click("Clip gradient to");
    bench.enter("Clip", "2");
    bench.click("Rate is for batches of");
    bench.enter("Reference batch", "16");
    bench.enter("epochs", "3");
    bench.click("Decay all");
    bench.click("Blocks begin as the identity");
    bench.click("Fewer training settings");
    let train = bench.told().expect("it is told").train;
    assert_eq!((train.clip, train.reference_batch), (Some(2.0), Some(16)));
    assert_eq!(train.warm_up, WarmUp { epochs: 3.0, from: 0.1 });
    assert!(train.decay_all && train.zero_residual);
    assert!(bench.has("Clip gradient to") && bench.has("from"), "what was touched stays in sight");
}

/// Whatever is set of a run that trains is told to the session at once, which takes it over at the next step.
#[test]
fn everything_that_can_change_while_it_runs_is_told_at_once() {
    let mut bench = Bench::with("quickstart", LAPTOP, Theme::Light, training("quickstart", 400), |b| b);
    bench.commands();
    let mut expected = super::fixture::experiment("quickstart");
    let mut told = |bench: &mut Bench, change: &dyn Fn(&mut Experiment), what: &str| {
        change(&mut expected);
        assert_eq!(bench.told().as_ref(), Some(&expected), "{what}");
    };
    bench.enter("momentum", "0.8");
    told(&mut bench, &|e| e.train.optimiser = Optimiser::Momentum { momentum: 0.8 }, "momentum");
    bench.enter("Weight decay", "0.001");
    told(&mut bench, &|e| e.train.weight_decay = 1e-3, "weight decay");
    bench.enter("Batch", "64");
    told(&mut bench, &|e| e.train.batch = 64, "batch");
    bench.click("flip");
    told(&mut bench, &|e| e.data.augment.flip = true, "augmentation");
    bench.click("Optimiser");
    bench.click("SGD");
    told(&mut bench, &|e| e.train.optimiser = Optimiser::Sgd, "optimiser");
}
