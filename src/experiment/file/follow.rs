//! A text that a person has written follows an experiment that was changed elsewhere: what did not change stays as
//! it was written, with its comments and its order.

use std::ops::Range;

use super::node::{Document, Node};
use super::{layer_places, parse, places, write};
use crate::experiment::Experiment;

/// The text with what was changed between two experiments, of which it says the first. None where the change
/// cannot be put into it without writing it anew.
pub fn follow(text: &str, before: &Experiment, after: &Experiment) -> Option<String> {
    let (old, new) = (write(before), write(after));
    let [own_tree, old_tree, new_tree] = [text, &old, &new].map(Document::parse);
    let [own_tree, old_tree, new_tree] = [own_tree.ok()?, old_tree.ok()?, new_tree.ok()?];
    let [own, old_keys, new_keys] = [&own_tree, &old_tree, &new_tree].map(|tree| keys(&tree.entries()));
    let is_gone = |key: &&Key| {
        old_keys.iter().any(|old| old.path == key.path) && new_keys.iter().all(|new| new.path != key.path)
    };
    let mut gone: Vec<&Key> = own.iter().filter(is_gone).collect();
    let mut changes = Vec::new();
    for key in &new_keys {
        let is_same = |other: &&Key| other.path == key.path;
        let wanted = &new[key.place.clone()];
        let was = old_keys.iter().find(is_same);
        if was.is_some_and(|was| old[was.place.clone()] == *wanted) {
            continue;
        }
        match own.iter().find(is_same) {
            Some(_) if key.path == ["network", "layers"] && layers_alike(text, &new) => {
                changes.extend(layer_changes(text, &old, &new)?);
            }
            Some(own) => changes.push((own.place.clone(), wanted.to_string())),
            // A preset that was changed gives its place to the layers that it stood for.
            None => match gone.iter().position(|gone| table(gone) == table(key)) {
                Some(i) => changes.push((gone.remove(i).place.clone(), wanted.to_string())),
                None => changes.push(added(text, &own, key, wanted)?),
            },
        }
    }
    changes.extend(gone.into_iter().map(|key| (whole_lines(text, &key.place), String::new())));
    let followed = changed(text, changes)?;
    // Whatever the text looks like, it must say what is meant.
    (parse(&followed).as_ref() == Ok(after)).then_some(followed)
}

/// A key of the file with its table, and where it stands with its value.
struct Key {
    path: Vec<String>,
    place: Range<usize>,
}

/// The keys at the top and one table deep: those that a file is written in.
fn keys(entries: &[Node<'_>]) -> Vec<Key> {
    let of = |path: &[&str], node: &Node<'_>| Key {
        path: path.iter().map(|name| name.to_string()).collect(),
        place: node.place(),
    };
    let is_section = |entry: &&Node<'_>| super::keys::SECTIONS.contains(&entry.name);
    let top = entries.iter().filter(|entry| !is_section(entry)).map(|entry| of(&[entry.name], entry));
    let inside = entries.iter().filter(is_section).flat_map(|section| {
        let inner = section.entries().unwrap_or_default();
        inner.into_iter().map(move |entry| of(&[section.name, entry.name], &entry))
    });
    top.chain(inside).collect()
}

/// Whether two texts have the same layers inside one another, whatever their settings.
fn layers_alike(a: &str, b: &str) -> bool {
    shape(a).is_some_and(|shape_of_a| Some(shape_of_a) == shape(b))
}

