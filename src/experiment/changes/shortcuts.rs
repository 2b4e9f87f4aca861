//! Plain nets made residual, and residual ones plain.

use crate::experiment::Layer;
use crate::experiment::layers::{Branches, Conv, Kind, Merge, Padding};

/// The layers with each sum of branches replaced by its longest branch, the one with most weights; none where
/// there is no such sum.
pub fn removed(layers: &[Layer]) -> Option<Vec<Layer>> {
    let mut has_changed = false;
    let plain = without(layers, &mut has_changed);
    has_changed.then_some(plain)
}

fn without(layers: &[Layer], has_changed: &mut bool) -> Vec<Layer> {
    let mut plain = Vec::new();
    for layer in layers {
        match &layer.kind {
            Kind::Branches(Branches { merge: Merge::Add, branches }) if branches.len() > 1 => {
                let main = branches.iter().max_by_key(|branch| (n_weighted(branch), branch.len()));
                plain.extend(without(main.map_or(&[][..], Vec::as_slice), has_changed));
                *has_changed = true;
            }
            _ => {
                let mut layer = layer.clone();
                for inside in layer.kind.children_mut() {
                    *inside = without(inside, has_changed);
                }
                plain.push(layer);
            }
        }
    }
    plain
}

fn n_weighted(layers: &[Layer]) -> usize {
    let inside =
        |layer: &Layer| layer.kind.children().into_iter().map(|list| n_weighted(list)).sum::<usize>();
    layers.iter().map(|layer| layer.kind.is_weighted() as usize + inside(layer)).sum()
}

/// The layers with an identity around each pair of convolutions that keeps the shape of its maps, up to where
/// the second one's non-linearity begins (He et al. 2015, Fig. 2); none where there is no such pair.
pub fn added(layers: &[Layer]) -> Option<Vec<Layer>> {
    let mut has_changed = false;
    let residual = with(layers, &mut None, &mut has_changed);
    has_changed.then_some(residual)
}

/// `channels` are those of the maps that reach the layers, as far as they are known.
fn with(layers: &[Layer], channels: &mut Option<usize>, has_changed: &mut bool) -> Vec<Layer> {
    let mut residual = Vec::new();
    let mut rest = layers;
    while let Some(layer) = rest.first() {
        if let Some(n) = pair(rest, *channels) {
            let branches = vec![rest[..n].to_vec(), Vec::new()];
            residual.push(Layer::new(Kind::Branches(Branches { merge: Merge::Add, branches })));
            *has_changed = true;
            rest = &rest[n..];
            continue;
        }
        residual.push(inside(layer, channels, has_changed));
        rest = &rest[1..];
    }
    residual
}

/// One layer that begins no pair, with what is in it.
fn inside(layer: &Layer, channels: &mut Option<usize>, has_changed: &mut bool) -> Layer {
    let mut layer = layer.clone();
    match &mut layer.kind {
        Kind::Conv(conv) => *channels = Some(conv.filters),
        Kind::Repeat(repeat) => {
            // What reaches the repetition from the second time on is what leaves it.
            let before = *channels;
            *channels = last_channels(&repeat.layers).or(before);
            if *channels == before {
                repeat.layers = with(&repeat.layers, channels, has_changed);
            }
        }
        Kind::Branches(_) | Kind::TransposedConv(_) | Kind::Linear(_) => *channels = None,
        _ => {}
    }
    layer
}

fn last_channels(layers: &[Layer]) -> Option<usize> {
    layers.iter().rev().find_map(|layer| match &layer.kind {
        Kind::Conv(conv) => Some(conv.filters),
        kind => kind.children().into_iter().find_map(|inside| last_channels(inside)),
    })
}

/// How many layers at the start are such a pair: convolution, normalisation or none, a non-linearity,
/// convolution, normalisation or none.
fn pair(layers: &[Layer], channels: Option<usize>) -> Option<usize> {
    let mut n = 0;
    let mut next = |is: &dyn Fn(&Kind) -> bool| {
        let fits = layers.get(n).is_some_and(|layer| is(&layer.kind));
        n += fits as usize;
        fits
    };
    let norm = |kind: &Kind| matches!(kind, Kind::BatchNorm(_));
    let keeps = |kind: &Kind| matches!(kind, Kind::Conv(conv) if keeps_size(conv));
    let ends =
        |kind: &Kind| matches!(kind, Kind::Conv(conv) if keeps_size(conv) && Some(conv.filters) == channels);
    let begins = next(&keeps);
    next(&norm);
    let goes_on = begins && next(&|kind| matches!(kind, Kind::Activation(_) | Kind::Prelu(_)));
    let is_pair = goes_on && next(&ends);
    next(&norm);
    is_pair.then_some(n)
}

fn keeps_size(conv: &Conv) -> bool {
    let is_padded = match conv.padding {
        Padding::Same => true,
        Padding::Each(padding) => (0..2).all(|i| 2 * padding[i] == conv.dilation[i] * (conv.kernel[i] - 1)),
    };
    conv.stride == [1, 1] && is_padded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::presets;
    use crate::tensor::Extent;

    fn layers(preset: &str) -> Vec<Layer> {
        presets::build(preset, Extent::new(3, 32, 32), 10).expect("a preset").layers
    }

    #[test]
    fn a_residual_net_without_shortcuts_is_the_plain_net() {
        assert_eq!(removed(&layers("resnet-20")), Some(layers("plain-20")));
        assert_eq!(removed(&layers("plain-20")), None);
    }

    #[test]
    fn a_plain_net_with_shortcuts_has_them_wherever_the_shape_stays() {
        let residual = added(&layers("plain-20")).expect("it has pairs");
        assert_eq!(removed(&residual), Some(layers("plain-20")), "nothing else has changed");
        let n_sums = |layers: &[Layer]| {
            let sum = |layer: &&Layer| has_sum(layer);
            layers.iter().filter(sum).count()
        };
        // Each stage's repeated pairs, and none of the two pairs that halve the maps.
        assert_eq!(n_sums(&residual), 3);
        assert_eq!(added(&layers("quickstart")), None, "its pooling lies between the convolutions");
    }

    fn has_sum(layer: &Layer) -> bool {
        matches!(layer.kind, Kind::Branches(_)) || layer.kind.children().into_iter().flatten().any(has_sum)
    }
}
