//! Curves and bars as a picture, with what stands at the axes and which colour is whose.

use super::letters::{ADVANCE, Way, length};
use super::picture::Picture;

/// A chart before it is drawn.
pub struct Chart {
    pub title: String,
    pub across: Across,
    pub up: Up,
    pub curves: Vec<Curve>,
}

/// What lies along the lower edge.
pub enum Across {
    /// Places 0, 1, 2, … with their names.
    Names(Vec<String>),
    /// Numbers, with what they are.
    Numbers(String),
}

/// What is drawn upwards.
pub struct Up {
    pub label: String,
    /// A line at each power of ten; what is not above 0 is left out.
    pub is_logarithmic: bool,
    /// Numbers that the axis reaches over in any case.
    pub covers: Vec<f64>,
}

/// One curve; what is no number is left out of it.
pub struct Curve {
    pub name: String,
    pub colour: [u8; 3],
    /// `(across, up)`.
    pub points: Vec<[f64; 2]>,
    pub form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Points joined by lines.
    Joined,
    /// Points by themselves.
    Dots,
    /// A bar at each point, from 0 on; those of several curves stand side by side.
    Bars,
}

/// Colours that can be told apart on a dark ground, by all eyes (Okabe and Ito 2008, lightened).
pub const COLOURS: [[u8; 3]; 8] = [
    [90, 160, 255],
    [255, 160, 60],
    [80, 200, 150],
    [235, 110, 160],
    [240, 225, 90],
    [150, 210, 250],
    [230, 110, 60],
    [190, 190, 190],
];

/// A light colour for each of many, those behind the eighth mixed with white.
pub fn light(i: usize) -> [u8; 3] {
    let times = (i / COLOURS.len()).min(2) as u16;
    COLOURS[i % COLOURS.len()].map(|c| ((u16::from(c) * (3 - times) + 255 * times) / 3) as u8)
}

pub const GROUND: [u8; 3] = [24; 3];
const GRID: [u8; 3] = [56; 3];
const INK: [u8; 3] = [190; 3];

/// Pixels around the field.
const MARGIN: i64 = 12;
const LEFT: i64 = 72;
const LINE: i64 = 13;

/// Letters of a name that stands at the lower edge, at most.
const LONGEST_NAME: usize = 28;

impl Curve {
    /// A curve over places 0, 1, 2, ….
    pub fn over_places(name: &str, colour: [u8; 3], values: impl IntoIterator<Item = f64>) -> Self {
        let points = values.into_iter().enumerate().map(|(i, value)| [i as f64, value]).collect();
        Self { name: name.into(), colour, points, form: Form::Joined }
    }

    /// The same values over these numbers instead of places.
    pub fn at(mut self, numbers: &[usize]) -> Self {
        self.points.iter_mut().zip(numbers).for_each(|(point, &number)| point[0] = number as f64);
        self
    }
}

impl Up {
    pub fn linear(label: &str) -> Self {
        Self { label: label.into(), is_logarithmic: false, covers: Vec::new() }
    }

    pub fn logarithmic(label: &str) -> Self {
        Self { is_logarithmic: true, ..Self::linear(label) }
    }
}

impl Chart {
    /// Draws the chart in a picture of `[width, height]` pixels.
    pub fn drawn(&self, [width, height]: [usize; 2]) -> Picture {
        let mut picture = Picture::new(width, height, GROUND);
        let top = self.head(&mut picture);
        let bottom = height as i64 - MARGIN - self.foot();
        let field = Field {
            left: LEFT,
            right: (width as i64 - MARGIN).max(LEFT + 1),
            top,
            bottom: bottom.max(top + 1),
            across: self.reach_across(),
            up: self.reach_up(),
            is_logarithmic: self.up.is_logarithmic,
        };
        self.axes(&mut picture, &field);
        let n_bars = self.curves.iter().filter(|curve| curve.form == Form::Bars).count();
        let mut bar = 0;
        for curve in &self.curves {
            match curve.form {
                Form::Bars => {
                    field.bars(&mut picture, curve, bar, n_bars);
                    bar += 1;
                }
                Form::Joined | Form::Dots => field.curve(&mut picture, curve),
            }
        }
        picture
    }

