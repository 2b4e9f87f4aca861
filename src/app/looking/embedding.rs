//! Pictures as points of a plane, by what goes into the last layer.

use egui::{Image, Pos2, Rect, Sense, TextureHandle, TextureOptions, Ui, pos2, vec2};

use super::plots;
use super::waiting_ui;
use crate::app::bridge::Desk;
use crate::app::runs::mark;
use crate::app::theme::{self, Palette};
use crate::app::{format, widgets};
use crate::inspect::live::embedding::Embedding;
use crate::inspect::look::{Look, View};
use crate::inspect::picture::Picture;
use crate::session::PicturesState;

#[derive(Default)]
pub struct State {
    by_tsne: bool,
    /// The picture under the pointer.
    hovered: Option<(usize, TextureHandle)>,
}

pub fn embedding_ui(ui: &mut Ui, desk: &Desk<'_>, state: &mut State) {
    ui.horizontal_wrapped(|ui| {
        let options = [
            (false, "Principal components", "The plane in which the pictures lie furthest apart"),
            (true, "t-SNE", "Neighbours stay neighbours; distances between groups mean little"),
        ];
        widgets::choice_ui(ui, &mut state.by_tsne, &options);
    });
    let seen = desk.look(Look::Embedding { by_tsne: state.by_tsne });
    let Some(View::Embedding(found)) = waiting_ui(ui, desk, seen) else { return };
    let side = (0.65 * ui.available_width()).clamp(220.0, 480.0);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), side), Sense::hover());
    ui.painter().rect_filled(rect, theme::CORNER, Palette::of(ui).card);
    let places = places(found, rect.shrink(8.0));
    for (place, &class) in places.iter().zip(&found.classes) {
        let class = usize::from(class);
        mark::marker(ui, *place, 3.4, mark::shape(class), mark::colour(ui, class));
    }
    let response = widgets::named(response, "Pictures by what goes into the last layer");
    let nearest = response.hover_pos().and_then(|at| {
        let near = places.iter().enumerate().map(|(i, place)| (i, place.distance(at)));
        near.min_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, distance)| *distance < 12.0)
    });
    if let Some((i, _)) = nearest {
        state.picture_ui(desk, &response, i, found);
    }
    classes_ui(ui, desk);
    let laid = match (found.explained, found.share < 1.0) {
        (Some([x, y]), _) => format!("{} and {} of the variance; ", format::percent(x), format::percent(y)),
        (None, true) => format!("{} laid out; ", format::percent(found.share)),
        (None, false) => String::new(),
    };
    let text = format!(
        "{} by the {} before {}; {laid}in this plane the nearest neighbour of {} is of the same class",
        format::counted(found.points.len() as u64, "test picture"),
        format::counted(found.dimension as u64, "number"),
        found.before,
        format::percent(found.neighbours_alike)
    );
    ui.add(egui::Label::new(theme::caption(ui, text)).wrap());
}

/// The points in a rectangle, in proportion.
fn places(found: &Embedding, rect: Rect) -> Vec<Pos2> {
    let reach = |axis: usize| {
        let all = found.points.iter().map(|point| point[axis]);
        all.fold((f32::INFINITY, f32::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)))
    };
    let (across, up) = (reach(0), reach(1));
    let scale = f32::min(
        rect.width() / (across.1 - across.0).max(f32::MIN_POSITIVE),
        rect.height() / (up.1 - up.0).max(f32::MIN_POSITIVE),
    );
    let middle = [(across.0 + across.1) / 2.0, (up.0 + up.1) / 2.0];
    let place = |[x, y]: &[f32; 2]| {
        let centre = rect.center();
        pos2(centre.x + scale * (x - middle[0]), centre.y - scale * (y - middle[1]))
    };
    found.points.iter().map(place).collect()
}

/// What the markers mean.
fn classes_ui(ui: &mut Ui, desk: &Desk<'_>) {
    let PicturesState::Ready(ready) = desk.snapshot.pictures() else { return };
    ui.horizontal_wrapped(|ui| {
        for (class, name) in ready.set.classes.iter().enumerate().take(20) {
            let (rect, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
            mark::marker(ui, rect.center(), 4.5, mark::shape(class), mark::colour(ui, class));
            widgets::caption_ui(ui, name);
        }
    });
}

impl State {
    fn picture_ui(&mut self, desk: &Desk<'_>, response: &egui::Response, i: usize, found: &Embedding) {
        let PicturesState::Ready(ready) = desk.snapshot.pictures() else { return };
        let set = &ready.set;
        if i >= set.test.len() {
            return;
        }
        if self.hovered.as_ref().is_none_or(|(shown, _)| *shown != i) {
            let picture = Picture::of_bytes(set.extent, set.test.picture(set.extent, i));
            let texture =
                response.ctx.load_texture("hovered picture", plots::image(&picture), TextureOptions::NEAREST);
            self.hovered = Some((i, texture));
        }
        let Some((_, texture)) = &self.hovered else { return };
        response.clone().on_hover_ui_at_pointer(|ui| {
            let size = texture.size_vec2();
            ui.add(Image::new((texture.id(), size * (96.0 / size.max_elem().max(1.0)))));
            let class = found.classes.get(i).map_or(0, |class| usize::from(*class));
            ui.label(set.classes.get(class).map_or("", String::as_str));
        });
    }
}