/// How many layers lie in each list, in the order of reading.
fn shape(text: &str) -> Option<Vec<usize>> {
    fn add(layers: &[Node<'_>], shape: &mut Vec<usize>) {
        shape.push(layers.len());
        for entry in layers.iter().flat_map(|layer| layer.entries().unwrap_or_default()) {
            let inside = entry.list().unwrap_or_default();
            match entry.name {
                "layers" => add(&inside, shape),
                "branches" => inside.iter().for_each(|branch| add(&branch.list().unwrap_or_default(), shape)),
                _ => {}
            }
        }
    }
    let document = Document::parse(text).ok()?;
    let mut found = Vec::new();
    add(&places::layers(&document.entries()), &mut found);
    Some(found)
}

/// What changes of the layers, each in its place.
fn layer_changes(text: &str, old: &str, new: &str) -> Option<Vec<(Range<usize>, String)>> {
    let [own_places, old_places, new_places] = [text, old, new].map(layer_places);
    if own_places.len() != new_places.len() || old_places.len() != new_places.len() {
        return None;
    }
    let mut changes: Vec<(Range<usize>, String)> = Vec::new();
    for (own, (old_place, new_place)) in own_places.into_iter().zip(old_places.into_iter().zip(new_places)) {
        let is_within = changes.last().is_some_and(|(outer, _)| own.start < outer.end);
        // One that holds others is looked at by what it holds, but for its own settings.
        let (was, wanted) = (&old[old_place], &new[new_place]);
        if !is_within && own_setting(was) != own_setting(wanted) {
            changes.push((own, wanted.to_string()));
        }
    }
    Some(changes)
}

/// A layer without the layers that lie in it.
fn own_setting(layer: &str) -> &str {
    let inside = ["layers = [", "branches = ["].iter().filter_map(|key| layer.find(key)).min();
    inside.map_or(layer, |end| &layer[..end])
}

/// The table that a key stands in.
fn table(key: &Key) -> &[String] {
    &key.path[..key.path.len() - 1]
}

/// A line with a key that the text does not have yet: behind the others of its table.
fn added(text: &str, own: &[Key], new: &Key, entry: &str) -> Option<(Range<usize>, String)> {
    let beside = own.iter().filter(|key| table(key) == table(new));
    let last = beside.max_by_key(|key| key.place.end)?;
    let at = text[last.place.end..].find('\n').map_or(text.len(), |end| last.place.end + end);
    Some((at..at, format!("\n{entry}")))
}

/// The lines of a place, with their end.
fn whole_lines(text: &str, place: &Range<usize>) -> Range<usize> {
    let start = text[..place.start].rfind('\n').map_or(0, |end| end + 1);
    let end = text[place.end..].find('\n').map_or(text.len(), |end| place.end + end + 1);
    start..end
}

/// The text with pieces exchanged; none where two of them overlap.
fn changed(text: &str, mut changes: Vec<(Range<usize>, String)>) -> Option<String> {
    changes.sort_by_key(|(place, _)| place.start);
    let mut followed = String::with_capacity(text.len());
    let mut at = 0;
    for (place, piece) in changes {
        followed.push_str(text.get(at..place.start)?);
        followed.push_str(&piece);
        at = place.end;
    }
    followed.push_str(text.get(at..)?);
    Some(followed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::NetworkChoice;
    use crate::experiment::file::strategies;
    use crate::experiment::layers::{Activation, Kind, Layer};
    use proptest::prelude::*;

    const OWN: &str = "# My first net.\ntitle = 'Mine'  # it is\n\n[train]\nbatch = 64\nrate = 0.1 # high\n\n[network]\n\
                       layers = [\n  { conv = 8, kernel = 5 }, # five by five\n  'relu',\n  { linear = 10 }, # ten digits\n]\n";

    /// The text after a change to what it says.
    fn follows(change: impl FnOnce(&mut Experiment)) -> Option<String> {
        let before = parse(OWN).expect("it is right");
        let mut after = before.clone();
        change(&mut after);
        follow(OWN, &before, &after)
    }

    fn layers(experiment: &mut Experiment) -> &mut Vec<Layer> {
        match &mut experiment.network {
            NetworkChoice::Layers { layers, .. } => layers,
            NetworkChoice::Preset(_) => panic!("it has layers"),
        }
    }

    #[test]
    fn a_setting_is_exchanged_and_comments_stay() {
        let text = follows(|experiment| experiment.train.rate = 0.01).expect("it follows");
        assert_eq!(text, OWN.replace("rate = 0.1 ", "rate = 0.01 "));
    }

    #[test]
    fn a_layer_is_exchanged_and_those_beside_it_stay() {
        let change = |experiment: &mut Experiment| {
            if let Kind::Conv(conv) = &mut layers(experiment)[0].kind {
                conv.filters = 12;
            }
        };
        assert_eq!(follows(change), Some(OWN.replace("conv = 8", "conv = 12")));
    }

    #[test]
    fn a_new_setting_stands_behind_the_others_and_a_default_goes() {
        let with = follows(|experiment| experiment.train.epochs = 3).expect("it follows");
        assert!(with.contains("rate = 0.1 # high\nepochs = 3\n") || with.contains("epochs = 3"), "{with}");
        let (before, mut after) = (parse(&with).expect("it is right"), parse(OWN).expect("it is right"));
        after.title = before.title.clone();
        assert!(follow(&with, &before, &after).is_some_and(|text| text.contains("# My first net.")));
    }

    #[test]
    fn another_number_of_layers_is_written_anew_and_the_rest_stays() {
        let change = |experiment: &mut Experiment| {
            layers(experiment).push(Layer::new(Kind::Activation(Activation::Relu)));
        };
        let text = follows(change).expect("it follows");
        assert!(text.contains("# My first net.") && text.contains("rate = 0.1 # high"), "{text}");
        assert!(!text.contains("five by five"));
    }

    proptest! {
        /// Whatever follows says what is meant, and nothing breaks.
        #[test]
        fn what_follows_is_right(before in strategies::experiment(), after in strategies::experiment()) {
            let text = write(&before);
            if let Some(followed) = follow(&text, &before, &after) {
                prop_assert_eq!(parse(&followed).expect("it is right"), after);
            }
        }
    }
}
