//! What a run makes of every point of the plane, beneath the points that it learns from.

use std::sync::Arc;

use egui::{Color32, ColorImage, Image, Painter, Rect, Sense, TextureHandle, TextureOptions, Ui, pos2, vec2};

use super::State as Part;
use super::front::has_begun_ui;
use crate::app::bridge::Desk;
use crate::app::theme::{self, Palette};
use crate::app::widgets;
use crate::data::DataSet;
use crate::inspect::look::{Look, View};
use crate::inspect::plane::{POINTS, Plane};
use crate::lessons::live::Live;
use crate::session::PicturesState;

/// What the texture was drawn of.
#[derive(Default)]
pub struct State {
    shown: Option<(Arc<View>, TextureHandle)>,
}

/// Points along a side of the surface, and the most training points that are drawn on it.
const SIDE: usize = 64;
const MOST_POINTS: usize = 400;

pub fn plane_ui(ui: &mut Ui, desk: &mut Desk<'_>, part: &mut Part, live: &Live) {
    if !matches!(part, Part::Plane(_)) {
        *part = Part::Plane(State::default());
    }
    let Part::Plane(state) = part else { return };
    let name = live.settings.text("of").unwrap_or_default();
    if !has_begun_ui(ui, desk, name) {
        return;
    }
    let Some(seen) = desk.look(Look::Plane { side: SIDE }) else {
        ui.spinner();
        return;
    };
    let (view, plane) = match &seen.view {
        Err(message) => {
            widgets::caption_ui(ui, message);
            return;
        }
        Ok(view) => match &**view {
            View::Plane(plane) => (view, plane),
            _ => return,
        },
    };
    let texture = state.texture(ui, view, plane);
    let side = ui.available_width().min(300.0);
    let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::hover());
    Image::new((texture.id(), rect.size())).paint_at(ui, rect);
    ui.painter().rect_stroke(rect, 0.0, (1.0, Palette::of(ui).border), egui::StrokeKind::Inside);
    if let PicturesState::Ready(ready) = desk.snapshot.pictures()
        && ready.set.extent == POINTS
    {
        points_ui(ui.painter(), rect, &ready.set);
        legend_ui(ui, &ready.set);
    }
    let at = response.hover_pos().map(|at| (at - rect.min) / side);
    widgets::named(response, &format!("Decision surface of {name}"));
    if let (Some(at), PicturesState::Ready(ready)) = (at, desk.snapshot.pictures()) {
        told_ui(ui, plane, &ready.set, [at.x, at.y]);
    } else {
        widgets::caption_ui(ui, &format!("after {}", crate::app::format::counted(seen.step, "step")));
    }
}

impl State {
    fn texture(&mut self, ui: &Ui, view: &Arc<View>, plane: &Plane) -> &TextureHandle {
        let fresh = |texture: Option<TextureHandle>| {
            let image = surface(plane, Palette::of(ui).card);
            match texture {
                None => ui.ctx().load_texture("decision surface", image, TextureOptions::LINEAR),
                Some(mut texture) => {
                    texture.set(image, TextureOptions::LINEAR);
                    texture
                }
            }
        };
        let shown = match self.shown.take() {
            Some((old, texture)) if Arc::ptr_eq(&old, view) => (old, texture),
            other => (view.clone(), fresh(other.map(|(_, texture)| texture))),
        };
        &self.shown.insert(shown).1
    }
}

/// The colour of the likelier class at each point, the stronger the surer the net is.
fn surface(plane: &Plane, ground: Color32) -> ColorImage {
    let pixel = |i: usize| {
        let probabilities = plane.at(i / plane.side, i % plane.side);
        let most = (0..plane.n_classes).max_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b]));
        let (class, share) = most.map_or((0, 0.0), |class| (class, probabilities[class]));
        // A guess has no colour.
        let guess = 1.0 / plane.n_classes as f32;
        let sure = ((share - guess) / (1.0 - guess)).clamp(0.0, 1.0);
        ground.lerp_to_gamma(theme::tint(class), 0.08 + 0.52 * sure)
    };
    ColorImage::new([plane.side; 2], (0..plane.side * plane.side).map(pixel).collect())
}

fn points_ui(painter: &Painter, rect: Rect, set: &DataSet) {
    let Some(classes) = set.train.labels.classes() else { return };
    for (i, &class) in classes.iter().enumerate().take(MOST_POINTS) {
        let point = set.train.picture(POINTS, i);
        let (x, y) = (f32::from(point[0]) / 255.0, 1.0 - f32::from(point[1]) / 255.0);
        let at = pos2(rect.left() + x * rect.width(), rect.top() + y * rect.height());
        let class = usize::from(class);
        // Told apart by form as well as by colour.
        match class % 2 {
            0 => painter.circle_filled(at, 2.0, theme::tint(class)),
            _ => painter.circle_stroke(at, 2.0, (1.2, theme::tint(class))),
        };
    }
}

fn legend_ui(ui: &mut Ui, set: &DataSet) {
    ui.horizontal_wrapped(|ui| {
        for (class, name) in set.classes.iter().enumerate() {
            let mark = if class % 2 == 0 { "●" } else { "○" };
            ui.label(egui::RichText::new(mark).color(theme::tint(class)));
            widgets::caption_ui(ui, name);
        }
    });
}

/// What the net says of the point under the pointer.
fn told_ui(ui: &mut Ui, plane: &Plane, set: &DataSet, at: [f32; 2]) {
    let place = |along: f32| ((along * plane.side as f32) as usize).min(plane.side - 1);
    let probabilities = plane.at(place(at[1]), place(at[0]));
    let words = set.classes.iter().zip(probabilities).map(|(name, p)| format!("{name} {:.0} %", 100.0 * p));
    widgets::caption_ui(ui, &words.collect::<Vec<_>>().join(", "));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sure_answer_has_the_stronger_colour_and_a_guess_next_to_none() {
        let plane =
            Plane { side: 2, n_classes: 2, probabilities: vec![0.5, 0.5, 1.0, 0.0, 0.0, 1.0, 0.6, 0.4] };
        let image = surface(&plane, Color32::WHITE);
        let paleness =
            |i: usize| image.pixels[i].r() as u32 + image.pixels[i].g() as u32 + image.pixels[i].b() as u32;
        assert!(paleness(0) > paleness(3) && paleness(3) > paleness(1), "{:?}", image.pixels);
        assert_ne!(image.pixels[1], image.pixels[2]);
    }
}
