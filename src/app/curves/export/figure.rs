//! What is shown, as plain lines: as in the window, on white.

use egui::{Color32, Theme};
use egui_plot::PlotPoint;

use super::SIZE;
use crate::app::curves::families::Band;
use crate::app::curves::lines::View;
use crate::app::curves::pyramid::Pyramid;
use crate::app::curves::series::{Quantity, Series};
use crate::app::curves::{Settings, Shown, State};
use crate::app::runs::mark;
use crate::app::theme::Palette;

pub struct Figure {
    pub title: String,
    pub x_label: &'static str,
    pub log_x: bool,
    pub x: [f64; 2],
    pub panels: Vec<Panel>,
}

/// One of the plots; all places as they are drawn, logarithms where an axis is logarithmic.
pub struct Panel {
    pub label: String,
    pub log_y: bool,
    pub y: [f64; 2],
    pub curves: Vec<Curve>,
    /// From the least to the largest of several runs.
    pub areas: Vec<Area>,
    /// What was changed on the way: where, in which words.
    pub changes: Vec<(f64, String)>,
}

pub struct Curve {
    /// In the legend; none where another curve of the run stands there.
    pub name: Option<String>,
    pub points: Vec<(f64, f64)>,
    pub colour: Color32,
    pub stroke: Stroke,
    /// Its run's marker, where it has one.
    pub mark: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stroke {
    /// Each step, behind the mean.
    Faint,
    Mean,
    /// Of evaluations, each with its mark.
    Dashed,
}

pub struct Area {
    pub edge: Vec<(f64, f64)>,
    pub colour: Color32,
}

/// A run with its colour and marker.
struct Drawn<'a> {
    name: String,
    series: &'a Series,
    colours: [Color32; 2],
    mark: Option<usize>,
    is_front: bool,
}

impl Figure {
    pub fn new(state: &State, title: &str) -> Self {
        let settings = state.settings;
        let mut panels = Vec::new();
        if settings.shown != Shown::Loss {
            panels.push(panel(state, "error (%)", Quantity::Error));
        }
        if settings.shown != Shown::Error {
            panels.push(panel(state, "loss", Quantity::Loss));
        }
        if settings.with_rate {
            panels.push(rate_panel(state));
        }
        let x = state.x_drawn();
        let Settings { axis, log_x, .. } = settings;
        Self { title: title.into(), x_label: axis.title(), log_x, x, panels }
    }
}

fn view(state: &State, log_y: bool) -> View {
    let (Settings { axis, log_x, .. }, [from, to]) = (state.settings, state.x_range());
    View { axis, from, to, columns: SIZE.0 as usize, log_x, log_y }
}

/// The runs that are drawn by themselves, the one in front last.
fn drawn(state: &State) -> Vec<Drawn<'_>> {
    let palette = Palette::of_theme(Theme::Light);
    let colour = |mark: usize| palette.runs[mark % palette.runs.len()];
    let beside = state.beside().map(|(run, series)| Drawn {
        name: run.name.clone(),
        series,
        colours: [colour(run.mark); 2],
        mark: Some(run.mark),
        is_front: false,
    });
    let mark = state.front_mark();
    let name = state.runs.iter().find(|run| Some(run.id) == state.front).map(|run| run.name.clone());
    let front = Drawn {
        name: name.filter(|_| mark.is_some()).unwrap_or_else(|| "train".into()),
        series: state.shown_present(),
        colours: mark.map_or([palette.train, palette.test], |mark| [colour(mark); 2]),
        mark,
        is_front: true,
    };
    beside.chain([front]).collect()
}

fn panel(state: &State, label: &'static str, quantity: Quantity) -> Panel {
    let (log_y, factor) = (state.settings.log_y, quantity.factor());
    let view = view(state, log_y);
    let label = if state.front_mark().is_some() { format!("{label}, tests dashed") } else { label.into() };
    let mut panel =
        Panel { label, log_y, y: [0.0, 1.0], curves: Vec::new(), areas: Vec::new(), changes: Vec::new() };
    for (mark, all) in state.together() {
        panel.add_band(&view, mark, &all, quantity);
    }
    for run in drawn(state) {
        let points = |values: &Pyramid| pairs(view.points(run.series, values, factor));
        let curve = |name: Option<&str>, points, colour, stroke| {
            let name = name.map(String::from);
            Curve { name, points, colour, stroke, mark: run.mark }
        };
        if run.is_front {
            panel.curves.push(curve(None, points(run.series.raw(quantity)), run.colours[0], Stroke::Faint));
        }
        let smooth = points(run.series.smooth(quantity));
        panel.curves.push(curve(Some(&run.name), smooth, run.colours[0], Stroke::Mean));
        let tests = pairs(view.tests(run.series, quantity, factor));
        let name = if run.mark.is_none() { Some("test") } else { None };
        panel.curves.push(curve(name, tests, run.colours[1], Stroke::Dashed));
        panel.add_changes(&view, run.series);
    }
    let heights = panel.heights();
    let means = panel.curves.iter().filter(|curve| curve.stroke == Stroke::Mean);
    let beginnings: Vec<f64> = means.filter_map(|curve| Some(curve.points.first()?.1)).collect();
    panel.y = state.y_drawn(quantity as usize, log_y, heights.into_iter(), beginnings.into_iter(), Some(0.0));
    panel.curves.retain(|curve| !curve.points.is_empty());
    panel
}

