//! The lessons in the left column.

use super::building::Dropped;
use super::fixture::Bench;
use crate::app::bridge::Request;
use crate::app::lessons;
use crate::lessons::live::Live;
use crate::lessons::progress::{Shelf, Teaching};
use crate::lessons::{Piece, shipped};
use crate::session::Command;

/// The left column with the lesson `first-convnet` open in it.
fn reading() -> Bench {
    let mut bench = Bench::open("quickstart");
    bench.click("Lessons");
    let lesson = shipped::get("first-convnet").unwrap();
    bench.click(&format!("Lesson {}", lesson.title));
    bench
}

#[test]
fn a_lesson_is_opened_and_left_again() {
    let mut bench = reading();
    assert!(bench.has("All lessons"));
    bench.click("All lessons");
    assert!(!bench.has("All lessons") && bench.has("Open lesson…"));
    bench.click("Library");
    assert!(!bench.has("Open lesson…"));
}

/// The runs of the lesson take the place of those that are there, and start alike.
#[test]
fn the_table_is_set_with_the_runs_of_the_lesson() {
    let mut bench = reading();
    let lesson = shipped::get("first-convnet").unwrap();
    let names = lesson.pieces.iter().find_map(|piece| match piece {
        Piece::Run(names) => Some(names.clone()),
        _ => None,
    });
    let names = names.expect("the lesson sets a table");
    bench.commands();
    bench.click("Set the table");
    let commands = bench.commands();
    let added: Vec<_> = commands
        .iter()
        .filter_map(|command| match command {
            Command::Add(run) => Some((run.name.clone(), run.id, run.twin_of)),
            _ => None,
        })
        .collect();
    assert_eq!(added.iter().map(|(name, ..)| name.clone()).collect::<Vec<_>>(), names);
    assert!(added.iter().skip(1).all(|(.., twin)| *twin == Some(added[0].1)), "{added:?}");
    assert!(commands.iter().any(|command| matches!(command, Command::Remove(_))), "{commands:?}");
}

/// The kernel has a picture of its own below it: no run need have pictures, and those of the lesson before may be points.
#[test]
fn a_kernel_is_slid_over_a_picture_whatever_is_on_the_table() {
    let mut bench = Bench::open("quickstart");
    bench.click("Lessons");
    bench.click(&format!("Lesson {}", shipped::get("one-filter").unwrap().title));
    assert!(bench.has("Picture under the kernel") && bench.has_text("picture 28×28"));
}

/// A lesson is told from pictures and experiments by what is in it, as a folder and as an archive.
#[test]
fn a_lesson_that_is_dropped_on_the_window_is_opened() {
    use std::io::Write as _;
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("of-my-own");
    crate::lessons::template::write(&folder).unwrap();
    let archive = place.path().join("packed.zip");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&archive).unwrap());
    for name in ["lesson.toml", "lesson.md", "convnet.toml"] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(&std::fs::read(folder.join(name)).unwrap()).unwrap();
    }
    zip.finish().unwrap();
    for path in [folder.clone(), archive, folder.join("lesson.toml")] {
        let mut bench = Bench::open("quickstart");
        bench.harness.input_mut().dropped_files.push(std::sync::Arc::new(Dropped(path)));
        bench.run();
        assert!(bench.has("All lessons") && bench.has("Set the table"));
    }
}

const PREDICT: &str = "```predict size\n```\n```stage size\n```\nBehind the stage.\n\n```check rows\n```\n";

