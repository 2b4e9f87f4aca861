use super::*;
use crate::experiment::shipped;

fn changes(experiment: &Experiment) -> Vec<Change> {
    let name = "quickstart";
    let (input, n_classes) = match &experiment.network {
        NetworkChoice::Preset(name) => (presets::customary_input(name), presets::customary_classes(name)),
        _ => (presets::customary_input(name), presets::customary_classes(name)),
    };
    let network = experiment.network.network(input, n_classes).expect("a possible net");
    likely(experiment, &network.layers)
}

fn preset(name: &str) -> Experiment {
    Experiment { network: NetworkChoice::Preset(name.into()), ..Experiment::default() }
}

fn names(changes: &[Change], group: Group) -> Vec<&str> {
    changes.iter().filter(|change| change.group == group).map(|change| change.name.as_str()).collect()
}

#[test]
fn a_residual_net_has_its_plain_twin_and_nets_of_other_depth() {
    let changes = changes(&preset("resnet-20"));
    assert_eq!(names(&changes, Group::Shortcuts), ["plain-20"]);
    assert_eq!(names(&changes, Group::Depth), ["resnet-32", "resnet-44", "resnet-56", "resnet-110"]);
    assert_eq!(names(&changes, Group::Normalisation), ["without batch norm"]);
    assert_eq!(names(&changes, Group::Optimiser).len(), Optimiser::ALL.len() - 1);
}

#[test]
fn each_differs_in_one_thing_and_in_name() {
    let own = shipped::get("quickstart").expect("it ships");
    let all = changes(&own);
    for change in &all {
        let mut back = change.experiment.clone();
        back.title.clone_from(&own.title);
        assert_ne!(back, own, "{} changes nothing", change.name);
        match change.group {
            Group::Optimiser => back.train.optimiser = own.train.optimiser,
            Group::Rate => back.train.rate = own.train.rate,
            Group::Start => back.train.initialisation = own.train.initialisation,
            Group::Seed => back.seed = own.seed,
            _ => back.network = own.network.clone(),
        }
        assert_eq!(back, own, "{} changes more than its {:?}", change.name, change.group);
    }
    let mut names: Vec<&str> = all.iter().map(|change| change.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all.len());
}

#[test]
fn a_rate_is_a_round_number() {
    let own =
        Experiment { train: crate::experiment::Train { rate: 0.01, ..Default::default() }, ..preset("mlp") };
    assert_eq!(names(&changes(&own), Group::Rate), ["rate 0.03", "rate 0.0033", "rate 0.1", "rate 0.001"]);
}

/// A rate that the file would refuse is not offered.
#[test]
fn a_rate_stays_within_its_bounds() {
    let train = crate::experiment::Train { rate: 200.0, ..Default::default() };
    let own = Experiment { train, ..preset("mlp") };
    assert_eq!(names(&changes(&own), Group::Rate), ["rate 600", "rate 67", "rate 20"]);
}

#[test]
fn a_bias_comes_back_where_the_normalisation_goes() {
    let changes = changes(&preset("resnet-8"));
    let without = changes.iter().find(|change| change.group == Group::Normalisation).expect("it has some");
    let NetworkChoice::Layers { layers, .. } = &without.experiment.network else {
        panic!("a net of its own")
    };
    let is_biased = |layer: &Layer| matches!(&layer.kind, Kind::Conv(conv) if !conv.bias);
    assert!(!has(layers, &is_biased) && !has(layers, &|layer| matches!(layer.kind, Kind::BatchNorm(_))));
}

#[test]
fn repetitions_are_more_and_fewer_but_never_none() {
    let file = |times: usize| {
        let text = format!(
            "[data]\nsource = \"glyphs\"\n[network]\nlayers = [{{ repeat = {times}, layers = [\"relu\"] }}, \"flatten\", {{ linear = 10 }}]\n"
        );
        crate::experiment::file::parse(&text).expect("an experiment")
    };
    assert_eq!(names(&changes(&file(3)), Group::Depth), ["deeper", "twice as deep", "shallower"]);
    assert_eq!(names(&changes(&file(1)), Group::Depth), ["deeper", "twice as deep"]);
    // Nor more than a file may ask for.
    assert_eq!(names(&changes(&file(600)), Group::Depth), ["deeper", "shallower"]);
    assert_eq!(names(&changes(&file(1000)), Group::Depth), ["shallower"]);
}
