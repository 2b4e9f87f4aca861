//! Looking through the pictures, and fetching those that are not here.

use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::{Key, Modifiers, Rect, Theme, Vec2, pos2};
use egui_kittest::kittest::Queryable as _;

use super::building::Dropped;
use super::fixture::{Bench, LAPTOP, front, snapshot};
use super::images::{MANNERS, compare};
use crate::data::catalogue::Availability;
use crate::data::{DataSet, Labels, PixelClasses};
use crate::session::{Command, Download, DownloadStage, PicturesState, Snapshot};

/// Runs frames until something is to be seen that another thread makes.
fn wait_for(bench: &mut Bench, text: &str) {
    let begin = Instant::now();
    while !bench.has_text(text) {
        assert!(begin.elapsed() < Duration::from_secs(120), "`{text}` never appears");
        std::thread::sleep(Duration::from_millis(5));
        bench.harness.step();
    }
    bench.run();
}

/// The browser over the pictures of an experiment, which are changed before.
fn open(name: &str, change: impl FnOnce(&mut DataSet)) -> Bench {
    let mut bench = Bench::open(name);
    bench.set(|snapshot| change_pictures(snapshot, change));
    bench.press(Modifiers::NONE, Key::B);
    wait_for(&mut bench, "all: ");
    bench
}

fn change_pictures(snapshot: &mut Snapshot, change: impl FnOnce(&mut DataSet)) {
    let PicturesState::Ready(ready) = &mut front(snapshot).pictures else { panic!("the pictures are ready") };
    let mut set = (*ready.set).clone();
    change(&mut set);
    ready.set = Arc::new(set);
}

#[test]
fn pictures_are_browsed_by_class_and_part() {
    let mut bench = open("quickstart", |_| {});
    assert!(bench.has("training picture 1: 0") && bench.has("all: 200 pictures"));
    bench.click("3: 20 pictures");
    assert!(bench.has("training picture 4: 3") && !bench.has("training picture 1: 0"));
    assert!(bench.has("Training picture 4"), "the first of them is selected");
    assert!(bench.has("Mean picture: 3"));
    bench.click("all: 200 pictures");
    bench.click("test 100");
    wait_for(&mut bench, "all: 100 pictures");
    assert!(bench.has("test picture 1: 0") && bench.has("Test picture 1"));
    assert!(bench.has_text("never augmented"));
    bench.press(Modifiers::NONE, Key::Escape);
    assert!(bench.has("Layer 1: Convolution"), "the network is back");
}

/// The names are one thing, what is drawn above them another.
#[test]
fn the_pictures_drawn_are_those_of_the_class() {
    let snapshot = snapshot("plain-20");
    let mut bench = Bench::with("plain-20", LAPTOP, Theme::Light, snapshot, |builder| builder.wgpu());
    bench.press(Modifiers::NONE, Key::B);
    wait_for(&mut bench, "all: ");
    let mut drawn = |name: &str| {
        let rect = bench.get(name).rect();
        let image = bench.harness.render().expect("there is an adapter to draw with");
        // Within the picture, away from the frame around the selected one.
        let [x, y] = [rect.left() as u32 + 4, rect.top() as u32 + 4];
        let inside = image::imageops::crop_imm(&image, x, y, 46, 46).to_image();
        bench.click("3: 20 pictures");
        inside
    };
    let before = drawn("training picture 4: 3");
    let after = drawn("training picture 4: 3");
    assert!(before == after, "the picture moved to the first place, and is still itself");
}

#[test]
fn a_picture_is_found_by_its_number_and_by_the_arrows() {
    let mut bench = open("quickstart", |_| {});
    bench.enter("Number of the picture", "150");
    assert!(bench.has("Training picture 150") && bench.has("training picture 150: 9"), "it is scrolled to");
    bench.press(Modifiers::NONE, Key::ArrowRight);
    assert!(bench.has("Training picture 151"));
    bench.press(Modifiers::NONE, Key::End);
    assert!(bench.has("Training picture 200"));
    bench.click("Picture before");
    assert!(bench.has("Training picture 199"));
    bench.press(Modifiers::NONE, Key::Home);
    bench.click("training picture 3: 2");
    assert!(bench.has("Training picture 3"));
}

#[test]
fn augmentation_is_shown_as_it_is_set() {
    let mut bench = open("quickstart", |_| {});
    wait_for(&mut bench, "The picture as the net sees it");
    assert!(bench.has_text("No augmentation is set"));
    bench.click("flip");
    wait_for(&mut bench, "Epoch 8: ");
    assert!(bench.has("Epoch 1: mirrored") || bench.has("Epoch 1: not mirrored"));
    bench.enter("First epoch", "9");
    wait_for(&mut bench, "Epoch 16: ");
}

#[test]
fn labels_that_noise_changed_are_told_and_found() {
    let mut bench = open("quickstart", |set| {
        set.clean = Some(set.train.labels.clone());
        let mut labels = set.train.labels.classes().expect("there are classes").to_vec();
        labels[2] = 5;
        set.train.labels = labels.into();
    });
    assert!(bench.has("training picture 3: labelled 5, was 2") && bench.has("training picture 1: 0"));
    bench.click("wrong labels (1)");
    assert!(!bench.has("training picture 1: 0"));
    assert!(bench.has("Noise changed this label: it was 2."));
}