/// Commit to a number, see it beside the truth, and read on to a claim that holds.
#[test]
fn a_prediction_opens_the_stage_behind_it_and_a_claim_is_checked() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("rows");
    crate::lessons::template::write(&folder).unwrap();
    let settings = "title = \"Rows\"\nsummary = \"How many.\"\nminutes = 5\n\
        [experiments.net]\nset.network.preset = \"quickstart\"\nfile = \"convnet.toml\"\n\
        [predictions.size]\nask = \"How many rows?\"\nnumber = { height = \"net\", layer = \"layers.0\" }\n\
        [checks.rows]\nsays = \"28 less 4.\"\nfact = { height = \"net\", layer = \"layers.0\" }\nequals = 24\n";
    std::fs::write(folder.join("lesson.toml"), settings).unwrap();
    std::fs::write(folder.join("lesson.md"), PREDICT).unwrap();
    let mut bench = Bench::open("quickstart");
    let shelf = Shelf(place.path().join("progress"));
    bench.harness.state_mut().lessons = lessons::State::new(Some(shelf.clone()));
    bench.harness.input_mut().dropped_files.push(std::sync::Arc::new(Dropped(folder)));
    bench.run();
    assert!(bench.is_disabled("Commit") && !bench.has("Check rows"));
    // Enter commits, as the button does.
    bench.enter("Predicted number", "25");
    assert!(bench.has("25") && bench.has("24") && bench.has("Sentence of your own"));
    bench.click("Check rows");
    assert!(bench.has_text("exactly 24"));
    let kept = shelf.load("rows");
    assert!(kept.predictions["size"].answer == "25" && kept.checks["rows"].held, "{kept:?}");
}

/// The tables of the papers are a dozen claims below each other: nobody has to press a dozen buttons.
#[test]
fn claims_below_each_other_are_checked_at_once() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("rows");
    crate::lessons::template::write(&folder).unwrap();
    let claim = |name: &str, rows: u32| {
        let fact = "{ height = \"net\", layer = \"layers.0\" }";
        format!("[checks.{name}]\nsays = \"Rows.\"\nfact = {fact}\nequals = {rows}\n")
    };
    let settings = "title = \"Rows\"\nsummary = \"How many.\"\nminutes = 5\n\
        [experiments.net]\nset.network.preset = \"quickstart\"\nfile = \"convnet.toml\"\n"
        .to_string();
    let settings = settings + &claim("right", 24) + &claim("wrong", 25) + &claim("again", 24);
    std::fs::write(folder.join("lesson.toml"), settings).unwrap();
    std::fs::write(folder.join("lesson.md"), "```check right wrong again\n```\n").unwrap();
    let mut bench = Bench::open("quickstart");
    let shelf = Shelf(place.path().join("progress"));
    bench.harness.state_mut().lessons = lessons::State::new(Some(shelf.clone()));
    bench.harness.input_mut().dropped_files.push(std::sync::Arc::new(Dropped(folder)));
    bench.run();
    bench.click("Check all 3");
    let kept = shelf.load("rows");
    let held: Vec<bool> = ["right", "wrong", "again"].map(|name| kept.checks[name].held).to_vec();
    assert_eq!(held, [true, false, true]);
}

/// A bench in which a lesson of these files is open beside the quickstart, and the folder that it keeps progress in.
fn with_lesson(settings: &str, text: &str) -> (tempfile::TempDir, Bench, Shelf) {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("mine");
    crate::lessons::template::write(&folder).unwrap();
    let head = "title = \"Mine\"\nsummary = \"Mine.\"\nminutes = 5\n";
    std::fs::write(folder.join("lesson.toml"), format!("{head}{settings}")).unwrap();
    std::fs::write(folder.join("lesson.md"), text).unwrap();
    let mut bench = Bench::open("quickstart");
    let shelf = Shelf(place.path().join("progress"));
    bench.harness.state_mut().lessons = lessons::State::new(Some(shelf.clone()));
    bench.harness.input_mut().dropped_files.push(std::sync::Arc::new(Dropped(folder)));
    bench.run();
    (place, bench, shelf)
}

/// The run in front stands for the lesson's experiment of this name.
fn name_run(bench: &mut Bench, name: &str) {
    bench.set(|snapshot| super::fixture::front(snapshot).name = name.into());
}

