//! What an op's `gpu` sees: the places of its step's operands, and a list to which it adds dispatches.

use std::ops::Range;
use std::sync::Arc;

use super::context::Context;
use super::pipelines::Kernel;
use super::product::{Product, Products, Shape};
use super::tiles::Tiles;
use crate::engine::EngineError;
use crate::engine::arena::{Block, Place};
use crate::graph::layers::Window;
use crate::graph::layers::permute::Permutation;
use crate::graph::program::Placement;
use crate::tensor::Extent;

/// Invocations in a workgroup of the shaders that treat one number, or four, in each.
pub const LANES: usize = 64;

/// The arrays that describe the pictures on the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Bytes, in so many buffers.
    Pixels(usize),
    /// Of the pictures in the buffer of that number.
    Labels(usize),
    Order,
    Mean,
    Scale,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    Place(Place),
    Source(Source),
    Constant(Constant),
}

/// A table of whole numbers that a step carries with it, by its number in the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Constant(pub usize);

/// One start of a shader: inert, bound to buffers later.
#[derive(Clone, Debug, PartialEq)]
pub struct Dispatch {
    pub kernel: Kernel,
    pub operands: Vec<Operand>,
    pub n_groups: usize,
}

/// The list of dispatches under construction.
pub struct Lowering {
    inputs: Vec<Place>,
    outputs: Vec<Place>,
    addition: Option<Addition>,
    dispatches: Vec<Dispatch>,
    /// What the steps' constant tables are drawn from, each once.
    constants: Vec<Permutation>,
    picture_ranges: Vec<Range<usize>>,
    /// Numbers in the arena that belong to values; scratch lies behind them.
    values_len: usize,
    /// Scratch of the current step, and of the step that needs most.
    scratch_len: usize,
    most_scratch: usize,
    /// Numbers that one operand may hold.
    largest_operand: usize,
    products: Products,
    tiles: Arc<Tiles>,
    unmeasured: Vec<Unmeasured>,
}

/// A sum of what a step gives and something else, perhaps rectified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addition {
    pub term: Place,
    pub result: Place,
    pub relu: bool,
}

/// A product of which nobody knows yet by which tiles it is made quickest.
#[derive(Clone)]
pub struct Unmeasured {
    pub key: String,
    pub product: Product,
    /// Without tiles.
    pub dispatch: Dispatch,
}

impl Dispatch {
    pub fn new(shader: &'static str, entry: &'static str) -> Self {
        let (parts, constants) = (Vec::new(), Vec::new());
        let kernel = Kernel { shader, parts, entry, constants, n_operands: 0, reads_table: false };
        Self { kernel, operands: Vec::new(), n_groups: 0 }
    }

    /// Puts parts of a shader before those that stand before it already.
    pub fn behind(mut self, parts: &[&'static str]) -> Self {
        self.kernel.parts.splice(0..0, parts.iter().copied());
        self
    }

    /// Sets an `override` constant of the shader.
    pub fn constant(mut self, name: &'static str, value: impl Into<f64>) -> Self {
        self.kernel.constants.push((name, value.into()));
        self
    }

    /// Sets a size, likewise.
    pub fn size(self, name: &'static str, value: usize) -> Self {
        // An operand whose sizes do not fit into 32 bits is refused when it is bound, before it is used.
        self.constant(name, u32::try_from(value).unwrap_or(u32::MAX))
    }

    /// Sets the shapes of x and y, `(C, H, W)` each.
    pub fn maps(self, input: Extent, output: Extent) -> Self {
        self.size("IN_CHANNELS", input.channels)
            .size("IN_HEIGHT", input.height)
            .size("IN_WIDTH", input.width)
            .size("OUT_CHANNELS", output.channels)
            .size("OUT_HEIGHT", output.height)
            .size("OUT_WIDTH", output.width)
    }

    pub fn window(self, window: &Window) -> Self {
        self.size("KERNEL_H", window.kernel[0])
            .size("KERNEL_W", window.kernel[1])
            .size("STRIDE_H", window.stride[0])
            .size("STRIDE_W", window.stride[1])
            .size("PADDING_H", window.padding[0])
            .size("PADDING_W", window.padding[1])
    }

    /// Binds the next arrays of group 0.
    pub fn bind(mut self, places: &[Place]) -> Self {
        self.operands.extend(places.iter().copied().map(Operand::Place));
        self.kernel.n_operands = self.operands.len();
        self
    }

    pub fn bind_sources(mut self, sources: &[Source]) -> Self {
        self.operands.extend(sources.iter().copied().map(Operand::Source));
        self.kernel.n_operands = self.operands.len();
        self
    }

    pub fn bind_constant(mut self, constant: Constant) -> Self {
        self.operands.push(Operand::Constant(constant));
        self.kernel.n_operands = self.operands.len();
        self
    }

    /// Binds the step's table.
    pub fn with_table(mut self) -> Self {
        self.kernel.reads_table = true;
        self
    }

    pub fn groups(mut self, n_groups: usize) -> Self {
        self.n_groups = n_groups;
        self
    }

    /// Workgroups of [`LANES`] that make so many invocations or a few more.
    pub fn invocations(self, n: usize) -> Self {
        self.groups(n.div_ceil(LANES))
    }

    /// Bytes of its arrays, each once; those of the pictures aside, of which it reads but a batch.
    pub(super) fn n_bytes(&self) -> u64 {
        let mut places: Vec<Place> = Vec::new();
        for operand in &self.operands {
            match operand {
                // One that is bound in the place of another that is not needed.
                Operand::Place(place) if places.iter().any(|other| other.overlaps(place)) => {}
                Operand::Place(place) => places.push(*place),
                Operand::Source(_) | Operand::Constant(_) => {}
            }
        }
        places.iter().map(|place| 4 * place.len as u64).sum()
    }

    /// The dispatch's grid: a row of workgroups, or several rows where one would be too long. Shaders find
    /// their number as `x + y · width`.
    pub fn grid(&self, longest_row: u32) -> [u32; 2] {
        let n_rows = self.n_groups.div_ceil(longest_row as usize).max(1);
        [self.n_groups.div_ceil(n_rows) as u32, n_rows as u32]
    }
}

impl Lowering {
    /// For a plan whose values take `values_len` numbers of the arena.
    pub(super) fn new(context: &Context, values_len: usize, picture_ranges: Vec<Range<usize>>) -> Self {
        Self {
            inputs: Vec::new(),
            outputs: Vec::new(),
            addition: None,
            dispatches: Vec::new(),
            constants: Vec::new(),
            picture_ranges,
            values_len: values_len.next_multiple_of(Placement::ALIGN),
            scratch_len: 0,
            most_scratch: 0,
            largest_operand: context.limits.max_storage_buffer_binding_size as usize / 4,
            products: context.products,
            tiles: context.tiles.clone(),
            unmeasured: Vec::new(),
        }
    }

