//! What `compare.py` asks of a peer: one job, as JSON, in its only argument; one line of JSON back.

use std::error::Error;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use serde_json::{Value, json};

/// The time that a block of steps takes at least: the device is waited for once in a block.
const BLOCK: Duration = Duration::from_millis(100);

/// Blocks, at least; and batches, at least, before the first.
const N_BLOCKS: usize = 5;
const N_WARM_UP: usize = 2;

pub const RATE: f64 = 1e-3;
pub const MOMENTUM: f64 = 0.9;

pub type Outcome<T> = Result<T, Box<dyn Error>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    pub work: String,
    pub channels: usize,
    pub side: usize,
    pub batch: usize,
    pub eval_batch: usize,
    pub per_pixel: bool,
    /// `cpu` or `gpu`.
    pub device: String,
    /// For training, and again for evaluation.
    seconds: f64,
    /// The caller's clock when it started this process, in seconds.
    started_at: f64,
    /// Whether to tell the net's answer to what all peers are given, instead of measuring.
    check: bool,
}

/// A peer with its net, its batch of training and its batch of evaluation on the device.
pub trait Peer {
    /// Of the framework, as Cargo.lock has it.
    const VERSION: &'static str;

    fn new(job: &Job) -> Outcome<Self>
    where
        Self: Sized;

    fn n_parameters(&self) -> usize;

    /// Trains for so many steps and waits for the last.
    fn train(&mut self, n_steps: usize) -> Outcome<()>;

    /// Evaluates so many batches by the running statistics, and returns the mean loss and the share of wrong answers.
    fn evaluate(&mut self, n_batches: usize) -> Outcome<(f64, f64)>;

    /// The mean of what the net answers, with the statistics of the batch, to pictures (N, C, H, W) of these numbers,
    /// where each of its kernels and matrices has 1/√n for all of its n numbers, and all else that is learned is 1.
    fn answer(&mut self, pictures: Vec<f32>) -> Outcome<f64>;
}

pub fn main<P: Peer>() {
    if let Err(error) = run::<P>() {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

fn run<P: Peer>() -> Outcome<()> {
    let argument = std::env::args().nth(1).ok_or("A job is missing: `compare.py` says what one is.")?;
    let job: Job = serde_json::from_str(&argument)?;
    let mut peer = P::new(&job)?;
    let mut found = match job.check {
        true => json!({ "answer": peer.answer(pictures(&job))? }),
        false => measure(&job, &mut peer)?,
    };
    found["version"] = P::VERSION.into();
    found["parameters"] = peer.n_parameters().into();
    println!("{found}");
    Ok(())
}

/// The same numbers in all peers, from −1 to 1: (N, C, H, W).
fn pictures(job: &Job) -> Vec<f32> {
    (0..job.batch * job.channels * job.side * job.side).map(|i| (i as f64).sin() as f32).collect()
}

/// Labels, for each picture or pixel, in the order (N) or (N, H, W).
pub fn n_labels(job: &Job, batch: usize) -> usize {
    batch * if job.per_pixel { job.side * job.side } else { 1 }
}

fn measure(job: &Job, peer: &mut impl Peer) -> Outcome<Value> {
    peer.train(1)?;
    let first_step = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64() - job.started_at;
    let step = median_secs(job.seconds, |n| peer.train(n))?;
    let mut evaluated = (f64::NAN, f64::NAN);
    let evaluation = median_secs(job.seconds, |n| {
        evaluated = peer.evaluate(n)?;
        Ok(())
    })?;
    Ok(json!({
        "train": job.batch as f64 / step,
        "eval": job.eval_batch as f64 / evaluation,
        "first_step": first_step,
        "mib": peak_memory_mib(),
        "loss": evaluated.0,
        "wrong": evaluated.1,
    }))
}

/// The median time of one of `units`, in blocks of several, after some in which caches, plans and clocks warm up.
fn median_secs(seconds: f64, mut units: impl FnMut(usize) -> Outcome<()>) -> Outcome<f64> {
    let budget = Duration::from_secs_f64(seconds);
    let (begin, mut n, mut n_warm) = (Instant::now(), 1, 0);
    loop {
        let block = Instant::now();
        units(n)?;
        n_warm += n;
        if block.elapsed() < BLOCK {
            n *= 2;
        } else if n_warm >= N_WARM_UP && begin.elapsed() > budget / 4 {
            break;
        }
    }
    let (begin, mut taken) = (Instant::now(), Vec::new());
    while taken.len() < N_BLOCKS || begin.elapsed() < budget {
        let block = Instant::now();
        units(n)?;
        taken.push(block.elapsed().as_secs_f64() / n as f64);
    }
    taken.sort_by(f64::total_cmp);
    Ok(taken[taken.len() / 2])
}

/// The most memory that this process has held; unknown where the system does not tell.
fn peak_memory_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib / 1024.0)
}
