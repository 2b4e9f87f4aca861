//! Keys and lists, what is kept from one opening to the next, presentation.

use egui::{Key, Modifiers};

use super::fixture::Bench;
use super::runs::three;
use crate::app::memory::Keeper;
use crate::session::Command;

#[test]
fn whatever_can_be_done_is_found_by_a_word() {
    let mut bench = Bench::open("quickstart");
    bench.commands();
    bench.press(Modifiers::COMMAND, Key::K);
    assert!(bench.has("Find an action") && bench.has("Panels as at the beginning"));
    bench.get("Find an action").type_text("one st");
    bench.run();
    assert!(bench.has("One step") && !bench.has("Panels as at the beginning"));
    bench.press(Modifiers::NONE, Key::Enter);
    assert!(matches!(bench.commands()[..], [Command::Step(_)]));
    assert!(!bench.has("Find an action"), "it is closed by a choice");
}

#[test]
fn the_list_opens_lessons_experiments_and_runs() {
    let mut bench =
        Bench::with("quickstart", super::fixture::LAPTOP, egui::Theme::Light, three("quickstart"), |b| b);
    bench.find("going deeper");
    assert!(bench.has_text("Going deeper") && bench.has("All lessons"));
    bench.press(Modifiers::COMMAND, Key::K);
    bench.get("Find an action").type_text("no such thing");
    bench.run();
    assert!(bench.has_text("Nothing is called “no such thing”"));
    bench.press(Modifiers::NONE, Key::Escape);
    assert!(!bench.has("Find an action"));
}

#[test]
fn a_presentation_is_larger_and_leaves_out_what_is_seldom_touched() {
    let mut bench = Bench::open("quickstart");
    assert!(bench.has("Library") && bench.has("Weight decay"));
    bench.press(Modifiers::NONE, Key::F5);
    assert!((bench.harness.ctx.zoom_factor() - 1.35).abs() < 1e-6);
    assert!(!bench.has("Library") && !bench.has("Weight decay") && bench.has("Rate"));
    bench.press(Modifiers::NONE, Key::F5);
    assert!((bench.harness.ctx.zoom_factor() - 1.0).abs() < 1e-6);
    assert!(bench.has("Library") && bench.has("Weight decay"));
}

#[test]
fn panels_get_tabs_to_be_moved_by_and_go_back() {
    let mut bench = Bench::open("quickstart");
    assert!(!bench.has("Looking inside"), "a panel that is alone in its place needs no tab");
    bench.press(Modifiers::NONE, Key::F6);
    let tab = bench.get("Looking inside").rect().center();
    let elsewhere = bench.get("Start from…").rect().center();
    bench.harness.drag_at(tab);
    bench.harness.hover_at(elsewhere);
    bench.run();
    bench.harness.drop_at(elsewhere);
    bench.run();
    assert!(bench.harness.state().arrangement.plan().is_some(), "what was dragged is remembered");
    bench.press(Modifiers::SHIFT, Key::F6);
    assert!(bench.harness.state().arrangement.plan().is_none());
    assert!(!bench.has("Looking inside"));
}

/// Opens the window with what is remembered in a folder.
fn reopened(folder: &std::path::Path) -> Bench {
    let mut bench = Bench::open("quickstart");
    let ctx = bench.harness.ctx.clone();
    bench.harness.state_mut().remember(&ctx, Keeper::at(folder.join("window.json")));
    bench.run();
    bench
}

