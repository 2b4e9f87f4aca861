//! The picture that the net is shown and whose maps stand on the cards: on the card of the pictures, to be turned to
//! the next one.

use std::sync::Arc;

use egui::{ColorImage, Image, Sense, TextureHandle, TextureOptions, Ui, Vec2, WidgetInfo, vec2};
use lucide_icons::Icon;

use crate::app::bridge::Desk;
use crate::app::library::paint;
use crate::app::theme;
use crate::app::widgets;
use crate::data::{DataSet, Labels, Split};
use crate::engine::Part;
use crate::inspect::exhibit::Exhibit;
use crate::session::PicturesState;

/// Side on the card, and where the picture is pointed at.
const SMALL: f32 = 26.0;
const LARGE: f32 = 160.0;

/// What the card remembers from frame to frame.
#[derive(Default)]
pub struct State {
    /// What is drawn: the exhibit, and the address of its set.
    drawn: Option<(Exhibit, usize, TextureHandle)>,
    /// By how many pictures it was turned on in this frame.
    pub turned: isize,
}

/// Draws from right to left: the picture between two arrows.
pub fn shown_ui(ui: &mut Ui, desk: &Desk<'_>, state: &mut State, exhibit: Option<&Exhibit>) {
    let PicturesState::Ready(ready) = desk.snapshot.pictures() else { return };
    let Some(exhibit) = exhibit.filter(|exhibit| is_possible(&ready.set, exhibit)) else { return };
    let texture = state.texture(ui, exhibit, &ready.set);
    let is_data = matches!(exhibit, Exhibit::Data { .. });
    ui.spacing_mut().item_spacing.x = 2.0;
    if is_data && widgets::quiet_button(ui, Icon::ChevronRight, "Show the net the next picture").clicked() {
        state.turned = 1;
    }
    let words = words(&ready.set, exhibit);
    let (rect, response) = ui.allocate_exact_size(sized(&texture, SMALL), Sense::hover());
    Image::new(&texture).fit_to_exact_size(rect.size()).paint_at(ui, rect);
    response
        .widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, format!("Shown to the net: {words}")));
    response.on_hover_ui(|ui| {
        ui.add(Image::new(&texture).fit_to_exact_size(sized(&texture, LARGE)));
        ui.label(&words);
        ui.label(theme::caption(ui, "The picture that the net is shown: the cards have its maps."));
    });
    if is_data && widgets::quiet_button(ui, Icon::ChevronLeft, "Show the net the picture before").clicked() {
        state.turned = -1;
    }
}

fn split(set: &DataSet, part: Part) -> &Split {
    match part {
        Part::Train => &set.train,
        Part::Test => &set.test,
    }
}

/// Whether there is such a picture; what was made for another net may have another shape.
fn is_possible(set: &DataSet, exhibit: &Exhibit) -> bool {
    match exhibit {
        Exhibit::Data { part, index } => *index < split(set, *part).len(),
        Exhibit::Own(bytes) => bytes.len() == set.extent.len(),
        Exhibit::Grating(_) => true,
    }
}

fn image(set: &DataSet, exhibit: &Exhibit) -> ColorImage {
    match exhibit {
        Exhibit::Data { part, index } => paint::of_split(split(set, *part), set.extent, *index, false),
        Exhibit::Own(bytes) => paint::image(bytes, set.extent),
        Exhibit::Grating(grating) => paint::image(&grating.bytes(set.extent), set.extent),
    }
}

fn words(set: &DataSet, exhibit: &Exhibit) -> String {
    let Exhibit::Data { part, index } = exhibit else {
        return match exhibit {
            Exhibit::Grating(_) => "a grating".into(),
            _ => "a picture of your own".into(),
        };
    };
    let labels = &split(set, *part).labels;
    let all = || set.classes.iter().enumerate().filter(|(class, _)| labels.shows(*index, *class));
    let names: Vec<&str> = match labels {
        Labels::Pixels(_) => Vec::new(),
        _ => all().map(|(_, name)| name.as_str()).collect(),
    };
    let kind = match part {
        Part::Train => "training",
        Part::Test => "test",
    };
    match names.is_empty() {
        true => format!("{kind} picture {}", index + 1),
        false => format!("{kind} picture {}: {}", index + 1, names.join(", ")),
    }
}

fn sized(texture: &TextureHandle, side: f32) -> Vec2 {
    let [width, height] = texture.size().map(|pixels| pixels as f32);
    vec2(width, height) * (side / width.max(height).max(1.0))
}

impl State {
    fn texture(&mut self, ui: &Ui, exhibit: &Exhibit, set: &Arc<DataSet>) -> TextureHandle {
        let address = Arc::as_ptr(set) as usize;
        match &mut self.drawn {
            Some((own, of, texture)) if own == exhibit && *of == address => texture.clone(),
            drawn => {
                let image = image(set, exhibit);
                let texture = ui.ctx().load_texture("shown to the net", image, TextureOptions::NEAREST);
                *drawn = Some((exhibit.clone(), address, texture.clone()));
                texture
            }
        }
    }
}
