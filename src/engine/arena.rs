//! Places for transient values in one block of memory, shared by those that are never alive together.

use std::ops::Range;

use crate::graph::program::{Bank, Home, Placement, Program, ValueId};

/// Where each transient value lies.
pub struct Arena {
    /// Offset in numbers for each value of the program; none for values in banks and for those kept apart.
    pub offsets: Vec<Option<usize>>,
    /// Numbers in all.
    pub len: usize,
}

/// A range of numbers in one of the blocks of memory that a plan works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub block: Block,
    pub offset: usize,
    pub len: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// Shared by all plans of a device, which take turns.
    Arena,
    /// The plan's own: values that outlive a run of it.
    Kept,
    Bank(Bank),
}

impl Place {
    pub fn overlaps(&self, other: &Self) -> bool {
        self.block == other.block
            && self.offset < other.offset + other.len
            && other.offset < self.offset + self.len
    }

    /// The place with its length rounded up to whole vectors of four numbers.
    pub fn in_fours(self) -> Self {
        Self { len: self.len.next_multiple_of(4), ..self }
    }

    /// A part of the place that begins where a place may.
    pub fn part(self, range: Range<usize>) -> Self {
        assert!(range.start.is_multiple_of(Placement::ALIGN) && range.end <= self.len, "a part is a place");
        Self { offset: self.offset + range.start, len: range.len(), ..self }
    }
}

/// The lengths that living plans ask of the arena they share. It grows to the longest, and shrinks again once
/// those that asked for much are gone.
#[derive(Debug, Default)]
pub struct Tenants(Vec<usize>);

impl Tenants {
    pub fn join(&mut self, len: usize) {
        self.0.push(len);
    }

    pub fn leave(&mut self, len: usize) {
        if let Some(i) = self.0.iter().position(|&other| other == len) {
            self.0.swap_remove(i);
        }
    }

    pub fn longest(&self) -> usize {
        self.0.iter().copied().max().unwrap_or(0)
    }

    /// Whether an arena of so many numbers is much longer than any of them needs.
    pub fn outgrown_by(&self, arena_len: usize) -> bool {
        arena_len / 2 > self.longest()
    }
}

/// The place of each value, and the length of the block of kept values. Every place begins at a multiple of
/// [`Placement::ALIGN`] and has room up to the next.
pub fn places(program: &Program, arena: &Arena) -> (Vec<Option<Place>>, usize) {
    let mut kept_len = 0;
    let mut places: Vec<Option<Place>> = program
        .values
        .iter()
        .zip(&arena.offsets)
        .map(|(value, offset)| match value.home {
            Home::Bank { bank, offset } => Some(Place { block: Block::Bank(bank), offset, len: value.len }),
            Home::Transient => offset.map(|offset| Place { block: Block::Arena, offset, len: value.len }),
        })
        .collect();
    for value in kept_apart(program) {
        let len = program.values[value.0].len;
        places[value.0] = Some(Place { block: Block::Kept, offset: kept_len, len });
        kept_len += len.next_multiple_of(Placement::ALIGN);
    }
    (places, kept_len)
}

/// Values that must outlive the program's run and so lie outside the shared arena: what the caller reads, and
/// what it writes, that is what steps read and no step has written.
pub fn kept_apart(program: &Program) -> Vec<ValueId> {
    let asked_for = program.outputs.values().chain(program.gradients.values());
    let mut kept: Vec<ValueId> = asked_for.copied().chain(program.metrics).chain(program.strongest).collect();
    let mut written = vec![false; program.values.len()];
    for step in &program.steps {
        let from_outside =
            |value: &&ValueId| !written[value.0] && program.values[value.0].home == Home::Transient;
        kept.extend(step.inputs.iter().filter(from_outside));
        for output in &step.outputs {
            written[output.0] = true;
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{Augment, Optimiser, presets};
    use crate::graph::program::{Feed, Mode, Request, Update};
    use crate::graph::{Goal, Graph};
    use crate::tensor::Extent;

    fn program() -> Program {
        let network = presets::build("resnet-20", Extent::new(3, 32, 32), 10).expect("a preset");
        let request = Request {
            batch: 8,
            mode: Mode::Train,
            feed: Feed::DataSet { augment: Augment::default() },
            loss: Some(Goal::classes(10)),
            gradients: true,
            update: Some(Update { rule: Optimiser::Sgd, clips: false }),
            wanted: Vec::new(),
        };
        Program::new(&Graph::new(&network).expect("a possible net").fused(), &request)
    }

    #[test]
    fn values_alive_together_never_share_a_place() {
        let program = program();
        let arena = assign(&program);
        let lives = lives(&program);
        let placed: Vec<usize> = (0..program.values.len()).filter(|&i| arena.offsets[i].is_some()).collect();
        for (n, &i) in placed.iter().enumerate() {
            for &j in &placed[..n] {
                let (Some(a), Some(b)) = (lives[i], lives[j]) else { panic!("a placed value is used") };
                let (Some(x), Some(y)) = (arena.offsets[i], arena.offsets[j]) else { panic!("placed") };
                let apart = x + program.values[i].len <= y || y + program.values[j].len <= x;
                assert!(a.1 < b.0 || b.1 < a.0 || apart, "values {i} and {j}");
            }
        }
    }

    #[test]
    fn sharing_saves_memory() {
        let program = program();
        let transient = |value: &&crate::graph::program::Value| value.home == Home::Transient;
        let apart: usize = program.values.iter().filter(transient).map(|value| value.len).sum();
        assert!(assign(&program).len * 10 < apart * 7, "{} of {apart}", assign(&program).len);
    }
}
