//! A net as a Python file to read beside the slides: `model.py` with the module, its preprocessing and the
//! names of its classes, and `weights.safetensors` for `load_state_dict`.

mod blocks;
mod expression;
mod layers;
mod preprocessing;
mod tree;

use std::path::Path;

use super::{ExportError, write_file};
use crate::tensor::Extent;
use crate::train::{Net, weights};
use expression::{filled, quoted};
use tree::Modules;

/// Writes `model.py` and `weights.safetensors` into a folder that exists.
pub fn write(net: &Net, folder: &Path) -> Result<(), ExportError> {
    write_file(&folder.join("model.py"), model(net)?.as_bytes())?;
    Ok(weights::write(&folder.join("weights.safetensors"), &net.graph, &net.numbers, &net.about())?)
}

/// The text of `model.py`.
pub fn model(net: &Net) -> Result<String, ExportError> {
    let mut modules = Modules::of(&net.network, &net.graph)?;
    let mut taken: Vec<String> = modules.helpers.iter().map(|helper| helper.name().to_string()).collect();
    taken.push("Net".into());
    let classes = blocks::into_classes(&mut modules.layers, &mut taken);
    let mut parts = vec![head(net, &modules)];
    parts.push(format!(
        "CLASSES = {}\n",
        filled(&net.classes.iter().map(|n| quoted(n)).collect::<Vec<_>>(), 0)
    ));
    parts.push(preprocessing::text(net));
    parts.extend(modules.helpers.iter().map(|helper| format!("\n{}", helper.text())));
    parts.extend(classes.iter().map(|class| format!("\n{}", class.text())));
    parts.push(format!("\n{}", module(net, &modules)));
    parts.push(BUILD.into());
    Ok(parts.join("\n"))
}

/// What comes last.
const BUILD: &str = "
def build():
    \"\"\"The net with random weights, set to answer; net.train() sets it to learn.\"\"\"
    return Net().eval()
";

/// The docstring and the imports.
fn head(net: &Net, modules: &Modules) -> String {
    let title = docstring_safe(&net.experiment.title);
    let reads_weights = preprocessing::reads_weights(net);
    let uses_functions = modules.helpers.iter().any(|helper| helper.text().contains("F."));
    let mut imports = Vec::new();
    if reads_weights {
        imports.push("import json\nfrom pathlib import Path\n");
    }
    imports.push("import torch");
    if uses_functions {
        imports.push("import torch.nn.functional as F");
    }
    if reads_weights {
        imports.push("from safetensors import safe_open");
    }
    imports.push("from torch import nn");
    format!(
        "\"\"\"{title}\n\n\
         The net as it was built in ConvScope. The names of its parameters are those in weights.safetensors:\n\n    \
         from safetensors.torch import load_file\n\n    \
         net = build()\n    \
         net.load_state_dict(load_file(\"weights.safetensors\"))\n    \
         logits = net(preprocess(pictures))  # pictures: {}, 0 to 255\n\
         \"\"\"\n\n{}\n",
        shape(net.graph.input()),
        imports.join("\n")
    )
}

/// The class of the whole net.
fn module(net: &Net, modules: &Modules) -> String {
    let begin = "        self.layers = ";
    let layers = modules.layers.laid_out(8, begin.len(), 0);
    let output = net.graph.node(net.graph.output).extent;
    let (output_shape, result) = match output.is_vector() {
        true if modules.is_flat => (format!("(N, {})", output.channels), "self.layers(x)"),
        true => (format!("(N, {})", output.channels), "self.layers(x).flatten(start_dim=1)"),
        false => (shape(output), "self.layers(x)"),
    };
    format!(
        "class Net(nn.Module):\n    \"\"\"{}\"\"\"\n\n    \
         def __init__(self):\n        super().__init__()\n{begin}{layers}\n\n    \
         def forward(self, x):\n        \
         \"\"\"Preprocessed pictures, {}, to logits, {output_shape}.\"\"\"\n        return {result}\n",
        docstring_safe(&net.experiment.title),
        shape(net.graph.input())
    )
}

fn shape(extent: Extent) -> String {
    let Extent { channels, height, width } = extent;
    format!("(N, {channels}, {height}, {width})")
}

/// A title as the first line of a docstring: no quote or backslash of it may end or bend the string.
fn docstring_safe(title: &str) -> String {
    let plain = |c: char| match c {
        '"' => '\'',
        '\\' => '/',
        c if c.is_control() => ' ',
        c => c,
    };
    let title: String = title.trim().chars().take(90).map(plain).collect();
    let end = if title.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{title}{end}")
}

#[cfg(test)]
mod tests;
