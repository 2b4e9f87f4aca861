//! The experiment as text, in step with the cards.

use egui::{Key, Modifiers};

use super::fixture::Bench;
use crate::experiment::{Kind, NetworkChoice, file};

const FIELD: &str = "Text of the experiment";

/// The quickstart with layers of its own, and its text open.
fn open() -> Bench {
    let mut bench = Bench::open("quickstart");
    bench.enter("filters", "12");
    bench.press(Modifiers::COMMAND, Key::E);
    bench.commands();
    bench
}

fn text(bench: &Bench) -> String {
    use egui_kittest::kittest::NodeT as _;
    bench.get(FIELD).accesskit_node().value().expect("it has a text")
}

/// Puts another text in the place of the whole.
fn replace(bench: &mut Bench, text: &str) {
    bench.get(FIELD).focus();
    bench.run();
    bench.press(Modifiers::COMMAND, Key::A);
    bench.harness.event(egui::Event::Paste(text.into()));
    bench.run();
}

fn filters(bench: &Bench) -> Vec<usize> {
    let NetworkChoice::Layers { layers, .. } = bench.told().expect("the session was told").network else {
        panic!("it has layers of its own")
    };
    let of = |kind: &Kind| match kind {
        Kind::Conv(conv) => Some(conv.filters),
        _ => None,
    };
    layers.iter().filter_map(|layer| of(&layer.kind)).collect()
}

#[test]
fn what_is_typed_shows_on_the_cards() {
    let mut bench = open();
    let before = text(&bench);
    assert!(before.contains("{ conv = 12, kernel = 5 }"), "{before}");
    replace(&mut bench, &before.replace("conv = 12", "conv = 20"));
    assert_eq!(filters(&bench)[0], 20);
    assert!(bench.has("20×24×24"), "the shape on the card follows");
}

#[test]
fn what_is_changed_on_a_card_shows_in_the_text_and_comments_stay() {
    let mut bench = open();
    let before = text(&bench);
    replace(&mut bench, &format!("# Mine.\n{before}"));
    bench.enter("filters", "24");
    assert_eq!(text(&bench), format!("# Mine.\n{}", before.replace("conv = 12", "conv = 24")));
}

#[test]
fn a_mistake_is_told_at_its_place_and_the_cards_stay() {
    let mut bench = open();
    let wrong = text(&bench).replacen("\"relu\"", "\"rleu\"", 1);
    replace(&mut bench, &wrong);
    assert!(bench.has_text("did you mean `relu`?"), "the sentence is told");
    assert!(bench.get(FIELD).is_focused(), "and writing goes on");
    assert!(bench.has_text("The cards show what it said last."));
    assert!(bench.told().is_none() && bench.has("12×24×24"));
    assert_eq!(text(&bench), wrong, "nothing is lost");
    bench.click("Write it anew");
    assert!(file::parse(&text(&bench)).is_ok() && !bench.has_text("said last"));
    bench.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(text(&bench), wrong);
}

#[test]
fn undo_goes_through_the_text_and_the_cards() {
    let mut bench = open();
    let before = text(&bench);
    replace(&mut bench, &before.replace("conv = 12", "conv = 20"));
    bench.get(FIELD).focus();
    bench.run();
    bench.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(text(&bench), before);
    bench.press(Modifiers::COMMAND, Key::Z);
    assert!(bench.told().is_some_and(|told| matches!(told.network, NetworkChoice::Preset(_))));
    bench.press(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Z);
    bench.press(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Z);
    assert_eq!(filters(&bench)[0], 20);
}

#[test]
fn the_text_is_saved_as_it_was_written_and_not_while_it_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    std::fs::write(&path, "# Mine.\ntitle = 'Mine'\nnetwork.preset = 'mlp' # small\n").unwrap();
    let mut bench = Bench::open("quickstart");
    let dropped = super::building::Dropped(path.clone());
    bench.harness.input_mut().dropped_files.push(std::sync::Arc::new(dropped));
    bench.run();
    bench.press(Modifiers::COMMAND, Key::E);
    let written = text(&bench);
    replace(&mut bench, &written.replace("'Mine'", "'Yours'"));
    bench.press(Modifiers::COMMAND, Key::S);
    let saved = std::fs::read_to_string(&path).unwrap();
    assert_eq!(saved, "# Mine.\ntitle = 'Yours'\nnetwork.preset = 'mlp' # small\n");
    replace(&mut bench, "title = ");
    bench.press(Modifiers::COMMAND, Key::S);
    assert!(bench.has_text("The text is not saved"));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), saved);
}