const RUN: &str = "[experiments.net]\nfile = \"convnet.toml\"\n";

/// Who has seen the outcome cannot predict it any more.
#[test]
fn a_run_begins_once_its_outcome_is_predicted() {
    let settings = format!(
        "{RUN}[predictions.fall]\nask = \"How low?\"\nnumber = {{ test-error = \"net\" }}\n\
         [predictions.rows]\nask = \"How many?\"\nnumber = {{ height = \"net\", layer = \"layers.0\" }}\n"
    );
    let (_place, mut bench, _) = with_lesson(&settings, "```predict fall\n```\n```predict rows\n```\n");
    let begins = |bench: &mut Bench| {
        bench.commands();
        bench.press(egui::Modifiers::NONE, egui::Key::Space);
        bench.commands().iter().any(|command| matches!(command, Command::Play(_)))
    };
    assert!(!bench.is_disabled("Train") && begins(&mut bench), "another run than the lesson's");
    name_run(&mut bench, "net");
    assert!(bench.is_disabled("Train") && bench.has("Predict first"));
    assert!(!begins(&mut bench) && bench.has_text("The lesson asks first: How low?"));
    // Nor from the list of runs, where another one may be in front.
    let run = bench.snapshot.borrow().current.unwrap();
    let ctx = bench.harness.ctx.clone();
    bench.harness.state_mut().fulfil(&ctx, Request::Send(Command::Play(run)));
    assert!(!bench.commands().iter().any(|command| matches!(command, Command::Play(_))));
    bench.enter("Predicted number", "5");
    // What the shapes tell is still open, and keeps nobody from training.
    assert!(!bench.has_text("The lesson asks first"));
    assert!(!bench.is_disabled("Train") && begins(&mut bench));
}

#[test]
fn where_predictions_may_be_skipped_no_run_waits_for_one() {
    let settings =
        format!("{RUN}[predictions.fall]\nask = \"How low?\"\nnumber = {{ test-error = \"net\" }}\n");
    let (place, mut bench, shelf) = with_lesson(&settings, "```predict fall\n```\n");
    name_run(&mut bench, "net");
    assert!(bench.is_disabled("Train"));
    let skip = Teaching { skip_predictions: true, ..Teaching::default() };
    shelf.keep_teaching(&skip).unwrap();
    bench.harness.state_mut().lessons = lessons::State::new(Some(shelf));
    bench.harness.state_mut().lessons.open_path(&place.path().join("mine"));
    bench.run();
    assert!(bench.has("Skip") && !bench.is_disabled("Train"));
}

/// What a lesson locks stays on its own runs, whatever panel or key would change it; all else may be changed.
#[test]
fn what_a_lesson_locks_stays_as_it_is() {
    let settings = format!("lock = [\"network\", \"train.rate\"]\n{RUN}");
    let (_place, mut bench, _) = with_lesson(&settings, "Text.\n");
    assert!(!bench.is_disabled("Rate"), "another run than the lesson's");
    name_run(&mut bench, "net");
    assert!(bench.is_disabled("Rate") && !bench.is_disabled("Batch") && bench.has("Locked by the lesson"));
    let before = bench.harness.state().editor.experiment.clone();
    bench.enter("Batch", "7");
    let layer = bench.harness.state().editor.layers()[0].id;
    bench.harness.state_mut().editor.selected = Some(layer);
    bench.press(egui::Modifiers::NONE, egui::Key::Delete);
    let now = bench.harness.state().editor.experiment.clone();
    assert_eq!((&now.network, now.train.batch), (&before.network, 7));
    assert!(bench.has("The lesson locks network: that stays as it is."));
    bench.click("All lessons");
    assert!(!bench.is_disabled("Rate") && !bench.has("Locked by the lesson"));
}

