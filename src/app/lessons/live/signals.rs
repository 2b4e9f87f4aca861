//! The signal and its gradient through a net that has learned nothing, redrawn while depth, function and rule are
//! changed.

use egui::{Slider, Ui};
use egui_plot::{Legend, Line, LineStyle, Plot, PlotPoints};

use super::super::calm;
use super::State as Part;
use crate::app::beside::Beside;
use crate::app::looking::plots::power;
use crate::app::theme::{self, Palette};
use crate::app::widgets;
use crate::engine::{self, DeviceChoice};
use crate::experiment::Initialisation;
use crate::experiment::layers::Activation;
use crate::inspect::depth::Stack;
use crate::inspect::statistics::Statistics;
use crate::lessons::live::Live;

/// What is asked, and what was measured.
pub struct State {
    depth: usize,
    function: Activation,
    is_he: bool,
    /// Times the deviation that the rule gives.
    scale: f32,
    is_normalised: bool,
    measured: Beside<Stack, Result<Statistics, String>>,
}

const HEIGHT: f32 = 210.0;
/// The deepest that the slider goes.
const DEEPEST: usize = 60;

pub fn signals_ui(ui: &mut Ui, part: &mut Part, live: &Live) {
    if !matches!(part, Part::Signals(_)) {
        *part = Part::Signals(Box::new(State::new(live)));
    }
    let Part::Signals(state) = part else { return };
    state.controls_ui(ui);
    let stack = state.stack();
    match state.measured.answer(ui.ctx(), &stack, measure) {
        Some((of, Ok(found))) => {
            plot_ui(ui, found);
            growth_ui(ui, of, found);
        }
        Some((_, Err(message))) => {
            widgets::caption_ui(ui, message);
        }
        None => {
            ui.add_sized([ui.available_width(), HEIGHT], egui::Spinner::new());
        }
    }
}

fn measure(stack: &Stack) -> Result<Statistics, String> {
    let device = engine::open(&DeviceChoice::Cpu).map_err(|error| error.to_string())?;
    stack.measure(&*device).map_err(|error| error.to_string())
}

impl State {
    fn new(live: &Live) -> Self {
        let word = live.settings.text("function").unwrap_or("relu");
        let function = Activation::ALL.into_iter().find(|function| function.name() == word);
        Self {
            depth: live.settings.number("depth").map_or(20, |depth| depth as usize),
            function: function.unwrap_or(Activation::Relu),
            is_he: live.settings.text("initialisation") != Some("xavier"),
            scale: 1.0,
            is_normalised: false,
            measured: Beside::default(),
        }
    }

    fn stack(&self) -> Stack {
        let scale = self.scale;
        let initialisation = match self.is_he {
            true => Initialisation::He { fan_out: false, uniform: false, own_gain: false, scale },
            false => Initialisation::Xavier { uniform: false, scale },
        };
        let Self { depth, function, is_normalised, .. } = *self;
        Stack { depth, function, initialisation, is_normalised }
    }

    fn controls_ui(&mut self, ui: &mut Ui) {
        ui.horizontal_wrapped(|ui| {
            widgets::caption_ui(ui, "depth");
            widgets::slider_ui(ui, "Depth", 110.0, Slider::new(&mut self.depth, 2..=DEEPEST));
            ui.label(self.depth.to_string());
            widgets::caption_ui(ui, "× scale");
            widgets::number_ui(ui, "Scale of the weights", &mut self.scale, 0.01..=10.0);
        });
        ui.horizontal_wrapped(|ui| {
            let rules = [(false, "Xavier", "Var[w] = 1/n"), (true, "He", "Var[w] = 2/n")];
            widgets::choice_ui(ui, &mut self.is_he, &rules);
            ui.checkbox(&mut self.is_normalised, "batch normalisation");
        });
        ui.horizontal_wrapped(|ui| {
            let functions = [Activation::Relu, Activation::Tanh, Activation::Sigmoid, Activation::Selu];
            let options = functions.map(|function| (function, function.title(), ""));
            widgets::choice_ui(ui, &mut self.function, &options);
        });
    }
}

/// Deviations over the depth, on a logarithmic axis.
fn plot_ui(ui: &mut Ui, found: &Statistics) {
    let palette = Palette::of(ui);
    widgets::caption_ui(ui, "standard deviation behind each convolution");
    let convs: Vec<_> = found.layers.iter().filter(|layer| layer.kind == "conv").collect();
    let points = |of: &dyn Fn(usize) -> f64| -> Vec<[f64; 2]> {
        let point = |i: usize| [(i + 1) as f64, of(i).log10()];
        (0..convs.len()).map(point).filter(|point| point[1].is_finite()).collect()
    };
    let signal = points(&|i| convs[i].signal.deviation);
    let gradient = points(&|i| convs[i].gradient.map_or(f64::NAN, |gradient| gradient.deviation));
    let plot = calm(Plot::new("signals"), palette)
        .height(HEIGHT)
        .allow_scroll(false)
        .allow_drag(false)
        .allow_zoom(false)
        .include_x(1.0)
        .include_y(0.0)
        .include_y(-3.0)
        .legend(Legend::default())
        .x_axis_label("layer")
        .y_axis_formatter(|mark, _| power(mark.value));
    let response = plot.show(ui, |plot| {
        plot.line(Line::new("signal", PlotPoints::from(signal.clone())).color(palette.train).width(2.0));
        let line = Line::new("its gradient", PlotPoints::from(gradient)).color(palette.test).width(2.0);
        plot.line(line.style(LineStyle::dashed_loose()));
        if let Some(theory) = theory(found, &signal) {
            let line = Line::new("signal by theory", PlotPoints::from(theory)).color(palette.muted);
            plot.line(line.style(LineStyle::dotted_dense()));
        }
    });
    widgets::named(response.response, "Plot of the signal over the depth");
}

/// From the first measured point on, what theory multiplies; none where it says nothing of a layer.
fn theory(found: &Statistics, signal: &[[f64; 2]]) -> Option<Vec<[f64; 2]>> {
    let mut at = *signal.first()?;
    let mut points = vec![at];
    for weight in found.weights.iter().skip(1).take(signal.len() - 1) {
        at = [at[0] + 1.0, at[1] + 0.5 * weight.theory?.log10()];
        points.push(at);
    }
    Some(points)
}

fn growth_ui(ui: &mut Ui, stack: &Stack, found: &Statistics) {
    if let Some(growth) = found.growth() {
        let text = format!(
            "{} layers: the power of the signal is multiplied by {:.3} from layer to layer, by theory by {:.3}",
            stack.depth, growth.measured, growth.theory
        );
        ui.add(egui::Label::new(theme::caption(ui, text)).wrap());
    }
}
