//! What the first layer's filters prefer, shown gratings like cells of the visual cortex; beside each the Gabor
//! function nearest to it.

use std::f32::consts::PI;
use std::sync::Arc;

use egui::{
    Color32, ColorImage, Image, Pos2, Rect, Sense, Stroke, TextureHandle, TextureOptions, Ui, pos2, vec2,
};

use super::plots::{Axes, Bars, Curve, bars_ui, curves_ui};
use super::waiting_ui;
use crate::app::bridge::Desk;
use crate::app::theme::{self, Palette};
use crate::app::{format, widgets};
use crate::inspect::live::tuning::{Preference, Preferences};
use crate::inspect::look::{Look, View};
use crate::inspect::tuning::{N_ORIENTATIONS, Tuning};

#[derive(Default)]
pub struct State {
    shows_distribution: bool,
    /// The filter whose tuning curve is drawn large.
    chosen: usize,
    shown: Option<(Arc<View>, TextureHandle)>,
}

/// How the cells are to be read.
const NOTE: &str = "Of each filter: its weights in grey or colour, the Gabor function nearest to it, and around a circle \
                    how strongly it answers to stripes of each angle. Click one for its tuning curve.";

/// Filters drawn, at most.
const MOST: usize = 128;

/// From which selectivity on a filter counts as oriented.
const ORIENTED: f64 = 0.2;

pub fn gratings_ui(ui: &mut Ui, desk: &Desk<'_>, state: &mut State) {
    let options = [
        (false, "Filters", "Each filter, the Gabor function nearest to it, and its tuning curve"),
        (true, "Distribution", "How the layer's preferences are distributed"),
    ];
    ui.horizontal_wrapped(|ui| widgets::choice_ui(ui, &mut state.shows_distribution, &options));
    let seen = desk.look(Look::Tuning);
    let view = seen.and_then(|seen| seen.view.as_ref().ok());
    let Some(View::Tuning(preferences)) = waiting_ui(ui, desk, seen) else { return };
    match (state.shows_distribution, view) {
        (false, Some(view)) => state.filters_ui(ui, view, preferences),
        _ => distribution_ui(ui, preferences),
    }
    let tunings = || preferences.found.iter().filter_map(|found| found.tuning.as_ref());
    let n_oriented = tunings().filter(|tuning| tuning.selectivity >= ORIENTED).count();
    let text = format!(
        "{}: {n_oriented} of {} filters are oriented (selectivity {ORIENTED} or more)",
        preferences.filters.path,
        preferences.found.len()
    );
    widgets::caption_ui(ui, &text);
    if !state.shows_distribution {
        state.curve_ui(ui, preferences);
    }
}

impl State {
    fn filters_ui(&mut self, ui: &mut Ui, view: &Arc<View>, preferences: &Preferences) {
        match &mut self.shown {
            Some((of, _)) if Arc::ptr_eq(of, view) => {}
            Some((of, texture)) => {
                texture.set(atlas(preferences), TextureOptions::NEAREST);
                *of = view.clone();
            }
            None => {
                let texture = ui.ctx().load_texture("gratings", atlas(preferences), TextureOptions::NEAREST);
                self.shown = Some((view.clone(), texture));
            }
        }
        let Some((_, texture)) = &self.shown else { return };
        let n = preferences.found.len().min(MOST);
        let has_room = ui.available_width() > 560.0;
        let side = match n {
            33.. => 34.0,
            9.. => 44.0,
            _ if has_room => 60.0,
            _ => 44.0,
        };
        ui.add(egui::Label::new(theme::caption(ui, NOTE)).wrap());
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = vec2(6.0, 6.0);
            for (i, found) in preferences.found.iter().take(MOST).enumerate() {
                if cell_ui(ui, texture, preferences, i, found, side, self.chosen == i) {
                    self.chosen = i;
                }
            }
        });
    }

    /// The tuning curve of the chosen filter, as physiologists draw it.
    fn curve_ui(&self, ui: &mut Ui, preferences: &Preferences) {
        let i = self.chosen.min(preferences.filters.len().saturating_sub(1));
        let Some(tuning) = preferences.found.get(i).and_then(|found| found.tuning.as_ref()) else { return };
        let palette = Palette::of(ui);
        let angle = |k: usize| 180.0 * k as f64 / N_ORIENTATIONS as f64;
        // Stripes turned by 180° are the same stripes.
        let points = (0..=N_ORIENTATIONS).map(|k| [angle(k), tuning.curve[k % N_ORIENTATIONS]]);
        let name = format!("response of filter {i}");
        let curves = [
            Curve::new(&name, palette.test, points),
            Curve::new("half of it", palette.muted, [[0.0, 0.5], [180.0, 0.5]]).dashed(),
        ];
        let axes = Axes {
            name: "Tuning curve",
            across: "angle of the stripes, degrees",
            places: None,
            is_logarithmic: false,
            covers: &[0.0, 1.0],
        };
        curves_ui(ui, &axes, &curves);
        let width = tuning.half_width_degrees.map_or_else(
            || "never falls to half of that".into(),
            |width| format!("falls to half of that {width:.0}° away from it"),
        );
        let text = format!(
            "It answers most to stripes at {:.0}° (90° is upright) with {:.3} cycles per pixel, and {width}. Orientation \
             selectivity, one less the circular variance: {:.2}.",
            tuning.orientation_degrees, tuning.cycles_per_pixel, tuning.selectivity
        );
        ui.add(egui::Label::new(theme::caption(ui, text)).wrap());
    }
}

