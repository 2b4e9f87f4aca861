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
    /// That the steps must read and write at least, and that they do, where it is known.
    least_bytes: u64,
    bytes: Option<u64>,
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
        share.least_bytes += least_bytes(&program, step);
        share.bytes = cost.n_bytes.map(|bytes| share.bytes.unwrap_or(0) + bytes);
    }
    let mut shares: Vec<(String, Share)> = shares.into_iter().collect();
    shares.sort_by(|(_, a), (_, b)| b.secs.total_cmp(&a.secs));
    Ok(shares.into_iter().map(row).collect())
}

/// Bytes that a step must read and write at least: each operand once.
fn least_bytes(program: &Program, step: &Step) -> u64 {
    step.inputs.iter().chain(&step.outputs).map(|value| 4 * program.values[value.0].len as u64).sum()
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / (1 << 20) as f64
}

fn row((op, share): (String, Share)) -> Value {
    json!({
        "op": op,
        "steps": share.n_steps,
        "dispatches": share.n_dispatches,
        "ms": 1e3 * share.secs,
        "mib": mib(share.least_bytes),
        "mib_moved": share.bytes.map(mib),
    })
}

/// The table for a person, and for a graphics processor how far it is from the fewest dispatches and bytes possible.
pub fn print(profile: &Value) {
    let rows = profile.as_array().map(Vec::as_slice).unwrap_or_default();
    let sum = |key: &str| rows.iter().filter_map(|row| row[key].as_f64()).sum::<f64>();
    let total_ms = sum("ms");
    let is_counted = rows.iter().any(|row| row["mib_moved"].is_f64());
    let cells = |op: &str, number: &dyn Fn(&str) -> f64| {
        let (ms, mib) = (number("ms"), number("mib"));
        let moved = if is_counted { format!("{:.1}", number("mib_moved")) } else { "–".into() };
        vec![
            format!("  {op}"),
            format!("{}", number("steps")),
            format!("{}", number("dispatches")),
            format!("{ms:.2}"),
            format!("{:.0} %", 100.0 * ms / total_ms),
            format!("{mib:.1}"),
            moved,
            format!("{:.1}", mib / 1024.0 / (ms / 1e3)),
        ]
    };
    let header = ["  op", "steps", "dispatches", "ms", "share", "least MiB", "MiB", "GiB/s"];
    let mut table = vec![header.map(String::from).to_vec()];
    table.extend(rows.iter().map(|row| {
        cells(row["op"].as_str().unwrap_or_default(), &|key| row[key].as_f64().unwrap_or_default())
    }));
    table.push(cells("together", &sum));
    text::print_table(&[false, true, true, true, true, true, true, true], &table);
    if is_counted {
        let (steps, dispatches) = (sum("steps"), sum("dispatches"));
        text::print_line(&format!(
            "  {dispatches} dispatches with {} barriers between them, {:.2} for each step of the program, of which each \
             needs one; {:.2} times the least of bytes; no upload but the table of each step, no wait between steps.",
            dispatches - 1.0,
            dispatches / steps,
            sum("mib_moved") / sum("mib"),
        ));
    }
}
