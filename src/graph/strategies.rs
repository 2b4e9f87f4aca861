//! Random networks that are possible and small enough to run, for properties.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::Graph;
use crate::experiment::fields::Value;
use crate::experiment::layers::{Branches, Linear, MENU, Merge, Padding, Repeat};
use crate::experiment::{Kind, Layer, Network};
use crate::tensor::Extent;

/// Numbers of all outputs for one picture, at most.
const MOST_NUMBERS: usize = 1 << 14;

/// A part of a network before it is known what fits where.
#[derive(Clone, Debug)]
enum Piece {
    Leaf(Kind),
    Repeat(usize, Vec<Piece>),
    Branches(Merge, Vec<Vec<Piece>>),
}

/// A classifier of three classes over layers of every kind, in branches and repetitions.
pub fn classifier() -> impl Strategy<Value = Network> {
    let side = || 1_usize..=9;
    ((1_usize..=3, side(), side()), vec(piece(), 1..7)).prop_map(|((channels, height, width), pieces)| {
        let input = Extent::new(channels, height, width);
        let mut layers = fitted(input, pieces);
        layers.push(Layer::new(Kind::Linear(Linear { outputs: 3, ..Linear::default() })));
        Network { input, layers }
    })
}

fn piece() -> impl Strategy<Value = Piece> {
    leaf().prop_recursive(3, 12, 3, |inner| {
        let list = || vec(inner.clone(), 0..4);
        let merge = prop::sample::select(&Merge::ALL[..]);
        prop_oneof![
            inner.clone(),
            (1_usize..=3, list()).prop_map(|(times, pieces)| Piece::Repeat(times, pieces)),
            (merge, vec(list(), 1..4)).prop_map(|(merge, lists)| Piece::Branches(merge, lists)),
        ]
    })
}

/// A layer with nothing inside, its settings drawn from the small end of their bounds.
fn leaf() -> impl Strategy<Value = Piece> {
    let kinds: Vec<Kind> = MENU.iter().map(|make| make()).filter(|kind| kind.children().is_empty()).collect();
    let draws = vec(option::of([0_usize..=3, 0..=3]), 10);
    (prop::sample::select(kinds), draws).prop_map(|(mut kind, draws)| {
        for (field, draw) in kind.fields().into_iter().zip(draws) {
            let Some(pair) = draw else { continue };
            match field.value {
                Value::Count(place, range) => *place = (*range.start() + pair[0]).min(*range.end()),
                Value::Pair(place, range) => {
                    *place = pair.map(|n| (*range.start() + n).min(*range.end()));
                }
                Value::Padding(place, _) if pair == [3, 3] => *place = Padding::Same,
                Value::Padding(place, range) => {
                    *place = Padding::Each(pair.map(|n| (*range.start() + n).min(*range.end())));
                }
                Value::Flag(place) => *place = pair[0] > 1,
                // Numbers change no shape.
                _ => {}
            }
        }
        Piece::Leaf(kind)
    })
}

/// The pieces that fit one behind the other; the others are left out.
fn fitted(input: Extent, pieces: Vec<Piece>) -> Vec<Layer> {
    let mut layers: Vec<Layer> = Vec::new();
    let mut end = input;
    for piece in pieces {
        for candidate in candidates(end, piece) {
            layers.push(candidate);
            match output(input, &layers) {
                Some(extent) => {
                    end = extent;
                    break;
                }
                None => drop(layers.pop()),
            }
        }
    }
    layers
}

/// Layers that a piece may become over maps of this shape. Branches that may not meet are followed by as many
/// copies of the first, which always do.
fn candidates(input: Extent, piece: Piece) -> Vec<Layer> {
    match piece {
        Piece::Leaf(kind) => vec![Layer::new(kind)],
        Piece::Repeat(times, pieces) => {
            vec![Layer::new(Kind::Repeat(Repeat { times, layers: fitted(input, pieces) }))]
        }
        Piece::Branches(merge, lists) => {
            let drawn: Vec<Vec<Layer>> = lists.into_iter().map(|list| fitted(input, list)).collect();
            let copy = |_| drawn[0].iter().map(Layer::duplicate).collect();
            let alike = (0..drawn.len()).map(copy).collect();
            [drawn, alike].map(|branches| Layer::new(Kind::Branches(Branches { merge, branches }))).into()
        }
    }
}

/// What a stack gives, where it is possible and small.
fn output(input: Extent, layers: &[Layer]) -> Option<Extent> {
    let graph = Graph::new(&Network { input, layers: layers.to_vec() }).ok()?;
    let n_numbers: usize = graph.nodes.iter().map(|node| node.extent.len()).sum();
    (n_numbers <= MOST_NUMBERS).then(|| graph.node(graph.output).extent)
}
