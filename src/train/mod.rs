//! Training: initial weights, the run and its metrics, weights on disk.

pub mod curves;
