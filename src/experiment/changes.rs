//! Experiments that differ from one another in one thing: what a person is likely to want beside a run, to see
//! what that thing does.

mod shortcuts;

use super::layers::{Activation, BatchNorm, Kind, Repeat};
use super::{Experiment, Initialisation, Layer, Named, NetworkChoice, Optimiser, Train, presets};

/// An experiment beside another, with what was changed.
#[derive(Clone, Debug)]
pub struct Change {
    pub group: Group,
    /// In a menu, below its group: "Adam".
    pub label: String,
    /// The name of a run that has it: "adam", "rate 0.03".
    pub name: String,
    pub experiment: Experiment,
}

/// What is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Shortcuts,
    Depth,
    Optimiser,
    Rate,
    Activation,
    Normalisation,
    Start,
    Seed,
}

/// How often a block stands, from how often it stood.
type Times = fn(usize) -> usize;

impl Group {
    pub const ALL: [Self; 8] = [
        Self::Shortcuts,
        Self::Depth,
        Self::Optimiser,
        Self::Rate,
        Self::Activation,
        Self::Normalisation,
        Self::Start,
        Self::Seed,
    ];

    pub fn title(self) -> &'static str {
        match self {
            Self::Shortcuts => "Shortcuts",
            Self::Depth => "Depth",
            Self::Optimiser => "Optimiser",
            Self::Rate => "Rate",
            Self::Activation => "Non-linearity",
            Self::Normalisation => "Normalisation",
            Self::Start => "Initialisation",
            Self::Seed => "Seed",
        }
    }
}

/// The changes that this experiment admits, group by group. `layers` are its network's, a preset written out.
pub fn likely(experiment: &Experiment, layers: &[Layer]) -> Vec<Change> {
    let beside = Beside { experiment, layers };
    let mut changes = beside.shortcuts();
    changes.extend(beside.depth());
    changes.extend(beside.optimiser());
    let factors = [3.0, 1.0 / 3.0, 10.0, 0.1].into_iter();
    let possible = factors.filter(|factor| Train::RATE.contains(&(factor * experiment.train.rate)));
    changes.extend(possible.map(|factor| beside.rate(factor)));
    changes.extend(beside.activation());
    changes.extend(beside.normalisation());
    changes.extend(beside.start());
    changes.push(beside.seed());
    changes
}

struct Beside<'a> {
    experiment: &'a Experiment,
    layers: &'a [Layer],
}

