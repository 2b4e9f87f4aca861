//! The tree of layers by identity: where a layer stands, and how it is put elsewhere.

use crate::experiment::{Layer, LayerId};

/// One list of layers: the network's own, or one inside a layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ListId {
    /// The layer that holds the list; none for the network's own.
    pub parent: Option<LayerId>,
    /// Which of the layer's lists.
    pub branch: usize,
}

/// A gap in a list: before the layer that has this index now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    pub list: ListId,
    pub index: usize,
}

/// The layer itself.
pub fn find(layers: &[Layer], id: LayerId) -> Option<&Layer> {
    layers.iter().find_map(|layer| match layer.id == id {
        true => Some(layer),
        false => layer.kind.children().into_iter().find_map(|list| find(list, id)),
    })
}

/// [`find`], open for writing.
pub fn find_mut(layers: &mut [Layer], id: LayerId) -> Option<&mut Layer> {
    for layer in layers {
        if layer.id == id {
            return Some(layer);
        }
        if let Some(found) = layer.kind.children_mut().into_iter().find_map(|list| find_mut(list, id)) {
            return Some(found);
        }
    }
    None
}

/// Where a layer stands.
pub fn place_of(layers: &[Layer], id: LayerId) -> Option<Place> {
    place_within(ListId::default(), layers, id)
}

/// The list of this identity.
pub fn list(layers: &[Layer], list: ListId) -> Option<&[Layer]> {
    match list.parent {
        None => Some(layers),
        Some(parent) => find(layers, parent)?.kind.children().get(list.branch).map(|list| list.as_slice()),
    }
}

/// [`list`], open for writing.
pub fn list_mut(layers: &mut Vec<Layer>, list: ListId) -> Option<&mut Vec<Layer>> {
    match list.parent {
        None => Some(layers),
        Some(parent) => find_mut(layers, parent)?.kind.children_mut().into_iter().nth(list.branch),
    }
}

/// Puts a layer into a gap; whether there was such a list.
pub fn insert(layers: &mut Vec<Layer>, place: Place, layer: Layer) -> bool {
    let Some(list) = list_mut(layers, place.list) else { return false };
    list.insert(place.index.min(list.len()), layer);
    true
}

/// Takes a layer out, with all that is in it.
pub fn remove(layers: &mut Vec<Layer>, id: LayerId) -> Option<Layer> {
    let place = place_of(layers, id)?;
    Some(list_mut(layers, place.list)?.remove(place.index))
}

/// Puts a layer into another gap, counted before it is taken out. Refuses to put it into itself.
pub fn move_to(layers: &mut Vec<Layer>, id: LayerId, place: Place) -> bool {
    let Some(from) = place_of(layers, id) else { return false };
    let into_itself = match (place.list.parent, find(layers, id)) {
        (Some(parent), Some(layer)) => find(std::slice::from_ref(layer), parent).is_some(),
        _ => false,
    };
    if into_itself || list(layers, place.list).is_none() {
        return false;
    }
    let behind = from.list == place.list && place.index > from.index;
    let index = if behind { place.index - 1 } else { place.index };
    match remove(layers, id) {
        Some(layer) => insert(layers, Place { index, ..place }, layer),
        None => false,
    }
}

/// Gives layers that were read anew the identities of those that they stand for: equal ones at both ends of a list,
/// and between those the ones of the same kind in the same place.
pub fn adopt(layers: &mut [Layer], known: &[Layer]) {
    let n_most = layers.len().min(known.len());
    let n_front = layers.iter().zip(known).take_while(|(a, b)| a == b).count();
    let from_behind = layers.iter().rev().zip(known.iter().rev()).take(n_most - n_front);
    let n_behind = from_behind.take_while(|(a, b)| a == b).count();
    let (n, n_known) = (layers.len(), known.len());
    for i in 0..n {
        let other = match i {
            i if i + n_behind >= n => i + n_known - n,
            i if i < n_known - n_behind => i,
            _ => continue,
        };
        if layers[i].kind.name() != known[other].kind.name() {
            continue;
        }
        layers[i].id = known[other].id;
        let inside = layers[i].kind.children_mut().into_iter().zip(known[other].kind.children());
        inside.for_each(|(layers, known)| adopt(layers, known));
    }
}

