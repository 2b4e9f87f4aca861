//! The work of `convscope bench` in candle: on the CPU, and by CUDA on a GPU.
//!
//!     cd benches/peers/candle && cargo build --release [--features cuda]
//!
//! `compare.py` runs it, and says how.

#[path = "../../shared/measure.rs"]
mod measure;
mod net;
#[path = "../../shared/nets.rs"]
mod nets;

use candle_core::{D, DType, Device, Tensor, Var};
use candle_nn::{VarBuilder, VarMap, loss};
use measure::{Job, MOMENTUM, Outcome, Peer, RATE};
use net::Net;

fn main() {
    measure::main::<Candle>();
}

struct Candle {
    net: Net,
    learned: Vec<Learned>,
    batch: Batch,
    eval_batch: Batch,
    device: Device,
}

/// A parameter with its momentum: candle's own SGD has none.
struct Learned {
    numbers: Var,
    velocity: Tensor,
}

struct Batch {
    /// (N, C, H, W).
    pictures: Tensor,
    /// (N), or (N·H·W) where there is one for each pixel.
    labels: Tensor,
}

impl Peer for Candle {
    const VERSION: &'static str = env!("PEER_VERSION");

    fn new(job: &Job) -> Outcome<Self> {
        let device = device(&job.device)?;
        let layers = nets::net(&job.work).ok_or_else(|| format!("There is no work `{}`.", job.work))?;
        let variables = VarMap::new();
        let net = Net::new(&layers, &VarBuilder::from_varmap(&variables, DType::F32, &device))?;
        Ok(Self {
            net,
            learned: learned(&variables)?,
            batch: Batch::new(job, job.batch, &device)?,
            eval_batch: Batch::new(job, job.eval_batch, &device)?,
            device,
        })
    }

    fn n_parameters(&self) -> usize {
        self.learned.iter().map(|learned| learned.numbers.elem_count()).sum()
    }

    fn train(&mut self, n_steps: usize) -> Outcome<()> {
        for _ in 0..n_steps {
            let answers = classes(&self.net.forward(&self.batch.pictures, true)?)?;
            let gradients = loss::cross_entropy(&answers, &self.batch.labels)?.backward()?;
            for Learned { numbers, velocity } in &mut self.learned {
                let gradient = gradients.get(numbers).ok_or("A parameter has no gradient.")?;
                // v ← μ·v + g, w ← w − η·v.
                *velocity = ((&*velocity * MOMENTUM)? + gradient)?.detach();
                numbers.set(&numbers.sub(&(&*velocity * RATE)?)?)?;
            }
        }
        Ok(self.device.synchronize()?)
    }

    fn evaluate(&mut self, n_batches: usize) -> Outcome<(f64, f64)> {
        let mut sums = Tensor::zeros(2, DType::F32, &self.device)?;
        for _ in 0..n_batches {
            let Batch { pictures, labels } = &self.eval_batch;
            let answers = classes(&self.net.forward(pictures, false)?)?;
            let loss = loss::cross_entropy(&answers, labels)?;
            let wrong = answers.argmax(D::Minus1)?.ne(labels)?.to_dtype(DType::F32)?.mean_all()?;
            // Detached, or the sum would keep all that has been computed.
            sums = (sums + Tensor::stack(&[loss, wrong], 0)?)?.detach();
        }
        let sums = sums.to_vec1::<f32>()?;
        Ok((f64::from(sums[0]) / n_batches as f64, f64::from(sums[1]) / n_batches as f64))
    }

    fn answer(&mut self, pictures: Vec<f32>) -> Outcome<f64> {
        for Learned { numbers, .. } in &self.learned {
            let level = if numbers.rank() > 1 { 1.0 / (numbers.elem_count() as f64).sqrt() } else { 1.0 };
            numbers.set(&(numbers.ones_like()? * level)?)?;
        }
        let pictures = Tensor::from_vec(pictures, self.batch.pictures.shape(), &self.device)?;
        Ok(self.net.forward(&pictures, true)?.mean_all()?.to_scalar::<f32>()?.into())
    }
}

impl Batch {
    fn new(job: &Job, n: usize, device: &Device) -> Outcome<Self> {
        let labels: Vec<u32> = (0..measure::n_labels(job, n) as u32).map(|i| i % 10).collect();
        Ok(Self {
            pictures: Tensor::rand(0_f32, 1.0, (n, job.channels, job.side, job.side), device)?,
            labels: Tensor::new(labels, device)?,
        })
    }
}

/// What is learned of a net, its running statistics not; in the order of its names.
fn learned(variables: &VarMap) -> Outcome<Vec<Learned>> {
    let named = variables.data().lock().map_err(|_| "The net's variables cannot be read.")?;
    let mut names: Vec<&String> = named.keys().filter(|name| !name.contains("running_")).collect();
    names.sort();
    names
        .into_iter()
        .map(|name| {
            Ok(Learned { numbers: named[name].clone(), velocity: named[name].zeros_like()?.detach() })
        })
        .collect()
}

/// A row for each label: (N, classes, H, W) → (N·H·W, classes).
fn classes(answers: &Tensor) -> Outcome<Tensor> {
    Ok(answers.permute((0, 2, 3, 1))?.flatten(0, 2)?)
}

fn device(name: &str) -> Outcome<Device> {
    match name {
        "cpu" => Ok(Device::Cpu),
        "gpu" if cfg!(feature = "cuda") => Ok(Device::new_cuda(0)?),
        _ => {
            Err(format!("This build of candle has no device `{name}`; `--features cuda` adds `gpu`.").into())
        }
    }
}
