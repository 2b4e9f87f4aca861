//! The loss around the weights: along a line or over a plane, with the run's path on it, and beside it that of another
//! run on the same scale.

use egui::{Align2, Color32, ComboBox, FontId, Image, Rect, Sense, Stroke, Ui, pos2, vec2};

use super::plots::{Axes, Curve, curves_ui};
use super::sheets::{self, Sheets};
use super::{other, waiting_ui};
use crate::app::bridge::Desk;
use crate::app::theme::{self, Palette};
use crate::app::{format, widgets};
use crate::inspect::contour::{Heights, Levels, Window, field};
use crate::inspect::live::surface::{Drawn, Point, Slice};
use crate::inspect::look::{Look, View};
use crate::session::{RunId, RunSnapshot, Seen};

pub struct State {
    form: Form,
    from: Point,
    to: Point,
    sheets: Sheets,
}

#[derive(Clone, Copy, PartialEq)]
enum Form {
    Line,
    Path,
    Random,
}

impl Default for State {
    fn default() -> Self {
        Self { form: Form::Line, from: Point::Start, to: Point::Here, sheets: Sheets::default() }
    }
}

const FORMS: [(Form, &str, &str); 3] = [
    (
        Form::Line,
        "Line",
        "Along the straight line between two points: how the loss falls, and what lies between",
    ),
    (
        Form::Path,
        "Plane of the path",
        "Over the plane in which the run's own path lies as well as in any: its first two principal components",
    ),
    (
        Form::Random,
        "Random plane",
        "Over two random directions, each filter of them as long as the weights' own (Li et al. 2018): how sharp the \
         loss is around the weights, so that two nets can be compared",
    ),
];

/// Side of a plane on the screen, at most, and pixels of its picture.
const SIDE: f32 = 440.0;
const PIXELS: usize = 320;

/// Room for the key of the heights.
const KEY: f32 = 64.0;

/// What such a picture can show, and what not.
const NOTE: &str = "What a slice can show: whether the loss falls evenly along the way, whether a wall lies between two \
                    points, how sharp the ground is where the run stands. What it cannot: a net has as many directions \
                    as weights, and these are one or two of them. What looks like a wall may have a way around it, and \
                    what looks like the bottom of a bowl may fall away elsewhere.";

pub fn surface_ui(ui: &mut Ui, desk: &Desk<'_>, beside: &mut Option<RunId>, state: &mut State) {
    ui.horizontal_wrapped(|ui| {
        widgets::choice_ui(ui, &mut state.form, &FORMS);
        other::other_ui(ui, desk, beside, "beside it");
    });
    if state.form == Form::Line {
        ui.horizontal_wrapped(|ui| state.ends_ui(ui, desk, *beside));
    }
    let slice = match state.form {
        Form::Line => Slice::Line { from: state.from, to: state.to },
        Form::Path => Slice::Path,
        Form::Random => Slice::Plane,
    };
    let seen = desk.look(Look::Surface(slice));
    let other = beside.and_then(|id| desk.snapshot.run_of(id)).filter(|_| state.form != Form::Line);
    let of_other = other.and_then(|run| desk.look_at(run.id, Look::Surface(slice)));
    let Some(View::Surface(drawn)) = waiting_ui(ui, desk, seen) else { return note_ui(ui) };
    match &drawn.plane {
        None => line_ui(ui, desk, drawn, *beside),
        Some(_) => {
            let own = desk.snapshot.begun().zip(seen);
            state.planes_ui(ui, [own, other.zip(of_other)]);
        }
    }
    let (done, all) = drawn.progress;
    let how_far = if done < all { format!("{done} of {all} points measured. ") } else { String::new() };
    let training =
        format!("{how_far}Training loss on {}.", format::counted(drawn.n_pictures as u64, "picture"));
    let explained = drawn.explained.map_or_else(String::new, |[x, y]| {
        format!(
            " Of the path's variance {} lies along x and {} along y.",
            format::percent(x),
            format::percent(y)
        )
    });
    let reach = match state.form {
        Form::Random => " From the middle to an edge, every filter moves by its own length.",
        Form::Line | Form::Path => "",
    };
    widgets::caption_ui(ui, &format!("{training}{explained}{reach}"));
    note_ui(ui);
}

fn note_ui(ui: &mut Ui) {
    ui.add(egui::Label::new(theme::caption(ui, NOTE)).wrap());
}

