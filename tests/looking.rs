//! What is seen inside a net against what PyTorch sees, made by `tests/reference/looking.py`, on both executors.

use std::sync::Arc;

use convscope::data::{DataSet, Labels, Normalisation, Split};
use convscope::engine::{self, Device, DeviceChoice, Part};
use convscope::experiment::file;
use convscope::graph::{Goal, Graph, Role};
use convscope::inspect::attribution::{Occluder, RULES, Unit};
use convscope::inspect::exhibit::Exhibit;
use convscope::inspect::look::{Look, Subject, View};
use convscope::inspect::patches::Search;
use convscope::inspect::projection::Projecting;
use convscope::inspect::specimen::Specimen;
use convscope::tensor::Extent;
use convscope::tensor::random::mix;
use convscope::train::Net;
use convscope::train::weights::Numbers;
use safetensors::SafeTensors;

const SHOWN: usize = 5;
const EXHIBIT: Exhibit = Exhibit::Data { part: Part::Train, index: SHOWN };

fn noise(i: usize, name: usize) -> f64 {
    mix(i as u32 + 1_000_003 * name as u32) as f64 / 2f64.powi(31) - 1.0
}

/// The script's pictures.
fn pictures() -> Arc<DataSet> {
    let extent = Extent::new(3, 16, 16);
    let bytes = (0..32 * extent.len()).map(|i| (mix(i as u32) >> 24) as u8).collect();
    let split = Split { pictures: bytes, labels: Labels::Classes((0..32).map(|n| n % 10).collect()) };
    Arc::new(DataSet {
        name: "formula".into(),
        extent,
        classes: (0..10).map(|class: u32| class.to_string()).collect(),
        train: split.clone(),
        test: split,
        clean: None,
        notes: Vec::new(),
    })
}

/// The script's net.
fn net(set: &DataSet) -> Net {
    let text = include_str!("reference/looking.toml");
    let experiment = file::parse(text).expect("a good file");
    let network = experiment.network.network(set.extent, 10).expect("a possible net");
    let graph = Graph::for_goal(&network, &Goal::classes(10)).expect("a possible net");
    let parameter = |(k, parameter): (usize, &convscope::graph::Parameter)| {
        let of_noise = |value: f64| match parameter.role {
            Role::Scale => 1.0 + 0.1 * value,
            Role::Bias | Role::Shift | Role::Slope => 0.01 * value,
            _ => value * (6.0 / parameter.fan_in() as f64).sqrt(),
        };
        (0..parameter.len()).map(|i| of_noise(noise(i, k + 1)) as f32).collect()
    };
    let parameters = graph.parameters.iter().enumerate().map(parameter).collect();
    let statistic = |(k, _): (usize, _)| {
        let mean = |i| 0.1 * noise(i, 100 + k / 2);
        let variance = |i| 1.0 + 0.5 * noise(i, 200 + k / 2);
        (0..12).map(|i| if k % 2 == 0 { mean(i) } else { variance(i) } as f32).collect()
    };
    let statistics = graph.statistics.iter().enumerate().map(statistic).collect();
    let normalisation = Normalisation::identity(set.extent);
    let classes = set.classes.clone();
    Net { experiment, network, graph, numbers: Numbers { parameters, statistics }, classes, normalisation }
}

/// PyTorch's numbers of this name.
fn expected(name: &str) -> Vec<f32> {
    let file =
        SafeTensors::deserialize(include_bytes!("reference/looking.safetensors")).expect("a good file");
    let bytes = file.tensor(name).unwrap_or_else(|_| panic!("the script keeps no `{name}`")).data();
    bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect()
}

/// Single precision through five layers is some 1e-6 of the largest number away from double precision; 1e-4 leaves
/// room for the ways in which products are summed, and is far below what a wrong rule would do.
fn check(name: &str, found: &[f32]) {
    let expected = expected(name);
    assert_eq!(found.len(), expected.len(), "{name}");
    let largest = expected.iter().fold(1e-6f32, |largest, x| largest.max(x.abs()));
    for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
        assert!((found - expected).abs() <= 1e-4 * largest, "{name}, number {i}: {found} against {expected}");
    }
}

