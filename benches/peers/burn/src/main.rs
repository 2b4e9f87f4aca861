//! The work of `convscope bench` in Burn: its `flex` backend on the CPU, `wgpu` on a GPU.
//!
//!     cd benches/peers/burn && cargo build --release [--features wgpu]
//!
//! `compare.py` runs it, and says how.

#[path = "../../shared/measure.rs"]
mod measure;
mod net;
#[path = "../../shared/nets.rs"]
mod nets;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::nn::loss::{CrossEntropyLoss, CrossEntropyLossConfig};
use burn::optim::momentum::MomentumConfig;
use burn::optim::{GradientsParams, ModuleOptimizer, SgdConfig};
use burn::tensor::{Device, Distribution, Int, Tensor};
use measure::{Job, MOMENTUM, Outcome, Peer, RATE};
use net::Net;

fn main() {
    measure::main::<Burn>();
}

struct Burn {
    net: Net,
    optimiser: ModuleOptimizer,
    loss: CrossEntropyLoss,
    /// That of training, which records what is computed.
    device: Device,
    batch: Batch,
    /// On the same device, without recording.
    eval_batch: Batch,
    side: usize,
}

#[derive(Clone)]
struct Batch {
    /// (N, C, H, W).
    pictures: Tensor<4>,
    /// (N), or (N·H·W) where there is one for each pixel.
    labels: Tensor<1, Int>,
}

impl Peer for Burn {
    const VERSION: &'static str = env!("PEER_VERSION");

    fn new(job: &Job) -> Outcome<Self> {
        let plain = device(&job.device)?;
        let device = plain.clone().autodiff();
        let layers = nets::net(&job.work).ok_or_else(|| format!("There is no work `{}`.", job.work))?;
        // Burn dampens by 0.1 unless told otherwise; the others do not.
        let momentum = MomentumConfig::new().with_momentum(MOMENTUM).with_dampening(0.0);
        Ok(Self {
            net: Net::new(&layers, &device),
            optimiser: SgdConfig::new().with_momentum(Some(momentum)).init(),
            loss: CrossEntropyLossConfig::new().init(&device),
            batch: Batch::new(job, job.batch, &device),
            eval_batch: Batch::new(job, job.eval_batch, &plain),
            device,
            side: job.side,
        })
    }

    fn n_parameters(&self) -> usize {
        let mut learned = Learned(0);
        self.net.visit(&mut learned);
        learned.0
    }

    fn train(&mut self, n_steps: usize) -> Outcome<()> {
        for _ in 0..n_steps {
            let Batch { pictures, labels } = self.batch.clone();
            let loss = self.loss.forward(classes(self.net.forward(pictures)), labels);
            let gradients = GradientsParams::from_grads(loss.backward(), &self.net);
            self.net = self.optimiser.step(RATE, self.net.clone(), gradients);
        }
        Ok(self.device.sync()?)
    }

    fn evaluate(&mut self, n_batches: usize) -> Outcome<(f64, f64)> {
        let net = self.net.valid();
        let mut sums: Option<[Tensor<1>; 2]> = None;
        for _ in 0..n_batches {
            let Batch { pictures, labels } = self.eval_batch.clone();
            let answers = classes(net.forward(pictures));
            let wrong = answers.clone().argmax(1).flatten::<1>(0, 1).not_equal(labels.clone()).float().mean();
            let found = [self.loss.forward(answers, labels), wrong];
            sums = Some(match sums {
                Some([loss, wrong]) => [loss + found[0].clone(), wrong + found[1].clone()],
                None => found,
            });
        }
        let [loss, wrong] = sums.ok_or("There is no batch to evaluate.")?;
        let mean = |sum: Tensor<1>| f64::from(sum.into_scalar::<f32>()) / n_batches as f64;
        Ok((mean(loss), mean(wrong)))
    }

    fn answer(&mut self, pictures: Vec<f32>) -> Outcome<f64> {
        let [n, channels, ..] = self.batch.pictures.dims();
        let flat = Tensor::<1>::from_floats(pictures.as_slice(), &self.device);
        let net = self.net.clone().map(&mut Level);
        Ok(net.forward(flat.reshape([n, channels, self.side, self.side])).mean().into_scalar::<f32>().into())
    }
}

impl Batch {
    fn new(job: &Job, n: usize, device: &Device) -> Self {
        let shape = [n, job.channels, job.side, job.side];
        let labels: Vec<i32> = (0..measure::n_labels(job, n) as i32).map(|i| i % 10).collect();
        Self {
            pictures: Tensor::random(shape, Distribution::Uniform(0.0, 1.0), device),
            labels: Tensor::from_ints(labels.as_slice(), device),
        }
    }
}

/// Counts what is learned: Burn's own count has running statistics in it.
struct Learned(usize);

impl ModuleVisitor for Learned {
    fn visit_float<const D: usize>(&mut self, parameter: &Param<Tensor<D>>) {
        if parameter.is_require_grad() {
            self.0 += parameter.shape().num_elements();
        }
    }
}

/// Sets parameters as [`Peer::answer`] says.
struct Level;

impl ModuleMapper for Level {
    fn map_float<const D: usize>(&mut self, parameter: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let level = if D > 1 { 1.0 / (parameter.shape().num_elements() as f64).sqrt() } else { 1.0 };
        parameter.map(|numbers| numbers.zeros_like().add_scalar(level))
    }
}

/// A row for each label: (N, classes, H, W) → (N·H·W, classes).
fn classes(answers: Tensor<4>) -> Tensor<2> {
    answers.permute([0, 2, 3, 1]).flatten(0, 2)
}

fn device(name: &str) -> Outcome<Device> {
    match name {
        "cpu" => Ok(Device::flex()),
        #[cfg(feature = "wgpu")]
        "gpu" => Ok(Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)),
        _ => Err(format!("This build of Burn has no device `{name}`; `--features wgpu` adds `gpu`.").into()),
    }
}
