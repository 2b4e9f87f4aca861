//! Where the time of a training step goes, op by op.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::{Failure, text};
use crate::graph::program::{Program, Step};
use crate::train::Run;

/// Steps measured; the median of each part is told.
const N_STEPS: usize = 15;

/// What steps of one kind take together.
#[derive(Default)]
struct Share {
    n_steps: usize,
    n_dispatches: usize,
    secs: f64,
    bytes: u64,
}

/// The parts of a training step by kind, the longest first.
pub fn profile(run: &mut Run) -> Result<Value, Failure> {
    let (program, mut costs) = run.profile()?;
    let mut secs: Vec<Vec<f64>> = costs.iter().map(|cost| vec![cost.secs]).collect();
    for _ in 1..N_STEPS {
        costs = run.profile()?.1;
        secs.iter_mut().zip(&costs).for_each(|(all, cost)| all.push(cost.secs));
    }
    let mut shares: BTreeMap<String, Share> = BTreeMap::new();
    for ((step, cost), mut secs) in program.steps.iter().zip(&costs).zip(secs) {
        secs.sort_by(f64::total_cmp);
        let share = shares.entry(step.op.label()).or_default();
        share.n_steps += 1;
        share.n_dispatches += cost.n_dispatches;
        share.secs += secs[N_STEPS / 2];
        share.bytes += bytes(&program, step);
    }
    let mut shares: Vec<(String, Share)> = shares.into_iter().collect();
    shares.sort_by(|(_, a), (_, b)| b.secs.total_cmp(&a.secs));
    Ok(shares.into_iter().map(row).collect())
}

/// Bytes that a step must read and write at least: each operand once.
fn bytes(program: &Program, step: &Step) -> u64 {
    step.inputs.iter().chain(&step.outputs).map(|value| 4 * program.values[value.0].len as u64).sum()
}

fn row((op, share): (String, Share)) -> Value {
    json!({
        "op": op,
        "steps": share.n_steps,
        "dispatches": share.n_dispatches,
        "ms": 1e3 * share.secs,
        "mib": share.bytes as f64 / (1 << 20) as f64,
    })
}

/// The table for a person.
pub fn print(profile: &Value) {
    let rows = profile.as_array().map(Vec::as_slice).unwrap_or_default();
    let sum = |key: &str| rows.iter().filter_map(|row| row[key].as_f64()).sum::<f64>();
    let total_ms = sum("ms");
    let cells = |op: &str, number: &dyn Fn(&str) -> f64| {
        let (ms, mib) = (number("ms"), number("mib"));
        vec![
            format!("  {op}"),
            format!("{}", number("steps")),
            format!("{}", number("dispatches")),
            format!("{ms:.2}"),
            format!("{:.0} %", 100.0 * ms / total_ms),
            format!("{mib:.1}"),
            format!("{:.1}", mib / 1024.0 / (ms / 1e3)),
        ]
    };
    let header = ["  op", "steps", "dispatches", "ms", "share", "MiB", "GiB/s"].map(String::from).to_vec();
    let mut table = vec![header];
    table.extend(rows.iter().map(|row| {
        cells(row["op"].as_str().unwrap_or_default(), &|key| row[key].as_f64().unwrap_or_default())
    }));
    table.push(cells("together", &sum));
    text::print_table(&[false, true, true, true, true, true, true], &table);
}