    /// Title and legend; gives where the field begins.
    fn head(&self, picture: &mut Picture) -> i64 {
        let mut y = MARGIN;
        if !self.title.is_empty() {
            picture.write(&self.title, [MARGIN, y], INK, Way::Right);
            y += LINE;
        }
        let named = || self.curves.iter().filter(|curve| !curve.name.is_empty());
        let mut x = LEFT;
        for curve in named() {
            let end = x + 14 + length(&curve.name) as i64;
            if end > picture.width as i64 - MARGIN && x > LEFT {
                (x, y) = (LEFT, y + LINE);
            }
            (0..27).for_each(|p| picture.dot(x + p % 9, y + 2 + p / 9, curve.colour));
            picture.write(&curve.name, [x + 13, y], INK, Way::Right);
            x += 14 + length(&curve.name) as i64 + 2 * ADVANCE as i64;
        }
        y + if named().next().is_some() { LINE } else { 0 } + 4
    }

    /// Pixels below the field.
    fn foot(&self) -> i64 {
        match &self.across {
            Across::Names(names) => {
                names.iter().map(|name| length(&short(name))).max().unwrap_or(0) as i64 + 4
            }
            Across::Numbers(_) => 2 * LINE + 2,
        }
    }

    fn finite(&self) -> impl Iterator<Item = [f64; 2]> + Clone + '_ {
        let points = self.curves.iter().flat_map(|curve| &curve.points).copied();
        points.filter(|point| {
            let is_shown = !self.up.is_logarithmic || point[1] > 0.0;
            point[0].is_finite() && point[1].is_finite() && is_shown
        })
    }

    fn reach_across(&self) -> [f64; 2] {
        match &self.across {
            Across::Names(names) => [-0.5, names.len().max(1) as f64 - 0.5],
            Across::Numbers(_) => reach(self.finite().map(|point| point[0])),
        }
    }

    fn reach_up(&self) -> [f64; 2] {
        let has_bars = self.curves.iter().any(|curve| curve.form == Form::Bars);
        let zero = (has_bars && !self.up.is_logarithmic).then_some(0.0);
        let covered = self.up.covers.iter().copied().chain(zero);
        if self.up.is_logarithmic {
            let logarithms =
                self.finite().map(|point| point[1]).chain(covered.filter(|x| *x > 0.0)).map(f64::log10);
            let [low, high] = reach(logarithms).map(|x| x.clamp(-320.0, 320.0));
            return [low.floor(), high.ceil().max(low.floor() + 1.0)];
        }
        let [low, high] = reach(self.finite().map(|point| point[1]).chain(covered));
        let step = nice_step(high - low);
        [(low / step).floor() * step, (high / step).ceil() * step]
    }

    fn axes(&self, picture: &mut Picture, field: &Field) {
        for (value, text) in field.lines_up() {
            let y = field.y(value) as i64;
            picture.line([field.left as f64, y as f64], [field.right as f64, y as f64], GRID);
            picture.write(&text, [field.left - 6 - length(&text) as i64, y - 3], INK, Way::Right);
        }
        let middle = (field.top + field.bottom + length(&self.up.label) as i64) / 2;
        picture.write(&self.up.label, [MARGIN / 2, middle], INK, Way::Up);
        match &self.across {
            Across::Names(names) => names_across(picture, field, names),
            Across::Numbers(label) => {
                let [low, high] = field.across;
                let step = nice_step(high - low);
                for i in (low / step).ceil() as i64..=(high / step).floor() as i64 {
                    let (x, text) = (field.x(i as f64 * step), number(i as f64 * step, step));
                    picture.line([x, field.top as f64], [x, field.bottom as f64], GRID);
                    picture.write_centred(&text, [x as i64, field.bottom + 4], INK);
                }
                let middle = (field.left + field.right) / 2;
                picture.write_centred(label, [middle, field.bottom + 4 + LINE], INK);
            }
        }
    }
}