fn rate_panel(state: &State) -> Panel {
    let view = view(state, false);
    let of = |run: Drawn<'_>| Curve {
        name: run.mark.map(|_| run.name),
        points: pairs(view.points(run.series, run.series.rates(), 1.0)),
        colour: if run.mark.is_some() { run.colours[0] } else { Palette::of_theme(Theme::Light).rate },
        stroke: Stroke::Mean,
        mark: run.mark,
    };
    let curves: Vec<Curve> = drawn(state).into_iter().map(of).collect();
    let heights = curves.iter().flat_map(|curve| curve.points.iter().map(|point| point.1));
    let y = state.y_drawn(2, false, heights, std::iter::empty(), Some(0.0));
    Panel { label: "rate".into(), log_y: false, y, curves, areas: Vec::new(), changes: Vec::new() }
}

impl Panel {
    fn heights(&self) -> Vec<f64> {
        let curves = self.curves.iter().flat_map(|curve| &curve.points);
        curves.chain(self.areas.iter().flat_map(|area| &area.edge)).map(|point| point.1).collect()
    }

    fn add_band(&mut self, view: &View, mark: usize, all: &[&Series], quantity: Quantity) {
        let palette = Palette::of_theme(Theme::Light);
        let colour = palette.runs[mark % palette.runs.len()];
        let band = Band::of(colour, view, all, quantity, quantity.factor());
        self.areas.push(Area { edge: band.edge(), colour });
        let name = Some(format!("mean of {}", all.len()));
        let (points, tests) = (pairs(band.mean.clone()), pairs(band.tests.clone()));
        self.curves.push(Curve { name, points, colour, stroke: Stroke::Mean, mark: Some(mark) });
        self.curves.push(Curve {
            name: None,
            points: tests,
            colour,
            stroke: Stroke::Dashed,
            mark: Some(mark),
        });
    }

    fn add_changes(&mut self, view: &View, series: &Series) {
        for change in &series.changes {
            let (x, words) =
                (view.x(series.x_of_change(view.axis, change)), format!("{} {}", change.what, change.to));
            match self.changes.last_mut() {
                // What was changed at once has one line.
                Some((last, told)) if *last == x => *told = format!("{told}, {words}"),
                _ => self.changes.push((x, words)),
            }
        }
    }
}

fn pairs(points: Vec<PlotPoint>) -> Vec<(f64, f64)> {
    points.into_iter().map(|point| (point.x, point.y)).collect()
}

/// Corners of a marker around the origin, in multiples of its radius.
pub fn corners(mark: usize) -> Vec<(f64, f64)> {
    use egui_plot::MarkerShape::{Asterisk, Cross, Diamond, Down, Plus, Square, Up};
    match mark::shape(mark) {
        Diamond => vec![(0.0, -1.0), (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)],
        Square => vec![(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)],
        Up => vec![(0.0, -1.0), (0.95, 0.8), (-0.95, 0.8)],
        Down => vec![(-0.95, -0.8), (0.95, -0.8), (0.0, 1.0)],
        Plus => star(4, 0.0),
        Cross => star(4, 0.5),
        Asterisk => star(6, 0.5),
        _ => (0..16).map(|i| polar(f64::from(i) / 16.0, 0.85)).collect(),
    }
}

/// So many arms, turned by a part of the angle between two.
fn star(n_arms: u32, turned: f64) -> Vec<(f64, f64)> {
    let arm = |i: u32| {
        let turn = |by: f64| (f64::from(i) + turned + by) / f64::from(n_arms);
        // Two corners at the tip, and one where the next arm begins.
        [polar(turn(-0.13), 1.1), polar(turn(0.13), 1.1), polar(turn(0.5), 0.32)]
    };
    (0..n_arms).flat_map(arm).collect()
}

/// At a part of the full angle.
fn polar(turn: f64, radius: f64) -> (f64, f64) {
    let angle = turn * std::f64::consts::TAU;
    (radius * angle.cos(), radius * angle.sin())
}
