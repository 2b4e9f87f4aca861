use proptest::prelude::*;

use super::super::{parse, strategies};
use super::*;
use crate::experiment::NetworkChoice;

/// Whether a file is written back as it stands, to the letter.
fn check(text: &str) {
    assert_eq!(write(&parse(text).unwrap()), text);
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_the_same(experiment in strategies::experiment()) {
        let text = write(&experiment);
        let read = parse(&text).map_err(|problem| TestCaseError::fail(format!("{problem}\n{text}")))?;
        prop_assert_eq!(&read, &experiment, "{}", text);
        prop_assert_eq!(write(&read), text);
    }
}

#[test]
fn a_network_reads_well() {
    check(
        r#"title = "A residual net"
seed = 1

[data]
source = "shapes"
train = 10000
normalise = "pixel-mean"
augment = { flip = true, crop = 4 }

[network]
input = [3, 32, 32]
layers = [
  { conv = 16, kernel = [3, 5], padding = "same", dilation = [1, 2], groups = 4, bias = false },
  { layer = "batch-norm", epsilon = 0.001 }, "relu", { max-pool = 3, stride = 2 },
  { dropout = 0.25 }, { conv = 8, kernel = 1, init = "dirac" },
  { conv = 8, init = { name = "he", fan-out = true } },
  { repeat = 3, layers = [
    { merge = "add", branches = [
      [
        { conv = 16, padding = 1 }, "batch-norm", "relu", { conv = 16, padding = 1 }, "batch-norm",
        { average-pool = 2, stride = 1, padding = 1 },
      ],
      [],
    ] },
    "relu",
  ] },
  { merge = "concat", branches = [ [ "tanh" ], [ { shortcut = 8, stride = 1 } ] ] },
  "global-average-pool", { linear = 10 },
]

[train]
optimiser = { name = "adam", beta2 = 0.99 }
rate = 1e-4
reference-batch = 64
warm-up = 2.5
schedule = { name = "plateau", patience = 5 }
weight-decay = 5e-4
decay-all = true
clip = 1
batch = 128
epochs = 4
initialisation = { name = "glorot", uniform = true }
zero-residual = true
"#,
    );
}

#[test]
fn a_preset_is_written_by_its_name() {
    check(
        r#"title = "Début"
seed = 18446744073709551615

[data]
source = 'C:\pictures'
test = 100
size = [24, 32]
shuffle = false

[network]
preset = "plain-20"

[train]
optimiser = "sgd"
rate = 0
batch = 1
epochs = 1
"#,
    );
}

/// The lines stay short enough for a page, however wide the network.
#[test]
fn lines_are_wrapped() {
    let network =
        crate::experiment::presets::build("resnet-110", crate::tensor::Extent::new(3, 32, 32), 100).unwrap();
    let network = NetworkChoice::Layers { input: Some(network.input), layers: network.layers };
    let text = write(&Experiment { network, ..Experiment::default() });
    assert!(text.lines().all(|line| line.chars().count() <= 101), "{text}");
    assert!(text.lines().count() < 80, "{text}");
}