/// In a hall a lesson goes step by step, by the keys of a presenter's remote control.
#[test]
fn a_presentation_goes_step_by_step() {
    let settings = format!("{RUN}[predictions.rows]\nask = \"How many?\"\nchoices = [\"Few\", \"Many\"]\n");
    let text = "# Mine\n\nFirst.\n\n## Then\n\nSecond.\n\n```predict rows\n```\n\n```stage rows\n```\n\n\
                ## At last\n\nThird.\n";
    let (_place, mut bench, _) = with_lesson(&settings, text);
    assert!(bench.has_text("First.") && bench.has_text("Second.") && !bench.has_text("Step 1 of 3"));
    bench.press(egui::Modifiers::NONE, egui::Key::F5);
    assert!(bench.has("Step 1 of 3") && bench.has_text("First.") && !bench.has_text("Second."));
    assert!(!bench.has_text("The lesson goes on"), "nothing above is to be done");
    bench.press(egui::Modifiers::NONE, egui::Key::PageDown);
    assert!(bench.has("Step 2 of 3") && bench.has_text("Second.") && !bench.has_text("First."));
    assert!(bench.has_text("The lesson goes on"));
    bench.click("Few");
    bench.click("Commit");
    bench.click("Next step (Page down)");
    assert!(bench.has_text("Third.") && bench.is_disabled("Next step (Page down)"));
    bench.press(egui::Modifiers::NONE, egui::Key::PageUp);
    assert!(bench.has_text("Second."));
    bench.press(egui::Modifiers::NONE, egui::Key::F5);
    assert!(bench.has_text("First.") && bench.has_text("Third."));
}

/// What is there where a live part is drawn: the part itself, or, of one that looks into a run, what is to be done first.
fn is_drawn(bench: &Bench, live: &Live) -> bool {
    let of: Vec<&str> = live.setups().collect();
    match live.kind.name {
        "curves" => bench.has(&format!("Curves of {}", of.join(" and "))),
        "convolution" => bench.has("Picture under the kernel") && bench.has("Result of the convolution"),
        "functions" => bench.has_text("Plot of f"),
        "descent" => bench.has("Surface with the optimisers' paths"),
        "signals" => bench.has("Plot of the signal over the depth"),
        "layers" => bench.has(of[0]) && bench.has_text("multiply-"),
        "grid" => of.iter().all(|of| bench.has_text(&format!("of {of}, 0 of"))),
        _ => bench.has(&format!("{} is not on the table. Set the table above.", of[0])),
    }
}

/// Whatever a lesson is made of is there when it is read from first to last, and each of its formulas is set.
#[test]
fn every_lesson_is_drawn_from_first_to_last() {
    let place = tempfile::tempdir().unwrap();
    let shelf = Shelf(place.path().to_path_buf());
    shelf.keep_teaching(&Teaching { reveal: true, ..Teaching::default() }).unwrap();
    for lesson in shipped::names().map(|name| shipped::get(name).unwrap()) {
        let size = egui::vec2(1366.0, 16_000.0);
        let made_up = super::fixture::snapshot("quickstart");
        let mut bench = Bench::with("quickstart", size, egui::Theme::Light, made_up, |builder| builder);
        bench.harness.state_mut().lessons = lessons::State::new(Some(shelf.clone()));
        bench.harness.state_mut().lessons.open(&lesson.name);
        bench.click("Lessons");
        bench.settle();
        let name = &lesson.name;
        for check in &lesson.checks {
            let label = ["Check", "Measure"].map(|word| format!("{word} {}", check.name));
            assert!(label.iter().any(|label| bench.has(label)), "{name}: {}", check.name);
        }
        assert_eq!(bench.count("Commit"), lesson.predictions.len(), "{name}");
        for piece in &lesson.pieces {
            if let Piece::Live(live) = piece {
                assert!(is_drawn(&bench, live), "{name}: {live:?}");
            }
        }
        assert!(!bench.is_written("\\"), "{name}: a formula is shown as it is written");
    }
}
