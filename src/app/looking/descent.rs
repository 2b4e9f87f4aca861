//! The optimisers on surfaces of two weights, step by step. Needs no run.

use egui::{
    Align2, Color32, Image, Pos2, Rect, Sense, Slider, Stroke, TextureHandle, TextureOptions, Ui, pos2, vec2,
};
use lucide_icons::Icon;

use super::plots;
use crate::app::theme::{self, Palette};
use crate::app::{format, widgets};
use crate::experiment::{Named, Optimiser};
use crate::inspect::contour::{Heights, Levels, Window, field};
use crate::inspect::descent::{Descent, Path, Surface};

/// What is asked.
#[derive(Clone, Copy, PartialEq)]
struct Asked {
    surface: Surface,
    /// Times the rate that suits each rule.
    factor: f32,
    start: [f64; 2],
}

pub struct State {
    asked: Asked,
    is_shown: [bool; Optimiser::ALL.len()],
    /// Steps shown; a fraction while it plays.
    step: f32,
    is_playing: bool,
    drawn: Option<Drawn>,
}

struct Drawn {
    of: Asked,
    paths: Vec<Path>,
    texture: TextureHandle,
}

/// Steps that are taken, and those in a second while it plays.
const N_STEPS: usize = 300;
const PER_SECOND: f32 = 30.0;
/// Width below which the table's heads are broken in two.
const NARROW: f32 = 380.0;

/// Points of the surface along either side.
const FINE: [usize; 2] = [240, 160];

impl Default for State {
    fn default() -> Self {
        let surface = Surface::Ravine;
        let mut is_shown = [true; Optimiser::ALL.len()];
        // AdamW without decay is Adam.
        is_shown[Optimiser::ALL.len() - 1] = false;
        let asked = Asked { surface, factor: 1.0, start: surface.start() };
        Self { asked, is_shown, step: 60.0, is_playing: false, drawn: None }
    }
}

impl State {
    /// At this surface, with these rules by name; with the customary ones where none is named.
    pub fn at(surface: Surface, rules: &[String]) -> Self {
        let mut state = Self::default();
        state.asked = Asked { surface, start: surface.start(), ..state.asked };
        if !rules.is_empty() {
            state.is_shown = Optimiser::ALL.map(|rule| rules.iter().any(|name| name == rule.name()));
        }
        state
    }
}

pub fn descent_ui(ui: &mut Ui, state: &mut State) {
    state.controls_ui(ui);
    state.follow(ui);
    state.deck_ui(ui);
    let width = ui.available_width();
    let (rect, response) = ui.allocate_exact_size(vec2(width, (0.62 * width).min(300.0)), Sense::click());
    let response = widgets::named(response, "Surface with the optimisers' paths");
    let Some(drawn) = &state.drawn else { return };
    let window = drawn.of.surface.window();
    Image::new((drawn.texture.id(), rect.size())).paint_at(ui, rect);
    for (i, path) in drawn.paths.iter().enumerate().filter(|(i, _)| state.is_shown[*i]) {
        path_ui(ui, rect, window, path, state.step as usize, colour(i));
    }
    let minimum = place(rect, window, drawn.of.surface.minimum().0);
    ui.painter().text(minimum, Align2::CENTER_CENTER, "×", egui::FontId::proportional(18.0), Color32::WHITE);
    if response.clicked()
        && let Some(at) = response.interact_pointer_pos()
    {
        state.asked.start = point(rect, window, at);
    }
    let surface = state.asked.surface;
    response.on_hover_ui_at_pointer(|ui| {
        if let Some(at) = ui.input(|input| input.pointer.hover_pos()) {
            let [x, y] = point(rect, window, at);
            let height = surface.value([x, y]) - surface.minimum().1;
            ui.label(format!("({x:.2}, {y:.2}): {} above the minimum", format::number(height)));
            ui.label(theme::caption(ui, "Click to begin here."));
        }
    });
    state.table_ui(ui);
}

impl State {
    fn controls_ui(&mut self, ui: &mut Ui) {
        ui.horizontal_wrapped(|ui| {
            let options = Surface::ALL.map(|surface| (surface, surface.title(), surface.purpose()));
            if widgets::choice_ui(ui, &mut self.asked.surface, &options) {
                self.asked.start = self.asked.surface.start();
            }
        });
        widgets::caption_ui(
            ui,
            &format!("{}. {}", self.asked.surface.formula(), self.asked.surface.purpose()),
        );
    }

    fn deck_ui(&mut self, ui: &mut Ui) {
        ui.horizontal(|ui| {
            let (symbol, name) =
                if self.is_playing { (Icon::Pause, "Pause") } else { (Icon::Play, "Play the steps") };
            if widgets::icon_button(ui, symbol, name).on_hover_text(name).clicked() {
                self.is_playing ^= true;
                if self.is_playing && self.step >= N_STEPS as f32 {
                    self.step = 0.0;
                }
            }
            if widgets::icon_button(ui, Icon::StepForward, "One step").on_hover_text("One step").clicked() {
                self.step = (self.step.floor() + 1.0).min(N_STEPS as f32);
            }
            widgets::slider_ui(ui, "Step", 110.0, Slider::new(&mut self.step, 0.0..=N_STEPS as f32));
            ui.label(format!("step {}", self.step as usize));
            widgets::caption_ui(ui, "× rate");
            widgets::number_ui(ui, "Factor on all rates", &mut self.asked.factor, 0.01..=100.0);
        });
        if self.is_playing {
            self.step += PER_SECOND * ui.input(|input| input.stable_dt.min(0.1));
            self.is_playing = self.step < N_STEPS as f32;
            self.step = self.step.min(N_STEPS as f32);
            ui.ctx().request_repaint();
        }
    }

