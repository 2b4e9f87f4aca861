//! Random experiments within the bounds of the file, for properties.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::experiment::fields::{Field, Value};
use crate::experiment::layers::{Branches, Kind, Layer, MENU, Merge, Padding, Repeat};
use crate::experiment::{
    Augment, Data, Experiment, Initialisation, MAX_SIDE, Named, NetworkChoice, Noise, Normalise, Train,
    WarmUp, presets,
};
use crate::tensor::Extent;

pub fn experiment() -> impl Strategy<Value = Experiment> {
    (any::<String>(), any::<u64>(), data(), network(), train())
        .prop_map(|(title, seed, data, network, train)| Experiment { title, seed, data, network, train })
}

fn data() -> impl Strategy<Value = Data> {
    let subset = || option::of(1_usize..=1_000_000_000);
    let size = option::of([1_usize..=MAX_SIDE, 1..=MAX_SIDE]);
    let share = || prop_oneof![Just(0.0_f32), 0.0..=1.0_f32];
    let augment = (any::<bool>(), 0_usize..=64, 0_usize..=MAX_SIDE, share())
        .prop_map(|(flip, crop, cutout, jitter)| Augment { flip, crop, cutout, jitter });
    let noise = (share(), option::of(any::<String>())).prop_map(|(share, to)| Noise { share, to });
    let normalise = prop::sample::select(&Normalise::ALL[..]);
    let hold_out = option::of(Data::HOLD_OUT);
    let changes = (normalise, augment, noise, option::of(any::<u64>()), hold_out);
    ("\\PC{1,30}", subset(), subset(), any::<bool>(), changes, size).prop_map(
        |(source, train, test, shuffle, (normalise, augment, noise, permute, hold_out), size)| Data {
            source,
            train,
            test,
            shuffle,
            normalise,
            augment,
            noise,
            permute,
            size,
            hold_out,
        },
    )
}

fn network() -> impl Strategy<Value = NetworkChoice> {
    let preset = prop::sample::select(presets::names().collect::<Vec<_>>())
        .prop_map(|name| NetworkChoice::Preset(name.into()));
    let input = option::of((1_usize..=65_536, 1_usize..=MAX_SIDE, 1_usize..=MAX_SIDE));
    let layers = (input, layers()).prop_map(|(input, layers)| NetworkChoice::Layers {
        input: input.map(|(channels, height, width)| Extent::new(channels, height, width)),
        layers,
    });
    prop_oneof![1 => preset, 4 => layers]
}

/// Lists of layers, a few deep; the repetitions are few enough for the bound on all layers.
fn layers() -> impl Strategy<Value = Vec<Layer>> {
    let leaf = leaf().prop_map(|layer| vec![layer]);
    leaf.prop_recursive(4, 40, 4, |inner| {
        let list = || vec(inner.clone(), 0..4).prop_map(|lists| lists.concat());
        let repeat = (1_usize..=4, list())
            .prop_map(|(times, layers)| vec![Layer::new(Kind::Repeat(Repeat { times, layers }))]);
        let merge = prop::sample::select(&Merge::ALL[..]);
        let branches = (merge, vec(list(), 0..4))
            .prop_map(|(merge, branches)| vec![Layer::new(Kind::Branches(Branches { merge, branches }))]);
        prop_oneof![list(), repeat, branches]
    })
}

/// A layer with nothing inside, each of its settings left alone or drawn from its own bounds.
fn leaf() -> impl Strategy<Value = Layer> {
    let kinds: Vec<Kind> = MENU.iter().map(|make| make()).filter(|kind| kind.children().is_empty()).collect();
    (prop::sample::select(kinds), draws()).prop_map(|(mut kind, draws)| {
        vary(kind.fields(), &draws);
        Layer::new(kind)
    })
}

/// Something that goes by a name, likewise.
fn named<T: Named + std::fmt::Debug + 'static>() -> impl Strategy<Value = T> {
    (prop::sample::select(T::all()), draws()).prop_map(|(mut named, draws)| {
        vary(named.fields(), &draws);
        named
    })
}

/// For each setting two shares of its bounds, or none where it is left alone.
type Draw = Option<[f64; 2]>;

fn draws() -> impl Strategy<Value = Vec<Draw>> {
    vec(option::of([0.0..=1.0_f64, 0.0..=1.0]), 10)
}

fn vary(fields: Vec<Field<'_>>, draws: &[Draw]) {
    for (field, draw) in fields.into_iter().zip(draws) {
        let Some([a, b]) = *draw else { continue };
        match field.value {
            Value::Count(place, range) => *place = between(*range.start(), *range.end(), a),
            Value::OptionalCount(place, range) => {
                *place = (a < 0.5).then(|| between(*range.start(), *range.end(), b));
            }
            Value::Pair(place, range) => {
                *place = [a, b].map(|share| between(*range.start(), *range.end(), share));
            }
            Value::Padding(place, _) if a < 0.3 => *place = Padding::Same,
            Value::Padding(place, range) => {
                *place = Padding::Each([a, b].map(|share| between(*range.start(), *range.end(), share)));
            }
            Value::Number(place, range) => *place = number(&range, a),
            Value::Numbers(place, range) => {
                *place = (0..(5.0 * b) as usize).map(|i| number(&range, a / (i + 1) as f64)).collect();
            }
            Value::Flag(place) => *place = a < 0.5,
            Value::Initialisation(place) => {
                let all = Initialisation::all();
                let mut chosen = all[between(0, all.len() - 1, a)];
                // Its own settings all alike, which is enough to see whether they are kept.
                vary(chosen.fields(), &[Some([b, a]); 4]);
                *place = Some(chosen);
            }
        }
    }
}

fn between(least: usize, most: usize, share: f64) -> usize {
    least + ((most - least) as f64 * share) as usize
}

fn number(range: &std::ops::RangeInclusive<f32>, share: f64) -> f32 {
    (range.start() + (range.end() - range.start()) * share as f32).min(*range.end())
}

fn train() -> impl Strategy<Value = Train> {
    let rate = || prop_oneof![0.0..=1000.0_f32, 0.0..=1e-6_f32];
    let rules = (named(), rate(), named(), rate(), any::<bool>(), named());
    let decay = (any::<bool>(), option::of(1e-6..=1e6_f32));
    let warm_up = prop_oneof![
        Just(WarmUp::NONE),
        (0.0..=1e6_f32, prop_oneof![Just(0.1_f32), 0.0..=1.0_f32])
            .prop_map(|(epochs, from)| WarmUp { epochs, from }),
    ];
    let batches = (1_usize..=65_536, option::of(1_usize..=65_536));
    (rules, decay, batches, warm_up, 1_usize..=1_000_000, named()).prop_map(
        |(rules, (decay_all, clip), (batch, reference_batch), warm_up, epochs, initialisation)| Train {
            loss: rules.5,
            optimiser: rules.0,
            rate: rules.1,
            reference_batch,
            warm_up,
            schedule: rules.2,
            weight_decay: rules.3,
            decay_all,
            clip,
            batch,
            epochs,
            initialisation,
            zero_residual: rules.4,
        },
    )
}
