//! Why a data set could not be fetched, each told in a sentence with what to do.

use std::io;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    #[error("{title} is being fetched already, by another window or command: wait for it, or end that one.")]
    UnderWay { title: String },

    /// None of the places gave the file.
    #[error(
        "{title} could not be fetched: {reasons}. What has come so far is kept: try again to go on from there. \
         {by_hand}"
    )]
    Unreachable { title: String, reasons: String, by_hand: String },

    #[error("`{}` cannot be written ({cause}): {}.", .path.display(), remedy(.cause))]
    Disk { path: PathBuf, cause: io::Error },

    #[error("`{}` is damaged ({what}): take it away and fetch it again.", .path.display())]
    Archive { path: PathBuf, what: String },

    #[error("The download was stopped. What has come so far is kept: fetch it again to go on from there.")]
    Cancelled,
}

fn remedy(cause: &io::Error) -> &'static str {
    match cause.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "make room on the disk and try again, it goes on from there; or set the environment variable \
             CONVSCOPE_DATA to a folder on another disk"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "set the environment variable CONVSCOPE_DATA to a folder of your own, and try again"
        }
        _ => "check the disk and your right to write there, and try again",
    }
}

/// An error of the file system at `path`.
pub(super) fn disk(path: &Path) -> impl FnOnce(io::Error) -> DownloadError {
    let path = path.to_owned();
    move |cause| DownloadError::Disk { path, cause }
}
