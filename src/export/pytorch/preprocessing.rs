//! What is done to pictures before the net sees them, in Python.

use super::expression::{filled, number};
use super::shape;
use crate::tensor::Extent;
use crate::train::Net;

/// Whether lists that are too long to be read stay in the metadata of the weights: a mean picture, a
/// permutation.
pub fn reads_weights(net: &Net) -> bool {
    net.normalisation.permute.is_some() || net.normalisation.channel_means().is_none()
}

/// The constants, and the function that applies them.
pub fn text(net: &Net) -> String {
    let normalisation = &net.normalisation;
    let means = normalisation.channel_means();
    let is_centred = means.as_ref().is_none_or(|means| means.iter().any(|mean| *mean != 0.0));
    let is_scaled = normalisation.scale.iter().any(|scale| *scale != 1.0);
    let mut constants = Vec::new();
    if reads_weights(net) {
        constants.push(STORED.to_string());
    }
    if normalisation.permute.is_some() {
        constants.push(ORDER.to_string());
    }
    if is_centred {
        constants.push(mean(net.graph.input(), means.as_deref()));
    }
    if is_scaled {
        constants.push(deviation(&normalisation.scale));
    }
    let mut steps = Vec::new();
    if normalisation.permute.is_some() {
        steps.push("x = x.flatten(start_dim=2)[:, :, ORDER.to(x.device)].reshape(x.shape)");
    }
    steps.push(match (is_centred, is_scaled) {
        (false, false) => "return x.float() / 255",
        (true, false) => "return x.float() / 255 - MEAN.to(x.device)",
        (false, true) => "return x.float() / 255 / STD.to(x.device)",
        (true, true) => "return (x.float() / 255 - MEAN.to(x.device)) / STD.to(x.device)",
    });
    let end = if constants.is_empty() { "" } else { "\n\n" };
    format!(
        "{}{end}def preprocess(x):\n    \
         \"\"\"Pictures of bytes or numbers from 0 to 255, {}, to what the net expects.\"\"\"\n    {}\n",
        constants.concat(),
        shape(net.graph.input()),
        steps.join("\n    ")
    )
}

const STORED: &str = "\
# What is too long to stand here is kept with the weights.
with safe_open(Path(__file__).with_name(\"weights.safetensors\"), framework=\"pt\") as weights:
    STORED = weights.metadata()

";

const ORDER: &str = "\
# The place that each pixel is taken from: one permutation for all pictures and channels.
ORDER = torch.tensor(json.loads(STORED[\"permutation\"]))  # (H·W)
";

/// The mean of each channel, or the mean picture where there is none.
fn mean(input: Extent, means: Option<&[f32]>) -> String {
    let Extent { channels, height, width } = input;
    match means {
        Some(means) => format!(
            "# The mean over the training pictures, of brightness from 0 to 1.\n\
             MEAN = torch.tensor({}).view(1, {channels}, 1, 1)  # (1, C, 1, 1)\n",
            numbers(means)
        ),
        None => format!(
            "# The mean of the training pictures, of brightness from 0 to 1.\n\
             MEAN = torch.tensor(json.loads(STORED[\"normalisation_mean\"]))\n\
             MEAN = MEAN.view(1, {channels}, {height}, {width})  # (1, C, H, W)\n"
        ),
    }
}

fn deviation(scale: &[f32]) -> String {
    let deviations: Vec<f32> = scale.iter().map(|scale| scale.recip()).collect();
    format!(
        "# Their standard deviation.\n\
         STD = torch.tensor({}).view(1, {}, 1, 1)  # (1, C, 1, 1)\n",
        numbers(&deviations),
        scale.len()
    )
}

fn numbers(numbers: &[f32]) -> String {
    filled(&numbers.iter().map(|x| number(*x)).collect::<Vec<_>>(), 0)
}
