//! Every panel on a small laptop's screen: no text is cut off at its side, none lies on another, and every control
//! has a name that can be said.

use egui::epaint::{ClippedShape, RectShape, Shape, TextShape};
use egui::{Key, Modifiers, Rect, Role, Theme};
use egui_kittest::kittest::NodeT as _;

use super::fixture::{Bench, LAPTOP, snapshot, training};
use super::runs::three;

/// How far two texts may reach into one another, and into what cuts them off: the room above and below the letters
/// counts as theirs.
const SLACK: f32 = 2.0;

/// A text that is drawn, where, and what of it is to be seen.
pub struct Drawn {
    pub text: String,
    pub rect: Rect,
    seen: Rect,
}

/// All texts that are to be seen, in the order in which they are drawn.
pub fn drawn(bench: &Bench) -> Vec<Drawn> {
    let screen = bench.harness.ctx.content_rect();
    let mut all = Vec::new();
    for ClippedShape { clip_rect, shape, .. } in &bench.harness.output().shapes {
        collect(shape, *clip_rect, screen, &mut all);
    }
    all
}

fn collect(shape: &Shape, clip: Rect, screen: Rect, all: &mut Vec<Drawn>) {
    match shape {
        Shape::Vec(shapes) => shapes.iter().for_each(|shape| collect(shape, clip, screen, all)),
        Shape::Rect(RectShape { rect, fill, .. }) => {
            // What lies over everything, or is opaque, takes what is under it out of sight.
            let rect = rect.intersect(clip);
            if fill.is_opaque() || fill.a() > 0 && rect.contains_rect(screen) {
                all.retain(|drawn: &Drawn| !rect.intersects(drawn.seen));
            }
        }
        Shape::Text(TextShape { pos, galley, angle, .. }) if *angle == 0.0 => {
            for row in &galley.rows {
                let rect = row.visuals.mesh_bounds.translate(row.pos.to_vec2() + pos.to_vec2());
                let seen = rect.intersect(clip);
                let text = row.text();
                if !text.trim().is_empty() && seen.is_positive() {
                    all.push(Drawn { text, rect, seen });
                }
            }
        }
        _ => {}
    }
}

/// What is wrong with a frame, in a line each.
fn faults(bench: &Bench) -> Vec<String> {
    let all = drawn(bench);
    let mut faults = Vec::new();
    for (i, one) in all.iter().enumerate() {
        let cut = (one.seen.left() - one.rect.left()).max(one.rect.right() - one.seen.right());
        if cut > SLACK {
            faults.push(format!("`{}` at {:?} is cut off by {cut}", one.text, one.rect));
        }
        for other in &all[i + 1..] {
            let both = one.seen.intersect(other.seen);
            if both.width() > SLACK && both.height() > SLACK {
                faults.push(format!("`{}` and `{}` overlap at {both:?}", one.text, other.text));
            }
        }
    }
    faults
}

/// Controls without a name.
fn nameless(bench: &Bench) -> Vec<String> {
    let controls = [
        Role::Button,
        Role::CheckBox,
        Role::ComboBox,
        Role::Slider,
        Role::SpinButton,
        Role::TextInput,
        Role::Tab,
    ];
    let root = bench.harness.root();
    let nodes = root.children_recursive().map(|node| node.accesskit_node());
    let unnamed = nodes.filter(|node| {
        controls.contains(&node.role()) && node.label().is_none_or(|name| name.trim().is_empty())
    });
    unnamed.map(|node| format!("a {:?} at {:?} has no name", node.role(), node.bounding_box())).collect()
}

fn check(what: &str, bench: &Bench) {
    let faults = [faults(bench), nameless(bench)].concat();
    assert!(faults.is_empty(), "{what}:\n{}", faults.join("\n"));
}

fn on_a_laptop(name: &str, snapshot: crate::session::Snapshot) -> Bench {
    Bench::with(name, LAPTOP, Theme::Light, snapshot, |builder| builder)
}

#[test]
fn panels_are_whole() {
    check("before training", &on_a_laptop("quickstart", snapshot("quickstart")));
    check("in training", &on_a_laptop("quickstart", training("quickstart", 400)));
    check("a residual net", &on_a_laptop("resnet-20-cifar-10", training("resnet-20-cifar-10", 700)));
    check("three runs", &on_a_laptop("quickstart", three("quickstart")));
}

#[test]
fn what_comes_on_request_is_whole() {
    for (what, modifiers, key) in [
        ("keys", Modifiers::NONE, Key::F1),
        ("the list of actions", Modifiers::COMMAND, Key::K),
        ("pictures", Modifiers::NONE, Key::B),
        ("presentation", Modifiers::NONE, Key::F5),
        ("panels being moved", Modifiers::NONE, Key::F6),
    ] {
        let mut bench = on_a_laptop("quickstart", training("quickstart", 400));
        bench.press(modifiers, key);
        check(what, &bench);
    }
    for (what, label) in
        [("twins", "Twin with one change"), ("a card's menu", "Actions for Layer 1: Convolution")]
    {
        let mut bench = on_a_laptop("quickstart", training("quickstart", 400));
        bench.click(label);
        check(what, &bench);
    }
}

#[test]
fn lessons_are_whole() {
    let mut bench = on_a_laptop("quickstart", snapshot("quickstart"));
    bench.click("Lessons");
    check("the list of lessons", &bench);
    bench.find("going deeper");
    check("a lesson", &bench);
}

/// At 200 %, as on a screen of 4K, and on one of 1920×1080, where 960×540 points are left.
#[test]
fn panels_are_whole_at_twice_the_size() {
    for (what, size, pixels_per_point) in
        [("4K", super::fixture::DESKTOP, 2.0), ("full HD", super::fixture::DESKTOP / 2.0, 2.0)]
    {
        let mut bench =
            Bench::with("quickstart", size, Theme::Dark, training("quickstart", 400), |builder| {
                builder.with_pixels_per_point(pixels_per_point)
            });
        check(what, &bench);
        for control in ["Pause", "One step", "Reset", "Rate", "Error curve"] {
            let rect = bench.get(control).rect();
            assert!(bench.harness.ctx.content_rect().contains_rect(rect), "{what}: {control} is at {rect:?}");
        }
        if what == "4K" {
            bench.press(Modifiers::NONE, Key::F5);
            check("4K, presenting", &bench);
        }
    }
}