/// Does the same on the processor and on a graphics processor, where there is one or a driver that stands for it.
fn on_devices(look: impl Fn(&Subject<'_>)) {
    let set = pictures();
    let net = net(&set);
    let devices =
        [DeviceChoice::Cpu, DeviceChoice::Gpu].iter().filter_map(|choice| engine::open(choice).ok());
    let devices: Vec<Arc<dyn Device>> = devices.collect();
    assert!(devices.len() > 1 || std::env::var_os("CI").is_none(), "both executors are tested");
    for device in devices {
        let specimen = Specimen::new(&net, Some(set.clone()), device).expect("room for a small net");
        look(&specimen.subject());
    }
}

/// The units that the script asks about, where it names their place.
fn units() -> [(Unit, &'static str); 3] {
    let unit = |layer: &str, channel, place| Unit { layer: layer.into(), channel, place };
    [
        (unit("layers.1", 3, None), "layers.1"),
        (unit("layers.7", 5, Some([2, 6])), "layers.7"),
        (unit("layers.11", 7, None), "layers.11"),
    ]
}

#[test]
fn activations_are_those_of_pytorch() {
    on_devices(|subject| {
        let look = Look::Activations { exhibit: EXHIBIT };
        let View::Activations(seen) = look.whole(subject).expect("they are seen") else {
            panic!("asked for")
        };
        assert_eq!(seen.picture.class, Some(5));
        for path in ["layers.0", "layers.1", "layers.2", "layers.3", "layers.7", "layers.9", "layers.11"] {
            let layer = seen.layers.iter().find(|layer| layer.path == path).expect("a layer");
            check(&format!("activations.{path}"), &layer.numbers);
        }
    });
}

/// Layers of every depth; the strongest places of three pictures for each channel, found exactly.
#[test]
fn patches_are_those_of_a_search_by_brute_force() {
    on_devices(|subject| {
        for layer in ["layers.1", "layers.7", "layers.9", "layers.11"] {
            let search = Search {
                layer: layer.into(),
                part: Part::Train,
                class: None,
                n_pictures: None,
                n_patches: 3,
                one_each: true,
            };
            let View::Patches(found) = Look::Patches(search).whole(subject).expect("they are found") else {
                panic!("asked for")
            };
            let expected = expected(&format!("patches.{layer}"));
            assert_eq!((found.n_seen, found.n_pictures), (32, 32));
            for (c, (patches, expected)) in found.units.iter().zip(expected.chunks_exact(9)).enumerate() {
                for (patch, expected) in patches.iter().zip(expected.chunks_exact(3)) {
                    // Units that respond to nothing have no strongest place.
                    if expected[0] == 0.0 {
                        continue;
                    }
                    let place = (patch.place[0] * found.extent.width + patch.place[1]) as f32;
                    assert_eq!([patch.picture as f32, place], expected[1..], "{layer}, channel {c}");
                    assert!((patch.response - expected[0]).abs() <= 1e-4 * expected[0].abs().max(0.1));
                }
            }
        }
    });
}

#[test]
fn ways_back_are_those_of_pytorch() {
    on_devices(|subject| {
        for (unit, layer) in units() {
            let look = Look::Why {
                exhibit: EXHIBIT,
                unit: unit.clone(),
                occluder: Some(Occluder { side: 3, stride: 1 }),
            };
            let View::Why(why) = look.whole(subject).expect("it is seen") else { panic!("asked for") };
            for ((_, name), gradient) in RULES.iter().zip(&why.gradients) {
                let name = if *name == "guided back-propagation" { "guided" } else { name };
                check(&format!("{name}.{layer}"), gradient);
            }
            check(&format!("occlusion.{layer}"), &why.occlusion.expect("all of it").falls);
            assert_eq!(why.class_map.is_some(), layer == "layers.11", "only a class has a map of its own");
            if let Some(map) = why.class_map {
                check("class_map", &map.numbers);
                let mean = map.numbers.iter().sum::<f32>() / map.numbers.len() as f32;
                assert!((mean + map.bias - why.response).abs() < 1e-4, "its mean and the bias are the logit");
            }
        }
    });
}

/// Several patches carried back together come back as each alone.
#[test]
fn projections_are_the_ways_back_of_each_patch() {
    on_devices(|subject| {
        let (unit, layer) = &units()[1];
        let patch = convscope::inspect::patches::Patch { picture: SHOWN, place: [2, 6], response: 0.0 };
        let other = convscope::inspect::patches::Patch { picture: 8, ..patch };
        let asked = Projecting {
            layer: unit.layer.clone(),
            channel: unit.channel,
            part: Part::Train,
            patches: vec![other, patch],
            rule: RULES[2].0,
        };
        let View::Projections(seen) = Look::Projections(asked).whole(subject).expect("seen") else {
            panic!("asked for")
        };
        check(&format!("deconvnet.{layer}"), &seen.pictures[1]);
    });
}

/// Each number of the output is the sum of its products, and each weight's gradient that of its origins.
#[test]
fn a_convolution_is_the_sum_of_its_products() {
    on_devices(|subject| {
        let look = Look::Convolution { layer: Some("layers.3".into()), exhibit: EXHIBIT };
        let View::Convolution(conv) = look.whole(subject).expect("it is seen") else { panic!("asked for") };
        check("activations.layers.2", &conv.x);
        check("activations.layers.3", &conv.y);
        check("loss.layers.3", conv.dy.as_ref().expect("the class is known"));
        for (filter, at) in [(0, [0, 0]), (4, [3, 5]), (11, [7, 7])] {
            let products = conv.products(filter, at);
            assert_eq!(products.len(), 8 * 9);
            let sum: f32 = products.iter().map(|product| product.value()).sum();
            let y = conv.y[(filter * 8 + at[0]) * 8 + at[1]];
            assert!((sum - y).abs() < 1e-4, "{sum} against {y}");
        }
        let of_weights = |i: usize| {
            let (filter, channel, tap) = (i / 72, i / 9 % 8, [i / 3 % 3, i % 3]);
            conv.origins(filter, channel, tap).expect("there is a gradient").iter().sum()
        };
        check("loss.layers.3.weight", &(0..12 * 72).map(of_weights).collect::<Vec<f32>>());
    });
}
