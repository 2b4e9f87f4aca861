//! The same three passes in the other roles, as a transposed convolution, against its own definition.

use super::close;
use crate::engine::ops::testing::{devices, double, normal};
use crate::engine::plain::Machine;
use crate::engine::{Device, StepTable, layout};
use crate::experiment::Network;
use crate::experiment::layers::{Kind, Layer, TransposedConv};
use crate::graph::program::{Bank, Feed, Mode, Placement, Program, Request};
use crate::graph::{Goal, Graph};
use crate::tensor::Extent;

/// A transposed convolution with global average pooling and the loss behind it, so that it has gradients.
struct Transposed {
    conv: TransposedConv,
    input: Extent,
    graph: Graph,
    program: Program,
    placement: Placement,
    /// `(I, O/groups, kH, kW)` and `(O)`.
    parameters: Vec<Vec<f32>>,
    /// `(N, I, H, W)`.
    x: Vec<f32>,
}

const BATCH: usize = 2;

impl Transposed {
    fn new(conv: TransposedConv, input: Extent) -> Self {
        let layers = [Kind::TransposedConv(conv.clone()), Kind::GlobalAveragePool].map(Layer::new).into();
        let graph = Graph::new(&Network { input, layers }).expect("a possible net");
        let request = Request {
            batch: BATCH,
            mode: Mode::Train,
            feed: Feed::Direct,
            loss: Some(Goal::classes(conv.filters)),
            gradients: true,
            update: None,
            wanted: vec![graph.layers[0].node],
        };
        let numbers = |(i, parameter): (usize, &crate::graph::Parameter)| normal(i as u32, parameter.len());
        Self {
            program: Program::new(&graph, &request),
            placement: Placement::of(&graph),
            parameters: graph.parameters.iter().enumerate().map(numbers).collect(),
            x: normal(9, BATCH * input.len()),
            graph,
            conv,
            input,
        }
    }

    fn output(&self) -> Extent {
        self.graph.layers[0].output
    }

    /// y `(N, O, H', W')` by the definition: every input pixel adds its multiple of the filters.
    fn prints(&self) -> Vec<f64> {
        let (x, y, conv) = (self.input, self.output(), &self.conv);
        let [n_in, n_out] = [x.channels / conv.groups, y.channels / conv.groups];
        let mut out = vec![0.0; BATCH * y.len()];
        if conv.bias {
            out.iter_mut().enumerate().for_each(|(at, y_at)| {
                *y_at = self.parameters[1][at / y.area() % y.channels] as f64;
            });
        }
        for at in 0..BATCH * x.len() {
            let (column, row) = (at % x.width, at / x.width % x.height);
            let (c, n) = (at / x.area() % x.channels, at / x.len());
            for tap in 0..n_out * conv.kernel[0] * conv.kernel[1] {
                let (v, u) = (tap % conv.kernel[1], tap / conv.kernel[1] % conv.kernel[0]);
                let o = c / n_in * n_out + tap / (conv.kernel[0] * conv.kernel[1]);
                let place = |axis: usize, at: usize, tap: usize| {
                    (at * conv.stride[axis] + tap * conv.dilation[axis]).checked_sub(conv.padding[axis])
                };
                let (Some(h), Some(w)) = (place(0, row, u), place(1, column, v)) else { continue };
                if h < y.height && w < y.width {
                    let weight = self.parameters[0][c * n_out * conv.kernel[0] * conv.kernel[1] + tap];
                    out[((n * y.channels + o) * y.height + h) * y.width + w] += (self.x[at] * weight) as f64;
                }
            }
        }
        out
    }

    /// The bank of parameters, in storage order.
    fn bank(&self) -> Vec<f32> {
        let mut bank = vec![0.0; self.placement.parameters_len];
        let placed = self.graph.parameters.iter().zip(&self.parameters).zip(&self.placement.parameters);
        for ((parameter, numbers), &at) in placed {
            let stored = layout::parameter_to_storage(parameter, numbers);
            bank[at..at + stored.len()].copy_from_slice(&stored);
        }
        bank
    }

    /// y and the gradients of all parameters, by a device.
    fn on(&self, device: &dyn Device) -> [Vec<f64>; 2] {
        let memory = device.memory(&self.placement).expect("room for few numbers");
        memory.write(Bank::Parameters, 0, &self.bank()).expect("parameters");
        let mut plan = device.plan(&self.program, &memory, None).expect("a plan");
        plan.write(self.program.pictures, &layout::maps_to_storage(&self.x, self.input)).expect("pictures");
        plan.write(self.program.labels, &[0.0, 1.0]).expect("labels");
        plan.run(&[StepTable::default()]).expect("one step");
        let y = plan.read(self.program.outputs[&self.graph.layers[0].node]).expect("the output");
        let y = layout::maps_from_storage(&y, self.output());
        [double(&y), double(&memory.read(Bank::Gradients).expect("gradients"))]
    }

    /// The plain references, ready to run.
    fn machine(&self) -> Machine<f64> {
        let mut machine = Machine::new(self.program.clone(), &self.placement);
        machine.bank_mut(Bank::Parameters).copy_from_slice(&double(&self.bank()));
        let x = layout::maps_to_storage(&double(&self.x), self.input);
        machine.value_mut(self.program.pictures).copy_from_slice(&x);
        machine.value_mut(self.program.labels).copy_from_slice(&[0.0, 1.0]);
        machine
    }

    fn check(&self) {
        let mut machine = self.machine();
        machine.run(&StepTable::default());
        let y = machine.value(self.program.outputs[&self.graph.layers[0].node]);
        // The products of the definition are made in single precision.
        close("y", &layout::maps_from_storage(y, self.output()), &self.prints(), 1e-6);
        let gradients = machine.bank(Bank::Gradients).to_vec();
        close("slopes", &gradients, &self.slopes(), 1e-7);
        for device in devices() {
            let name = &device.info().name;
            let [y, found] = self.on(&*device);
            close(name, &y, &self.prints(), 1e-5);
            close(name, &found, &gradients, 1e-5);
        }
    }

    /// The gradient by all parameters as central differences.
    fn slopes(&self) -> Vec<f64> {
        let h = 1e-5;
        let mut machine = self.machine();
        let mut loss = |i: usize, change: f64| {
            machine.bank_mut(Bank::Parameters)[i] += change;
            machine.run(&StepTable::default());
            machine.loss().expect("a loss")
        };
        (0..self.placement.parameters_len)
            .map(|i| {
                let slope = (loss(i, h) - loss(i, -2.0 * h)) / (2.0 * h);
                loss(i, h);
                slope
            })
            .collect()
    }
}

#[test]
fn a_transposed_convolution_prints_its_filters() {
    let conv = TransposedConv { filters: 3, ..TransposedConv::default() };
    Transposed::new(conv.clone(), Extent::new(2, 3, 4)).check();
    let odd = TransposedConv {
        filters: 4,
        kernel: [3, 2],
        stride: [2, 3],
        padding: [1, 0],
        output_padding: [1, 2],
        dilation: [1, 2],
        groups: 2,
        ..conv.clone()
    };
    Transposed::new(odd, Extent::new(6, 4, 3)).check();
    let single = TransposedConv {
        filters: 3,
        kernel: [1, 1],
        stride: [1, 1],
        dilation: [2, 2],
        output_padding: [1, 0],
        bias: false,
        ..conv
    };
    Transposed::new(single, Extent::new(2, 3, 4)).check();
}
