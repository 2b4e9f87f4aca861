//! The network as a stack of cards, which is itself the visualisation.

mod about;
mod advice;
mod branches;
mod card;
mod ends;
mod fields;
mod glyph;
mod header;
mod kept;
mod live;
mod seam;
mod shader;
mod shown;
mod stats;
mod table;

use std::collections::{HashMap, HashSet};

use egui::{Rect, ScrollArea, Ui, vec2};

use super::bridge::{Desk, Request};
use super::editor::costs::Costs;
use super::editor::edit::Edit;
use super::editor::table::Table;
use super::editor::tree::{self, ListId, Place};
use super::editor::{Editor, Fault};
use super::theme;
use super::widgets::{self, Gravity};
use crate::experiment::presets::blocks::Block;
use crate::experiment::{Layer, LayerId};
use crate::graph::advice::Remedy;
use crate::inspect::exhibit::Exhibit;
use seam::Seam;

/// Room for the scroll bar beside the cards.
const SCROLL_BAR: f32 = 10.0;

/// What the panel remembers from frame to frame.
#[derive(Default)]
pub struct State {
    /// Layers that are shown as one line.
    folded: HashSet<LayerId>,
    /// Pairs of settings that are changed one by one although they are equal.
    unlinked: HashSet<(LayerId, &'static str)>,
    /// Layers whose rare settings are shown.
    detailed: HashSet<LayerId>,
    /// Layers whose advice is folded to its symbol.
    hushed: HashSet<LayerId>,
    /// Height of each card when it was last drawn, to leave room for those out of sight.
    heights: HashMap<LayerId, f32>,
    width: f32,
    /// The layer that was selected in the last frame.
    selected: Option<LayerId>,
    /// The card that is to be brought into view: what keeps training from beginning stands there.
    sought: Option<Fault>,
    /// The shader that is shown, by the stem of its file.
    shader: Option<&'static str>,
    /// What the net is shown, whose maps stand on the cards.
    pub exhibit: Option<Exhibit>,
    pub shown: shown::State,
    sheets: live::Sheets,
    /// Whether the cards leave out what goes on in the layers.
    is_quiet: bool,
    /// What a changed net keeps of what was trained.
    kept: kept::State,
    /// The table of all layers, while it is open.
    table: Option<Table>,
}

impl State {
    /// Whether a window of this panel's lies over the others and has the keys.
    pub fn is_over_others(&self) -> bool {
        self.shader.is_some() || self.table.is_some()
    }
}

impl State {
    /// Brings the card into view that tells what keeps training from beginning, and selects its layer.
    pub fn show_fault(&mut self, editor: &mut Editor, fault: Fault) {
        if let Fault::Layer(id) = fault {
            advice::show(editor, self, id);
        }
        self.sought = Some(fault);
    }

    /// Whether this card is the one that is to be brought into view; asked once.
    fn seeks(&mut self, fault: Fault) -> bool {
        self.sought.take_if(|sought| *sought == fault).is_some()
    }

    /// Shows the table of all layers of the net as it stands.
    pub fn open_table(&mut self, editor: &Editor) {
        self.table = Some(editor.table());
    }
}

/// The stack while one frame draws it.
struct Stack<'a> {
    state: &'a mut State,
    costs: &'a Costs,
    live: live::Live,
    selected: Option<LayerId>,
    /// The layer that has just been selected by key, to be brought into view.
    reveal: Option<LayerId>,
    /// Where a dragged layer can be dropped.
    seams: Vec<Seam>,
    edits: Vec<Edit>,
    /// Ready-made blocks to be put in.
    blocks: Vec<(Place, &'static Block)>,
    /// Advice that was followed.
    remedies: Vec<Remedy>,
    /// Whether a setting was changed in place.
    changed: bool,
}

pub fn network_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State) {
    header::header_ui(ui, desk, state);
    if desk.hold.lock.holds("network") {
        widgets::locked_ui(ui);
    }
    text_ui(ui, desk);
    kept::kept_ui(ui, desk, &mut state.kept);
    advice::general_ui(ui, desk);
    ui.add_space(theme::SMALL_GAP);
    if state.width != ui.available_width() {
        state.width = ui.available_width();
        state.heights.clear();
    }
    // The bar has a place of its own, so that the cards keep their width whether it is there or not.
    let width = ui.available_width() - SCROLL_BAR;
    ui.spacing_mut().scroll.floating_allocated_width = 0.0;
    ScrollArea::vertical().auto_shrink([false, false]).id_salt("stack").show(ui, |ui| {
        ui.set_max_width(width);
        ui.spacing_mut().item_spacing.y = 0.0;
        ends::pictures_ui(ui, desk, state);
        stack_ui(ui, desk, state);
        ends::loss_ui(ui, desk, state);
        ui.add_space(theme::LARGE_GAP);
    });
    if state.shader.is_some_and(|name| shader::shader_ui(ui.ctx(), name)) {
        state.shader = None;
    }
    table::table_ui(ui.ctx(), desk, state);
}

