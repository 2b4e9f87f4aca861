//! What is said of a net before it is trained, and what mends it.

use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;

use super::fixture::Bench;
use crate::experiment::{Kind, Layer, NetworkChoice};

fn layers(bench: &Bench) -> Vec<Layer> {
    match bench.told().expect("the session was told").network {
        NetworkChoice::Layers { layers, .. } => layers,
        NetworkChoice::Preset(name) => panic!("the network is still the preset {name}"),
    }
}

/// The quickstart with a normalisation behind its first convolution, which has a bias.
fn with_useless_bias() -> Bench {
    let mut bench = Bench::open("quickstart");
    bench.click("Add layer at position 2");
    bench.click("Batch normalisation");
    bench.commands();
    bench
}

#[test]
fn advice_stands_on_its_card_and_its_button_mends_it() {
    let mut bench = with_useless_bias();
    assert!(bench.has("Its bias is useless: a batch normalisation follows."));
    assert!(bench.has_text("1 warning") || bench.has("Show the next warning"));
    bench.click("Make it without bias");
    assert!(matches!(&layers(&bench)[0].kind, Kind::Conv(conv) if !conv.bias));
    assert!(!bench.has_text("Its bias is useless"));
    bench.press(Modifiers::COMMAND, Key::Z);
    assert!(matches!(&layers(&bench)[0].kind, Kind::Conv(conv) if conv.bias), "it is undone");
    assert!(bench.has_text("Its bias is useless"));
}

#[test]
fn advice_is_folded_to_its_symbol() {
    let mut bench = with_useless_bias();
    bench.click("Advice on Layer 1: Convolution");
    assert!(!bench.has("Its bias is useless: a batch normalisation follows."));
    bench.click("Show the next warning");
    assert!(bench.has("Its bias is useless: a batch normalisation follows."));
}

#[test]
fn a_head_that_does_not_fit_is_made_to() {
    let mut bench = Bench::open("quickstart");
    bench.enter("units", "7");
    assert!(bench.is_disabled("Train"));
    bench.click("Make it 10 units");
    assert!(matches!(&layers(&bench)[6].kind, Kind::Linear(linear) if linear.outputs == 10));
    assert!(!bench.is_disabled("Train"));
}

#[test]
fn layers_between_which_nothing_bends_get_a_relu() {
    let mut bench = Bench::open("quickstart");
    for _ in 0..2 {
        bench.press(Modifiers::NONE, Key::ArrowDown);
    }
    bench.press(Modifiers::NONE, Key::Delete);
    bench.commands();
    // What pooling by maxima leaves is not linear: there is nothing to say.
    assert!(!bench.has_text("Nothing non-linear"));
    bench.click("Add layer at position 2");
    bench.click("Convolution");
    assert!(bench.has_text("Nothing non-linear stands between the convolution before and this convolution."));
    bench.commands();
    bench.click("Put a ReLU between");
    let names: Vec<_> = layers(&bench).iter().map(|layer| layer.kind.name()).collect();
    assert_eq!(names[..3], ["conv", "relu", "conv"]);
}

#[test]
fn a_net_changed_after_training_is_offered_the_weights_that_fit() {
    use super::fixture::{front, snapshot, training};
    use crate::session::{Activity, Command};
    let mut bench = Bench::with(
        "quickstart",
        super::fixture::LAPTOP,
        egui::Theme::Light,
        snapshot("quickstart"),
        |builder| builder,
    );
    assert!(!bench.has("Train on with what fits"), "nothing was trained");
    let trained = training("quickstart", 100);
    bench.set(|snapshot| {
        *snapshot = trained;
        let run = front(snapshot);
        (run.activity, run.is_stale) = (Activity::Idle, true);
    });
    bench.click("Add layer at position 5");
    bench.click("Batch normalisation");
    assert!(bench.has_text("Of 4 layers with weights 3 still fit, 1 is new."));
    bench.click("Which layers keep their weights");
    assert!(
        bench.has("layers.4")
            && bench.has_text("new, 16")
            && bench.has_text("keeps those of layers.6, 10×256")
    );
    bench.press(Modifiers::NONE, Key::Escape);
    bench.commands();
    bench.click("Train on with what fits");
    assert!(matches!(bench.commands()[..], [Command::PlayKeeping(_)]));
}

