//! LeNet (LeCun, Bottou, Bengio, Haffner 1998, "Gradient-based learning applied to document recognition"), as
//! it was published and as it is usually built today.

use super::{conv, linear, margin, max_pool, plain_conv, relu};
use crate::experiment::layers::{Activation, Conv, Kind, Layer, Padding, Pool, PoolMode};
use crate::tensor::Extent;

/// Digits of 28×28 at most, centred in a field of this size.
pub(super) const LENET5_INPUT: Extent = Extent::new(1, 32, 32);

/// The descendant of LeNet-5 that came as an example with Caffe, the lecture's first convnet: no padding, and
/// no non-linearity but max pooling below the classifier.
pub(super) fn lenet(n_classes: usize) -> Vec<Layer> {
    vec![conv(20, 5), max_pool(2), conv(50, 5), max_pool(2), linear(500), relu(), linear(n_classes)]
}

/// LeNet-5, Fig. 2 of the paper, layer by layer: C1, S2, C3, S4, C5, F6 and the output. Four things differ
/// from what was published:
/// - each map of C3 sees all maps of S2 and not the choice of Table I (2,416 parameters in place of 1,516);
/// - S2 and S4 take the plain mean, without a learned factor and constant for each map (12 and 32 parameters)
///   and without a squashing function of their own behind it;
/// - units squash by `tanh x`, not by `1.7159·tanh(2x/3)`;
/// - the output is a fully connected layer for softmax, not a distance from fixed pictures of the characters.
pub(super) fn lenet5(input: Extent, n_classes: usize) -> Vec<Layer> {
    let tanh = || Layer::new(Kind::Activation(Activation::Tanh));
    let mean = || Layer::new(Kind::Pool(Pool::new(PoolMode::Average, 2)));
    let first = Conv { padding: Padding::Each(margin(input, LENET5_INPUT)), ..plain_conv(6, 5) };
    vec![
        Layer::new(Kind::Conv(first)),
        tanh(),
        mean(),
        conv(16, 5),
        tanh(),
        mean(),
        conv(120, 5),
        tanh(),
        linear(84),
        tanh(),
        linear(n_classes),
    ]
}
