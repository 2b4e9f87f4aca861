//! Pictures of the window, to look at: `CONVSCOPE_LOOKS=folder cargo test --release looks -- --ignored`.

use std::path::PathBuf;

use egui::{Theme, Vec2};

use super::fixture::{Bench, DESKTOP, LAPTOP, front, snapshot, training};
use super::runs::three;
use crate::experiment::layers::MENU;
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
    render(
        "smallest-light",
        "quickstart",
        egui::vec2(1040.0, 616.0),
        Theme::Light,
        training("quickstart", 400),
        |_| {},
    );
    render(
        "smallest-dark",
        "resnet-20-cifar-10",
        egui::vec2(1040.0, 616.0),
        Theme::Dark,
        training("resnet-20-cifar-10", 400),
        |_| {},
    );
    render(
        "folded-light",
        "resnet-56-shapes",
        LAPTOP,
        Theme::Light,
        training("resnet-56-shapes", 400),
        |bench| bench.click("Fold all"),
    );
    render("log-light", "quickstart", LAPTOP, Theme::Light, training("quickstart", 100_000), |bench| {
        bench.click("log");
        bench.click("Settings of the curves");
        bench.click("Learning rate beneath");
    });
}

#[test]
#[ignore = "draws pictures for people to look at"]
fn looks_of_several_runs() {
    for (file, size, theme) in [
        ("runs-light", LAPTOP, Theme::Light),
        ("runs-dark", LAPTOP, Theme::Dark),
        ("runs-light-large", DESKTOP, Theme::Light),
    ] {
        render(file, "quickstart", size, theme, three("quickstart"), |bench| {
            let centre = bench.get("Error curve").rect().center();
            bench.harness.hover_at(centre);
        });
    }
    render("twin-light", "resnet-20", LAPTOP, Theme::Light, training("resnet-20", 100), |bench| {
        bench.click("Twin with one change");
    });
    render("sweep-dark", "quickstart", LAPTOP, Theme::Dark, three("quickstart"), |bench| {
        bench.click("Twin with one change");
        bench.click("Sweep over values…");
    });
}

#[test]
#[ignore = "draws pictures for people to look at"]
fn looks_of_what_appears_now_and_then() {
    render("broken-dark", "quickstart", LAPTOP, Theme::Dark, training("quickstart", 30), |bench| {
        bench.set(|snapshot| {
            let run = front(snapshot);
            let mut broken = (*run.curves).clone();
            let mut record = *broken.last().expect("it has run");
            (record.step, record.loss) = (31, f32::NAN);
            broken.push(record);
            run.curves = std::sync::Arc::new(broken);
        });
    });
    render("hover-light", "quickstart", LAPTOP, Theme::Light, training("quickstart", 400), |bench| {
        let centre = bench.get("Error curve").rect().center();
        bench.harness.hover_at(centre);
    });
    render("filter-dark", "quickstart", LAPTOP, Theme::Dark, training("quickstart", 400), |bench| {
        let centre = bench.get("Filter 3").rect().center();
        bench.harness.hover_at(centre);
        bench.harness.run_steps(60);
    });
    render("about-light", "quickstart", LAPTOP, Theme::Light, snapshot("quickstart"), |bench| {
        bench.click("Actions for Layer 1: Convolution")
    });
    render("shader-dark", "quickstart", LAPTOP, Theme::Dark, snapshot("quickstart"), |bench| {
        bench.click("Actions for Layer 1: Convolution");
        bench.click("Show its shader…");
    });
    render("menu-of-layers-light", "quickstart", LAPTOP, Theme::Light, snapshot("quickstart"), |bench| {
        bench.click("Add layer at position 3")
    });
    let every_symbol = |bench: &mut Bench| {
        let alone = MENU.iter().map(|make| make()).filter(|kind| kind.children().is_empty());
        for kind in alone {
            bench.click("Add layer at position 1");
            bench.click(kind.title());
        }
    };
    render("symbols-light", "quickstart", DESKTOP, Theme::Light, snapshot("quickstart"), every_symbol);
    render("open-light", "quickstart", LAPTOP, Theme::Light, snapshot("quickstart"), |bench| {
        bench.click("Open experiment…")
    });
}

/// Three runs, one of which was changed on the way, broke and came back; one past run pinned beside them.
fn eventful() -> Snapshot {
    let mut snapshot = three("quickstart");
    let changed = |step: u64, what: &str, from: &str, to: &str| {
        let (epoch, seconds) = (step as f64 / 156.0, step as f64 * 0.0026);
        let [what, from, to] = [what, from, to].map(String::from);
        crate::train::changes::Changed { step, epoch, seconds, what, from, to }
    };
    let mut own = crate::train::curves::Curves::default();
    for record in front(&mut snapshot).curves.from(0) {
        let is_broken = (296..=304).contains(&record.step);
        let loss = if is_broken { f32::NAN } else { record.loss };
        own.push(crate::train::curves::StepRecord { loss, ..*record });
    }
    own.tests.clone_from(&front(&mut snapshot).curves.tests);
    own.changes = vec![
        changed(120, "rate", "0.1", "0.05"),
        changed(130, "batch", "32", "64"),
        changed(250, "optimiser", "Momentum", "Adam"),
        changed(250, "rate", "0.05", "0.001"),
    ];
    front(&mut snapshot).curves = std::sync::Arc::new(own);
    snapshot
}

#[test]
#[ignore = "draws pictures for people to look at"]
fn looks_of_curves() {
    for (size, theme, name) in [
        (LAPTOP, Theme::Light, "laptop-light"),
        (LAPTOP, Theme::Dark, "laptop-dark"),
        (DESKTOP, Theme::Light, "desktop-light"),
        (DESKTOP, Theme::Dark, "desktop-dark"),
    ] {
        render(&format!("marks-{name}"), "quickstart", size, theme, eventful(), |bench| {
            bench.click("More for plain");
            bench.click("Pin its curves");
        });
        render(&format!("enlarged-{name}"), "quickstart", size, theme, eventful(), |bench| {
            bench.press(egui::Modifiers::NONE, egui::Key::C);
            bench.click("Settings of the curves");
            bench.click("Learning rate beneath");
            bench.press(egui::Modifiers::NONE, egui::Key::Escape);
            let centre = bench.get("Loss curve").rect().center();
            bench.harness.hover_at(centre);
        });
    }
}

/// The curves as they are exported: a picture and a drawing.
#[test]
#[ignore = "draws pictures for people to look at"]
fn looks_of_exports() {
    let Some(folder) = std::env::var_os("CONVSCOPE_LOOKS").map(PathBuf::from) else { return };
    for (name, snapshot) in [("exported-several", eventful()), ("exported-one", training("quickstart", 700))]
    {
        let mut state = crate::app::curves::State::default();
        state.follow(&snapshot);
        let export = state.export(&snapshot, "Quickstart");
        for ending in ["png", "svg", "csv"] {
            export.write(&folder.join(name).with_extension(ending)).expect("the folder can be written to");
        }
    }
}
