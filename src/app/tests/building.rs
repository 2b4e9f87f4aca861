//! Building a net by its controls.

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;

use super::fixture::{Bench, front, snapshot, training};
use crate::experiment::layers::{Conv, Kind, Padding};
use crate::experiment::{Layer, NetworkChoice};
use crate::inspect::look::Look;
use crate::session::{Command, PicturesState};

fn layers(bench: &Bench) -> Vec<Layer> {
    match bench.told().expect("the session was told").network {
        NetworkChoice::Layers { layers, .. } => layers,
        NetworkChoice::Preset(name) => panic!("the network is still the preset {name}"),
    }
}

fn names(layers: &[Layer]) -> Vec<&'static str> {
    layers.iter().map(|layer| layer.kind.name()).collect()
}

#[test]
fn it_opens_with_an_experiment_and_tells_the_session() {
    let bench = Bench::open("quickstart");
    let commands = bench.commands();
    assert!(
        matches!(&commands[0], Command::Describe(_, experiment) if experiment.title.starts_with("Quickstart"))
    );
    assert!(matches!(&commands[1], Command::Watch(watch) if watch.looks == [Look::Filters { layer: None }]));
    assert_eq!(commands.len(), 2, "nothing is said twice: {commands:?}");
    assert!(bench.has("Layer 1: Convolution") && bench.has("Layer 7: Fully connected"));
    assert!(bench.has("8×24×24"), "the output of the first layer is shown");
}

#[test]
fn a_layer_is_added_on_a_seam() {
    let mut bench = Bench::open("quickstart");
    bench.commands();
    bench.click("Add layer at position 2");
    bench.click("Batch normalisation");
    assert_eq!(names(&layers(&bench))[..3], ["conv", "batch-norm", "relu"]);
    assert!(bench.has("Layer 2: Batch normalisation"));
    assert!(bench.has_text("own layers"));
}

#[test]
fn settings_are_changed_in_place() {
    let mut bench = Bench::open("quickstart");
    bench.commands();
    bench.enter("filters", "12");
    let told = layers(&bench);
    assert!(matches!(&told[0].kind, Kind::Conv(Conv { filters: 12, kernel: [5, 5], .. })));
    assert!(bench.has("12×24×24"), "the shape follows at once");
    bench.enter("kernel", "3");
    assert!(matches!(&layers(&bench)[0].kind, Kind::Conv(Conv { kernel: [3, 3], .. })));
    bench.click("Link height and width of kernel");
    bench.enter("kernel width", "7");
    assert!(matches!(&layers(&bench)[0].kind, Kind::Conv(Conv { kernel: [3, 7], .. })));
}

#[test]
fn rare_settings_are_shown_when_asked_for_and_where_they_are_made() {
    let mut bench = Bench::open("quickstart");
    bench.commands();
    assert!(!bench.has("dilation"));
    bench.click("More settings");
    bench.enter("dilation", "2");
    let told = layers(&bench);
    assert!(matches!(&told[0].kind, Kind::Conv(Conv { dilation: [2, 2], .. })));
    assert!(bench.has("8×20×20"), "5×5 dilated to 9×9");
    bench.click("padding same");
    assert!(matches!(&layers(&bench)[0].kind, Kind::Conv(Conv { padding: Padding::Same, .. })));
    assert!(bench.has("8×28×28"), "the size is kept");
}

#[test]
fn the_stride_of_a_pool_follows_its_window() {
    let mut bench = Bench::open("quickstart");
    bench.commands();
    bench.enter("window", "3");
    let told = layers(&bench);
    let Kind::Pool(pool) = &told[2].kind else { panic!("it is a pool") };
    assert_eq!((pool.window, pool.stride), ([3, 3], [3, 3]));
}

#[test]
fn layers_are_moved_duplicated_and_removed_by_key() {
    let mut bench = Bench::open("quickstart");
    bench.commands();
    for _ in 0..2 {
        bench.press(Modifiers::NONE, Key::ArrowDown);
    }
    bench.press(Modifiers::ALT, Key::ArrowUp);
    assert_eq!(names(&layers(&bench))[..3], ["relu", "conv", "max-pool"]);
    bench.press(Modifiers::COMMAND, Key::D);
    assert_eq!(names(&layers(&bench))[..3], ["relu", "relu", "conv"]);
    bench.press(Modifiers::NONE, Key::Delete);
    bench.press(Modifiers::NONE, Key::Delete);
    assert_eq!(names(&layers(&bench))[..3], ["relu", "max-pool", "conv"]);
}

#[test]
fn keys_pressed_within_one_frame_count_one_by_one() {
    let mut bench = Bench::open("quickstart");
    bench.commands();
    for _ in 0..2 {
        bench.harness.key_press(Key::ArrowDown);
    }
    bench.harness.key_press_modifiers(Modifiers::ALT, Key::ArrowUp);
    bench.run();
    assert_eq!(names(&layers(&bench))[..2], ["relu", "conv"]);
}

