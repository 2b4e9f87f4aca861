//! Keys and lists, what is kept from one opening to the next, presentation.

use egui::{Key, Modifiers};

use super::fixture::Bench;
use super::runs::three;
use crate::session::Command;

#[test]
fn whatever_can_be_done_is_found_by_a_word() {
    let mut bench = Bench::open("quickstart");
    bench.commands();
    bench.press(Modifiers::COMMAND, Key::K);
    assert!(bench.has("Find an action") && bench.has("One epoch") && bench.has("Experiment Quick start"));
    bench.get("Find an action").type_text("one st");
    bench.run();
    assert!(bench.has("One step") && !bench.has("Experiment Quick start"));
    bench.press(Modifiers::NONE, Key::Enter);
    assert!(matches!(bench.commands()[..], [Command::Step(_)]));
    assert!(!bench.has("Find an action"), "it is closed by a choice");
}

#[test]
fn the_list_opens_lessons_experiments_and_runs() {
    let mut bench =
        Bench::with("quickstart", super::fixture::LAPTOP, egui::Theme::Light, three("quickstart"), |b| b);
    bench.press(Modifiers::COMMAND, Key::K);
    bench.get("Find an action").type_text("going deeper");
    bench.run();
    bench.press(Modifiers::NONE, Key::Enter);
    assert!(bench.has_text("Going deeper"));
    bench.press(Modifiers::COMMAND, Key::K);
    bench.get("Find an action").type_text("no such thing");
    bench.run();
    assert!(bench.has_text("Nothing is called “no such thing”"));
    bench.press(Modifiers::NONE, Key::Escape);
    assert!(!bench.has("Find an action"));
}
