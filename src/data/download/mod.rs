//! Published data sets fetched from where they are published, on the user's word and never otherwise.
//!
//! Nothing else in the program touches the network, and nothing is sent but the request for a file. Each file's
//! size and checksums are known beforehand ([`places`]); what differs is thrown away. A broken download goes on
//! where it stopped, now or in a later call; the data set appears in its folder whole or not at all.

mod error;
mod places;
mod tar;
mod transfer;

pub use error::DownloadError;
pub use places::offer;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use flate2::bufread::GzDecoder;

use error::disk;
use transfer::Transfer;

/// A data set that can be fetched: what it is, from where, and how much there is of it.
#[derive(Clone, Debug)]
pub struct Offer {
    /// As a person calls it: `CIFAR-10`.
    pub title: String,
    /// Addresses under which all files lie, the authors' own first; each ends in a slash.
    pub places: Vec<String>,
    pub files: Vec<Remote>,
    /// What is taken out of the files where they are archives (`.tar.gz`); else they are kept as they are.
    pub members: Vec<Member>,
    /// The folder that will hold the data set.
    pub folder: PathBuf,
}

/// A file as it is published.
#[derive(Clone, Debug)]
pub struct Remote {
    pub name: String,
    pub bytes: u64,
    /// In hexadecimal digits, as its authors publish it.
    pub md5: String,
    /// The same of the very file whose MD5 is the published one: nobody forges both.
    pub sha256: String,
}

/// A file in an archive.
#[derive(Clone, Debug)]
pub struct Member {
    pub name: String,
    pub bytes: u64,
}

/// How far a download has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub stage: Stage,
    /// Bytes that are here, those of earlier attempts included.
    pub done: u64,
    /// Bytes of all files.
    pub bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Fetching,
    /// The checksums are being computed, or the archive unpacked.
    Checking,
}

impl Offer {
    /// Bytes to be fetched.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// The computers that are asked, in this order, as a person reads them: `a.org, else b.com`.
    pub fn hosts(&self) -> String {
        let hosts: Vec<&str> = self.places.iter().map(|place| host(place)).collect();
        hosts.join(", else ")
    }

    /// How to do without this program, as a sentence.
    pub fn by_hand(&self) -> String {
        let names: Vec<&str> = self.files.iter().map(|file| file.name.as_str()).collect();
        let (files, folder) = (names.join(", "), self.folder.display());
        let place = self.places.last().map_or("", String::as_str);
        let unpack = if self.members.is_empty() { "" } else { " and unpack it" };
        format!("By hand: fetch {files} from {place}{unpack}, and put the files into `{folder}`.")
    }

    /// Where the download lies while it is not complete.
    fn partial(&self) -> PathBuf {
        let mut name = self.folder.file_name().unwrap_or_default().to_os_string();
        name.push(".partial");
        self.folder.with_file_name(name)
    }
}

/// The name of the computer in an address.
fn host(address: &str) -> &str {
    let behind = address.split_once("://").map_or(address, |(_, rest)| rest);
    behind.split(['/', ':']).next().unwrap_or(behind)
}

/// Fetches a data set into its folder, which it returns. `report` is called several times a second at most, and
/// once with all bytes done; setting `cancel` ends it within a moment. What was fetched so far is kept then, as
/// after any failure, and is where the next call goes on.
///
/// # Errors
/// No connection, another file than the published one, a disk that is full or must not be written to, another
/// download of the same under way, cancelled.
pub fn fetch(
    offer: &Offer,
    cancel: &AtomicBool,
    report: &mut dyn FnMut(Progress),
) -> Result<PathBuf, DownloadError> {
    fetch_by(&Transfer::new(cancel), offer, report)
}

fn fetch_by(
    transfer: &Transfer<'_>,
    offer: &Offer,
    report: &mut dyn FnMut(Progress),
) -> Result<PathBuf, DownloadError> {
    let (partial, whole) = (offer.partial(), offer.partial().join("whole"));
    fs::create_dir_all(&whole).map_err(disk(&whole))?;
    let _lock = lock(&partial, &offer.title)?;
    let (mut before, bytes) = (0, offer.bytes());
    let mut transfer = transfer.clone();
    for file in &offer.files {
        let fetched =
            if offer.members.is_empty() { whole.join(&file.name) } else { partial.join(&file.name) };
        let mut note = |stage, done| report(Progress { stage, done: before + done, bytes });
        if fs::metadata(&fetched).map_or(0, |there| there.len()) != file.bytes {
            transfer.file(offer, file, &fetched, &mut note)?;
        }
        note(Stage::Checking, file.bytes);
        if !offer.members.is_empty() {
            unpack(&fetched, &offer.members, &whole, transfer.cancel)?;
        }
        before += file.bytes;
    }
    put_in_place(&whole, &offer.folder)?;
    // What is left of it is of no use, and of no harm where it cannot be removed.
    let _ = fs::remove_dir_all(&partial);
    Ok(offer.folder.clone())
}

/// Keeps two programs from writing to one download; held until it is dropped.
fn lock(partial: &Path, title: &str) -> Result<File, DownloadError> {
    let path = partial.join("lock");
    let file = File::create(&path).map_err(disk(&path))?;
    match file.try_lock() {
        Err(fs::TryLockError::WouldBlock) => Err(DownloadError::UnderWay { title: title.to_owned() }),
        // A file system without locks is no reason to do nothing.
        Ok(()) | Err(fs::TryLockError::Error(_)) => Ok(file),
    }
}

fn unpack(archive: &Path, members: &[Member], into: &Path, cancel: &AtomicBool) -> Result<(), DownloadError> {
    let file = File::open(archive).map_err(disk(archive))?;
    let reader = GzDecoder::new(io::BufReader::with_capacity(1 << 16, file));
    let until_cancelled = Cancellable { reader, cancel };
    match tar::unpack(until_cancelled, members, into) {
        Err(_) if cancel.load(Ordering::Relaxed) => Err(DownloadError::Cancelled),
        other => other,
    }
}

/// Ends in an error once it is cancelled.
struct Cancellable<'a, R> {
    reader: R,
    cancel: &'a AtomicBool,
}

impl<R: io::Read> io::Read for Cancellable<'_, R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self.cancel.load(Ordering::Relaxed) {
            true => Err(io::Error::other("cancelled")),
            false => self.reader.read(bytes),
        }
    }
}

/// The finished data set goes to its folder in one step; into a folder that holds other things already, file by
/// file.
fn put_in_place(whole: &Path, folder: &Path) -> Result<(), DownloadError> {
    // Removes it only if it is empty.
    let _ = fs::remove_dir(folder);
    if !folder.exists() {
        return fs::rename(whole, folder).map_err(disk(folder));
    }
    for entry in fs::read_dir(whole).map_err(disk(whole))? {
        let entry = entry.map_err(disk(whole))?;
        let target = folder.join(entry.file_name());
        fs::rename(entry.path(), &target).map_err(disk(&target))?;
    }
    Ok(())
}

#[cfg(test)]
mod server;
#[cfg(test)]
mod tests;