/// All layers in the order of reading, those that hold others before what they hold.
pub fn in_order(layers: &[Layer]) -> Vec<LayerId> {
    let mut ids = Vec::new();
    for layer in layers {
        ids.push(layer.id);
        layer.kind.children().into_iter().for_each(|list| ids.extend(in_order(list)));
    }
    ids
}

/// How deep lists lie inside one another; 0 for a plain stack.
pub fn depth(layers: &[Layer]) -> usize {
    let inside = layers.iter().flat_map(|layer| layer.kind.children()).map(|list| 1 + depth(list));
    inside.max().unwrap_or(0)
}

fn place_within(list: ListId, layers: &[Layer], id: LayerId) -> Option<Place> {
    for (index, layer) in layers.iter().enumerate() {
        if layer.id == id {
            return Some(Place { list, index });
        }
        for (branch, inside) in layer.kind.children().into_iter().enumerate() {
            let inner = ListId { parent: Some(layer.id), branch };
            if let Some(place) = place_within(inner, inside, id) {
                return Some(place);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::Kind;
    use crate::experiment::layers::{Activation, Branches};

    fn relu() -> Layer {
        Layer::new(Kind::Activation(Activation::Relu))
    }

    #[test]
    fn a_layer_moves_within_its_list_and_into_a_branch() {
        let mut layers = vec![relu(), Layer::new(Kind::Branches(Branches::default())), relu()];
        let (first, block, last) = (layers[0].id, layers[1].id, layers[2].id);
        assert!(move_to(&mut layers, first, Place { list: ListId::default(), index: 3 }));
        assert_eq!(layers.iter().map(|layer| layer.id).collect::<Vec<_>>(), [block, last, first]);
        let inside = ListId { parent: Some(block), branch: 1 };
        assert!(move_to(&mut layers, last, Place { list: inside, index: 0 }));
        assert_eq!(place_of(&layers, last), Some(Place { list: inside, index: 0 }));
        assert_eq!(layers.len(), 2);
    }

    #[test]
    fn a_layer_cannot_be_put_into_itself() {
        let mut layers = vec![Layer::new(Kind::Branches(Branches::default()))];
        let block = layers[0].id;
        let before = layers.clone();
        let inside = ListId { parent: Some(block), branch: 0 };
        assert!(!move_to(&mut layers, block, Place { list: inside, index: 0 }));
        assert_eq!(layers, before);
    }

    #[test]
    fn layers_read_anew_are_known_again() {
        let linear = |outputs| {
            let linear = crate::experiment::layers::Linear { outputs, ..Default::default() };
            Layer::new(Kind::Linear(linear))
        };
        let known = vec![linear(1), Layer::new(Kind::Branches(Branches::default())), relu(), linear(3)];
        let ids: Vec<_> = known.iter().map(|layer| layer.id).collect();
        // One was put in, one was changed, all are new.
        let mut layers = vec![linear(1), relu(), known[1].duplicate(), relu(), linear(4)];
        adopt(&mut layers, &known);
        assert_eq!(
            (layers[0].id, layers[4].id == ids[3]),
            (ids[0], false),
            "it is not in its place any more"
        );
        let mut layers = vec![linear(1), relu(), known[1].duplicate(), relu(), linear(3)];
        adopt(&mut layers, &known);
        assert_eq!([0, 2, 3, 4].map(|i| layers[i].id), ids[..]);
        assert_eq!(layers[2].kind.children()[0][0].id, known[1].kind.children()[0][0].id);
        let mut layers = vec![linear(7), known[1].duplicate(), relu(), linear(3)];
        adopt(&mut layers, &known);
        assert_eq!(layers.iter().map(|layer| layer.id).collect::<Vec<_>>(), ids);
    }

    #[test]
    fn reading_order_goes_into_branches() {
        let layers = vec![relu(), Layer::new(Kind::Branches(Branches::default())), relu()];
        let order = in_order(&layers);
        assert_eq!(order.len(), 6);
        assert_eq!((order[0], order[1], order[5]), (layers[0].id, layers[1].id, layers[2].id));
        assert_eq!(depth(&layers), 1);
    }
}