#[test]
fn the_text_leads_to_the_card_and_the_card_to_the_text() {
    let mut bench = open();
    bench.click("Layer 2: ReLU");
    bench.press(Modifiers::COMMAND, Key::D);
    assert_eq!(text(&bench).matches("\"relu\"").count(), 3, "the card was selected");
}

/// Opens the window as it is found remembered there, with the text of the experiment open.
fn reopened(folder: &std::path::Path) -> Bench {
    use crate::app::editor::Editor;
    use crate::app::memory::Keeper;
    let keeper = Keeper::at(folder.join("window.json"));
    let mut bench = Bench::open("quickstart");
    if let Some(opening) = keeper.opening() {
        bench.harness.state_mut().editor = Editor::open_with(opening);
    }
    let ctx = bench.harness.ctx.clone();
    bench.harness.state_mut().remember(&ctx, keeper);
    bench.run();
    // The page of the first start.
    bench.press(Modifiers::NONE, Key::Escape);
    if !bench.has(FIELD) {
        bench.press(Modifiers::COMMAND, Key::E);
    }
    bench
}

#[test]
fn a_text_is_there_again_at_the_next_start_right_or_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let close = |bench: &mut Bench| {
        let ctx = bench.harness.ctx.clone();
        bench.harness.state_mut().keep_now(&ctx);
    };
    let mut bench = reopened(folder.path());
    let right = format!("# What I try today.\n{}", text(&bench).replace("rate = 0.02", "rate = 0.03"));
    replace(&mut bench, &right);
    close(&mut bench);
    let mut bench = reopened(folder.path());
    assert_eq!(text(&bench), right, "comments and all");
    assert_eq!(bench.told().map(|told| told.train.rate), Some(0.03));
    let wrong = right.replace("rate = ", "rote = ");
    replace(&mut bench, &wrong);
    close(&mut bench);
    let mut bench = reopened(folder.path());
    assert_eq!(text(&bench), wrong);
    assert!(bench.has_text("The cards show what it said last."));
    assert_eq!(bench.told().map(|told| told.train.rate), Some(0.03), "that is what it said last");
    replace(&mut bench, &right);
    assert!(!bench.has_text("The cards show what it said last."));
}

/// A file that was opened keeps its comments when it is saved at the next start, and what it does not hold is told.
#[test]
fn a_file_that_was_open_is_as_it_was_left() {
    use crate::app::editor::Editor;
    use crate::app::memory::Opening;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    std::fs::write(&path, "# Mine.\nnetwork.preset = 'mlp' # small\n").unwrap();
    let experiment = file::load(&path).unwrap();
    let editor = Editor::open_with(Opening::of_file(experiment.clone(), Some(path.clone())));
    assert_eq!(
        (editor.text().as_str(), editor.is_modified()),
        ("# Mine.\nnetwork.preset = 'mlp' # small\n", false)
    );
    let text = Some("network.preset = 'mlp' # large\n".to_string());
    let editor = Editor::open_with(Opening { experiment, text, file: Some(path) });
    assert!(editor.is_modified() && !editor.can_undo(), "the file has another text");
}

#[test]
fn help_and_the_list_of_actions_are_a_key_away_while_one_writes() {
    let mut bench = open();
    bench.get(FIELD).focus();
    bench.run();
    bench.press(Modifiers::NONE, Key::F1);
    assert!(bench.has("Keyboard shortcuts"));
    bench.press(Modifiers::NONE, Key::Escape);
    bench.get(FIELD).focus();
    bench.run();
    bench.press(Modifiers::COMMAND, Key::K);
    assert!(bench.has("Find an action"));
}
