//! A few pictures that must stay as they are: parts of the window that no data and no shipped file change.
//! After an intended change: `UPDATE_SNAPSHOTS=1 cargo test --release images`, and look at them.

use egui::{Rect, Theme};
use egui_kittest::{SnapshotOptions, try_image_snapshot_options};

use super::fixture::{Bench, LAPTOP, snapshot, training};
use crate::session::Snapshot;

/// Compares a part of the window with how it looked.
fn check(file: &str, name: &str, theme: Theme, snapshot: Snapshot, part: Rect) {
    let mut bench = Bench::with(name, LAPTOP, theme, snapshot, |builder| builder.wgpu());
    let image = bench.harness.render().expect("there is an adapter to draw with");
    let (x, y) = (part.min.x as u32, part.min.y as u32);
    let part = image::imageops::crop_imm(&image, x, y, part.width() as u32, part.height() as u32).to_image();
    // Drivers round the edges of letters a little differently.
    let options = SnapshotOptions::new().threshold(1.0).max_failed_pixels(60usize);
    try_image_snapshot_options(&part, file, &options).unwrap();
}

#[test]
fn the_stack_of_cards_looks_as_it_did() {
    let part = Rect::from_min_max(egui::pos2(288.0, 44.0), egui::pos2(940.0, 760.0));
    check("network-light", "lenet", Theme::Light, snapshot("lenet"), part);
    check("network-dark", "lenet", Theme::Dark, snapshot("lenet"), part);
}

#[test]
fn a_run_looks_as_it_did() {
    let part = Rect::from_min_max(egui::pos2(941.0, 44.0), egui::pos2(1358.0, 760.0));
    check("training-light", "lenet", Theme::Light, training("lenet", 400), part);
    check("training-dark", "lenet", Theme::Dark, training("lenet", 400), part);
}