impl Beside<'_> {
    fn change(
        &self,
        group: Group,
        label: String,
        name: String,
        edit: impl FnOnce(&mut Experiment),
    ) -> Change {
        let mut experiment = self.experiment.clone();
        edit(&mut experiment);
        experiment.title = format!("{}, {name}", self.experiment.title);
        Change { group, label, name, experiment }
    }

    /// With a net of one's own.
    fn with_layers(&self, group: Group, label: &str, name: &str, layers: Vec<Layer>) -> Change {
        let input = match self.experiment.network {
            NetworkChoice::Layers { input, .. } => input,
            NetworkChoice::Preset(_) => None,
        };
        self.change(group, label.into(), name.into(), |experiment| {
            experiment.network = NetworkChoice::Layers { input, layers };
        })
    }

    fn preset(&self) -> Option<&str> {
        match &self.experiment.network {
            NetworkChoice::Preset(name) => Some(name),
            NetworkChoice::Layers { .. } => None,
        }
    }

    fn with_preset(&self, group: Group, name: String) -> Change {
        self.change(group, name.clone(), name.clone(), |experiment| {
            experiment.network = NetworkChoice::Preset(name);
        })
    }

    /// Plain against residual.
    fn shortcuts(&self) -> Vec<Change> {
        let swapped = self.preset().and_then(|name| {
            let other = name.strip_prefix("resnet-").map(|depth| format!("plain-{depth}"));
            let other =
                other.or_else(|| name.strip_prefix("plain-").map(|depth| format!("resnet-{depth}")))?;
            let is_twin = presets::check(&other).is_ok()
                && presets::customary_input(&other) == presets::customary_input(name);
            is_twin.then_some(other)
        });
        if let Some(other) = swapped {
            return vec![self.with_preset(Group::Shortcuts, other)];
        }
        let without = shortcuts::removed(self.layers);
        let without =
            without.map(|layers| self.with_layers(Group::Shortcuts, "Without shortcuts", "plain", layers));
        let with = shortcuts::added(self.layers);
        let with =
            with.map(|layers| self.with_layers(Group::Shortcuts, "With shortcuts", "residual", layers));
        without.into_iter().chain(with).collect()
    }

    /// Presets of the same family; or repetitions more and fewer.
    fn depth(&self) -> Vec<Change> {
        if let Some(name) = self.preset() {
            let family = |name: &str| Some(name.rsplit_once('-')?.0.to_string());
            let is_alike = |other: &&str| {
                let is_of_family = family(name).is_some() && family(other) == family(name);
                is_of_family
                    && *other != name
                    && presets::customary_input(other) == presets::customary_input(name)
            };
            return presets::names()
                .filter(is_alike)
                .map(|name| self.with_preset(Group::Depth, name.into()))
                .collect();
        }
        let least = least_times(self.layers);
        let options: [(&str, &str, Times); 3] = [
            ("One repetition more", "deeper", |times| times + 1),
            ("Twice the repetitions", "twice as deep", |times| 2 * times),
            ("One repetition fewer", "shallower", |times| times - 1),
        ];
        let possible =
            options.into_iter().filter(|(_, _, times)| least.is_some_and(|least| least >= 2 || times(2) > 2));
        possible
            .filter_map(|(label, name, times)| {
                let layers = mapped(self.layers, &|kind| {
                    if let Kind::Repeat(repeat) = kind {
                        repeat.times = times(repeat.times);
                    }
                });
                let is_too_many = |layer: &Layer| {
                    matches!(&layer.kind, Kind::Repeat(repeat) if !Repeat::TIMES.contains(&repeat.times))
                };
                (!has(&layers, &is_too_many)).then(|| self.with_layers(Group::Depth, label, name, layers))
            })
            .collect()
    }

    fn optimiser(&self) -> Vec<Change> {
        let own = self.experiment.train.optimiser.name();
        let others = Optimiser::ALL.into_iter().filter(|other| other.name() != own);
        let beside = |other: Optimiser| {
            let edit = |experiment: &mut Experiment| experiment.train.optimiser = other;
            self.change(Group::Optimiser, other.title().into(), other.name().into(), edit)
        };
        others.map(beside).collect()
    }

    fn rate(&self, factor: f32) -> Change {
        // Without what the division adds behind the second figure: 0.0033.
        let rate = format!("{:.1e}", self.experiment.train.rate * factor).parse().unwrap_or(0.0);
        let label = match factor {
            f if f > 1.0 => format!("× {f} = {rate}"),
            f => format!("÷ {} = {rate}", (1.0 / f).round()),
        };
        self.change(Group::Rate, label, format!("rate {rate}"), |experiment| experiment.train.rate = rate)
    }

    fn activation(&self) -> Vec<Change> {
        let own = first_activation(self.layers);
        let others =
            Activation::ALL.into_iter().filter(|other| own.is_some_and(|own| own.name() != other.name()));
        let beside = |other: Activation| {
            let layers = mapped(self.layers, &|kind| {
                if let Kind::Activation(activation) = kind {
                    *activation = other;
                }
            });
            self.with_layers(Group::Activation, other.title(), other.name(), layers)
        };
        others.map(beside).collect()
    }

    /// Without batch normalisation where there is some, else with it behind every convolution.
    fn normalisation(&self) -> Option<Change> {
        let is_norm = |layer: &Layer| matches!(layer.kind, Kind::BatchNorm(_));
        if has(self.layers, &is_norm) {
            let layers = without_norm(self.layers);
            return Some(self.with_layers(
                Group::Normalisation,
                "Without batch norm",
                "without batch norm",
                layers,
            ));
        }
        let is_conv = |layer: &Layer| matches!(layer.kind, Kind::Conv(_));
        has(self.layers, &is_conv).then(|| {
            let layers = with_norm(self.layers);
            self.with_layers(Group::Normalisation, "With batch norm", "with batch norm", layers)
        })
    }

    fn start(&self) -> Vec<Change> {
        let own = self.experiment.train.initialisation;
        let others = Initialisation::all().into_iter().filter(|other| other.name() != own.name());
        let beside = |other: Initialisation| {
            let edit = |experiment: &mut Experiment| experiment.train.initialisation = other;
            self.change(Group::Start, other.title().into(), other.name().into(), edit)
        };
        others.map(beside).collect()
    }

    fn seed(&self) -> Change {
        let seed = (self.experiment.seed + 1) % u32::MAX as u64;
        let name = format!("seed {seed}");
        self.change(Group::Seed, name.clone(), name, |experiment| experiment.seed = seed)
    }
}