/// A filter, its Gabor function, and below them its tuning curve around a circle; whether it was clicked.
fn cell_ui(
    ui: &mut Ui,
    texture: &TextureHandle,
    preferences: &Preferences,
    i: usize,
    found: &Preference,
    side: f32,
    is_chosen: bool,
) -> bool {
    let (rect, response) = ui.allocate_exact_size(vec2(2.0 * side + 2.0, 2.0 * side), Sense::click());
    if is_chosen {
        ui.painter().rect_filled(rect.expand(2.0), theme::CORNER, Palette::of(ui).hover);
    }
    let n = preferences.filters.len().clamp(1, MOST) as f32;
    for (half, is_there) in [(0, true), (1, found.gabor.is_some())] {
        let min = rect.min + vec2(half as f32 * (side + 2.0), 0.0);
        let uv = Rect::from_min_size(pos2(half as f32 / 2.0, i as f32 / n), vec2(0.5, 1.0 / n));
        if is_there {
            Image::new((texture.id(), vec2(side, side)))
                .uv(uv)
                .paint_at(ui, Rect::from_min_size(min, vec2(side, side)));
        }
    }
    let centre = pos2(rect.center().x, rect.bottom() - side / 2.0);
    if let Some(tuning) = &found.tuning {
        curve_ui(ui, tuning, centre, side / 2.0 - 2.0);
    }
    let response = widgets::named(response, &format!("Preference of filter {i}")).on_hover_ui(|ui| {
        ui.label(theme::strong(format!("Filter {i} of {}", preferences.filters.path)));
        match &found.tuning {
            Some(tuning) => {
                ui.label(format!(
                    "stripes at {:.0}°, {:.3} cycles per pixel",
                    tuning.orientation_degrees, tuning.cycles_per_pixel
                ));
                let width =
                    tuning.half_width_degrees.map_or_else(|| "none".into(), |width| format!("{width:.0}°"));
                ui.label(format!("selectivity {:.2}, half width {width}", tuning.selectivity));
            }
            None => {
                ui.label("It answers to no grating.");
            }
        }
        if let Some(gabor) = &found.gabor {
            ui.label(format!(
                "Gabor function: {:.0}°, {:.3} cycles per pixel, explains {}",
                gabor.orientation_degrees,
                gabor.cycles_per_pixel,
                format::percent(gabor.explained)
            ));
        }
    });
    response.clicked()
}

/// Far out where it answers most, in the direction of the stripes.
fn curve_ui(ui: &Ui, tuning: &Tuning, centre: Pos2, radius: f32) {
    let palette = Palette::of(ui);
    let thin = Stroke::new(1.0, palette.border);
    ui.painter().line_segment([centre - vec2(radius, 0.0), centre + vec2(radius, 0.0)], thin);
    ui.painter().line_segment([centre - vec2(0.0, radius), centre + vec2(0.0, radius)], thin);
    let point = |i: usize| {
        let angle = PI * i as f32 / N_ORIENTATIONS as f32;
        let response = radius * tuning.curve[i % N_ORIENTATIONS] as f32;
        centre + response * vec2(angle.cos(), -angle.sin())
    };
    let points = (0..=2 * N_ORIENTATIONS).map(point).collect();
    ui.painter().line(points, Stroke::new(1.5, palette.test));
}

/// The filters with their Gabor functions beside them, one below the other.
fn atlas(preferences: &Preferences) -> ColorImage {
    let filters = &preferences.filters;
    let [height, width] = filters.size();
    let n = filters.len().min(MOST);
    let mut image = ColorImage::filled([2 * width, n.max(1) * height], Color32::TRANSPARENT);
    for i in 0..n {
        let gabor = preferences.found.get(i).and_then(|found| found.gabor.as_ref());
        let largest = gabor.map_or(0.0, |gabor| gabor.values.iter().fold(0.0f64, |a, b| a.max(b.abs())));
        for (p, [r, g, b]) in filters.picture(i).into_iter().enumerate() {
            let at = (i * height + p / width) * 2 * width + p % width;
            image.pixels[at] = Color32::from_rgb(r, g, b);
            if let Some(gabor) = gabor.filter(|_| largest > 0.0) {
                image.pixels[at + width] =
                    Color32::from_gray((128.0 + 127.0 * gabor.values[p] / largest) as u8);
            }
        }
    }
    image
}

fn distribution_ui(ui: &mut Ui, preferences: &Preferences) {
    let tunings = || preferences.found.iter().filter_map(|found| found.tuning.as_ref());
    let counted = |values: &mut dyn Iterator<Item = f64>, high: f64, n: usize| -> Vec<[f64; 2]> {
        let mut counts = vec![0.0; n];
        values.for_each(|value| counts[((value / high * n as f64) as usize).min(n - 1)] += 1.0);
        counts
            .into_iter()
            .enumerate()
            .map(|(i, n_filters)| [(i as f64 + 0.5) * high / n as f64, n_filters])
            .collect()
    };
    let palette = Palette::of(ui);
    let oriented = || tunings().filter(|tuning| tuning.selectivity >= ORIENTED);
    let orientations = counted(&mut oriented().map(|tuning| tuning.orientation_degrees), 180.0, 12);
    let selectivities = counted(&mut tunings().map(|tuning| tuning.selectivity), 1.0, 10);
    let axes = |name, across| Axes { name, across, places: None, is_logarithmic: false, covers: &[0.0] };
    let first = axes("Preferred stripes of the oriented filters", "degrees; 90 is upright");
    let second = axes("Orientation selectivity of all filters", "selectivity");
    for (axes, colour, points) in
        [(first, palette.train, &orientations), (second, palette.test, &selectivities)]
    {
        ui.label(theme::strong(axes.name));
        bars_ui(ui, &axes, &Bars { name: "filters", colour, points });
    }
}
