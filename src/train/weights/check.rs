//! Whether the tensors of a file are those of a net, and what to say where they are not.

use std::collections::HashSet;

use safetensors::tensor::{Dtype, Metadata};

use crate::experiment::words;

/// Names in one list of a message.
const MOST_NAMES: usize = 4;

/// Checks that the file holds just the `wanted` tensors, name and shape; it may also hold those that are `fixed`, whole
/// numbers in a list.
///
/// # Errors
/// Everything that is missing, extra or of another shape, in one sentence of bounded length.
pub fn fits(
    header: &Metadata,
    wanted: &[(String, Vec<usize>)],
    fixed: &[(String, Vec<i64>)],
) -> Result<(), String> {
    let (mut missing, mut extra, mut other) = (Vec::new(), Vec::new(), Vec::new());
    for (name, shape) in wanted {
        match header.info(name) {
            None => missing.push(quoted(name)),
            Some(info) if info.shape != *shape => {
                let [theirs, ours] = [&info.shape, shape].map(|shape| sides(shape));
                other.push(format!("{} ({theirs} there, {ours} here)", quoted(name)));
            }
            Some(_) => {}
        }
    }
    for (name, numbers) in fixed {
        if let Some(info) = header.info(name)
            && (info.shape != [numbers.len()] || info.dtype != Dtype::I64)
        {
            let n = numbers.len();
            other.push(format!("{} ({} there, {n} whole numbers here)", quoted(name), sides(&info.shape)));
        }
    }
    let names: HashSet<&str> = wanted
        .iter()
        .map(|(name, _)| name.as_str())
        .chain(fixed.iter().map(|(name, _)| name.as_str()))
        .collect();
    let mut found = header.offset_keys();
    found.sort();
    for name in found {
        if !names.contains(name.as_str()) && !is_harmless(&name, &names) {
            extra.push(quoted(&name));
        }
    }
    let lists = [("missing", missing), ("extra", extra), ("of another shape or type", other)];
    let lists = lists.iter().filter(|(_, list)| !list.is_empty());
    let parts: Vec<String> = lists.map(|(what, list)| format!("{what}: {}", some_of(list))).collect();
    match parts.is_empty() {
        true => Ok(()),
        false => Err(parts.join("; ")),
    }
}

/// Checks that all `wanted` tensors that are there are of 32-bit floats.
pub fn are_floats(header: &Metadata, wanted: &[(String, Vec<usize>)]) -> Result<(), String> {
    let others: Vec<String> = wanted
        .iter()
        .filter_map(|(name, _)| Some((name, header.info(name)?.dtype)))
        .filter(|&(_, dtype)| dtype != Dtype::F32)
        .map(|(name, dtype)| format!("{} of {dtype:?}", quoted(name)))
        .collect();
    match others.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "{}, where 32-bit floats are wanted. Save them so (in PyTorch: `tensor.float()`).",
            some_of(&others)
        )),
    }
}

/// Checks numbers that are to be those of the tensor `name`.
pub fn plausible(name: &str, numbers: &[f32]) -> Result<(), String> {
    if !numbers.iter().all(|x| x.is_finite()) {
        return Err(format!(
            "`{name}` holds numbers that are infinite or none, as a training that diverged leaves them. Train with a \
             smaller rate, or give weights saved before it diverged."
        ));
    }
    if name.ends_with("running_var") && numbers.iter().any(|&x| x < 0.0) {
        return Err(format!("`{name}` holds negative variances. Save the weights anew."));
    }
    Ok(())
}

/// Whether two lists name the same classes: most of them with the same words, and none of the others with a word that is
/// another one's there. A data set whose maker calls a car an automobile is still the same; one with its classes in
/// another order is not.
pub fn are_the_same(theirs: &[String], ours: &[String]) -> bool {
    let known: HashSet<&String> = ours.iter().collect();
    let mut others = theirs.iter().zip(ours).filter(|(theirs, ours)| theirs != ours);
    theirs.len() == ours.len()
        && 2 * others.clone().count() < ours.len()
        && others.all(|(theirs, _)| !known.contains(theirs))
}

/// PyTorch counts the batches of a normalisation, and a checkpoint keeps the optimiser's slots beside the weights
/// (`optimiser.0.layers.3.weight`); no net needs either.
fn is_harmless(name: &str, wanted: &HashSet<&str>) -> bool {
    let normalisation = name.strip_suffix("num_batches_tracked");
    let slot = name.strip_prefix("optimiser.").and_then(|rest| rest.split_once('.'));
    normalisation.is_some_and(|path| wanted.contains(format!("{path}running_mean").as_str()))
        || slot.is_some_and(|(_, tensor)| wanted.contains(tensor))
}

/// The first of the words, and how many more there are.
pub fn some_of(words: &[String]) -> String {
    let shown: Vec<String> = words.iter().take(MOST_NAMES).map(|word| shortened(word)).collect();
    match words.len().saturating_sub(MOST_NAMES) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// The longest piece of a message that comes from a file, in characters.
const LONGEST: usize = 120;

/// What comes from a file, fit for a line of a message.
pub fn shortened(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let mut short: String = text.chars().take(LONGEST).map(plain).collect();
    if text.chars().nth(LONGEST).is_some() {
        short.push('…');
    }
    short
}

fn quoted(name: &str) -> String {
    format!("`{}`", words::shortened(name))
}

/// `16×3×5×5`.
fn sides(shape: &[usize]) -> String {
    let sides: Vec<String> = shape.iter().take(8).map(usize::to_string).collect();
    if sides.is_empty() { "a single number".into() } else { sides.join("×") }
}
