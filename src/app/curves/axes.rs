//! Lines and numbers of the axes, plain or logarithmic.

use egui::{Id, TextStyle, Ui, Vec2, vec2};
use egui_plot::{AxisHints, GridInput, GridMark, Plot};

use super::Settings;
use crate::app::theme::Palette;

/// An empty plot with its axes; the horizontal one where it is the last of several.
pub fn plot<'a>(ui: &Ui, name: &'static str, settings: Settings, is_last: bool, size: Vec2) -> Plot<'a> {
    let log_y = settings.log_y && name != "Rate";
    let (palette, font) = (Palette::of(ui), TextStyle::Small.resolve(ui.style()));
    let axis = |hints: AxisHints<'a>| hints.tick_label_color(palette.muted).tick_label_font(font.clone());
    let x_axis = axis(AxisHints::new_x()).formatter(move |mark, _| text(mark, settings.log_x));
    let y_axis = axis(AxisHints::new_y()).min_thickness(40.0).label_spacing(16.0..=24.0);
    let y_axis = y_axis.formatter(move |mark, _| match (name, log_y) {
        ("Error", log) => format!("{} %", text(mark, log)),
        (_, log) => text(mark, log),
    });
    Plot::new(name)
        .id(Id::unique(("curves", name)))
        .width(size.x)
        .height(size.y.max(48.0))
        .show_x(false)
        .show_y(false)
        .show_crosshair(false)
        .allow_scroll(false)
        .allow_zoom(false)
        .allow_drag(false)
        .allow_axis_zoom_drag(false)
        .allow_boxed_zoom(false)
        .allow_double_click_reset(false)
        .set_margin_fraction(vec2(0.0, 0.0))
        .grid_spacing(16.0..=120.0)
        .x_grid_spacer(move |input| grid(&input, 4.0, settings.log_x))
        .y_grid_spacer(move |input| grid(&input, 1.5, log_y))
        .grid_color(palette.border)
        .grid_fade(0.4)
        .show_axes([is_last, true])
        .custom_x_axes(vec![x_axis])
        .custom_y_axes(vec![y_axis])
        .label_formatter(|_| None)
}

/// Lines at round numbers, at least `factor` times as far apart as the smallest grid.
fn grid(input: &GridInput, factor: f64, is_log: bool) -> Vec<GridMark> {
    let (from, to) = input.bounds;
    let step = round_up(input.base_step_size * factor);
    if is_log && step <= 1.0 {
        // At 1, 2 and 5 of each decade while these are apart, else at the decades.
        let within: &[f64] = if input.base_step_size * factor <= 0.35 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let decades = from.floor() as i32..=to.ceil() as i32;
        let marks = decades.flat_map(|decade| within.iter().map(move |m| decade as f64 + m.log10()));
        let seen = marks.filter(|mark| (from..=to).contains(mark));
        return seen.map(|value| GridMark { value, step_size: 1.0 }).collect();
    }
    let marks = (from / step).ceil() as i64..=(to / step).floor() as i64;
    marks.take(200).map(|i| GridMark { value: i as f64 * step, step_size: step }).collect()
}

/// Round places between two, `most` of them or a few more, where there is no plot to ask for them.
pub fn round_places([from, to]: [f64; 2], most: usize, is_log: bool) -> Vec<f64> {
    let input = GridInput { bounds: (from, to), base_step_size: (to - from) / most.max(1) as f64 };
    grid(&input, 1.0, is_log).into_iter().map(|mark| mark.value).collect()
}

/// The next of 1, 2, 5, 10, 20, ….
fn round_up(x: f64) -> f64 {
    let decade = 10f64.powf(x.max(1e-12).log10().floor());
    let digit = x / decade;
    decade * [1.0, 2.0, 5.0].into_iter().find(|&round| digit <= round * 1.0001).unwrap_or(10.0)
}

fn text(mark: GridMark, is_log: bool) -> String {
    plain(if is_log { 10f64.powf(mark.value) } else { mark.value })
}

/// `0.02`, `1500`, `20 k`, `3 M`, `1e-5`.
pub fn plain(value: f64) -> String {
    match value.abs() {
        a if a >= 1e12 => format!("{} T", trimmed(value / 1e12)),
        a if a >= 1e9 => format!("{} G", trimmed(value / 1e9)),
        a if a >= 1e6 => format!("{} M", trimmed(value / 1e6)),
        a if a >= 1e4 => format!("{} k", trimmed(value / 1e3)),
        a if a < 1e-3 && a > 0.0 => format!("{value:.0e}"),
        _ => trimmed(value),
    }
}

/// At most three decimals, and none that are zero.
fn trimmed(x: f64) -> String {
    let text = format!("{x:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_are_at_round_numbers() {
        let values = |bounds, base_step_size, is_log| -> Vec<f64> {
            grid(&GridInput { bounds, base_step_size }, 1.5, is_log).iter().map(|mark| mark.value).collect()
        };
        assert_eq!(values((0.0, 100.0), 12.0, false), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        let decades: Vec<i32> =
            values((-1.0, 0.9), 0.1, true).iter().map(|x| (10f64.powf(*x) * 10.0).round() as i32).collect();
        assert_eq!(decades, [1, 2, 5, 10, 20, 50]);
        assert_eq!(values((-3.0, 0.0), 0.6, true), [-3.0, -2.0, -1.0, 0.0]);
    }
}
