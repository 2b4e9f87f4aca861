//! Where in the text of a file each layer stands.

use std::ops::Range;

use super::node::{Document, Node};

/// The bytes of each layer in the order of reading, those that hold others before what they hold. None for a text
/// that is no TOML, or whose network is a preset.
pub fn layer_places(text: &str) -> Vec<Range<usize>> {
    let mut places = Vec::new();
    if let Ok(document) = Document::parse(text) {
        gather(&layers(&document.entries()), &mut places);
    }
    places
}

/// The bytes of the layer that a graph calls by this path, `layers.3` or `layers.7.branches.0.1`; of
/// `layers` itself, the whole list, and where a preset stands for them, its name. None for a text that has no network.
pub fn layer_place(text: &str, path: &str) -> Option<Range<usize>> {
    let document = Document::parse(text).ok()?;
    let entries = document.entries();
    let network = entries.iter().find(|entry| entry.name == "network")?.entries()?;
    let named = |name: &str| network.iter().find(|entry| entry.name == name);
    let Some(layers) = named("layers") else { return named("preset").map(Node::place) };
    let mut place = layers.place();
    let mut list = layers.list()?;
    let mut parts = path.split('.').skip(1);
    // A part is the number of a layer; behind a repetition comes which time it is, behind branches which of them.
    while let Some(layer) = parts.next().and_then(|part| list.get(part.parse::<usize>().ok()?).copied()) {
        place = layer.place();
        let inside = layer.entries().unwrap_or_default();
        let inner = |name: &str| inside.iter().find(|entry| entry.name == name).and_then(Node::list);
        list = match (inner("layers"), inner("branches")) {
            (Some(repeated), _) => {
                parts.next();
                repeated
            }
            (None, Some(branches)) => {
                let branch = parts.nth(1).and_then(|part| branches.get(part.parse::<usize>().ok()?)?.list());
                branch.unwrap_or_default()
            }
            (None, None) => Vec::new(),
        };
    }
    Some(place)
}

/// The items of `network.layers`.
pub(super) fn layers<'a>(entries: &[Node<'a>]) -> Vec<Node<'a>> {
    let network = entries.iter().find(|entry| entry.name == "network").and_then(Node::entries);
    let layers = network.into_iter().flatten().find(|entry| entry.name == "layers");
    layers.and_then(|layers| layers.list()).unwrap_or_default()
}

fn gather(layers: &[Node<'_>], places: &mut Vec<Range<usize>>) {
    for layer in layers {
        places.push(layer.place());
        for entry in layer.entries().unwrap_or_default() {
            let inside = entry.list().unwrap_or_default();
            match entry.name {
                "layers" => gather(&inside, places),
                "branches" => {
                    inside.iter().for_each(|branch| gather(&branch.list().unwrap_or_default(), places))
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_layer_is_found_in_the_order_of_reading() {
        let text = "[network]\nlayers = [\n  { conv = 8 }, 'relu', # é\n  { merge = 'add', branches = [ [ 'tanh' ], [] ] },\n  \
                    { repeat = 2, layers = [ 'elu' ] },\n]\n";
        let found: Vec<&str> = layer_places(text).into_iter().map(|place| &text[place]).collect();
        assert_eq!(found[..2], ["{ conv = 8 }", "'relu'"]);
        assert_eq!(found[2], "{ merge = 'add', branches = [ [ 'tanh' ], [] ] }");
        assert_eq!(found[3..], ["'tanh'", "{ repeat = 2, layers = [ 'elu' ] }", "'elu'"]);
    }

    #[test]
    fn a_layer_is_found_by_its_path() {
        let text = "[network]\ninput = [1, 8, 8]\nlayers = [\n  'relu',\n  { repeat = 2, layers = [ 'elu', { conv = 8, kernel = 5 } ] },\n  \
                    { merge = 'add', branches = [ [], [ 'tanh', { max-pool = 9 } ] ] },\n]\n";
        let at = |path: &str| layer_place(text, path).map(|place| &text[place]);
        assert_eq!(at("layers.0"), Some("'relu'"));
        assert_eq!(at("layers.1.0.1"), Some("{ conv = 8, kernel = 5 }"));
        assert_eq!(at("layers.1.1.0"), Some("'elu'"));
        assert_eq!(at("layers.2.branches.1.1"), Some("{ max-pool = 9 }"));
        assert!(at("layers.2").is_some_and(|found| found.starts_with("{ merge")));
        assert!(at("layers").is_some_and(|found| found.starts_with("layers = [")));
        assert_eq!(at("layers.9"), at("layers"), "as near as can be");
        let preset = "network.preset = 'lenet'";
        assert_eq!(layer_place(preset, "layers.3").map(|place| &preset[place]), Some("preset = 'lenet'"));
        assert_eq!(layer_place("layers = [", "layers.0"), None);
    }

    #[test]
    fn a_preset_has_no_layers_and_what_is_no_toml_neither() {
        assert!(layer_places("network.preset = 'lenet'").is_empty());
        assert!(layer_places("layers = [").is_empty());
    }
}
