//! Fully connected layer, `y = x·Wᵀ + b` with x `(N, in)` and W `(out, in)`; backward `dx = dy·W`,
//! `dW = dyᵀ·x`, `db = Σ_n dy`. In storage W is `(in, out)`.

use super::Lower;
use crate::engine::cpu::Kernel;
use crate::engine::gpu::Lowering;
use crate::engine::plain::{Plain, PlainIo, Real};
use crate::graph::layers::Pass;
use crate::graph::layers::linear::LinearStep;

impl Lower for LinearStep {
    fn cpu(&self) -> Box<dyn Kernel> {
        cpu::kernel(*self)
    }

    fn gpu(&self, lowering: &mut Lowering) {
        gpu::lower(self, lowering);
    }
}

impl Plain for LinearStep {
    fn plain<R: Real>(&self, io: PlainIo<'_, R>) {
        io.outputs.iter_mut().for_each(|output| output.fill(R::zero()));
        for n in 0..self.batch {
            let (in_x, in_y) =
                (n * self.inputs..(n + 1) * self.inputs, n * self.outputs..(n + 1) * self.outputs);
            match self.pass {
                Pass::Forward => {
                    let (x, y) = (&io.inputs[0][in_x], &mut io.outputs[0][in_y]);
                    for (&x, w) in x.iter().zip(io.inputs[1].chunks_exact(self.outputs)) {
                        y.iter_mut().zip(w).for_each(|(y, &w)| *y += x * w);
                    }
                    if self.bias {
                        y.iter_mut().zip(io.inputs[2]).for_each(|(y, &b)| *y += b);
                    }
                    if self.relu {
                        y.iter_mut().for_each(|y| *y = y.rectified());
                    }
                }
                Pass::Backward => {
                    let (dy, dx) = (&io.inputs[0][in_y], &mut io.outputs[0][in_x]);
                    for (dx, w) in dx.iter_mut().zip(io.inputs[1].chunks_exact(self.outputs)) {
                        *dx = dy.iter().zip(w).map(|(&dy, &w)| dy * w).sum();
                    }
                }
                Pass::Weights => {
                    let (x, dy) = (&io.inputs[0][in_x], &io.inputs[1][in_y]);
                    for (&x, dw) in x.iter().zip(io.outputs[0].chunks_exact_mut(self.outputs)) {
                        dw.iter_mut().zip(dy).for_each(|(dw, &dy)| *dw += x * dy);
                    }
                    if self.bias {
                        io.outputs[1].iter_mut().zip(dy).for_each(|(db, &dy)| *db += dy);
                    }
                }
            }
        }
    }
}

mod cpu {
    use super::*;
    use crate::engine::cpu::dense::Dense;
    use crate::engine::cpu::{Io, matrix};

    pub fn kernel(step: LinearStep) -> Box<dyn Kernel> {
        let LinearStep { batch, inputs, outputs, .. } = step;
        Box::new(Linear { step, dense: Dense { batch, inputs, outputs } })
    }

    struct Linear {
        step: LinearStep,
        dense: Dense,
    }

    impl Kernel for Linear {
        fn scratch_len(&self) -> usize {
            match self.step.pass {
                Pass::Forward => self.dense.forward_len(),
                Pass::Backward => self.dense.backward_len(),
                Pass::Weights => self.dense.weights_len(),
            }
        }

        fn run(&mut self, io: Io<'_>) {
            let (first, second) = (io.inputs[0], io.inputs[1]);
            match self.step.pass {
                Pass::Forward => {
                    let bias = self.step.bias.then(|| io.inputs[2]);
                    self.dense.forward(first, second, bias, self.step.relu, io.outputs[0], io.scratch);
                }
                Pass::Backward => self.dense.backward(first, second, io.outputs[0], io.scratch),
                Pass::Weights => {
                    self.dense.weights(first, second, io.outputs[0], io.scratch);
                    if self.step.bias {
                        matrix::column_sums(second, self.step.outputs, io.outputs[1]);
                    }
                }
            }
        }
    }
}

mod gpu {
    use super::*;
    use crate::engine::gpu::{Dispatch, Products};
    use crate::engine::ops::conv;
    use crate::graph::layers::Window;
    use crate::graph::layers::conv::ConvStep;
    use crate::tensor::Extent;