#[test]
fn every_edit_is_undone_and_done_again() {
    let mut bench = Bench::open("quickstart");
    let original = bench.told().expect("it was told");
    bench.enter("filters", "12");
    let edited = bench.told().expect("it was told");
    bench.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(bench.told(), Some(original.clone()));
    bench.click("Redo");
    assert_eq!(bench.told(), Some(edited.clone()));
    bench.enter("Seed", "7");
    bench.press(Modifiers::COMMAND, Key::Z);
    bench.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(bench.told(), Some(original));
    bench.press(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Z);
    assert_eq!(bench.told(), Some(edited));
}

#[test]
fn a_card_is_dragged_to_another_seam() {
    let mut bench = Bench::open("quickstart");
    bench.commands();
    let from = bench.get("Drag Layer 1: Convolution").rect().center();
    let to = bench.get("Add layer at position 4").rect().center();
    bench.harness.drag_at(from);
    bench.harness.step();
    bench.harness.hover_at(from + egui::vec2(4.0, 30.0));
    bench.harness.step();
    bench.harness.hover_at(to);
    bench.harness.step();
    bench.harness.drop_at(to);
    bench.run();
    assert_eq!(names(&layers(&bench)), ["relu", "max-pool", "conv", "conv", "relu", "max-pool", "linear"]);
}

#[test]
fn an_impossible_shape_is_explained_on_its_card_and_refused() {
    let mut bench = Bench::open("quickstart");
    bench.enter("kernel", "29");
    assert!(bench.has_text("A kernel of 29×29") || bench.has_text("29×29 does not fit"), "it is explained");
    bench.commands();
    assert!(bench.is_disabled("Train"));
    bench.press(Modifiers::NONE, Key::Space);
    bench.press(Modifiers::NONE, Key::S);
    assert!(bench.commands().is_empty(), "nothing impossible is begun");
    bench.press(Modifiers::COMMAND, Key::Z);
    bench.commands();
    bench.click("Train");
    assert!(matches!(bench.commands()[..], [Command::Play(_)]));
}

#[test]
fn a_batch_larger_than_the_pictures_is_refused() {
    let mut bench = Bench::open("quickstart");
    bench.enter("Batch", "500");
    assert!(bench.is_disabled("Train"));
}

#[test]
fn branches_are_added_filled_and_merged() {
    let mut bench = Bench::open("quickstart");
    bench.commands();
    bench.click("Add layer at position 2");
    bench.click("Two branches");
    assert!(bench.has("identity"), "they have no layers");
    assert!(bench.has("Layer 2: Branches that meet"));
    let Kind::Branches(branches) = &layers(&bench)[1].kind else { panic!("they are branches") };
    assert_eq!(branches.branches.len(), 2);
    bench.click("Add branch");
    bench.click("Remove branch 3");
    bench.click("concat");
    assert!(bench.has("16×24×24"), "8 + 8 channels: {:?}", bench.told());
}

#[test]
fn a_block_fits_the_channels_that_reach_it_and_folds_to_a_line() {
    let mut bench = Bench::open("quickstart");
    bench.commands();
    bench.click("Add layer at position 3");
    bench.click("Residual block, halving");
    assert_eq!(names(&layers(&bench))[..4], ["conv", "relu", "branches", "relu"]);
    assert!(bench.has("16×12×12"), "half the size and twice the channels");
    assert!(!bench.is_disabled("Train"));
    bench.click("Fold all");
    assert!(bench.has_text("8 → 16"));
}

#[test]
fn a_layer_is_repeated_from_its_menu() {
    let mut bench = Bench::open("quickstart");
    bench.click("Add layer at position 3");
    bench.click("Residual block");
    bench.commands();
    bench.click("Actions for Layer 3: Residual block");
    bench.click("Repeat");
    let told = layers(&bench);
    assert!(matches!(&told[2].kind, Kind::Repeat(repeat) if repeat.times == 2 && repeat.layers.len() == 2));
    bench.click("Once more");
    assert!(matches!(&layers(&bench)[2].kind, Kind::Repeat(repeat) if repeat.times == 3));
    bench.press(Modifiers::COMMAND, Key::Z);
    bench.press(Modifiers::COMMAND, Key::Z);
    assert_eq!(names(&layers(&bench))[2..4], ["branches", "relu"]);
}

#[test]
fn presets_replace_the_layers() {
    let mut bench = Bench::open("quickstart");
    bench.commands();
    bench.click("Start from…");
    bench.click("lenet");
    assert_eq!(bench.told().map(|told| told.network), Some(NetworkChoice::Preset("lenet".into())));
    assert!(bench.has("431,080"), "LeNet's parameters");
}

#[test]
fn shipped_experiments_are_a_click_away() {
    let mut bench = Bench::open("quickstart");
    bench.commands();
    bench.click("Experiment LeNet on glyphs");
    let told = bench.told().expect("it was told");
    assert_eq!(told.network, NetworkChoice::Preset("lenet".into()));
    bench.press(Modifiers::COMMAND, Key::Z);
    assert!(bench.told().is_some_and(|told| told.title.starts_with("Quickstart")));
}