    /// For steps to be measured, their products computed in a way that is given.
    pub(super) fn by(context: &Context, products: Products) -> Self {
        Self { products, ..Self::new(context, 0, Vec::new()) }
    }

    pub(super) fn dispatches(&self) -> &[Dispatch] {
        &self.dispatches
    }

    /// Begins the next step.
    pub(super) fn step(&mut self, inputs: Vec<Place>, outputs: Vec<Place>) {
        self.inputs = inputs;
        self.outputs = outputs;
        self.addition = None;
        self.scratch_len = 0;
    }

    /// Lets the step that has just begun make the sum behind it as well.
    pub(super) fn add(&mut self, addition: Addition) {
        self.addition = Some(addition);
    }

    /// The sum that this step makes of its first output, if it is to; that output is then not asked for.
    pub fn addition(&self) -> Option<Addition> {
        self.addition
    }

    /// The dispatches, the numbers they need in the arena, and what their constant tables are drawn from.
    pub(super) fn finish(
        self,
        context: &Context,
    ) -> Result<(Vec<Dispatch>, usize, Vec<Permutation>), EngineError> {
        for operand in self.dispatches.iter().flat_map(|dispatch| &dispatch.operands) {
            if let Operand::Place(place) = operand {
                context.check_binding("One array of the network", place.len)?;
            }
        }
        Ok((self.dispatches, self.values_len + self.most_scratch, self.constants))
    }

    pub fn input(&self, i: usize) -> Place {
        self.inputs[i]
    }

    pub fn n_inputs(&self) -> usize {
        self.inputs.len()
    }

    pub fn output(&self, i: usize) -> Place {
        self.outputs[i]
    }

    /// Room for numbers that are needed within this step alone.
    pub fn scratch(&mut self, len: usize) -> Place {
        let place = Place { block: Block::Arena, offset: self.values_len + self.scratch_len, len };
        self.scratch_len += len.next_multiple_of(Placement::ALIGN);
        self.most_scratch = self.most_scratch.max(self.scratch_len);
        place
    }

    /// The table of a permutation, which lies on the device for as long as the plan lives.
    pub fn constant(&mut self, permutation: Permutation) -> Constant {
        let known = self.constants.iter().position(|constant| *constant == permutation);
        Constant(known.unwrap_or_else(|| {
            self.constants.push(permutation);
            self.constants.len() - 1
        }))
    }

    /// The pictures that lie in each [`Source::Pixels`].
    pub fn picture_ranges(&self) -> &[Range<usize>] {
        &self.picture_ranges
    }

    /// Numbers that can be bound at once.
    pub fn largest_operand(&self) -> usize {
        self.largest_operand
    }

    /// How matrix products and convolutions are computed on this device.
    pub fn products(&self) -> Products {
        self.products
    }

    pub(super) fn n_dispatches(&self) -> usize {
        self.dispatches.len()
    }

    /// The products whose tiles are those that are customary, not those that were measured to be the quickest; each
    /// once.
    pub(super) fn unmeasured(&self) -> &[Unmeasured] {
        &self.unmeasured
    }

    /// Adds a dispatch of a product, by the tiles that are the quickest as far as is known.
    pub fn push_product(&mut self, product: &Product, dispatch: Dispatch) {
        let key = product.key(&dispatch);
        let shape = self.tiles.known(&key).unwrap_or_else(|| {
            if self.unmeasured.iter().all(|other| other.key != key) {
                self.unmeasured.push(Unmeasured { key, product: *product, dispatch: dispatch.clone() });
            }
            Shape::customary(product, self.tiles.is_software())
        });
        self.push(shape.applied(dispatch, product));
    }

    /// Adds a dispatch. It sees all that those before it wrote.
    pub fn push(&mut self, dispatch: Dispatch) {
        self.dispatches.push(dispatch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_row_of_workgroups_is_broken() {
        let grid = |n_groups, longest| Dispatch::new("add", "forward").groups(n_groups).grid(longest);
        assert_eq!(grid(7, 10), [7, 1]);
        assert_eq!(grid(21, 10), [7, 3]);
        assert_eq!(grid(0, 10), [0, 1]);
    }
}