#[test]
fn branches_that_do_not_fit_get_a_shortcut() {
    let mut bench = Bench::open("quickstart");
    bench.click("Add layer at position 3");
    bench.click("Residual block");
    assert!(!bench.is_disabled("Train"));
    // The first convolution of the block strides, its shortcut does not.
    let Kind::Branches(branches) = &layers(&bench)[2].kind else { panic!("it is a block") };
    let second = branches.branches[0].iter().position(|layer| matches!(layer.kind, Kind::Conv(_)));
    assert_eq!((second, branches.branches[1].len()), (Some(0), 0));
    bench.harness.state_mut().editor.layers_and_costs().0[2].kind.children_mut()[0][0].kind = strided();
    bench.harness.state_mut().editor.layers_changed();
    bench.run();
    assert!(bench.has_text("The branches end in 8×12×12, 8×24×24") && bench.is_disabled("Train"));
    bench.click("Put a strided shortcut to 8 channels into branch 2");
    assert!(!bench.is_disabled("Train"));
    bench.press(Modifiers::COMMAND, Key::Z);
    assert!(bench.has_text("The branches end in"), "it is undone");
}

fn strided() -> Kind {
    use crate::experiment::layers::{Conv, Padding};
    let padding = Padding::Each([1, 1]);
    Kind::Conv(Conv { filters: 8, stride: [2, 2], padding, ..Conv::default() })
}

#[test]
fn a_window_that_is_too_large_is_made_to_fit() {
    let mut bench = Bench::open("quickstart");
    bench.enter("kernel", "29");
    bench.click("Make it 28×28");
    assert!(!bench.has_text("29×29 does not fit"));
}

/// Where memory is short on the device, a smaller batch and the processor are a click away.
#[test]
fn what_can_be_done_where_memory_is_short_is_a_button() {
    use super::fixture::front;
    use crate::engine::{DeviceChoice, DeviceKind};
    use crate::session::{Command, Shortage};
    let mut bench = Bench::open("quickstart");
    let editor = &bench.harness.state().editor;
    let needed = editor.footprint().expect("it is counted").total();
    let shortage = Shortage { kind: DeviceKind::Gpu, available_bytes: needed / 2 };
    let fitting = editor.batch_within(needed / 2).expect("there is one");
    assert!(fitting < editor.experiment.train.batch);
    bench.set(|snapshot| {
        let run = front(snapshot);
        run.problem = Some("Training in batches of 32 needs more memory than there is.".into());
        run.shortage = Some(shortage);
    });
    bench.commands();
    bench.click("Use the CPU");
    assert!(
        matches!(bench.commands()[..], [Command::UseDevice(DeviceChoice::Cpu), Command::Play(_)]),
        "it goes on at once"
    );
    bench.click(&format!("Train in batches of {fitting}"));
    let commands = bench.commands();
    let begun = matches!(&commands[..], [Command::Describe(_, told), Command::Play(_)] if told.train.batch == fitting);
    assert!(begun, "{commands:?}");
    bench.set(|snapshot| front(snapshot).shortage = Some(Shortage { kind: DeviceKind::Cpu, ..shortage }));
    assert!(!bench.has("Use the CPU"), "it is in use");
}

/// Twenty layers down, and folded: a click on the banner brings the card into view and selects it.
#[test]
fn the_banner_leads_to_the_card_at_fault() {
    use crate::app::editor::tree;
    let mut bench = Bench::open("resnet-20-shapes");
    bench.click("Fold all");
    let at_fault = {
        let editor = &mut bench.harness.state_mut().editor;
        let is_conv =
            |id: &_| matches!(tree::find(editor.layers(), *id).map(|layer| &layer.kind), Some(Kind::Conv(_)));
        let id = tree::in_order(editor.layers()).into_iter().rfind(is_conv).expect("a convolution");
        let Some(Layer { kind: Kind::Conv(conv), .. }) = tree::find_mut(editor.layers_and_costs().0, id)
        else {
            unreachable!("it is a convolution")
        };
        (conv.kernel, conv.padding) = ([31, 31], crate::experiment::layers::Padding::Each([0, 0]));
        editor.layers_changed();
        id
    };
    bench.run();
    let told = "31×31 does not fit";
    assert!(!bench.has_text(told), "it lies folded");
    bench.click("Cannot train as it stands");
    bench.run();
    assert_eq!(bench.harness.state().editor.selected, Some(at_fault));
    let screen = bench.harness.ctx.content_rect();
    let is_seen =
        bench.harness.query_all_by_label_contains(told).any(|node| screen.contains_rect(node.rect()));
    assert!(is_seen);
}
