//! Instruments over other weights than those of now, over another run beside the one in front, and over a picture of
//! one's own.

use std::sync::Arc;

use egui::{Key, Modifiers, Theme};

use super::fixture::{self, Bench, DESKTOP, front, training};
use super::runs::three;
use crate::inspect::contour::{Heights, Window};
use crate::inspect::exhibit::Exhibit;
use crate::inspect::live::surface::{Drawn, Point, Slice};
use crate::inspect::look::{Look, View};
use crate::session::{At, Command, Elsewhere, Snapshot, Watch};

/// What the session was told last to look at, if it was told since.
fn watched(bench: &Bench) -> Option<Watch> {
    let watched = |command| match command {
        Command::Watch(watch) => Some(watch),
        _ => None,
    };
    bench.commands().into_iter().filter_map(watched).next_back()
}

fn bench(snapshot: Snapshot) -> Bench {
    Bench::with("quickstart", DESKTOP, Theme::Light, snapshot, |builder| builder)
}

/// The slider goes back through the steps that are kept; the cards stay with the weights of now.
#[test]
fn the_weights_of_an_earlier_step_are_looked_at() {
    let mut snapshot = training("quickstart", 40);
    front(&mut snapshot).kept_steps = Arc::new([0, 8, 16, 24, 32]);
    let id = snapshot.current.expect("a run");
    let mut bench = bench(snapshot);
    assert!(bench.has("as they stand"));
    bench.get("Step whose weights are looked at").focus();
    bench.run();
    bench.press(Modifiers::NONE, Key::ArrowLeft);
    bench.press(Modifiers::NONE, Key::ArrowLeft);
    assert!(bench.has("of step 24"));
    let watch = watched(&bench).expect("something else is looked at");
    let filters = vec![Look::Filters { layer: None }];
    assert_eq!(watch.elsewhere, [Elsewhere { run: id, at: At::Step(24), looks: filters }]);
    assert!(watch.looks.iter().all(|look| !matches!(look, Look::Filters { .. })), "{:?}", watch.looks);
    // What is kept is thinned out while training goes on.
    bench.set(|snapshot| front(snapshot).kept_steps = Arc::new([0, 16, 32]));
    assert!(bench.has("of step 16") || bench.has("of step 32"), "the nearest that is left");
    bench.click("Now");
    assert!(watched(&bench).expect("the present weights").elsewhere.is_empty());
}

#[test]
fn the_weights_of_a_file_are_looked_at() {
    let mut bench = bench(training("quickstart", 40));
    bench.harness.state_mut().training.looking.look_at_file("runs/first/checkpoint.safetensors".into());
    bench.run();
    assert!(bench.has("of checkpoint.safetensors"));
    let watch = watched(&bench).expect("the file is looked at");
    assert!(matches!(&watch.elsewhere[0].at, At::File(path) if path.ends_with("checkpoint.safetensors")));
    bench.click("Now");
    assert!(bench.has("as they stand"));
}

/// Classes that have other names in the file are told of where it is named.
#[test]
fn what_is_to_be_noted_of_a_file_is_shown() {
    let mut bench = bench(training("quickstart", 40));
    let at = At::File("w.safetensors".into());
    bench.harness.state_mut().training.looking.look_at_file("w.safetensors".into());
    let note = "w.safetensors has other names for some classes (nine for 9), which are taken for the same.";
    bench.run();
    assert!(!bench.has(note));
    bench.set(|snapshot| {
        let run = front(snapshot).clone();
        let view = View::Filters(fixture::filters(8, 1));
        let seen = fixture::seen(&run, 0, Look::Filters { layer: None }, Ok(Arc::new(view)));
        snapshot.views.push(crate::session::Seen { at: at.clone(), note: Some(note.into()), ..seen });
    });
    assert!(bench.has(note));
    bench.click("Now");
    assert!(!bench.has(note));
}

/// A bowl around the weights, the deeper the smaller.
fn plane(depth: f64, slice: Slice) -> View {
    let window = Window { low: [-1.0; 2], high: [1.0; 2] };
    View::Surface(Drawn {
        slice,
        n_pictures: 64,
        progress: (25, 25),
        line: Vec::new(),
        plane: Some(Heights::of(window, [5, 5], |[x, y]| 0.2 + depth * (x * x + y * y))),
        path: vec![(0, [0.8, 0.5]), (8, [0.3, 0.1]), (16, [0.0, 0.0])],
        explained: Some([0.8, 0.15]),
    })
}

#[test]
fn the_surfaces_of_two_runs_stand_side_by_side() {
    let mut bench = bench(three("quickstart"));
    bench.click("Loss surface");
    bench.click("Plane of the path");
    let watch = watched(&bench).expect("the plane is looked at");
    assert!(watch.looks.contains(&Look::Surface(Slice::Path)), "{:?}", watch.looks);
    bench.click("Run beside");
    let other = bench.snapshot.borrow().runs[1].clone();
    bench.click(&other.name);
    let watch = watched(&bench).expect("both are looked at");
    let looks = vec![Look::Surface(Slice::Path)];
    assert_eq!(watch.elsewhere, [Elsewhere { run: other.id, at: At::Now, looks }]);
    bench.set(|snapshot| {
        let own = snapshot.run().expect("a run").clone();
        for (run, depth) in [(&own, 2.0), (&other, 5.0)] {
            let view = Ok(Arc::new(plane(depth, Slice::Path)));
            let look = Look::Surface(Slice::Path);
            snapshot.views.push(fixture::seen(run, 16, look, view));
        }
    });
    let own = bench.snapshot.borrow().run().expect("a run").name.clone();
    for name in [&own, &other.name] {
        assert!(bench.has(&format!("Loss over a plane around the weights of {name}")), "{name}");
    }
    assert!(bench.has_text("Of the path's variance 80.0 % lies along x"));
    assert!(bench.has_text("What a slice can show"));
}

/// A line can go to the run beside as well.
#[test]
fn a_line_goes_from_one_run_to_the_other() {
    let mut bench = bench(three("quickstart"));
    bench.click("Loss surface");
    bench.click("Run beside");
    let other = bench.snapshot.borrow().runs[1].clone();
    bench.click(&other.name);
    bench.click("Where the line ends");
    bench.click(&format!("the run {}", other.name));
    let watch = watched(&bench).expect("a line");
    let slice = Slice::Line { from: Point::Start, to: Point::Beside };
    assert!(watch.looks.contains(&Look::Surface(slice)), "{:?}", watch.looks);
    assert_eq!(watch.beside, Some(other.id));
}

#[test]
fn a_drawing_is_shown_to_the_net_as_it_is_drawn() {
    let mut bench = bench(training("quickstart", 40));
    bench.click("Answers");
    bench.click("Try it");
    assert!(bench.has("Pad to draw on"));
    let drawn = |watch: &Watch| {
        watch.looks.iter().find_map(|look| match look {
            Look::Activations { exhibit: Exhibit::Own(bytes) } => Some(bytes.clone()),
            _ => None,
        })
    };
    let empty = drawn(&watched(&bench).expect("the pad is looked at")).expect("a picture");
    assert!(empty.iter().all(|byte| *byte == 0));
    let rect = bench.get("Pad to draw on").rect();
    bench.harness.drag_at(rect.center());
    bench.harness.hover_at(rect.center() + egui::vec2(20.0, 0.0));
    bench.run();
    let stroke = drawn(&watched(&bench).expect("another picture")).expect("a picture");
    assert!(stroke.contains(&255));
}