impl State {
    /// From where to where the line goes.
    fn ends_ui(&mut self, ui: &mut Ui, desk: &Desk<'_>, beside: Option<RunId>) {
        let name = beside.and_then(|id| desk.snapshot.run_of(id)).map(|run| run.name.as_str());
        let steps = desk.snapshot.begun().map_or(&[][..], |run| &run.kept_steps);
        for (caption, which, point) in
            [("from", "Where the line begins", &mut self.from), ("to", "Where the line ends", &mut self.to)]
        {
            let is_there = match point {
                Point::Step(step) => steps.contains(step),
                Point::Beside => name.is_some(),
                Point::Start | Point::Here => true,
            };
            if !is_there {
                *point = if caption == "from" { Point::Start } else { Point::Here };
            }
            widgets::group_ui(ui, which, |ui| {
                widgets::caption_ui(ui, caption);
                let combo =
                    ComboBox::from_id_salt(which).selected_text(words(*point, name)).show_ui(ui, |ui| {
                        let own = [Point::Start, Point::Here].into_iter();
                        let other = name.map(|_| Point::Beside);
                        for option in
                            own.chain(other).chain(steps.iter().skip(1).map(|&step| Point::Step(step)))
                        {
                            ui.selectable_value(point, option, words(option, name));
                        }
                    });
                widgets::named(combo.response, which);
            });
        }
    }

    /// One plane, or two side by side on one scale.
    fn planes_ui(&mut self, ui: &mut Ui, runs: [Option<(&RunSnapshot, &Seen)>; 2]) {
        let drawn = |seen: &Seen| match seen.view.as_ref().ok().map(|view| (view.clone(), &**view)) {
            Some((_, View::Surface(drawn))) => drawn.plane.clone().map(|plane| (drawn.clone(), plane)),
            _ => None,
        };
        let planes: Vec<_> = runs.into_iter().flatten().map(|(run, seen)| (run, seen, drawn(seen))).collect();
        let all = planes.iter().filter_map(|(.., plane)| plane.as_ref());
        let levels = Levels::of(&all.flat_map(|(_, heights)| heights.values.clone()).collect::<Vec<_>>());
        let n = planes.len().max(1) as f32;
        let side = ((ui.available_width() - KEY) / n - theme::GAP).clamp(80.0, SIDE);
        ui.horizontal_top(|ui| {
            for (i, (run, seen, plane)) in planes.iter().enumerate() {
                ui.vertical(|ui| {
                    ui.set_width(side);
                    if planes.len() > 1 {
                        ui.label(theme::strong(run.name.clone()));
                    }
                    match (plane, &seen.view) {
                        (Some((drawn, heights)), Ok(_)) => {
                            let key = sheets::key((seen.serial, level_key(&levels)));
                            let picture = || field(heights, [PIXELS; 2], &levels);
                            let texture = self.sheets.get_smooth(ui, ("plane", i), key, picture);
                            plane_ui(ui, &texture, drawn, heights, side, &run.name);
                        }
                        (_, Err(problem)) => {
                            ui.add(egui::Label::new(theme::caption(ui, problem)).wrap());
                        }
                        _ => {}
                    }
                });
            }
            key_ui(ui, &levels, side);
        });
    }
}

fn level_key(levels: &Levels) -> u64 {
    sheets::key(levels.0.iter().map(|level| level.to_bits()).collect::<Vec<_>>())
}

fn words(point: Point, beside: Option<&str>) -> String {
    match point {
        Point::Start => "the initial weights".into(),
        Point::Here => "the weights looked at".into(),
        Point::Step(step) => format!("step {}", format::count(step)),
        Point::Beside => format!("the run {}", beside.unwrap_or("beside")),
    }
}

fn line_ui(ui: &mut Ui, desk: &Desk<'_>, drawn: &Drawn, beside: Option<RunId>) {
    let palette = Palette::of(ui);
    let name = beside.and_then(|id| desk.snapshot.run_of(id)).map(|run| run.name.as_str());
    let Slice::Line { from, to } = drawn.slice else { return };
    let across = format!("0: {}, 1: {}", words(from, name), words(to, name));
    let loss = drawn.line.iter().map(|(x, height)| [*x, height.loss]);
    let error = drawn.line.iter().map(|(x, height)| [*x, height.error]);
    let curves = [
        Curve::new("loss", palette.train, loss),
        Curve::new("share of errors", palette.test, error).dashed(),
    ];
    let axes = Axes {
        name: "Loss along the line",
        across: &across,
        places: None,
        is_logarithmic: false,
        covers: &[0.0],
    };
    curves_ui(ui, &axes, &curves);
}