/// A copy of layers in which each kind was changed, at every depth.
fn mapped(layers: &[Layer], edit: &impl Fn(&mut Kind)) -> Vec<Layer> {
    let mut layers = layers.to_vec();
    for layer in &mut layers {
        edit(&mut layer.kind);
        for inside in layer.kind.children_mut() {
            *inside = mapped(inside, edit);
        }
    }
    layers
}

fn has(layers: &[Layer], is: &impl Fn(&Layer) -> bool) -> bool {
    layers.iter().any(|layer| is(layer) || layer.kind.children().into_iter().any(|inside| has(inside, is)))
}

/// The fewest times that anything is repeated; none where nothing is.
fn least_times(layers: &[Layer]) -> Option<usize> {
    let of = |layer: &Layer| {
        let inside = layer.kind.children().into_iter().filter_map(|inside| least_times(inside)).min();
        match &layer.kind {
            Kind::Repeat(repeat) => Some(inside.map_or(repeat.times, |inside| inside.min(repeat.times))),
            _ => inside,
        }
    };
    layers.iter().filter_map(of).min()
}

fn first_activation(layers: &[Layer]) -> Option<Activation> {
    layers.iter().find_map(|layer| match &layer.kind {
        Kind::Activation(activation) => Some(*activation),
        kind => kind.children().into_iter().find_map(|inside| first_activation(inside)),
    })
}

/// What stood in for the shift of a normalisation, the bias, comes back where the normalisation goes.
fn without_norm(layers: &[Layer]) -> Vec<Layer> {
    let mut left: Vec<Layer> = Vec::new();
    for layer in layers {
        let mut layer = layer.clone();
        for inside in layer.kind.children_mut() {
            *inside = without_norm(inside);
        }
        match (&layer.kind, left.last_mut().map(|last| &mut last.kind)) {
            (Kind::BatchNorm(_), Some(Kind::Conv(conv))) => conv.bias = true,
            (Kind::BatchNorm(_), Some(Kind::Linear(linear))) => linear.bias = true,
            (Kind::BatchNorm(_), _) => {}
            _ => left.push(layer),
        }
    }
    left
}

fn with_norm(layers: &[Layer]) -> Vec<Layer> {
    let mut all: Vec<Layer> = Vec::new();
    for layer in layers {
        let mut layer = layer.clone();
        for inside in layer.kind.children_mut() {
            *inside = with_norm(inside);
        }
        let is_conv = matches!(layer.kind, Kind::Conv(_));
        all.push(layer);
        if is_conv {
            all.push(Layer::new(Kind::BatchNorm(BatchNorm::default())));
        }
    }
    all
}

#[cfg(test)]
mod tests;
