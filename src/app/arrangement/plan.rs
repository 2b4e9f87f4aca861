//! An arrangement as it is written down: nested rows, columns and tabs, to be read by people as well.

use egui_tiles::{Container, Linear, LinearDir, Tabs, Tile, TileId, Tiles, Tree};
use serde::{Deserialize, Serialize};

use super::Pane;

/// A panel, or others in a row, in a column, or behind one another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Plan {
    Pane(Pane),
    Tabs { active: usize, parts: Vec<Plan> },
    Row { shares: Vec<f32>, parts: Vec<Plan> },
    Column { shares: Vec<f32>, parts: Vec<Plan> },
}

/// No arrangement of seven panels is nested deeper.
const DEEPEST: usize = 16;

impl Plan {
    pub(super) fn of(tree: &Tree<Pane>) -> Option<Self> {
        Self::of_tile(&tree.tiles, tree.root()?)
    }

    fn of_tile(tiles: &Tiles<Pane>, id: TileId) -> Option<Self> {
        let parts =
            |children: &[TileId]| children.iter().filter_map(|&id| Self::of_tile(tiles, id)).collect();
        match tiles.get(id)? {
            Tile::Pane(pane) => Some(Self::Pane(*pane)),
            Tile::Container(Container::Tabs(tabs)) => {
                let active = tabs.children.iter().position(|&id| tabs.is_active(id)).unwrap_or(0);
                Some(Self::Tabs { active, parts: parts(&tabs.children) })
            }
            Tile::Container(Container::Linear(linear)) => {
                let shares = linear.children.iter().map(|&id| linear.shares[id]).collect();
                let parts = parts(&linear.children);
                Some(match linear.dir {
                    LinearDir::Horizontal => Self::Row { shares, parts },
                    LinearDir::Vertical => Self::Column { shares, parts },
                })
            }
            // None is ever made.
            Tile::Container(Container::Grid(_)) => None,
        }
    }

    /// The tiles it stands for and the outermost of them; `None` where a panel is missing or there twice, or a
    /// share is no size.
    pub(super) fn tiles(&self) -> Option<(TileId, Tiles<Pane>)> {
        let mut tiles = Tiles::default();
        let root = self.insert(&mut tiles, 0)?;
        let n_panes = tiles.tiles().filter(|tile| matches!(tile, Tile::Pane(_))).count();
        let is_whole =
            n_panes == Pane::ALL.len() && Pane::ALL.iter().all(|pane| tiles.find_pane(pane).is_some());
        is_whole.then_some((root, tiles))
    }

    fn insert(&self, tiles: &mut Tiles<Pane>, depth: usize) -> Option<TileId> {
        if depth > DEEPEST {
            return None;
        }
        let mut all = |parts: &[Self]| -> Option<Vec<TileId>> {
            parts.iter().map(|part| part.insert(tiles, depth + 1)).collect()
        };
        let container: Container = match self {
            Self::Pane(pane) => return Some(tiles.insert_pane(*pane)),
            Self::Tabs { active, parts } => {
                let children = all(parts)?;
                let mut tabs = Tabs::new(children.clone());
                tabs.set_active(*children.get(*active)?);
                tabs.into()
            }
            Self::Row { shares, parts } => linear(LinearDir::Horizontal, shares, all(parts)?)?.into(),
            Self::Column { shares, parts } => linear(LinearDir::Vertical, shares, all(parts)?)?.into(),
        };
        Some(tiles.insert_container(container))
    }
}

fn linear(dir: LinearDir, shares: &[f32], children: Vec<TileId>) -> Option<Linear> {
    let are_sizes = shares.iter().all(|share| share.is_finite() && *share > 0.0);
    (are_sizes && shares.len() == children.len()).then_some(())?;
    let mut linear = Linear::new(dir, children);
    for (&child, &share) in linear.children.iter().zip(shares) {
        linear.shares.set_share(child, share);
    }
    Some(linear)
}

#[cfg(test)]
mod tests {
    use super::super::Arrangement;
    use super::*;

    /// The net above everything else behind one another.
    fn stacked() -> Plan {
        let rest = Pane::ALL.into_iter().filter(|pane| *pane != Pane::Network).map(Plan::Pane).collect();
        let parts = vec![Plan::Pane(Pane::Network), Plan::Tabs { active: 3, parts: rest }];
        Plan::Column { shares: vec![2.0, 1.0], parts }
    }

    #[test]
    fn what_is_written_down_comes_back() {
        let text = serde_json::to_string(&stacked()).unwrap();
        let read: Plan = serde_json::from_str(&text).unwrap();
        let arrangement = Arrangement::of(Some(&read));
        assert_eq!(arrangement.plan(), Some(stacked()));
        assert!(arrangement.shows(Pane::Training) && !arrangement.shows(Pane::Library));
    }

    #[test]
    fn what_is_not_whole_is_as_at_the_beginning() {
        let row = |panes: &[Pane], share: f32| Plan::Row {
            shares: vec![share; panes.len()],
            parts: panes.iter().copied().map(Plan::Pane).collect(),
        };
        let twice = [Pane::ALL.as_slice(), &[Pane::Curves]].concat();
        let damaged = [row(&Pane::ALL[1..], 1.0), row(&twice, 1.0), row(&Pane::ALL, f32::NAN), row(&[], 1.0)];
        let nowhere = Plan::Tabs { active: Pane::ALL.len(), parts: Pane::ALL.map(Plan::Pane).to_vec() };
        for plan in damaged.iter().chain([&nowhere]) {
            assert!(!Arrangement::of(Some(plan)).is_own, "{plan:?}");
        }
    }
}
