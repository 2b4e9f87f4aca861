//! What frames cost: `cargo test --release --lib speed -- --ignored --nocapture`.

use std::time::Instant;

use super::fixture::{Bench, DESKTOP, curves, front, training};
use crate::session::{RunId, RunSnapshot};

/// Runs side by side.
const N_RUNS: usize = 8;

/// Eight runs of 100,000 steps, a deep net unfolded in view, for every frame a new snapshot in which all have
/// come one step further.
#[test]
#[ignore = "measures time"]
fn frame_time() {
    for name in ["resnet-56-shapes", "resnet-152"] {
        let median = median_frame_ms(name);
        assert!(median < 8.0, "the window's own work must leave the machine to the training");
    }
}

fn median_frame_ms(name: &str) -> f64 {
    let mut snapshot = training(name, 10);
    let mut growing = curves(100_000, 0.01);
    let extra = curves(101_000, 0.01);
    front(&mut snapshot).previous = Some(std::sync::Arc::new(growing.clone()));
    let first = front(&mut snapshot).clone();
    snapshot.runs.extend((1..N_RUNS).map(|mark| RunSnapshot { id: RunId::next(), mark, ..first.clone() }));
    let mut bench = Bench::with(name, DESKTOP, egui::Theme::Dark, snapshot, |builder| builder);
    let mut times = Vec::new();
    for record in extra.from(100_000).take(300) {
        growing.push(*record);
        let mut next = (**bench.snapshot.borrow()).clone();
        next.runs.iter_mut().for_each(|run| run.curves = std::sync::Arc::new(growing.clone()));
        *bench.snapshot.borrow_mut() = std::sync::Arc::new(next);
        let start = Instant::now();
        bench.harness.step();
        let output = bench.harness.output();
        let triangles = bench.harness.ctx.tessellate(output.shapes.clone(), output.pixels_per_point);
        assert!(!triangles.is_empty());
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!(
        "{name}: median {:.2} ms, 99th percentile {:.2} ms, longest {:.2} ms",
        at(0.5),
        at(0.99),
        at(1.0)
    );
    at(0.5)
}

/// From the click on a preset to the frame that shows it: shapes, costs and memory of all its layers anew.
#[test]
#[ignore = "measures time"]
fn preset_time() {
    for name in ["vgg-16", "resnet-50", "resnet-152", "resnet-110"] {
        let mut bench = Bench::open("quickstart");
        bench.click("Start from…");
        bench.get(name).click();
        let start = Instant::now();
        bench.harness.step();
        bench.harness.step();
        let ms = start.elapsed().as_secs_f64() * 1e3;
        println!("{name}: shown after {ms:.1} ms");
        assert!(ms < 150.0, "a click is answered at once");
    }
}