    pub fn lower(step: &LinearStep, lowering: &mut Lowering) {
        match lowering.products() {
            Products::Plain => plain(step, lowering),
            Products::Tiled | Products::Winograd | Products::Half => {
                conv::gpu::lower(&as_conv(step), lowering);
            }
        }
    }

    fn plain(step: &LinearStep, lowering: &mut Lowering) {
        let dispatch = |entry| {
            Dispatch::new("linear", entry)
                .size("IN", step.inputs)
                .size("OUT", step.outputs)
                .size("BATCH", step.batch)
        };
        let (first, second, result) = (lowering.input(0), lowering.input(1), lowering.output(0));
        match step.pass {
            Pass::Forward => {
                let bias = if step.bias { lowering.input(2) } else { second };
                let forward = dispatch("forward").constant("BIAS", step.bias).constant("RELU", step.relu);
                lowering.push(forward.bind(&[first, second, bias, result]).invocations(result.len));
            }
            Pass::Backward => {
                lowering.push(dispatch("backward").bind(&[first, second, result]).invocations(result.len));
            }
            Pass::Weights => {
                lowering.push(dispatch("weights").bind(&[first, second, result]).invocations(result.len));
                if step.bias {
                    let bias = dispatch("bias").bind(&[second, lowering.output(1)]);
                    lowering.push(bias.invocations(step.outputs));
                }
            }
        }
    }

    /// The same as a convolution: the batch is one of maps of one pixel.
    fn as_conv(step: &LinearStep) -> ConvStep {
        let LinearStep { pass, batch, inputs, outputs, bias, relu } = *step;
        let (input, output) = (Extent::vector(inputs), Extent::vector(outputs));
        ConvStep { pass, batch, input, output, window: Window::new([1, 1]), groups: 1, bias, relu }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::ops::testing::{Trial, check_slopes};
    use crate::graph::layers::StepOp;

    /// The three passes, over random numbers.
    fn trials(batch: usize, inputs: usize, outputs: usize, bias: bool, relu: bool) -> [Trial; 3] {
        let (x, y, w) = (batch * inputs, batch * outputs, inputs * outputs);
        let step = |pass| StepOp::Linear(LinearStep { pass, batch, inputs, outputs, bias, relu });
        let (with_b, with_db) = match bias {
            true => (vec![x, w, outputs], vec![w, outputs]),
            false => (vec![x, w], vec![w]),
        };
        [
            Trial::new(step(Pass::Forward), &with_b, &[y]),
            Trial::new(step(Pass::Backward), &[y, w], &[x]),
            Trial::new(step(Pass::Weights), &[x, y], &with_db),
        ]
    }

    /// Sums of up to 1,100 products, of terms that cancel.
    #[test]
    fn devices_agree_with_the_plain_reference() {
        for (batch, inputs, outputs, bias, relu) in [
            (1, 1, 1, true, false),
            (5, 7, 3, true, true),
            (33, 70, 41, false, true),
            (3, 50, 17, false, false),
            (17, 300, 150, true, true),
            (70, 130, 140, true, false),
        ] {
            let trials = trials(batch, inputs, outputs, bias, relu);
            trials.iter().for_each(|trial| trial.agrees_in_every_way(1e-5));
        }
    }

    #[test]
    fn long_sums_in_parts_agree_with_the_plain_reference() {
        for (batch, inputs, outputs, bias, relu) in
            [(4, 1100, 10, true, true), (700, 6, 5, true, false), (3, 10, 600, false, false)]
        {
            let trials = trials(batch, inputs, outputs, bias, relu);
            trials.iter().for_each(|trial| trial.agrees_in_every_way(1e-5));
        }
    }

    #[test]
    fn gradients_match_finite_differences() {
        let [forward, mut backward, mut weights] = trials(5, 7, 3, true, false);
        let dy = backward.inputs[0].clone();
        backward.inputs[1].clone_from(&forward.inputs[1]);
        weights.inputs = vec![forward.inputs[0].clone(), dy.clone()];
        check_slopes(&backward.plain()[0], &forward.slopes(0, &dy), 1e-7);
        check_slopes(&weights.plain()[0], &forward.slopes(1, &dy), 1e-7);
        check_slopes(&weights.plain()[1], &forward.slopes(2, &dy), 1e-7);
    }
}
