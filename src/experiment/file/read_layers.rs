//! From the list under `layers` to the tree. What settings a layer has is known to its [`Kind`]; what lies
//! inside branches and repetitions is read here.

use super::Problem;
use super::node::Node;
use crate::experiment::layers::{Kind, Layer, MAX_DEPTH, MAX_UNROLLED, MENU, Merge, n_unrolled};
use crate::experiment::words::{listed, nearest, remedy, shortened};

const EXPECTED: &str = "a word such as \"relu\" or a table such as { conv = 16, kernel = 3 }";

/// The layers of a network.
pub(super) fn read_layers(node: &Node<'_>) -> Result<Vec<Layer>, Problem> {
    let layers = read_list(node, 0)?;
    match n_unrolled(&layers) {
        n if n <= MAX_UNROLLED => Ok(layers),
        n => Err(node.problem(format!(
            "The network has {n} layers once its repetitions are written out; there may be {MAX_UNROLLED}."
        ))),
    }
}

/// A list of layers, `depth` branches or repetitions inside the network.
fn read_list(node: &Node<'_>, depth: usize) -> Result<Vec<Layer>, Problem> {
    if depth > MAX_DEPTH {
        return Err(node.problem(format!("Layers may lie inside one another up to {MAX_DEPTH} deep.")));
    }
    let items = node.list().ok_or_else(|| node.wrong("a list of layers, [ … ]"))?;
    items.iter().map(|item| read_layer(item, depth)).collect()
}

fn read_layer(node: &Node<'_>, depth: usize) -> Result<Layer, Problem> {
    let (name, entries) = match node.as_str() {
        Some(word) => (word, Vec::new()),
        None => {
            let entries = node.entries().ok_or_else(|| {
                node.problem(format!("A layer must be {EXPECTED}; found {}.", node.found()))
            })?;
            (kind_of(node, &entries)?, entries)
        }
    };
    let mut kind = Kind::from_name(name).ok_or_else(|| unknown_kind(node, name))?;
    // The head first: other settings follow from it.
    let has_head = kind.has_head();
    let (heads, others): (Vec<&Node<'_>>, Vec<&Node<'_>>) = entries
        .iter()
        .filter(|entry| entry.name != "layer")
        .partition(|entry| has_head && entry.name == name);
    for entry in heads {
        read_setting(&mut kind, entry, depth)?;
    }
    kind.follow_head();
    for entry in &others {
        read_setting(&mut kind, entry, depth)?;
    }
    check_inside(&kind, node, &others)?;
    Ok(Layer::new(kind))
}

