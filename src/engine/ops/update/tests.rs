use super::*;
use crate::engine::ops::testing::{Trial, normal};
use crate::engine::{Device, StepTable};
use crate::graph::layers::StepOp;

/// Numbers that decay, and those that do not.
const PARTS: [usize; 2] = [64 * 3, 64 * 2];

/// A step of a rule whose slots and weights are drawn at random, with the constants of step t.
fn trial(rule: Optimiser, clips: bool, t: i32) -> Trial {
    let len = PARTS[0] + PARTS[1];
    let step = UpdateStep { rule, len, decay_end: PARTS[0], clips };
    let inputs = if clips { vec![len, 2] } else { vec![len] };
    let mut trial = Trial::new(StepOp::Update(step), &inputs, &vec![len; 1 + rule.n_slots()]);
    for (i, output) in trial.outputs.iter_mut().enumerate() {
        *output = normal(10 + i as u32, len).iter().map(|x| x * x).collect();
    }
    if clips {
        trial.inputs[1] = vec![2.0, 0.25];
    }
    trial.table = table(rule, t);
    trial
}

fn table(rule: Optimiser, t: i32) -> StepTable {
    let momentum = 0.9;
    let (beta2, epsilon) = match rule {
        Optimiser::AdaGrad { epsilon } | Optimiser::RmsProp { epsilon, .. } => (0.0, epsilon),
        _ => (0.999, 1e-8),
    };
    StepTable {
        rate: 0.1,
        weight_decay: 0.01,
        other_decay: 0.002,
        momentum,
        beta2,
        epsilon,
        correction1: (1.0 - 0.9f64.powi(t)) as f32,
        correction2: (1.0 - 0.999f64.powi(t)) as f32,
        ..StepTable::default()
    }
}

/// Adam divides by a root that may be small: an error of 2⁻²⁴ in v is one of 2⁻²⁵ in the step, whose size
/// is at most some hundred rates.
#[test]
fn devices_agree_with_the_plain_reference() {
    for rule in Optimiser::ALL {
        for clips in [false, true] {
            trial(rule, clips, 3).agrees(2e-6);
        }
    }
}

/// The published rules for one weight over steps t = 1, 2, …, in double precision, written down anew.
struct Published {
    rule: Optimiser,
    lambda: f64,
    w: f64,
    memory: [f64; 2],
}

impl Published {
    fn step(&mut self, g: f64, t: i32) {
        let rate = 0.1;
        let decayed = g + self.lambda * self.w;
        let [a, b] = self.memory;
        match self.rule {
            Optimiser::Sgd => self.w -= rate * decayed,
            Optimiser::Momentum { .. } => {
                self.memory[0] = 0.9 * a - rate * decayed;
                self.w += self.memory[0];
            }
            Optimiser::Nesterov { .. } => {
                self.memory[0] = 0.9 * a - rate * decayed;
                self.w += 0.9 * self.memory[0] - rate * decayed;
            }
            Optimiser::AdaGrad { .. } => {
                self.memory[0] = a + decayed.powi(2);
                self.w -= rate / (self.memory[0].sqrt() + 1e-10) * decayed;
            }
            Optimiser::RmsProp { .. } => {
                self.memory[0] = 0.9 * a + 0.1 * decayed.powi(2);
                self.w -= rate / (self.memory[0].sqrt() + 1e-8) * decayed;
            }
            Optimiser::Adam { .. } | Optimiser::AdamW { .. } => {
                let is_decoupled = matches!(self.rule, Optimiser::AdamW { .. });
                let g = if is_decoupled { g } else { decayed };
                self.w *= if is_decoupled { 1.0 - rate * self.lambda } else { 1.0 };
                self.memory = [0.9 * a + 0.1 * g, 0.999 * b + 0.001 * g.powi(2)];
                let mean = self.memory[0] / (1.0 - 0.9f64.powi(t));
                let square = self.memory[1] / (1.0 - 0.999f64.powi(t));
                self.w -= rate * mean / (square.sqrt() + 1e-8);
            }
        }
    }
}

/// Twenty steps down `L = (w − 3)² / 2` and sideways, from w = 2, of a weight that decays and one that does
/// less.
fn check_published(rule: Optimiser, device: &dyn Device) {
    let mut trial = trial(rule, true, 1);
    trial.outputs = vec![vec![0.0; PARTS[0] + PARTS[1]]; 1 + rule.n_slots()];
    trial.outputs[0].fill(2.0);
    let start = |lambda| Published { rule, lambda, w: 2.0, memory: [0.0; 2] };
    let mut published = [start(0.01), start(0.002)];
    for t in 1..=20 {
        let gradient = |w: f64| (w - 3.0) + (t as f64).sin();
        trial.table = table(rule, t);
        trial.inputs[1] = vec![1.0, 0.5];
        trial.inputs[0] = trial.outputs[0].iter().map(|&w| (2.0 * gradient(w as f64)) as f32).collect();
        trial.outputs = trial.on(device);
        for (part, place) in published.iter_mut().zip([0, PARTS[0]]) {
            part.step(gradient(part.w), t);
            let found = trial.outputs[0][place] as f64;
            // Twenty roundings of numbers below 4, and β₂ in single precision, whose 1 − β₂ is off by 1e-5 of
            // itself but divides out in v / (1 − β₂ᵗ) nearly.
            assert!((found - part.w).abs() < 1e-5, "{rule:?}, step {t}: {found} against {}", part.w);
        }
    }
}

#[test]
fn each_rule_follows_its_publication() {
    for device in crate::engine::ops::testing::devices() {
        Optimiser::ALL.into_iter().for_each(|rule| check_published(rule, &*device));
    }
}

#[test]
fn long_ranges_are_cut() {
    assert_eq!(parts(64..300, 128).collect::<Vec<_>>(), [64..192, 192..300]);
    assert_eq!(parts(64..64, 128).count(), 0);
}
