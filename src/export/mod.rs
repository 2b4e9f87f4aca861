//! A net for other programs: as a Python file for PyTorch, and as ONNX. Both compute the very function that
//! the net computes here in test mode, from pictures as the normalisation leaves them.

pub mod onnx;
pub mod pytorch;

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::experiment::unwritable;
use crate::train::replace::replace;
use crate::train::weights::WeightsError;

/// Why a net could not be exported, in a sentence or two for a person.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("{} cannot be written: {}", path.display(), unwritable::reason(path, cause))]
    Write { path: PathBuf, cause: std::io::Error },
    #[error(transparent)]
    Weights(#[from] WeightsError),
    #[error(
        "An ONNX file holds 2 GiB at most, and the weights of this net take {}. Export it to PyTorch instead \
         (`--to pytorch`).",
        crate::experiment::figures::bytes_needed(*.bytes)
    )]
    TooLarge { bytes: u64 },
}

/// Writes a file whole, or leaves the old one.
fn write_file(path: &Path, bytes: &[u8]) -> Result<(), ExportError> {
    let failed = |cause| ExportError::Write { path: path.into(), cause };
    replace(path, failed, |file| file.write_all(bytes).map_err(failed))
}
