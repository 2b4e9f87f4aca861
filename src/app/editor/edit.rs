//! What a person can do to the stack of layers.

use super::tree::{self, Place};
use crate::experiment::layers::{Branches, MAX_DEPTH, Repeat};
use crate::experiment::{Kind, Layer, LayerId};

/// One change to the network.
#[derive(Clone, Debug)]
pub enum Edit {
    Insert(Place, Kind),
    /// Puts several in, one behind the other.
    InsertAll(Place, Vec<Layer>),
    /// Puts a repetition around a layer; around a block with the non-linearity behind it.
    Repeat(LayerId),
    /// Takes a repetition from around its layers, which then stand there once.
    Dissolve(LayerId),
    /// Puts other settings in the place of a layer's.
    Change(LayerId, Kind),
    Remove(LayerId),
    Duplicate(LayerId),
    Move(LayerId, Place),
    /// One place towards the input; out of its list at the list's end.
    MoveUp(LayerId),
    /// One place towards the loss, likewise.
    MoveDown(LayerId),
    AddBranch(LayerId),
    RemoveBranch(LayerId, usize),
}

impl Edit {
    /// Carries it out and says which layer should be selected after it; `None` where nothing was to be done.
    pub fn apply(self, layers: &mut Vec<Layer>) -> Option<Option<LayerId>> {
        match self {
            Self::Insert(place, kind) => insert(layers, place, Layer::new(kind)),
            Self::InsertAll(place, all) => insert_all(layers, place, all),
            Self::Repeat(id) => repeat(layers, id),
            Self::Dissolve(id) => dissolve(layers, id),
            Self::Change(id, kind) => {
                tree::find_mut(layers, id)?.kind = kind;
                Some(Some(id))
            }
            Self::Remove(id) => remove(layers, id),
            Self::Duplicate(id) => {
                let copy = tree::find(layers, id)?.duplicate();
                let place = tree::place_of(layers, id)?;
                insert(layers, Place { index: place.index + 1, ..place }, copy)
            }
            Self::Move(id, place) => move_to(layers, id, place),
            Self::MoveUp(id) => {
                let place = tree::place_of(layers, id)?;
                let up = match place.index {
                    0 => tree::place_of(layers, place.list.parent?)?,
                    index => Place { index: index - 1, ..place },
                };
                move_to(layers, id, up)
            }
            Self::MoveDown(id) => {
                let place = tree::place_of(layers, id)?;
                let is_last = place.index + 1 == tree::list(layers, place.list)?.len();
                let down = match is_last {
                    true => after(tree::place_of(layers, place.list.parent?)?),
                    false => Place { index: place.index + 2, ..place },
                };
                move_to(layers, id, down)
            }
            Self::AddBranch(id) => {
                branches_of(layers, id)?.branches.push(Vec::new());
                Some(Some(id))
            }
            Self::RemoveBranch(id, branch) => {
                let list = &mut branches_of(layers, id)?.branches;
                (branch < list.len()).then(|| list.remove(branch))?;
                Some(Some(id))
            }
        }
    }
}

fn after(place: Place) -> Place {
    Place { index: place.index + 1, ..place }
}

fn branches_of(layers: &mut [Layer], id: LayerId) -> Option<&mut Branches> {
    match &mut tree::find_mut(layers, id)?.kind {
        Kind::Branches(branches) => Some(branches),
        _ => None,
    }
}

fn insert(layers: &mut Vec<Layer>, place: Place, layer: Layer) -> Option<Option<LayerId>> {
    let id = layer.id;
    let done = tree::insert(layers, place, layer);
    if done && tree::depth(layers) > MAX_DEPTH {
        tree::remove(layers, id);
        return None;
    }
    done.then_some(Some(id))
}

/// Puts layers in and selects the first.
fn insert_all(layers: &mut Vec<Layer>, place: Place, all: Vec<Layer>) -> Option<Option<LayerId>> {
    let before = layers.clone();
    let first = all.first()?.id;
    let places = (place.index..).map(|index| Place { index, ..place });
    let done = places.zip(all).all(|(place, layer)| tree::insert(layers, place, layer));
    if !done || tree::depth(layers) > MAX_DEPTH {
        *layers = before;
        return None;
    }
    Some(Some(first))
}

fn repeat(layers: &mut Vec<Layer>, id: LayerId) -> Option<Option<LayerId>> {
    let before = layers.clone();
    let Place { list, index } = tree::place_of(layers, id)?;
    let own = tree::list_mut(layers, list)?;
    let is_block = matches!(own.get(index)?.kind, Kind::Branches(_));
    let goes_along = |layer: &Layer| matches!(layer.kind, Kind::Activation(_) | Kind::Prelu(_));
    let n = if is_block && own.get(index + 1).is_some_and(goes_along) { 2 } else { 1 };
    let inside: Vec<Layer> = own.drain(index..index + n).collect();
    let around = Layer::new(Kind::Repeat(Repeat { times: 2, layers: inside }));
    let selected = around.id;
    own.insert(index, around);
    if tree::depth(layers) > MAX_DEPTH {
        *layers = before;
        return None;
    }
    Some(Some(selected))
}