#[test]
fn an_experiment_is_saved_and_opened_by_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    let mut bench = Bench::open("quickstart");
    bench.enter("filters", "12");
    let edited = bench.told().expect("it was told");
    bench.press(Modifiers::COMMAND, Key::S);
    replace_path(&mut bench, path.to_str().unwrap());
    assert_eq!(crate::experiment::file::load(&path).unwrap(), edited);
    assert!(bench.has_text("Saved to"));
    bench.click("Experiment LeNet on glyphs");
    bench.commands();
    bench.press(Modifiers::COMMAND, Key::O);
    replace_path(&mut bench, path.to_str().unwrap());
    assert_eq!(bench.told(), Some(edited));
}

/// Types another path into the window that asks for one, and confirms it.
fn replace_path(bench: &mut Bench, path: &str) {
    bench.press(Modifiers::COMMAND, Key::A);
    bench.get("Path").type_text(path);
    bench.run();
    bench.press(Modifiers::NONE, Key::Enter);
}

#[test]
fn failed_pictures_are_explained_in_place() {
    let mut bench = Bench::open("quickstart");
    let message = "The data set `mnist` is not on this computer.".to_string();
    bench.set(|snapshot| {
        front(snapshot).pictures = PicturesState::Failed { source: "mnist".into(), message: message.clone() };
    });
    assert!(bench.has(&message));
    assert!(bench.is_disabled("Train"));
    bench.commands();
    bench.click("Use the built-in glyphs");
    assert!(bench.told().is_some_and(|told| told.data.source == "glyphs"));
}

#[test]
fn residual_nets_fold_and_unfold() {
    let mut bench = Bench::with(
        "resnet-56-shapes",
        super::fixture::DESKTOP,
        egui::Theme::Dark,
        snapshot("resnet-56-shapes"),
        |builder| builder,
    );
    assert!(bench.has("times") && bench.has("identity"));
    bench.click("Fold all");
    assert!(!bench.has("identity"));
    bench.click("Unfold all");
    assert!(bench.has("identity"));
}

/// Every control has a name: the harness checks it after each run. No panel may panic at a small size.
#[test]
fn everything_that_ships_is_drawn_on_a_laptop() {
    for name in crate::experiment::shipped::names() {
        let bench =
            Bench::with(name, super::fixture::LAPTOP, egui::Theme::Dark, training(name, 300), |builder| {
                builder
            });
        assert!(bench.harness.unnamed_widgets().is_empty(), "{name}");
        assert_eq!(bench.harness.get_all_by_label("Pause").count(), 1);
    }
}

#[derive(Debug)]
pub struct Dropped(pub std::path::PathBuf);

impl egui::DroppedFile for Dropped {
    fn path(&self) -> &std::path::Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("only the path is wanted".into())
    }
}

#[test]
fn what_is_dropped_on_the_window_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dropped.toml");
    std::fs::write(&path, "title = 'Dropped'\nnetwork.preset = 'mlp'").unwrap();
    let mut bench = Bench::open("quickstart");
    bench.harness.input_mut().dropped_files.push(std::sync::Arc::new(Dropped(path)));
    bench.run();
    assert!(bench.told().is_some_and(|told| told.title == "Dropped"));
    bench.harness.input_mut().dropped_files.push(std::sync::Arc::new(Dropped(folder.path().into())));
    let begin = std::time::Instant::now();
    // It is looked through first, by a thread of its own.
    while bench.told().is_none_or(|told| told.data.source != folder.path().display().to_string()) {
        assert!(begin.elapsed().as_secs() < 180, "it is never opened");
        bench.run();
    }
}

/// A net from nothing, with the mouse alone: the first layer, the next behind it, and what the program offers for the
/// last. Ten clicks, and it can be trained.
#[test]
fn a_net_is_built_from_nothing() {
    let mut bench = Bench::open("quickstart");
    bench.click("Start from…");
    bench.click("Nothing: a net of your own");
    assert!(bench.is_disabled("Train") && bench.has_text("The network has no layers"));
    bench.click("Add the first layer");
    bench.click("Convolution");
    for (place, layer) in [(2, "ReLU"), (3, "Max pooling")] {
        bench.click(&format!("Add layer at position {place}"));
        bench.click(layer);
    }
    bench.click("Add a fully connected layer of 10 units at the end");
    assert_eq!(names(&layers(&bench)), ["conv", "relu", "max-pool", "linear"]);
    assert!(!bench.is_disabled("Train"));
}

/// Pictures that are resized are so on the cards while they are still being read.
#[test]
fn the_cards_show_the_size_that_is_asked_for() {
    let mut bench = Bench::open("quickstart");
    assert!(bench.has("8×24×24"));
    bench.harness.state_mut().editor.experiment.data.size = Some([20, 22]);
    bench.run();
    bench.set(|snapshot| front(snapshot).pictures = PicturesState::Opening { source: "glyphs".into() });
    assert!(bench.has("1×20×22") && bench.has("8×16×18"));
}