/// Names upright below their places; of many only every n-th.
fn names_across(picture: &mut Picture, field: &Field, names: &[String]) {
    let pitch = (field.right - field.left) as f64 / names.len().max(1) as f64;
    let every = (10.0 / pitch).ceil().max(1.0) as usize;
    for (i, name) in names.iter().enumerate().step_by(every) {
        let name = short(name);
        let x = field.x(i as f64) as i64;
        picture.line([x as f64, field.bottom as f64], [x as f64, field.bottom as f64 + 2.0], INK);
        picture.write(&name, [x - 3, field.bottom + 4 + length(&name) as i64], INK, Way::Up);
    }
}

/// A name as far as there is room: its end, which tells neighbours apart.
fn short(name: &str) -> String {
    let n = name.chars().count();
    match n > LONGEST_NAME {
        true => std::iter::once('…').chain(name.chars().skip(n - LONGEST_NAME + 1)).collect(),
        false => name.into(),
    }
}

/// The least and the largest of numbers, never the same; of none 0 and 1.
fn reach(numbers: impl Iterator<Item = f64>) -> [f64; 2] {
    let (low, high) = numbers.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)));
    match (low <= high, low < high) {
        (false, _) => [0.0, 1.0],
        (_, true) => [low, high],
        (true, false) => [low - 0.5 * low.abs().max(1e-9), high + 0.5 * high.abs().max(1e-9)],
    }
}

/// A step of 1, 2 or 5 times a power of ten that divides a length into 4 to 10 parts.
pub fn nice_step(length: f64) -> f64 {
    let rough = length / 8.0;
    if !(rough > 0.0 && rough.is_finite()) {
        return 1.0;
    }
    let power = 10f64.powf(rough.log10().floor());
    let times = [1.0, 2.0, 5.0, 10.0].into_iter().find(|times| times * power >= rough);
    times.unwrap_or(10.0) * power
}

/// A number with as many digits as its neighbours `step` away need.
pub fn number(x: f64, step: f64) -> String {
    if x != 0.0 && (x.abs() >= 1e5 || step < 1e-4) {
        return format!("{x:.1e}");
    }
    let digits = (-step.log10().floor()).clamp(0.0, 6.0) as usize;
    format!("{x:.digits$}").replace('-', "−")
}

/// Where numbers lie in the picture.
struct Field {
    left: i64,
    right: i64,
    top: i64,
    bottom: i64,
    /// The numbers at the edges; of a logarithmic axis their logarithms.
    across: [f64; 2],
    up: [f64; 2],
    is_logarithmic: bool,
}

impl Field {
    fn x(&self, value: f64) -> f64 {
        let [low, high] = self.across;
        self.left as f64 + (self.right - self.left) as f64 * (value - low) / (high - low)
    }

    /// Of a number, or on a logarithmic axis of its logarithm.
    fn y(&self, value: f64) -> f64 {
        let [low, high] = self.up;
        self.bottom as f64 - (self.bottom - self.top) as f64 * (value - low) / (high - low)
    }

    fn place(&self, [across, up]: [f64; 2]) -> Option<[f64; 2]> {
        let up = if self.is_logarithmic { (up > 0.0).then(|| up.log10())? } else { up };
        (across.is_finite() && up.is_finite()).then(|| [self.x(across), self.y(up)])
    }

    /// Where lines are drawn, with what stands beside them.
    fn lines_up(&self) -> Vec<(f64, String)> {
        let [low, high] = self.up;
        if self.is_logarithmic {
            // Of many powers of ten only every n-th.
            let every = ((high - low) as usize).div_ceil(12).max(1);
            let powers = (low as i64..=high as i64).step_by(every);
            return powers.map(|power| (power as f64, format!("1e{power}"))).collect();
        }
        let step = nice_step(high - low);
        let lines = (low / step).round() as i64..=(high / step).round() as i64;
        lines.map(|i| (i as f64 * step, number(i as f64 * step, step))).collect()
    }

