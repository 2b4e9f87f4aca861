//! Networks by name: `quickstart`, `lenet`, `mlp`, `plain-N`, `resnet-N`.

use super::{Network, Problem};
use crate::tensor::Extent;

/// The network called `name` for pictures of shape `input` with `n_classes` classes.
pub fn build(name: &str, input: Extent, n_classes: usize) -> Result<Network, Problem> {
    let _ = (input, n_classes);
    Err(Problem::new(format!("There is no preset called `{name}`.")))
}
