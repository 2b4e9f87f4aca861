//! The net that won ImageNet in 2012, and the one that won in 2013 by looking into it.

use super::{classifier, lrn, margin, plain_conv, relu};
use crate::experiment::layers::{Conv, Kind, Layer, Padding, Pool, PoolMode};
use crate::tensor::Extent;

/// The paper says 224×224, but its first convolution gives 55×55 only on 227×227, which the authors' program
/// cut out.
pub(super) const ALEXNET_INPUT: Extent = Extent::new(3, 227, 227);

/// Krizhevsky, Sutskever, Hinton 2012, "ImageNet classification with deep convolutional neural networks",
/// section 3.5 and Fig. 2. The second, fourth and fifth convolution are cut into two groups, as the net was
/// across two processors; response normalisation follows the ReLU of the first two, then overlapping max
/// pooling of 3×3 by 2. Pictures of 224×224 are padded by 2.
pub(super) fn alexnet(input: Extent, n_classes: usize) -> Vec<Layer> {
    let padded = |filters, kernel: usize, groups| {
        let padding = Padding::Each([kernel / 2; 2]);
        Layer::new(Kind::Conv(Conv { padding, groups, ..plain_conv(filters, kernel) }))
    };
    let first =
        Conv { stride: [4, 4], padding: Padding::Each(margin(input, ALEXNET_INPUT)), ..plain_conv(96, 11) };
    let mut layers = vec![Layer::new(Kind::Conv(first)), relu(), lrn(), overlapping_pool()];
    layers.extend([padded(256, 5, 2), relu(), lrn(), overlapping_pool()]);
    layers.extend([padded(384, 3, 1), relu(), padded(384, 3, 2), relu(), padded(256, 3, 2), relu()]);
    layers.push(overlapping_pool());
    layers.extend(classifier(n_classes));
    layers
}

/// Zeiler and Fergus 2014, "Visualizing and understanding convolutional networks", Fig. 3: AlexNet with a first
/// layer of 7×7 by 2, that keeps what 11×11 by 4 loses, and no groups. Windows of its pools hang over the edge
/// where rows remain, which gives the figure's maps of 55, 13 and 6; "contrast normalised across feature maps"
/// is done by AlexNet's response normalisation, here as there on what was pooled.
pub(super) fn zfnet(n_classes: usize) -> Vec<Layer> {
    let first = Conv { stride: [2, 2], padding: Padding::Each([1, 1]), ..plain_conv(96, 7) };
    let second = Conv { stride: [2, 2], ..plain_conv(256, 5) };
    let third =
        |filters| Layer::new(Kind::Conv(Conv { padding: Padding::Each([1, 1]), ..plain_conv(filters, 3) }));
    let mut layers = vec![Layer::new(Kind::Conv(first)), relu(), hanging_pool(), lrn()];
    layers.extend([Layer::new(Kind::Conv(second)), relu(), hanging_pool(), lrn()]);
    layers.extend([third(384), relu(), third(384), relu(), third(256), relu(), hanging_pool()]);
    layers.extend(classifier(n_classes));
    layers
}

fn overlapping() -> Pool {
    Pool { stride: [2, 2], ..Pool::new(PoolMode::Max, 3) }
}

fn overlapping_pool() -> Layer {
    Layer::new(Kind::Pool(overlapping()))
}

fn hanging_pool() -> Layer {
    Layer::new(Kind::Pool(Pool { ceil: true, ..overlapping() }))
}
