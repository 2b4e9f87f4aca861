//! The nets of `convscope bench` as plain descriptions, from which each peer builds its own layers.
//!
//! Maps are (N, C, H, W) throughout; what a net answers is (N, classes, 1, 1), or (N, classes, H, W) where there is a
//! class for each pixel. `nets.py` has the same nets for PyTorch, and `compare.py` holds the three against each other.

const N_CLASSES: usize = 10;

#[derive(Clone)]
pub enum Layer {
    Conv(Conv),
    /// A transposed convolution of 2×2 taps and stride 2: (N, inputs, H, W) → (N, outputs, 2H, 2W).
    Doubling {
        inputs: usize,
        outputs: usize,
    },
    BatchNorm {
        channels: usize,
    },
    Relu,
    MaxPool {
        kernel: usize,
        stride: usize,
        padding: usize,
    },
    /// (N, C, H, W) → (N, C, 1, 1).
    GlobalAveragePool,
    /// From all numbers of a picture: (N, C, H, W) → (N, outputs, 1, 1), where C·H·W are the inputs.
    Linear {
        inputs: usize,
        outputs: usize,
    },
    /// What the layers make, added to what the shortcut makes of the same.
    Add {
        layers: Vec<Layer>,
        shortcut: Shortcut,
    },
    /// What comes in, beside what the layers make of it.
    Concat {
        layers: Vec<Layer>,
    },
}

#[derive(Clone, Copy)]
pub struct Conv {
    pub inputs: usize,
    pub outputs: usize,
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
    pub bias: bool,
}

#[derive(Clone)]
pub enum Shortcut {
    Identity,
    /// Every second row and column, and maps of zeros behind the others.
    Halving {
        added: usize,
    },
    Projection(Vec<Layer>),
}

/// The net of this name in `convscope bench`.
pub fn net(work: &str) -> Option<Vec<Layer>> {
    Some(match work {
        "lenet" => lenet(),
        "wide-lenet" => wide_lenet(),
        "resnet-20-b32" | "resnet-20-b128" => cifar(3, true),
        "plain-56" => cifar(9, false),
        "resnet-56" => cifar(9, true),
        "resnet-18" => resnet_18(),
        "u-net" => u_net(),
        _ => return None,
    })
}

fn lenet() -> Vec<Layer> {
    let conv =
        |inputs, outputs| Layer::Conv(Conv { inputs, outputs, kernel: 5, stride: 1, padding: 0, bias: true });
    vec![conv(1, 20), pool(2), conv(20, 50), pool(2), linear(800, 500), Layer::Relu, linear(500, N_CLASSES)]
}

fn wide_lenet() -> Vec<Layer> {
    let mut layers = Vec::new();
    for (inputs, outputs) in [(3, 32), (32, 64)] {
        let conv = Conv { inputs, outputs, kernel: 5, stride: 1, padding: 2, bias: true };
        layers.extend([Layer::Conv(conv), Layer::Relu, pool(2)]);
    }
    layers.extend([linear(4096, 128), Layer::Relu, linear(128, N_CLASSES)]);
    layers
}

/// Nets for CIFAR of three sizes of maps (He and others, 2015), with `n_blocks` of two layers for each.
fn cifar(n_blocks: usize, is_residual: bool) -> Vec<Layer> {
    let mut layers = normalised(3, 16, 3, 1).to_vec();
    layers.push(Layer::Relu);
    let mut inputs = 16;
    for outputs in [16, 32, 64] {
        for _ in 0..n_blocks {
            let added = outputs - inputs;
            let stride = if added > 0 { 2 } else { 1 };
            let shortcut = if added > 0 { Shortcut::Halving { added } } else { Shortcut::Identity };
            let layers_of_block = block(inputs, outputs, stride);
            match is_residual {
                true => layers.push(Layer::Add { layers: layers_of_block, shortcut }),
                false => layers.extend(layers_of_block),
            }
            layers.push(Layer::Relu);
            inputs = outputs;
        }
    }
    layers.extend([Layer::GlobalAveragePool, linear(64, N_CLASSES)]);
    layers
}

fn resnet_18() -> Vec<Layer> {
    let mut layers = normalised(3, 64, 7, 2).to_vec();
    layers.extend([Layer::Relu, Layer::MaxPool { kernel: 3, stride: 2, padding: 1 }]);
    let mut inputs = 64;
    for outputs in [64, 128, 256, 512] {
        for _ in 0..2 {
            let stride = if outputs > inputs { 2 } else { 1 };
            let shortcut = match stride {
                1 => Shortcut::Identity,
                _ => Shortcut::Projection(normalised(inputs, outputs, 1, stride).to_vec()),
            };
            layers.push(Layer::Add { layers: block(inputs, outputs, stride), shortcut });
            layers.push(Layer::Relu);
            inputs = outputs;
        }
    }
    layers.extend([Layer::GlobalAveragePool, linear(512, N_CLASSES)]);
    layers
}

fn u_net() -> Vec<Layer> {
    let conv = |inputs, outputs| {
        [Layer::Conv(Conv { inputs, outputs, kernel: 3, stride: 1, padding: 1, bias: true }), Layer::Relu]
    };
    let mut inner = vec![pool(2)];
    inner.extend([conv(32, 64), conv(64, 64)].concat());
    inner.push(Layer::Doubling { inputs: 64, outputs: 32 });
    let mut outer = vec![pool(2)];
    outer.extend(conv(16, 32));
    outer.push(Layer::Concat { layers: inner });
    outer.extend(conv(64, 32));
    outer.push(Layer::Doubling { inputs: 32, outputs: 16 });
    let mut layers = conv(3, 16).to_vec();
    layers.push(Layer::Concat { layers: outer });
    layers.extend(conv(32, 16));
    let last = Conv { inputs: 16, outputs: N_CLASSES, kernel: 1, stride: 1, padding: 0, bias: true };
    layers.push(Layer::Conv(last));
    layers
}

/// What a residual block has beside its shortcut.
fn block(inputs: usize, outputs: usize, stride: usize) -> Vec<Layer> {
    let mut layers = normalised(inputs, outputs, 3, stride).to_vec();
    layers.push(Layer::Relu);
    layers.extend(normalised(outputs, outputs, 3, 1));
    layers
}

fn normalised(inputs: usize, outputs: usize, kernel: usize, stride: usize) -> [Layer; 2] {
    let conv = Conv { inputs, outputs, kernel, stride, padding: kernel / 2, bias: false };
    [Layer::Conv(conv), Layer::BatchNorm { channels: outputs }]
}

fn pool(size: usize) -> Layer {
    Layer::MaxPool { kernel: size, stride: size, padding: 0 }
}

fn linear(inputs: usize, outputs: usize) -> Layer {
    Layer::Linear { inputs, outputs }
}