fn dissolve(layers: &mut Vec<Layer>, id: LayerId) -> Option<Option<LayerId>> {
    let Place { list, index } = tree::place_of(layers, id)?;
    let own = tree::list_mut(layers, list)?;
    let Kind::Repeat(repeat) = &mut own.get_mut(index)?.kind else { return None };
    let inside = std::mem::take(&mut repeat.layers);
    let selected = inside.first().map(|layer| layer.id);
    own.splice(index..=index, inside);
    Some(selected)
}

fn move_to(layers: &mut Vec<Layer>, id: LayerId, place: Place) -> Option<Option<LayerId>> {
    let before = tree::place_of(layers, id)?;
    if place == before || place == after(before) || !tree::move_to(layers, id, place) {
        return None;
    }
    if tree::depth(layers) > MAX_DEPTH {
        tree::move_to(layers, id, before);
        return None;
    }
    Some(Some(id))
}

/// Removes a layer and selects the one that takes its place, or else the one before.
fn remove(layers: &mut Vec<Layer>, id: LayerId) -> Option<Option<LayerId>> {
    let Place { list, index } = tree::place_of(layers, id)?;
    tree::remove(layers, id)?;
    let rest = tree::list(layers, list)?;
    let next = rest.get(index).or_else(|| rest.last()).map(|layer| layer.id);
    Some(next.or(list.parent))
}

#[cfg(test)]
mod tests {
    use super::super::tree::ListId;
    use super::*;
    use crate::experiment::layers::{Activation, Linear};

    fn stack() -> Vec<Layer> {
        let linear = |outputs| Layer::new(Kind::Linear(Linear { outputs, ..Linear::default() }));
        vec![linear(1), Layer::new(Kind::Branches(Branches::default())), linear(2)]
    }

    #[test]
    fn moving_goes_out_of_a_branch_at_its_ends() {
        let mut layers = stack();
        let inside = layers[1].kind.children()[0][0].id;
        Edit::MoveUp(inside).apply(&mut layers).expect("it can move");
        assert_eq!(tree::place_of(&layers, inside), Some(Place { list: ListId::default(), index: 1 }));
        Edit::MoveUp(inside).apply(&mut layers).expect("it can move");
        assert_eq!(layers[0].id, inside);
        assert!(Edit::MoveUp(inside).apply(&mut layers).is_none(), "it is the first");
    }

    #[test]
    fn moving_down_and_up_is_nothing() {
        let mut layers = stack();
        let (before, first) = (layers.clone(), layers[0].id);
        Edit::MoveDown(first).apply(&mut layers).expect("it can move");
        assert_eq!(layers[1].id, first);
        Edit::MoveUp(first).apply(&mut layers).expect("it can move");
        assert_eq!(layers, before);
    }

    #[test]
    fn a_block_is_repeated_with_its_non_linearity_and_dissolved_again() {
        use crate::experiment::layers::Activation;
        let relu = Layer::new(Kind::Activation(Activation::Relu));
        let mut layers = vec![Layer::new(Kind::Branches(Branches::default())), relu];
        let (before, block) = (layers.clone(), layers[0].id);
        let repeat = Edit::Repeat(block).apply(&mut layers).flatten().expect("it is repeated");
        assert!(
            matches!(&layers[0].kind, Kind::Repeat(repeat) if repeat.times == 2 && repeat.layers == before)
        );
        assert_eq!(layers.len(), 1);
        assert_eq!(Edit::Dissolve(repeat).apply(&mut layers), Some(Some(block)));
        assert_eq!(layers, before);
        assert!(Edit::Dissolve(block).apply(&mut layers).is_none(), "it is no repetition");
    }

    #[test]
    fn what_follows_a_removed_layer_is_selected() {
        let mut layers = stack();
        let (first, last) = (layers[0].id, layers[2].id);
        let next = layers[1].id;
        assert_eq!(Edit::Remove(first).apply(&mut layers), Some(Some(next)));
        assert_eq!(Edit::Remove(last).apply(&mut layers), Some(Some(next)));
    }

    #[test]
    fn nesting_has_its_bound() {
        let mut layers = Vec::new();
        let mut list = ListId::default();
        for _ in 0..=MAX_DEPTH {
            let block =
                Kind::Branches(Branches { branches: vec![Vec::new(), Vec::new()], ..Branches::default() });
            let Some(Some(id)) = Edit::Insert(Place { list, index: 0 }, block).apply(&mut layers) else {
                break;
            };
            list = ListId { parent: Some(id), branch: 0 };
        }
        assert_eq!(tree::depth(&layers), MAX_DEPTH);
        let relu = Kind::Activation(Activation::Relu);
        assert!(Edit::Insert(Place { list, index: 0 }, relu).apply(&mut layers).is_some());
    }
}
