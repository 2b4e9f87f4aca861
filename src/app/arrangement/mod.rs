//! Where the panels stand: as at the beginning, or as somebody has drawn and dragged them.

mod panes;
mod plan;

use egui::{Ui, Vec2};
use egui_tiles::{Container, LinearDir, Tile, TileId, Tiles, Tree};
use serde::{Deserialize, Serialize};

pub use panes::Panes;
pub use plan::Plan;

/// A panel that has a place of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pane {
    Library,
    Lessons,
    /// The experiment as its file.
    Text,
    Network,
    Training,
    Curves,
    Inside,
}

impl Pane {
    pub const ALL: [Self; 7] =
        [Self::Library, Self::Lessons, Self::Text, Self::Network, Self::Training, Self::Curves, Self::Inside];

    pub fn title(self) -> &'static str {
        match self {
            Self::Library => "Library",
            Self::Lessons => "Lessons",
            Self::Text => "Text",
            Self::Network => "Network",
            Self::Training => "Training",
            Self::Curves => "Curves",
            Self::Inside => "Looking inside",
        }
    }
}

/// How high the contents of panels are that would like to be seen whole, in points.
#[derive(Clone, Copy, Debug)]
pub struct Heights {
    pub controls: f32,
    pub inside: f32,
}

/// Margins above and below what is in a panel, and the gap between two.
const AROUND: f32 = 18.0;

/// The largest share that the instruments have of what the controls leave to them and the curves.
const MOST_INSIDE: f32 = 0.46;

pub struct Arrangement {
    tree: Tree<Pane>,
    /// Whether somebody has changed it: then it no longer follows the window by itself.
    is_own: bool,
    /// Whether every panel shows its tab, to be dragged elsewhere.
    pub is_arranging: bool,
}

impl Default for Arrangement {
    /// As at the beginning: pictures and lessons on the left, the net in the middle, the training on the right.
    fn default() -> Self {
        let mut tiles = Tiles::default();
        let [library, lessons, text, network, training, curves, inside] =
            Pane::ALL.map(|pane| tiles.insert_pane(pane));
        let left = tiles.insert_tab_tile(vec![library, lessons, text]);
        let right = tiles.insert_vertical_tile(vec![training, curves, inside]);
        let root = tiles.insert_horizontal_tile(vec![left, network, right]);
        Self { tree: tree(root, tiles), is_own: false, is_arranging: false }
    }
}

fn tree(root: TileId, tiles: Tiles<Pane>) -> Tree<Pane> {
    Tree::new(egui::Id::unique("panels"), root, tiles)
}

impl Arrangement {
    /// As it was drawn before, where that is known and whole.
    pub fn of(plan: Option<&Plan>) -> Self {
        match plan.and_then(Plan::tiles) {
            Some((root, tiles)) => Self { tree: tree(root, tiles), is_own: true, is_arranging: false },
            None => Self::default(),
        }
    }

    /// What is to be remembered of it; nothing while it is as at the beginning.
    pub fn plan(&self) -> Option<Plan> {
        self.is_own.then(|| Plan::of(&self.tree)).flatten()
    }

    /// Whether a panel is to be seen, and not behind another tab.
    pub fn shows(&self, pane: Pane) -> bool {
        let Some(id) = self.tree.tiles.find_pane(&pane) else { return false };
        self.tree.active_tiles().contains(&id)
    }

    fn is_in_sight(&self, pane: Pane) -> bool {
        self.tree.tiles.find_pane(&pane).is_some_and(|id| self.tree.is_visible(id))
    }

    /// Where a panel was drawn last.
    #[cfg(test)]
    pub fn rect(&self, pane: Pane) -> Option<egui::Rect> {
        self.tree.tiles.rect(self.tree.tiles.find_pane(&pane)?)
    }

    /// Brings a panel before those that share its place.
    pub fn bring(&mut self, pane: Pane) {
        self.tree.make_active(|_, tile| *tile == Tile::Pane(pane));
    }

    /// Takes a panel out of sight, or shows it again.
    pub fn set_visible(&mut self, pane: Pane, is_visible: bool) {
        if let Some(id) = self.tree.tiles.find_pane(&pane) {
            self.tree.set_visible(id, is_visible);
        }
    }

    /// Draws the panels. A lesson that is being read takes more room than a list.
    pub fn ui(&mut self, ui: &mut Ui, panes: &mut Panes<'_>, is_reading: bool, heights: Heights) {
        if !self.is_own {
            self.follow(ui.available_size_before_wrap(), is_reading, heights);
        }
        panes.is_arranging = self.is_arranging;
        self.tree.ui(panes, ui);
        self.is_own |= panes.was_changed;
    }

    /// Shares the room as the window and the contents ask for.
    fn follow(&mut self, room: Vec2, is_reading: bool, heights: Heights) {
        let left = match is_reading {
            true => (0.29 * room.x).clamp(380.0, 560.0),
            false => (0.18 * room.x).clamp(280.0, 360.0),
        };
        let right = (0.31 * room.x).clamp(412.0, 760.0);
        let middle = (room.x - left - right).max(240.0);
        let controls = (heights.controls + AROUND).clamp(120.0, 0.5 * room.y);
        let below = room.y - controls;
        // The curves have what the instruments leave, and never less than most of it: they are looked at from afar,
        // and an instrument that wants more room is enlarged.
        let inside = match self.is_in_sight(Pane::Curves) {
            true => (heights.inside + AROUND).clamp(60.0, (MOST_INSIDE * below).max(60.0)),
            false => below,
        };
        self.share(LinearDir::Horizontal, &[left, middle, right]);
        self.share(LinearDir::Vertical, &[controls, below - inside, inside]);
    }

    /// Gives the parts of the only container of this direction their shares.
    fn share(&mut self, dir: LinearDir, shares: &[f32]) {
        for tile in self.tree.tiles.tiles_mut() {
            if let Tile::Container(Container::Linear(linear)) = tile
                && linear.dir == dir
                && linear.children.len() == shares.len()
            {
                for (&child, &share) in linear.children.iter().zip(shares) {
                    linear.shares.set_share(child, share);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_at_the_beginning_everything_is_there_once_and_nothing_is_remembered() {
        let arrangement = Arrangement::default();
        assert_eq!(arrangement.plan(), None);
        for pane in Pane::ALL {
            assert!(arrangement.tree.tiles.find_pane(&pane).is_some(), "{pane:?}");
        }
    }

    #[test]
    fn what_is_brought_to_the_front_is_seen() {
        let mut arrangement = Arrangement::default();
        arrangement.bring(Pane::Lessons);
        assert!(arrangement.shows(Pane::Lessons) && !arrangement.shows(Pane::Library));
        arrangement.bring(Pane::Library);
        assert!(arrangement.shows(Pane::Library) && !arrangement.shows(Pane::Lessons));
    }
}