/// A plane with the path over it; a ring where the run began, a cross where it stands.
fn plane_ui(
    ui: &mut Ui,
    texture: &egui::TextureHandle,
    drawn: &Drawn,
    heights: &Heights,
    side: f32,
    name: &str,
) {
    let (rect, response) = ui.allocate_exact_size(vec2(side, side), Sense::hover());
    Image::new((texture.id(), rect.size())).paint_at(ui, rect);
    let painter = ui.painter().with_clip_rect(rect);
    let window = heights.window;
    let place = |at: [f64; 2]| place(rect, window, at);
    let path: Vec<egui::Pos2> = drawn.path.iter().map(|(_, at)| place(*at)).collect();
    let bright = Color32::from_rgb(255, 200, 90);
    for &point in &path {
        painter.circle_filled(point, 2.5, bright);
    }
    if let Some(&first) = path.first() {
        painter.circle_stroke(first, 5.0, Stroke::new(1.5, Color32::WHITE));
    }
    painter.line(path, Stroke::new(1.5, bright));
    painter.text(place([0.0; 2]), Align2::CENTER_CENTER, "×", FontId::proportional(20.0), Color32::WHITE);
    let response = widgets::named(response, &format!("Loss over a plane around the weights of {name}"));
    response.on_hover_ui_at_pointer(|ui| {
        let Some(at) = ui.input(|input| input.pointer.hover_pos()) else { return };
        let shares = [(at.x - rect.left()) / side, (rect.bottom() - at.y) / side].map(f64::from);
        let along = |axis: usize| window.low[axis] + shares[axis] * (window.high[axis] - window.low[axis]);
        ui.label(format!("loss {}", format::number(heights.between(shares))));
        let (x, y) = (format::number(along(0)), format::number(along(1)));
        ui.label(theme::caption(ui, format!("at ({x}, {y}); the weights lie at (0, 0)")));
        let near = drawn.path.iter().map(|(step, point)| (step, place(*point).distance(at)));
        if let Some((step, _)) = near.min_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, far)| *far < 8.0) {
            ui.label(theme::caption(ui, format!("step {} of the run", format::count(*step))));
        }
    });
}

fn place(rect: Rect, window: Window, at: [f64; 2]) -> egui::Pos2 {
    let share = |axis: usize| (at[axis] - window.low[axis]) / (window.high[axis] - window.low[axis]);
    pos2(rect.left() + rect.width() * share(0) as f32, rect.bottom() - rect.height() * share(1) as f32)
}

/// The bands from the highest down, with the losses between them, and what the marks mean.
fn key_ui(ui: &mut Ui, levels: &Levels, side: f32) {
    ui.vertical(|ui| {
        ui.set_width(KEY);
        ui.label(theme::caption(ui, "loss"));
        let n = levels.0.len() + 1;
        let pitch = ((side - 90.0) / n as f32).clamp(4.0, 16.0);
        let (rect, _) = ui.allocate_exact_size(vec2(KEY, pitch * n as f32), Sense::hover());
        let font = egui::TextStyle::Small.resolve(ui.style());
        for band in 0..n {
            let top = rect.bottom() - pitch * (band + 1) as f32;
            let [r, g, b] = levels.colour_of(band);
            let patch = Rect::from_min_size(pos2(rect.left(), top), vec2(14.0, pitch));
            ui.painter().rect_filled(patch, 0.0, Color32::from_rgb(r, g, b));
            let every = (12.0 / pitch).ceil() as usize;
            if let Some(level) = levels.0.get(band).filter(|_| band.is_multiple_of(every)) {
                let at = pos2(rect.left() + 18.0, top);
                let colour = Palette::of(ui).muted;
                ui.painter().text(at, Align2::LEFT_CENTER, format::number(*level), font.clone(), colour);
            }
        }
        ui.add_space(theme::GAP);
        for text in ["○ start", "• path", "× here"] {
            widgets::caption_ui(ui, text);
        }
    });
}
