//! What can be wrong with pictures that come from outside, each told in a sentence: what, where, what to do.

use crate::experiment::figures::{bytes_needed, counted, grouped};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a data set could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// Neither a name in the catalogue nor a path that exists.
    #[error("There is no data set called `{asked}`{}: choose {choices} or the path of your own pictures.", Nearest(.nearest))]
    UnknownName { asked: String, nearest: Option<&'static str>, choices: String },

    /// A data set of the catalogue whose files are not on this computer.
    #[error(
        "{title} is not on this computer: fetch it with `convscope data get {name}`, or put {files} into `{}`{}.",
        .folder.display(), OtherPlace(.other_place)
    )]
    Absent {
        /// As a person calls it.
        title: &'static str,
        name: &'static str,
        /// The file names, joined for reading.
        files: String,
        /// The folder where they are certain to be found next time.
        folder: PathBuf,
        /// The folder that `CONVSCOPE_DATA` names where it is set: `folder` then lies in it.
        other_place: bool,
    },

    /// A path that leads nowhere, or a file that ought to stand beside others.
    #[error("`{}` is missing: {remedy}.", .path.display())]
    Missing { path: PathBuf, remedy: String },

    /// The operating system refused.
    #[error("`{}` cannot be read ({cause}): check the file and your right to read it.", .path.display())]
    Unreadable { path: PathBuf, cause: io::Error },

    /// A file that is not what its name or place says, or is cut short.
    #[error("`{}` is damaged or of another format: {what}; {remedy}.", .path.display())]
    Damaged { path: PathBuf, what: String, remedy: &'static str },

    /// A label that names no class.
    #[error(
        "`{}` gives picture {index} (counted from 0) the label {label}, but there are only the classes \
         0 to {}: {remedy}.",
        .path.display(), .n_classes - 1
    )]
    Label { path: PathBuf, index: usize, label: usize, n_classes: usize, remedy: &'static str },

    /// A picture that will not decode.
    #[error("The picture `{}` cannot be decoded ({cause}): repair it or take it out of the folder.", .path.display())]
    Picture { path: PathBuf, cause: String },

    /// A picture given by itself that will not decode.
    #[error("The picture `{}` cannot be read ({cause}): give a PNG, JPEG, WebP, GIF or BMP file.", .path.display())]
    LonePicture { path: PathBuf, cause: String },

    /// Pictures are asked of a kind that no file holds.
    #[error(
        "Picture files hold 1 channel or 3, and {wanted} are asked for: use a net for grey or coloured pictures."
    )]
    Channels { wanted: usize },

    /// A folder or file in which no known format is to be recognised.
    #[error("`{}` is no data set this program knows, {what}: {remedy}.", .path.display())]
    Layout { path: PathBuf, what: String, remedy: &'static str },

    /// More pictures asked for than there are, or none.
    #[error(
        "`{key}` asks for {}, but {name} has {}: ask for 1 to {}, or leave it out for all of them.",
        counted(*.asked as u64, "picture"), count(*.available), count(*.available)
    )]
    Amount { key: &'static str, asked: usize, available: usize, name: String },

    /// Label noise towards a class that there is not.
    #[error(
        "`data.noise` leads to the class `{}`, which {name} has not{}: its classes are {choices}. Give one of them, or \
         leave `to` out for noise in all directions.",
        crate::experiment::words::shortened(.asked), Nearest(.nearest)
    )]
    UnknownClass { asked: String, nearest: Option<String>, name: String, choices: String },

    /// Label noise where all is of one class.
    #[error("`data.noise` finds no other class for the labels of {name} to become: leave it out.")]
    NoOtherClass { name: String },

    /// More than the program is willing to hold in memory.
    #[error("`{}` would take {} as pictures, more than the {} allowed: {remedy}.",
        .path.display(), bytes_needed(*.bytes), bytes_needed(MAX_BYTES))]
    TooLarge { path: PathBuf, bytes: u64, remedy: &'static str },
}

/// The most bytes of pictures one split may hold. A limit on what a few damaged or hostile bytes in a header
/// can make the program ask of the computer, not on what is useful.
pub const MAX_BYTES: u64 = 4 << 30;

/// A whole number as a person reads it: `60,000`.
pub(super) fn count(n: usize) -> String {
    grouped(n as u64)
}

impl DataError {
    pub(super) fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |cause| Self::Unreadable { path, cause }
    }
}

struct Nearest<'a, T>(&'a Option<T>);

impl<T: fmt::Display> fmt::Display for Nearest<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(nearest) => write!(f, " (did you mean `{nearest}`?)"),
            None => Ok(()),
        }
    }
}

struct OtherPlace<'a>(&'a bool);

impl fmt::Display for OtherPlace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self.0 {
            return Ok(());
        }
        f.write_str(", or set the environment variable CONVSCOPE_DATA to the folder that holds them")
    }
}
