//! Places for transient values in one block of memory, shared by those that are never alive together.

use crate::graph::program::{Home, Placement, Program, ValueId};

/// Where each transient value lies.
pub struct Arena {
    /// Offset in numbers for each value of the program; none for values in banks and for those kept apart.
    pub offsets: Vec<Option<usize>>,
    /// Numbers in all.
    pub len: usize,
}

/// Values that must outlive the program's run and so lie outside the shared arena: what the caller writes and
/// what it reads.
pub fn kept_apart(program: &Program) -> Vec<ValueId> {
    let written = program.steps.iter().flat_map(|step| &step.outputs);
    let is_fed = written.into_iter().any(|value| *value == program.pictures);
    let mut kept: Vec<ValueId> = program.outputs.values().copied().chain(program.metrics).collect();
    if !is_fed {
        kept.extend([program.pictures, program.labels]);
    }
    kept.sort_unstable();
    kept.dedup();
    kept
}

/// Assigns places: values in the order of their size, each at the lowest place that is free for its whole
/// life (greedy by size, Pisarchyk and Lee 2020).
pub fn assign(program: &Program) -> Arena {
    let kept = kept_apart(program);
    let lives = lives(program);
    let mut order: Vec<usize> = (0..program.values.len())
        .filter(|&i| {
            program.values[i].home == Home::Transient && lives[i].is_some() && !kept.contains(&ValueId(i))
        })
        .collect();
    order.sort_by_key(|&i| (std::cmp::Reverse(program.values[i].len), i));
    let mut offsets = vec![None; program.values.len()];
    let mut len = 0;
    let mut placed: Vec<Placed> = Vec::new();
    for i in order {
        let Some((born, dies)) = lives[i] else { continue };
        let size = program.values[i].len.next_multiple_of(Placement::ALIGN);
        let mut taken: Vec<(usize, usize)> = placed
            .iter()
            .filter(|other| other.born <= dies && born <= other.dies)
            .map(|other| (other.start, other.end))
            .collect();
        taken.sort_unstable();
        let mut start = 0;
        for (from, to) in taken {
            if start + size <= from {
                break;
            }
            start = start.max(to);
        }
        offsets[i] = Some(start);
        len = len.max(start + size);
        placed.push(Placed { born, dies, start, end: start + size });
    }
    Arena { offsets, len }
}

struct Placed {
    born: usize,
    dies: usize,
    start: usize,
    end: usize,
}

/// First and last step that touches each value.
fn lives(program: &Program) -> Vec<Option<(usize, usize)>> {
    let mut lives: Vec<Option<(usize, usize)>> = vec![None; program.values.len()];
    for (t, step) in program.steps.iter().enumerate() {
        for value in step.inputs.iter().chain(&step.outputs) {
            let life = &mut lives[value.0];
            *life = Some(life.map_or((t, t), |(born, _)| (born, t)));
        }
    }
    lives
}
