//! The three passes of a convolution as products by tiles (`conv_tiled.wgsl`), and those of a fully connected layer,
//! which is a convolution of maps of one pixel.

use crate::engine::arena::Place;
use crate::engine::gpu::product::{Product, Sum};
use crate::engine::gpu::{Dispatch, Lowering};
use crate::graph::layers::Pass;
use crate::graph::layers::conv::ConvStep;

/// The operands are those of the step.
pub fn lower(step: &ConvStep, lowering: &mut Lowering) {
    let (first, second, result) = (lowering.input(0), lowering.input(1), lowering.output(0));
    match step.pass {
        Pass::Forward => {
            let bias = step.bias.then(|| lowering.input(2));
            forward(step, [first, second, result], bias, lowering);
        }
        Pass::Backward => backward(step, [first, second, result], lowering),
        Pass::Weights => weights(step, lowering),
    }
}

/// x, w → y, with what follows.
pub fn forward(step: &ConvStep, [x, w, y]: [Place; 3], bias: Option<Place>, lowering: &mut Lowering) {
    let (rows, columns) = (step.batch * step.output.area(), step.output.channels / step.groups);
    let depth = step.window.area() * step.input.channels / step.groups;
    let product = Product::whole(lowering.products(), [rows, columns, depth], step.groups).cut_if_few();
    let parts = product.target(lowering, Some(y), y.len);
    let is_last = !product.is_cut();
    let dispatch = dispatch(step, &product, "forward")
        .constant("BIAS", bias.is_some() && is_last)
        .constant("RELU", step.relu && is_last);
    let operands = [x, w, parts].map(|place| in_fours(step, place));
    // Without a bias any array may be bound in its place.
    lowering.push_product(&product, dispatch.bind(&operands).bind(&[bias.unwrap_or(w)]));
    product.sum(lowering, parts, y.len, Sum { first: 0, bias, relu: step.relu, result: y });
}

/// dy, w → dx.
pub fn backward(step: &ConvStep, [dy, w, dx]: [Place; 3], lowering: &mut Lowering) {
    let (rows, columns) = (step.batch * step.input.area(), step.input.channels / step.groups);
    let depth = step.window.area() * step.output.channels / step.groups;
    let product = Product::whole(lowering.products(), [rows, columns, depth], step.groups).cut_if_few();
    let parts = product.target(lowering, Some(dx), dx.len);
    let operands = [dy, w, parts].map(|place| in_fours(step, place));
    lowering.push_product(&product, dispatch(step, &product, "backward").bind(&operands));
    product.sum(lowering, parts, dx.len, Sum::of_all(dx));
}

/// x, dy → dw[, db], which is the last row of the product.
fn weights(step: &ConvStep, lowering: &mut Lowering) {
    let n_taps = step.window.area() * step.input.channels / step.groups;
    let (rows, columns) = (n_taps + step.bias as usize, step.output.channels);
    let sizes = [rows, columns / step.groups, step.batch * step.output.area()];
    let product = Product::whole(lowering.products(), sizes, step.groups).cut();
    let (len, result) = (rows * columns, lowering.output(0));
    let parts = product.target(lowering, (!step.bias).then_some(result), len);
    let operands = [lowering.input(0), lowering.input(1), parts].map(|place| in_fours(step, place));
    let dispatch = dispatch(step, &product, "weights").constant("ONES", step.bias);
    lowering.push_product(&product, dispatch.bind(&operands));
    product.sum(lowering, parts, len, Sum::of_all(result));
    if step.bias {
        let result = lowering.output(1);
        product.sum(lowering, parts, len, Sum { first: n_taps * columns, ..Sum::of_all(result) });
    }
}

/// Without tiles and operands yet.
fn dispatch(step: &ConvStep, product: &Product, entry: &'static str) -> Dispatch {
    let arrays = if comes_in_fours(step) { "fours" } else { "ones" };
    super::sized(product.dispatch("conv_tiled", entry).behind(&[arrays]), step)
}

/// Whether all rows of all operands are of whole vectors of four numbers.
fn comes_in_fours(step: &ConvStep) -> bool {
    [step.input, step.output].iter().all(|extent| (extent.channels / step.groups).is_multiple_of(4))
}

/// An operand's place, up to the end of its last vector.
fn in_fours(step: &ConvStep, place: Place) -> Place {
    if comes_in_fours(step) { place.in_fours() } else { place }
}
