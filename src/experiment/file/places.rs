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
    fn a_preset_has_no_layers_and_what_is_no_toml_neither() {
        assert!(layer_places("network.preset = 'lenet'").is_empty());
        assert!(layer_places("layers = [").is_empty());
    }
}