#[test]
fn the_first_start_says_what_to_press_and_the_next_is_as_it_was_left() {
    let folder = tempfile::tempdir().unwrap();
    let mut bench = reopened(folder.path());
    assert!(bench.has("A convolutional network, ready to learn"));
    bench.commands();
    bench.press(Modifiers::NONE, Key::Space);
    assert!(matches!(bench.commands()[..], [Command::Play(_)]), "one key closes the page and trains");
    assert!(!bench.has("A convolutional network, ready to learn"));
    bench.harness.ctx.set_theme(egui::ThemePreference::Dark);
    bench.find("going deeper");
    bench.enter("Rate", "0.5");
    bench.set(|snapshot| {
        let own = snapshot.runs[0].clone();
        let other =
            crate::session::RunSnapshot { id: crate::session::RunId::next(), name: "rate 0.1".into(), ..own };
        snapshot.runs.push(other);
        snapshot.runs.iter_mut().for_each(|run| run.twins = Some(7));
    });
    bench.set(|snapshot| snapshot.runs[0].name = "of the lesson".into());
    bench.press(Modifiers::NONE, Key::PageDown);
    bench.harness.state_mut().editor.write("# A slip.\nrote = 1\n");
    bench.press(Modifiers::NONE, Key::PageUp);
    bench.click("Device");
    // The middle of the slider.
    bench.click("Share of the processor left to the window");
    assert!(
        bench.commands().iter().any(|command| matches!(command, Command::Leave(share) if *share == 0.25))
    );
    bench.press(Modifiers::NONE, Key::Escape);
    let ctx = bench.harness.ctx.clone();
    bench.harness.state_mut().keep_now(&ctx);

    let bench = reopened(folder.path());
    assert!(!bench.has("A convolutional network, ready to learn"), "it is shown once");
    assert_eq!(bench.harness.ctx.theme(), egui::Theme::Dark);
    assert!(bench.has_text("Going deeper") && bench.has("All lessons"), "the lesson is open again");
    let commands = bench.commands();
    assert!(commands.iter().any(|command| matches!(command, Command::Leave(share) if *share == 0.25)));
    let front = bench.harness.state().front.id;
    let is_named = |command: &Command| matches!(command, Command::Rename(id, name) if *id == front && name == "of the lesson");
    assert!(commands.iter().any(is_named), "it is called what it was: {commands:?}");
    let added = commands.iter().find_map(|command| match command {
        Command::Add(new) => Some((new.id, new.name.clone())).filter(|_| new.twin_of.is_some()),
        _ => None,
    });
    let (id, name) = added.expect("what was set up beside it, in lockstep, is set up again");
    let workshop = bench.harness.state();
    let text = workshop.front.editor(id, &workshop.editor).map(|editor| editor.text());
    assert_eq!((name.as_str(), text.as_deref()), ("rate 0.1", Some("# A slip.\nrote = 1\n")));
    let keeper = Keeper::at(folder.path().join("window.json"));
    let opening = keeper.opening().expect("it can be read");
    assert_eq!(opening.experiment.train.rate, 0.5, "and so is the experiment, changes included");
}

#[test]
fn light_and_dark_follow_the_system_until_one_is_chosen() {
    let mut bench = Bench::open("quickstart");
    let ctx = bench.harness.ctx.clone();
    ctx.set_theme(egui::ThemePreference::System);
    for theme in [egui::Theme::Dark, egui::Theme::Light] {
        bench.harness.input_mut().system_theme = Some(theme);
        bench.run();
        assert_eq!(ctx.theme(), theme);
    }
    bench.click("Light or dark");
    assert_eq!(ctx.theme(), egui::Theme::Dark, "one press always shows a difference");
    bench.press(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::L);
    assert_eq!(ctx.theme(), egui::Theme::Light);
}

/// The widths of the lines that are drawn over the plot of the error.
fn line_widths(bench: &Bench) -> Vec<f32> {
    let plot = bench.get("Error curve").rect();
    let path = |shape: &egui::Shape| match shape {
        egui::Shape::Path(path) if path.points.len() > 20 => Some(path.stroke.width),
        _ => None,
    };
    let shapes = bench.harness.output().shapes.iter().filter(|clipped| plot.intersects(clipped.clip_rect));
    let mut widths: Vec<f32> = shapes.filter_map(|clipped| path(&clipped.shape)).collect();
    widths.sort_by(f32::total_cmp);
    widths
}

#[test]
fn a_presentation_has_thicker_curves() {
    let snapshot = super::fixture::training("quickstart", 400);
    let mut bench =
        Bench::with("quickstart", super::fixture::DESKTOP, egui::Theme::Light, snapshot, |builder| builder);
    let before = line_widths(&bench);
    bench.press(Modifiers::NONE, Key::F5);
    let now = line_widths(&bench);
    let thickest = |widths: &[f32]| widths.last().copied().unwrap_or_default();
    assert!(thickest(&now) > 1.5 * thickest(&before), "{before:?} {now:?}");
}

#[test]
fn everything_is_made_larger_and_smaller_by_key_or_from_the_list() {
    let mut bench = Bench::open("quickstart");
    let zoom = |bench: &Bench| bench.harness.ctx.zoom_factor();
    bench.press(Modifiers::COMMAND, Key::Plus);
    bench.find("larger");
    assert!((zoom(&bench) - 1.2).abs() < 1e-6, "{}", zoom(&bench));
    bench.press(Modifiers::COMMAND, Key::Minus);
    assert!((zoom(&bench) - 1.1).abs() < 1e-6);
    bench.find("usual size");
    assert!((zoom(&bench) - 1.0).abs() < 1e-6);
}

/// On a machine that is busy a frame may take a second: what is pressed in one and let go in the next is a click.
#[test]
fn a_click_counts_however_slow_the_frames_are() {
    let (size, snapshot) = (super::fixture::LAPTOP, super::fixture::snapshot("quickstart"));
    let mut bench =
        Bench::with("quickstart", size, egui::Theme::Light, snapshot, |builder| builder.with_step_dt(1.2));
    let pos = bench.get("Start from…").rect().center();
    let button = |pressed| egui::Event::PointerButton {
        pos,
        button: egui::PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    };
    bench.harness.event(egui::Event::PointerMoved(pos));
    bench.harness.step();
    for pressed in [true, false] {
        bench.harness.event(button(pressed));
        bench.harness.step();
    }
    bench.run();
    assert!(bench.has("resnet-20"), "the menu is open");
}
