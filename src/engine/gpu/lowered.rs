//! From a program to its dispatches, and what these take of memory.

use std::ops::Range;

use super::context::Context;
use super::fusion::Fusion;
use super::lowering::Lowering;
use crate::engine::arena::{self, Arena, Place};
use crate::engine::{EngineError, Footprint, ops};
use crate::graph::program::{Placement, Program, ValueId};

/// See [`crate::engine::Device::footprint`].
pub fn footprint(
    context: &Context,
    placement: &Placement,
    program: &Program,
) -> Result<Footprint, EngineError> {
    let values = arena::assign(program);
    let (places, _) = arena::places(program, &values);
    // In how many buffers the pictures lie changes nothing here.
    let (lowering, _) = lowered(context, program, &values, &places, Vec::new());
    let (_, arena_len, _) = lowering.finish(context)?;
    Ok(Footprint::new(placement, program, &values, arena_len - values.len))
}

/// The dispatches of all steps, and for each step how many there are up to its end.
pub fn lowered(
    context: &Context,
    program: &Program,
    values: &Arena,
    places: &[Option<Place>],
    picture_ranges: Vec<Range<usize>>,
) -> (Lowering, Vec<usize>) {
    let mut lowering = Lowering::new(context, values.len, picture_ranges);
    let mut step_ends = Vec::with_capacity(program.steps.len());
    let fusion = Fusion::new(program, places);
    for (i, step) in program.steps.iter().enumerate() {
        let place = |value: &ValueId| places[value.0].expect("a step's operands have places");
        lowering.step(step.inputs.iter().map(place).collect(), step.outputs.iter().map(place).collect());
        if let Some(addition) = fusion.addition(i) {
            lowering.add(addition);
        }
        // What the step before has done already takes no dispatch.
        if i == 0 || fusion.addition(i - 1).is_none() {
            ops::lower(&step.op).gpu(&mut lowering);
        }
        step_ends.push(lowering.n_dispatches());
    }
    (lowering, step_ends)
}

/// The dispatches of a program, bound to nothing.
#[cfg(test)]
pub fn dispatches(context: &Context, program: &Program) -> Lowering {
    let values = arena::assign(program);
    let (places, _) = arena::places(program, &values);
    lowered(context, program, &values, &places, std::iter::once(0..1).collect()).0
}