    /// Draws surface and paths anew if others are asked for.
    fn follow(&mut self, ui: &Ui) {
        let asked = self.asked;
        let before = self.drawn.take();
        if let Some(drawn) = before.as_ref().filter(|drawn| drawn.of == asked) {
            debug_assert_eq!(drawn.paths.len(), Optimiser::ALL.len());
            self.drawn = before;
            return;
        }
        let path = |rule: Optimiser| {
            let customary = Descent::customary(asked.surface, rule, N_STEPS);
            Descent { rate: customary.rate * asked.factor, start: asked.start, ..customary }.path()
        };
        let paths = Optimiser::ALL.map(path).into();
        let texture = match before {
            Some(drawn) if drawn.of.surface == asked.surface => drawn.texture,
            _ => {
                let least = asked.surface.minimum().1;
                let heights = Heights::of(asked.surface.window(), FINE, |at| asked.surface.value(at) - least);
                let image = plots::image(&field(&heights, [720, 480], &Levels::of(&heights.values)));
                ui.ctx().load_texture("surface", image, TextureOptions::LINEAR)
            }
        };
        self.drawn = Some(Drawn { of: asked, paths, texture });
    }

    /// Each rule's switch, and where it stands.
    fn table_ui(&mut self, ui: &mut Ui) {
        let Some(drawn) = &self.drawn else { return };
        let (surface, step) = (drawn.of.surface, self.step as usize);
        // In two lines where the columns would not fit beside each other.
        let (titles, gap) = match ui.available_width() < NARROW {
            true => (["", "\nrate", "above the\nminimum", "effective rate\n(x, y)"], 8.0),
            false => {
                (["", "rate", "above the minimum", "effective rate (x, y)"], ui.spacing().item_spacing.x)
            }
        };
        let gap = [gap, ui.spacing().item_spacing.y];
        egui::Grid::new("optimisers").num_columns(4).spacing(gap).striped(true).show(ui, |ui| {
            for title in titles {
                widgets::caption_ui(ui, title);
            }
            ui.end_row();
            for (i, rule) in Optimiser::ALL.into_iter().enumerate() {
                let path = &drawn.paths[i];
                ui.horizontal(|ui| {
                    let (rect, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
                    ui.painter().rect_filled(rect, 2.0, colour(i));
                    ui.checkbox(&mut self.is_shown[i], rule.title()).on_hover_text(rule.help());
                });
                ui.label(format::setting(widgets::rounded(surface.rate(rule) * drawn.of.factor)));
                let at = step.min(path.values.len() - 1);
                match path.lost_after.filter(|lost| *lost <= step) {
                    Some(lost) => ui.label(format!("lost after step {lost}")),
                    None => ui.label(format::number(path.values[at] - surface.minimum().1)),
                };
                match path.rates.get(step.min(path.rates.len().max(1) - 1)) {
                    Some([x, y]) => ui.label(format!("{}, {}", format::number(*x), format::number(*y))),
                    None => ui.label("–"),
                };
                ui.end_row();
            }
        });
    }
}

/// Light colours, which stand out from the surface in either theme.
fn colour(i: usize) -> Color32 {
    let [r, g, b] = crate::inspect::chart::light(i);
    Color32::from_rgb(r, g, b)
}

fn place(rect: Rect, window: Window, point: [f64; 2]) -> Pos2 {
    let share = |axis: usize| (point[axis] - window.low[axis]) / (window.high[axis] - window.low[axis]);
    pos2(rect.left() + rect.width() * share(0) as f32, rect.bottom() - rect.height() * share(1) as f32)
}

fn point(rect: Rect, window: Window, at: Pos2) -> [f64; 2] {
    let shares = [(at.x - rect.left()) / rect.width(), (rect.bottom() - at.y) / rect.height()];
    [0, 1].map(|axis| window.low[axis] + f64::from(shares[axis]) * (window.high[axis] - window.low[axis]))
}

fn path_ui(ui: &Ui, rect: Rect, window: Window, path: &Path, step: usize, colour: Color32) {
    let shown = &path.points[..path.points.len().min(step + 1)];
    let points: Vec<Pos2> = shown.iter().map(|&point| place(rect, window, point)).collect();
    let painter = ui.painter().with_clip_rect(rect);
    let Some(last) = points.last().copied() else { return };
    for &point in points.iter().take(60) {
        painter.circle_filled(point, 1.6, colour);
    }
    painter.line(points, Stroke::new(1.6, colour));
    painter.circle(last, 4.5, colour, Stroke::new(1.0, Palette::of(ui).on_accent));
}