#[test]
fn masks_are_laid_over_and_taken_away() {
    let mut bench = open("quickstart", |set| {
        let area = set.extent.area();
        for split in [&mut set.train, &mut set.test] {
            let classes = (0..split.len() * area).map(|i| (i / area % 2) as u8).collect();
            split.labels = Labels::Pixels(PixelClasses::new(area, classes));
        }
    });
    assert!(bench.has("training picture 2: 1") && bench.has("1: 100 pictures"));
    bench.click("masks");
    assert!(bench.has("training picture 2: 1"));
}

#[test]
fn of_very_many_pictures_only_those_in_view_are_drawn() {
    let bench = open("quickstart", |set| {
        let n = 60_000;
        set.train.pictures = set.train.pictures[..784].repeat(n);
        set.train.labels = (0..n).map(|i| (i % 10) as u16).collect();
    });
    let drawn = bench.harness.query_all_by_label_contains("training picture ").count();
    assert!((10..300).contains(&drawn), "{drawn}");
}

#[test]
fn an_absent_data_set_is_fetched_after_one_question() {
    let mut bench = Bench::open("quickstart");
    // Whatever lies in the folders of whoever runs the tests.
    let entries = &mut bench.harness.state_mut().library.entries;
    let entry = entries.iter_mut().find(|entry| entry.download.is_some()).expect("one that can be fetched");
    entry.availability = Availability::Absent("Its files are not here.".into());
    let entry = entry.clone();
    bench.click("Data set");
    bench.click(&format!("{}, download…", entry.name));
    let failed = PicturesState::Failed { source: entry.name.into(), message: "It is absent.".into() };
    bench.set(|snapshot| front(snapshot).pictures = failed);
    assert!(bench.has_text("Not on this computer · "));
    bench.commands();
    bench.click("Download…");
    assert!(bench.has_text("Nothing is sent from this computer"));
    assert!(bench.commands().is_empty(), "nothing is fetched before the answer");
    bench.click("Download");
    assert!(matches!(&bench.commands()[..], [Command::Fetch(name)] if name == entry.name));
    let report = |stage| Some(Download { name: entry.name.into(), stage });
    let going =
        DownloadStage::Going { done: 1 << 20, bytes: 4 << 20, seconds_left: Some(75.0), is_checking: false };
    bench.set(|snapshot| snapshot.download = report(going));
    assert!(bench.has_text("1 MB of 4 MB · 1 min 15 s left"));
    bench.click("Stop the download");
    assert!(matches!(bench.commands()[..], [Command::StopFetching]));
    bench.set(|snapshot| snapshot.download = report(DownloadStage::Failed("There is no connection.".into())));
    assert!(bench.has_text("There is no connection.") && !bench.is_disabled("Download…"));
}

#[test]
fn own_pictures_are_told_before_they_are_used() {
    let folder = tempfile::tempdir().unwrap();
    for class in ["day", "night"] {
        std::fs::create_dir(folder.path().join(class)).unwrap();
        for i in 0..4 {
            let path = folder.path().join(class).join(format!("{i}.png"));
            std::fs::write(path, crate::data::png([2, 2], &[i; 12])).unwrap();
        }
    }
    std::fs::write(folder.path().join("day/0.png"), "no picture").unwrap();
    let mut bench = Bench::open("quickstart");
    bench.commands();
    assert!(!bench.has("Share held out for testing"), "what has a name has a part for testing");
    bench.harness.input_mut().dropped_files.push(Arc::new(Dropped(folder.path().into())));
    bench.harness.step();
    wait_for(&mut bench, "2 classes, 7 pictures, 1 unreadable");
    assert!(bench.has_text("day/0.png") && bench.has("20 % of each class"));
    assert!(bench.told().is_none(), "nothing is used before the answer");
    bench.click("Use these pictures");
    let data = bench.told().expect("it is told").data;
    assert_eq!((data.source, data.hold_out), (folder.path().display().to_string(), None));
    // The share can be changed later as well.
    bench.enter("Share held out for testing", "0.4");
    assert_eq!(bench.told().expect("it is told").data.hold_out, Some(0.4));
    bench.enter("Share held out for testing", "0.2");
    assert_eq!(bench.told().expect("it is told").data.hold_out, None, "as usual");
}

#[test]
fn how_pixels_change_places_is_set() {
    let mut bench = Bench::open("quickstart");
    bench.commands();
    assert!(!bench.has("Seed of the permutation"));
    bench.click("permuted");
    assert_eq!(bench.told().expect("it is told").data.permute, Some(1));
    bench.enter("Seed of the permutation", "7");
    assert_eq!(bench.told().expect("it is told").data.permute, Some(7));
    bench.click("Resized");
    bench.enter("Width of the pictures", "20");
    let data = bench.told().expect("it is told").data;
    assert_eq!((data.permute, data.size), (Some(7), Some([32, 20])));
    bench.click("permuted");
    assert_eq!(bench.told().expect("it is told").data.permute, None);
}

#[test]
fn the_browser_looks_as_it_did() {
    for (manner, size, theme) in MANNERS {
        let mut bench = Bench::with("plain-20", size, theme, snapshot("plain-20"), |builder| builder.wgpu());
        bench.press(Modifiers::NONE, Key::B);
        wait_for(&mut bench, "all: ");
        wait_for(&mut bench, "The picture as the net sees it");
        let part = Rect::from_min_max(pos2(288.0, 44.0), (size - Vec2::splat(8.0)).to_pos2());
        compare(&mut bench, &format!("browser-{manner}"), part);
    }
}
