//! Pictures of the window, to look at: `CONVSCOPE_LOOKS=folder cargo test --release looks -- --ignored`.

use std::path::PathBuf;

use egui::{Theme, Vec2};

use super::fixture::{Bench, DESKTOP, LAPTOP, snapshot, training};
use crate::session::Snapshot;

fn render(
    file: &str,
    name: &str,
    size: Vec2,
    theme: Theme,
    snapshot: Snapshot,
    prepare: impl FnOnce(&mut Bench),
) {
    let Some(folder) = std::env::var_os("CONVSCOPE_LOOKS").map(PathBuf::from) else { return };
    let mut bench = Bench::with(name, size, theme, snapshot, |builder| builder.wgpu());
    prepare(&mut bench);
    bench.run();
    let image = bench.harness.render().expect("there is an adapter to draw with");
    image.save(folder.join(format!("{file}.png"))).expect("the folder can be written to");
}

#[test]
#[ignore = "draws pictures for people to look at"]
fn looks() {
    render("quickstart-light", "quickstart", LAPTOP, Theme::Light, snapshot("quickstart"), |_| {});
    render("training-dark", "quickstart", LAPTOP, Theme::Dark, training("quickstart", 400), |_| {});
    render(
        "resnet-light",
        "resnet-20-cifar-10",
        DESKTOP,
        Theme::Light,
        training("resnet-20-cifar-10", 700),
        |_| {},
    );
    render(
        "resnet-dark-small",
        "resnet-56-shapes",
        LAPTOP,
        Theme::Dark,
        training("resnet-56-shapes", 700),
        |_| {},
    );
    render("problem-light", "quickstart", LAPTOP, Theme::Light, snapshot("quickstart"), |bench| {
        bench.enter("kernel", "29")
    });
    render("help-light", "quickstart", LAPTOP, Theme::Light, snapshot("quickstart"), |bench| {
        bench.press(egui::Modifiers::NONE, egui::Key::F1);
    });
    render("menu-dark", "quickstart", LAPTOP, Theme::Dark, training("quickstart", 100), |bench| {
        bench.click("Add layer at position 2");
    });
    render("open-light", "quickstart", LAPTOP, Theme::Light, snapshot("quickstart"), |bench| {
        bench.click("Open experiment…")
    });
}