/// Where the text is wrong the cards do not show what it says.
fn text_ui(ui: &mut Ui, desk: &mut Desk<'_>) {
    let Some(problem) = desk.editor.text_problem() else { return };
    let place = problem.line.map_or(String::new(), |line| format!(" in line {line}"));
    let text = format!("The text has a mistake{place}. The cards show what it said last.");
    ui.add_space(theme::SMALL_GAP);
    widgets::message_ui(ui, Gravity::Warning, &text, |ui| {
        if ui.button("Show the text").clicked() {
            desk.requests.push(Request::ShowText);
        }
    });
}

fn stack_ui(ui: &mut Ui, desk: &mut Desk<'_>, state: &mut State) {
    let selected = desk.editor.selected;
    let by_key = selected != state.selected && !ui.input(|input| input.pointer.any_down());
    let exhibit = state.exhibit.clone().filter(|_| !state.is_quiet);
    let live = if state.is_quiet { live::Live::default() } else { live::Live::ask(desk, exhibit) };
    // The settings of the layers are changed in place, everything else by the list of edits.
    let (layers, costs) = desk.editor.layers_and_costs();
    let sought = state.sought.take_if(|sought| matches!(sought, Fault::Layer(_)));
    let sought = sought.and_then(|fault| if let Fault::Layer(id) = fault { Some(id) } else { None });
    let reveal = sought.or(selected.filter(|_| by_key));
    let mut stack = Stack {
        state,
        costs,
        live,
        selected,
        reveal,
        seams: Vec::new(),
        edits: Vec::new(),
        blocks: Vec::new(),
        remedies: Vec::new(),
        changed: false,
    };
    stack.list_ui(ui, ListId::default(), layers);
    stack.drop_ui(ui, layers);
    let Stack { selected, edits, blocks, remedies, changed, .. } = stack;
    if changed {
        desk.editor.layers_changed();
    }
    desk.editor.selected = selected;
    edits.into_iter().for_each(|edit| desk.editor.apply(edit));
    blocks.into_iter().for_each(|(place, block)| desk.editor.insert_block(place, block));
    remedies.into_iter().for_each(|remedy| desk.editor.mend(remedy));
    state.selected = desk.editor.selected;
}

impl Stack<'_> {
    /// A list of layers with the seams between them.
    fn list_ui(&mut self, ui: &mut Ui, list: ListId, layers: &mut [Layer]) {
        if layers.is_empty() && list == ListId::default() {
            return self.first_ui(ui, Place { list, index: 0 });
        }
        for (index, layer) in layers.iter_mut().enumerate() {
            self.seam_ui(ui, Place { list, index });
            self.layer_ui(ui, layer, index);
        }
        self.seam_ui(ui, Place { list, index: layers.len() });
    }

    /// A card, or room for one that is out of sight.
    fn layer_ui(&mut self, ui: &mut Ui, layer: &mut Layer, index: usize) {
        let id = layer.id;
        let is_wanted =
            self.reveal.is_some_and(|wanted| tree::find(std::slice::from_ref(layer), wanted).is_some());
        if let Some(&height) = self.state.heights.get(&id)
            && !is_wanted
        {
            let rect = Rect::from_min_size(ui.next_widget_position(), vec2(ui.available_width(), height));
            if !ui.is_rect_visible(rect.expand(theme::ROW)) {
                ui.allocate_space(rect.size());
                return;
            }
        }
        let response = ui.push_id(("layer", id.0), |ui| self.card_ui(ui, layer, index)).response;
        self.state.heights.insert(id, response.rect.height());
        if self.reveal == Some(id) {
            response.scroll_to_me(None);
        }
    }
}
