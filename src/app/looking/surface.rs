//! The loss around the weights as they are.

use std::sync::Arc;

use egui::{Image, Sense, TextureHandle, TextureOptions, Ui, vec2};

use super::plots::{self, Axes, Curve, curves_ui};
use super::waiting_ui;
use crate::app::bridge::Desk;
use crate::app::theme::Palette;
use crate::app::{format, widgets};
use crate::inspect::contour::{Heights, field};
use crate::inspect::live::surface::{Drawn, Slice};
use crate::inspect::look::{Look, View};

pub struct State {
    slice: Slice,
    shown: Option<(Arc<View>, TextureHandle)>,
}

impl Default for State {
    fn default() -> Self {
        Self { slice: Slice::FromStart, shown: None }
    }
}

pub fn surface_ui(ui: &mut Ui, desk: &Desk<'_>, state: &mut State) {
    ui.horizontal_wrapped(|ui| {
        let options = [
            (
                Slice::FromStart,
                "From the start",
                "Along the line from the initial weights through the present ones",
            ),
            (
                Slice::Plane,
                "Plane",
                "Over two random directions, each filter of them as long as the weights' own",
            ),
        ];
        widgets::choice_ui(ui, &mut state.slice, &options);
    });
    let seen = desk.look(Look::Surface(state.slice));
    let view = seen.and_then(|seen| seen.view.as_ref().ok());
    let Some(View::Surface(drawn)) = waiting_ui(ui, desk, seen) else { return };
    match (&drawn.plane, view) {
        (Some(heights), Some(view)) => state.plane_ui(ui, view, heights),
        _ => line_ui(ui, drawn),
    }
    let (done, all) = drawn.progress;
    let how_far = if done < all { format!("{done} of {all} points; ") } else { String::new() };
    let text = format!(
        "{how_far}training loss on {} pictures. A slice of so many dimensions shows little: what joins here may be \
         joined better elsewhere.",
        drawn.n_pictures
    );
    ui.add(egui::Label::new(crate::app::theme::caption(ui, text)).wrap());
}

fn line_ui(ui: &mut Ui, drawn: &Drawn) {
    let palette = Palette::of(ui);
    let loss = drawn.line.iter().map(|(x, height)| [*x, height.loss]);
    let error = drawn.line.iter().map(|(x, height)| [*x, height.error]);
    let curves = [Curve::new("loss", palette.train, loss), Curve::new("error", palette.test, error).dashed()];
    let axes = Axes {
        name: "Loss along the line from the start",
        across: "0: initial weights, 1: present ones",
        places: None,
        is_logarithmic: false,
        covers: &[0.0],
    };
    curves_ui(ui, &axes, &curves);
}

impl State {
    fn plane_ui(&mut self, ui: &mut Ui, view: &Arc<View>, heights: &Heights) {
        let image = || plots::image(&field(heights, [320, 320]));
        match &mut self.shown {
            Some((of, _)) if Arc::ptr_eq(of, view) => {}
            Some((of, texture)) => {
                texture.set(image(), TextureOptions::LINEAR);
                *of = view.clone();
            }
            None => {
                let texture = ui.ctx().load_texture("loss surface", image(), TextureOptions::LINEAR);
                self.shown = Some((view.clone(), texture));
            }
        }
        let Some((_, texture)) = &self.shown else { return };
        let side = ui.available_width().min(320.0);
        let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::hover());
        Image::new((texture.id(), rect.size())).paint_at(ui, rect);
        let font = egui::FontId::proportional(16.0);
        ui.painter().text(rect.center(), egui::Align2::CENTER_CENTER, "×", font, egui::Color32::WHITE);
        let response = widgets::named(response, "Loss over a plane around the weights");
        response.on_hover_ui_at_pointer(|ui| {
            let Some(at) = ui.input(|input| input.pointer.hover_pos()) else { return };
            let shares = [(at.x - rect.left()) / side, (rect.bottom() - at.y) / side].map(f64::from);
            let [x, y] = shares.map(|share| -1.0 + 2.0 * share);
            let loss = heights.between(shares);
            ui.label(format!("({x:.2}, {y:.2}): loss {}", format::number(loss)));
        });
    }
}
