use super::task::COLOUR;
use super::*;
use crate::experiment::{Kind, shipped};
use crate::tensor::Extent;

fn editor() -> Editor {
    Editor::new(shipped::get("quickstart").unwrap())
}

#[test]
fn an_edited_preset_becomes_a_network_of_its_own() {
    let mut editor = editor();
    let second = editor.layers()[1].id;
    editor.apply(Edit::Remove(second));
    assert!(
        matches!(&editor.experiment.network, NetworkChoice::Layers { input: None, layers } if layers.len() == 6)
    );
    assert!(editor.note(None) && editor.is_modified());
    editor.undo();
    assert_eq!(editor.experiment, shipped::get("quickstart").unwrap());
    assert_eq!(editor.layers().len(), 7);
    editor.redo();
    assert_eq!(editor.layers().len(), 6);
}

#[test]
fn costs_follow_every_edit() {
    let mut editor = editor();
    let before = editor.costs().total.parameters;
    let first = editor.layers()[0].id;
    editor.apply(Edit::Duplicate(first));
    assert!(editor.costs().total.parameters > before);
    assert!(editor.obstacle().is_none());
    let Kind::Conv(conv) = &mut editor.layers_and_costs().0[0].kind else { panic!("it is a convolution") };
    conv.kernel = [29, 29];
    editor.layers_changed();
    assert_eq!(editor.costs().problem.as_ref().and_then(|problem| problem.layer), Some(first));
    assert!(editor.obstacle().is_some_and(|sentence| sentence.contains("29×29")));
}

#[test]
fn a_batch_that_memory_does_not_hold_is_made_smaller() {
    let mut editor = editor();
    let needed = editor.footprint().expect("it is counted").total();
    let (before, batch) = (editor.experiment.clone(), editor.experiment.train.batch);
    editor.room = Room::Bytes(needed / 2);
    editor.note(None);
    let remedy = editor.costs().general_advice().next().and_then(|advice| advice.remedy.clone());
    editor.mend(remedy.expect("a smaller batch fits"));
    editor.note(None);
    assert!(editor.experiment.train.batch < batch && editor.costs().general_advice().next().is_none());
    assert!(editor.footprint().is_some_and(|footprint| footprint.total() <= needed / 2));
    editor.undo();
    assert_eq!(editor.experiment, before);
}

/// The window and `describe` tell of the same memory: that which the device says it takes.
#[test]
fn memory_is_what_the_device_says() {
    use crate::engine::{DeviceChoice, DeviceKind, open};
    use crate::graph::Graph;
    use crate::graph::program::Placement;
    let device = open(&DeviceChoice::Cpu).unwrap();
    for name in ["quickstart", "resnet-20-shapes"] {
        let experiment = shipped::get(name).unwrap();
        let mut editor = Editor::new(experiment.clone());
        editor.room = Room::on(DeviceKind::Cpu, 0);
        editor.note(None);
        let goal = editor.goal();
        let network = experiment.network.network(editor.task().input, goal.n_outputs()).unwrap();
        let graph = Graph::for_goal(&network, &goal).unwrap();
        let program = crate::train::train_program(&experiment, goal, &graph.fused());
        let said = device.footprint(&Placement::for_program(&graph, &program), &program).unwrap();
        assert_eq!(editor.footprint(), Some(said), "{name}");
    }
}

/// Pictures that are resized are so before they have been read; those of a folder keep what is known of them.
#[test]
fn pictures_are_foreseen_in_their_size() {
    let mut experiment = shipped::get("quickstart").unwrap();
    experiment.data.size = Some([20, 24]);
    let mut editor = Editor::new(experiment);
    assert_eq!(editor.task().input, Extent::new(1, 20, 24));
    editor.experiment.data.size = None;
    editor.foresee();
    assert_eq!(editor.task().input, GREY.input);
    (editor.experiment.data.source, editor.experiment.data.size) = ("a/folder".into(), Some([40, 40]));
    editor.foresee();
    assert_eq!(editor.task().input, Extent::new(1, 40, 40));
    editor.set_task(Task { n_classes: 3, input: Extent::new(3, 40, 40), ..GREY });
    editor.foresee();
    assert_eq!(editor.task().n_classes, 3, "what has been read holds");
}

#[test]
fn what_is_refused_is_as_if_it_had_not_been_asked_for() {
    let mut editor = editor();
    let before = editor.experiment.clone();
    editor.experiment.train.batch = 5000;
    editor.note(None);
    editor.take_back(&before);
    assert!(!editor.note(None) && !editor.can_undo());
    (editor.experiment.train.batch, editor.experiment.train.rate) = (5000, 0.5);
    editor.note(None);
    let mut kept = before.clone();
    kept.train.rate = 0.5;
    editor.take_back(&kept);
    editor.undo();
    assert_eq!(editor.experiment, before);
}

#[test]
fn a_preset_follows_the_pictures() {
    let mut editor = editor();
    editor.set_task(Task { n_classes: 37, ..COLOUR });
    assert!(editor.obstacle().is_none());
    let last = editor.layers().last().unwrap().id;
    assert_eq!(editor.costs().of_layer(last).output, Some(Extent::vector(37)));
}

#[test]
fn identities_stay_while_nothing_changes() {
    let mut editor = editor();
    let before = tree::in_order(editor.layers());
    editor.set_task(editor.task());
    editor.experiment.train.rate = 0.5;
    editor.note(None);
    assert_eq!(tree::in_order(editor.layers()), before);
}