/// The kind that the keys of a table give away: `layer = "batch-norm"`, or the one key that is a kind's name.
fn kind_of<'a>(node: &Node<'a>, entries: &[Node<'a>]) -> Result<&'a str, Problem> {
    if let Some(entry) = entries.iter().find(|entry| entry.name == "layer") {
        return entry.string("the name of a kind of layer");
    }
    if entries.iter().any(|entry| entry.name == "merge") {
        return Ok("branches");
    }
    let kinds: Vec<&'a str> =
        entries.iter().map(|entry| entry.name).filter(|name| Kind::from_name(name).is_some()).collect();
    let keys: Vec<&str> = entries.iter().map(|entry| entry.name).collect();
    match kinds.as_slice() {
        [name] if gives_head(name) => Ok(name),
        [name] => Err(node
            .problem(format!("`{name}` has no number of its own: write \"{name}\"{}.", with_settings(name)))),
        [] => Err(no_kind(node, &keys)),
        several => Err(node.problem(format!(
            "A layer is of one kind; this one is {}. Put each into braces of its own.",
            listed(several, "and")
        ))),
    }
}

/// How to write a layer of this kind with settings: ` or { layer = "batch-norm", momentum = … }`; empty where it has none.
fn with_settings(name: &str) -> String {
    let Some(mut kind) = Kind::from_name(name) else { return String::new() };
    let settings: String = kind.fields().iter().map(|field| format!(", {} = …", field.name)).collect();
    if settings.is_empty() { settings } else { format!(" or {{ layer = \"{name}\"{settings} }}") }
}

/// Whether a key of this name stands in the table of the layer itself.
fn gives_head(name: &str) -> bool {
    Kind::from_name(name).is_some_and(|kind| kind.has_head() || matches!(kind, Kind::Branches(_)))
}

fn no_kind(node: &Node<'_>, keys: &[&str]) -> Problem {
    let example = "such as { conv = 16 } or { layer = \"batch-norm\" }";
    let near = keys.iter().find_map(|key| nearest(key, kind_names()).map(|name| (key, name)));
    node.problem(match (near, keys) {
        (Some((key, name)), _) => {
            format!("There is no layer `{}`; did you mean `{name}`?", shortened(key))
        }
        (None, []) => format!("An empty table is no layer; its kind must be given, {example}."),
        (None, keys) => {
            format!("{} do not tell the kind of layer; it must be given, {example}.", quoted_keys(keys))
        }
    })
}

/// The first few keys, as they may be many.
fn quoted_keys(keys: &[&str]) -> String {
    let short: Vec<String> = keys.iter().take(4).map(|key| shortened(key)).collect();
    listed(&short.iter().map(String::as_str).collect::<Vec<_>>(), "and")
}

fn kind_names() -> Vec<&'static str> {
    MENU.iter().map(|make| make().name()).collect()
}

fn unknown_kind(node: &Node<'_>, name: &str) -> Problem {
    node.problem(format!("There is no layer `{}`{}", shortened(name), remedy(name, kind_names())))
}

fn read_setting(kind: &mut Kind, entry: &Node<'_>, depth: usize) -> Result<(), Problem> {
    match (&mut *kind, entry.name) {
        (Kind::Repeat(repeat), "layers") => repeat.layers = read_list(entry, depth + 1)?,
        (Kind::Branches(branches), "branches") => {
            let expected = "a list of lists of layers, [[ … ], [ … ]]";
            let lists = entry.list().ok_or_else(|| entry.wrong(expected))?;
            if let Some(stray) = lists.iter().find(|list| list.list().is_none()) {
                return Err(stray.wrong(expected));
            }
            branches.branches =
                lists.iter().map(|list| read_list(list, depth + 1)).collect::<Result<_, _>>()?;
        }
        (Kind::Branches(branches), "merge") => branches.merge = entry.choice(&Merge::ALL, Merge::name)?,
        _ => return read_own_setting(kind, entry),
    }
    Ok(())
}

/// One of the settings that the kind itself lists.
fn read_own_setting(kind: &mut Kind, entry: &Node<'_>) -> Result<(), Problem> {
    let place = format!("`{}`", kind.name());
    let inside: &[&str] = match kind {
        Kind::Repeat(_) => &["layers"],
        Kind::Branches(_) => &["merge", "branches"],
        _ => &[],
    };
    let mut known = Vec::new();
    for field in kind.fields() {
        if field.name == entry.name {
            return entry.read_field(field);
        }
        known.push(field.name);
    }
    known.extend(inside);
    Err(entry.unknown(&place, &known))
}

/// Branches and repetitions must say what lies inside, be it nothing.
fn check_inside(kind: &Kind, node: &Node<'_>, settings: &[&Node<'_>]) -> Result<(), Problem> {
    let lacks = |key: &str| !settings.iter().any(|entry| entry.name == key);
    match kind {
        Kind::Repeat(_) if lacks("layers") => {
            Err(node.problem("`repeat` lacks `layers`: { repeat = 3, layers = [ … ] }."))
        }
        Kind::Branches(_) if lacks("branches") => {
            Err(node.problem("`branches` are missing: { merge = \"add\", branches = [[ … ], [ … ]] }."))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