    fn curve(&self, picture: &mut Picture, curve: &Curve) {
        let has_room = (self.right - self.left) as usize > 4 * curve.points.len();
        let mut before: Option<[f64; 2]> = None;
        for &point in &curve.points {
            let here = self.place(point);
            if let Some(at) = here {
                if curve.form == Form::Joined {
                    picture.line(before.unwrap_or(at), at, curve.colour);
                }
                if has_room || curve.form == Form::Dots {
                    picture.blot(at, 3, curve.colour);
                }
            }
            before = here;
        }
    }

    /// Bars of curve `which` of `n`.
    fn bars(&self, picture: &mut Picture, curve: &Curve, which: usize, n: usize) {
        let places = curve.points.len().max(1) as f64;
        let pitch = (self.right - self.left) as f64 / places / n as f64 * 0.8;
        let ground = if self.is_logarithmic { self.bottom as f64 } else { self.y(0.0) };
        for &point in &curve.points {
            let Some([x, y]) = self.place(point) else { continue };
            let left = (x + pitch * (which as f64 - n as f64 / 2.0)).round() as i64;
            let (top, bottom) = (y.min(ground).round() as i64, y.max(ground).round() as i64);
            let width = (pitch.round() as i64).max(1);
            for x in left..left + width {
                (top..=bottom).for_each(|y| picture.dot(x, y, curve.colour));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: [u8; 3] = [255, 0, 0];

    fn drawn(curve: Curve, up: Up) -> Picture {
        let names = (0..curve.points.len()).map(|i| format!("layer {i}")).collect();
        Chart { title: "A chart".into(), across: Across::Names(names), up, curves: vec![curve] }
            .drawn([300, 200])
    }

    /// The mean row of what is coloured in some columns, below the title.
    fn mean_row(picture: &Picture, columns: std::ops::Range<usize>) -> f64 {
        let rows = 26..picture.height;
        let hit = rows.filter(|y| columns.clone().any(|x| picture.pixels[y * picture.width + x] == RED));
        let hit: Vec<usize> = hit.collect();
        hit.iter().sum::<usize>() as f64 / hit.len() as f64
    }

    #[test]
    fn a_falling_curve_falls_and_what_is_no_number_is_left_out() {
        let picture = drawn(Curve::over_places("", RED, [1.0, 0.1, 0.01]), Up::logarithmic("size"));
        assert!(mean_row(&picture, 90..120) < mean_row(&picture, 240..280), "further down is less");
        let empty = drawn(Curve::over_places("", RED, [f64::NAN, 0.0, f64::INFINITY]), Up::logarithmic(""));
        assert!(empty.pixels.iter().all(|pixel| *pixel != RED));
        drawn(Curve::over_places("", RED, [1e-300, 1e300]), Up::logarithmic(""));
        drawn(Curve::over_places("", RED, [1e-300, 1e300]), Up::linear(""));
        drawn(Curve::over_places("", RED, []), Up::linear(""));
    }

    #[test]
    fn a_bar_is_as_high_as_its_number() {
        let curve = Curve { form: Form::Bars, ..Curve::over_places("", RED, [4.0, 2.0]) };
        let picture = drawn(curve, Up::linear(""));
        let height = |x: usize| (0..200).filter(|y| picture.pixels[y * 300 + x] == RED).count() as f64;
        assert!((height(120) / height(240) - 2.0).abs() < 0.05, "{} and {}", height(120), height(240));
    }

    #[test]
    fn lines_stand_at_numbers_that_are_easily_read() {
        assert_eq!([0.9, 7.0, 41.0].map(nice_step), [0.2, 1.0, 10.0]);
        assert_eq!(nice_step(0.0), 1.0);
        assert_eq!([number(0.2, 0.2), number(-3.0, 1.0), number(1e7, 1e6)], ["0.2", "−3", "1.0e7"]);
    }

    #[test]
    fn of_a_long_name_the_end_is_shown() {
        let path = "layers.12.0.branches.0.4.branches.1.2 conv";
        assert_eq!(short(path), "…nches.0.4.branches.1.2 conv");
        assert_eq!(short("layers.1"), "layers.1");
    }
}
