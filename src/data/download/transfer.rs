//! One file over HTTP, with resume, patience and checksums.
//!
//! A request is answered in a thread of its own, which hands over piece by piece and ends when nobody takes them
//! any more: so a server that has fallen silent keeps nobody waiting, neither one who cancels nor the next try.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use md5::{Digest, Md5};
use sha2::Sha256;
use ureq::Agent;
use ureq::http::Response;

use super::error::disk;
use super::{DownloadError, Offer, Remote, Stage, host};

/// Bytes handed over at a time.
const PIECE: usize = 1 << 16;

/// Tries without progress before a place is given up.
const MOST_TRIES: u32 = 5;

/// Time between two reports, and between two looks at whether to stop.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// How files are fetched.
#[derive(Clone)]
pub struct Transfer<'a> {
    pub cancel: &'a AtomicBool,
    /// After so long without a byte a connection counts as broken.
    pub silence: Duration,
    /// The pause before the second try, doubled before each further one.
    pub pause: Duration,
    agent: Agent,
    /// The place that gave a file last.
    place: usize,
}

/// What a server sends.
enum Piece {
    /// The place of the first byte in the file, and the length of the whole file if the server tells it.
    Begin {
        from: u64,
        len: Option<u64>,
    },
    Bytes(Vec<u8>),
    /// The server does not have the file, for a reason.
    Refused(String),
    Broken(String),
    End,
}

/// Why a try ended without the file.
enum Stop {
    /// Another place may have it.
    Refused(String),
    /// Worth another try.
    Broken(String),
    For(DownloadError),
}

impl<'a> Transfer<'a> {
    pub fn new(cancel: &'a AtomicBool) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(Duration::from_secs(20)))
            .timeout_recv_response(Some(Duration::from_secs(60)))
            .timeout_per_read(Some(Duration::from_secs(60)))
            .user_agent(concat!("ConvScope/", env!("CARGO_PKG_VERSION")))
            // The files are compressed already, and must come as they are.
            .accept_encoding("identity");
        let (silence, pause) = (Duration::from_secs(30), Duration::from_secs(1));
        Self { cancel, silence, pause, agent: config.build().into(), place: 0 }
    }

    /// Fetches a file to `path`, from the first place that has it as published. It lies there only when it is
    /// complete and its checksums are right; until then beside it, as `….part`.
    pub fn file(
        &mut self,
        offer: &Offer,
        file: &Remote,
        path: &Path,
        note: &mut dyn FnMut(Stage, u64),
    ) -> Result<(), DownloadError> {
        let part = path.with_file_name(format!("{}.part", file.name));
        let mut reasons: Vec<String> = Vec::new();
        for i in 0..offer.places.len() {
            let place = (self.place + i) % offer.places.len();
            let address = format!("{}{}", offer.places[place], file.name);
            match self.try_place(&address, file, &part, note) {
                Ok(()) => {
                    self.place = place;
                    return fs::rename(&part, path).map_err(disk(path));
                }
                Err(Stop::Refused(why) | Stop::Broken(why)) => {
                    reasons.push(format!("{} {why}", host(&address)));
                }
                Err(Stop::For(error)) => return Err(error),
            }
        }
        Err(DownloadError::Unreachable {
            title: offer.title.clone(),
            reasons: reasons.join("; "),
            by_hand: offer.by_hand(),
        })
    }

    /// Tries one place, as often as it seems worth while.
    fn try_place(
        &self,
        address: &str,
        file: &Remote,
        part: &Path,
        note: &mut dyn FnMut(Stage, u64),
    ) -> Result<(), Stop> {
        let there = || fs::metadata(part).map_or(0, |part| part.len());
        let (mut tries, mut most) = (0, there());
        loop {
            let before = there();
            let result = self.once(address, file, part, note).and_then(|()| self.check(file, part, note));
            match result {
                // What was put together from two tries may be of two files.
                Err(Stop::Refused(_)) if before > 0 && !part.exists() => {}
                Err(Stop::Broken(why)) => {
                    // Whoever brings it on by a good deal each time is not given up; whoever sends a trickle is, or the
                    // same beginning again and again.
                    let gained = there().saturating_sub(most);
                    most += gained;
                    tries = if gained >= file.bytes.div_ceil(64) { 1 } else { tries + 1 };
                    if tries >= MOST_TRIES {
                        return Err(Stop::Broken(why));
                    }
                    self.wait(self.pause * (1 << (tries - 1)))?;
                }
                other => return other,
            }
        }
    }

    /// One request, from where the part ends to the end of the file.
    fn once(
        &self,
        address: &str,
        file: &Remote,
        part: &Path,
        note: &mut dyn FnMut(Stage, u64),
    ) -> Result<(), Stop> {
        let on_disk = |error| Stop::For(disk(part)(error));
        let mut out = OpenOptions::new().append(true).create(true).open(part).map_err(on_disk)?;
        let mut there = out.metadata().map_err(on_disk)?.len();
        if there > file.bytes {
            out.set_len(0).map_err(on_disk)?;
            there = 0;
        }
        if there == file.bytes {
            return Ok(());
        }
        note(Stage::Fetching, there);
        let pieces = request(&self.agent, address, there);
        let (mut heard, mut noted) = (Instant::now(), Instant::now());
        loop {
            self.go_on()?;
            let piece = match pieces.recv_timeout(LOOK_EVERY) {
                Ok(piece) => piece,
                Err(RecvTimeoutError::Timeout) if heard.elapsed() < self.silence => continue,
                Err(_) => Piece::Broken(format!("fell silent for {} s", self.silence.as_secs())),
            };
            heard = Instant::now();
            match piece {
                Piece::Begin { from, len } => {
                    if len.is_some_and(|len| len != file.bytes) || (from != 0 && from != there) {
                        return Err(Stop::Refused("has another file under its address".into()));
                    }
                    if from == 0 && there > 0 {
                        // A server that knows no beginning but the first.
                        out.set_len(0).map_err(on_disk)?;
                        there = 0;
                    }
                }
                Piece::Bytes(bytes) => {
                    there += bytes.len() as u64;
                    if there > file.bytes {
                        drop(fs::remove_file(part));
                        return Err(Stop::Refused("has a larger file under its address".into()));
                    }
                    out.write_all(&bytes).map_err(on_disk)?;
                    if noted.elapsed() >= LOOK_EVERY {
                        noted = Instant::now();
                        note(Stage::Fetching, there);
                    }
                }
                Piece::End if there == file.bytes => return out.sync_all().map_err(on_disk),
                Piece::End => return Err(Stop::Broken("broke off".into())),
                Piece::Broken(why) => return Err(Stop::Broken(why)),
                Piece::Refused(why) => return Err(Stop::Refused(why)),
            }
        }
    }

    /// Whether the complete part is the published file; if not, it is removed.
    fn check(&self, file: &Remote, part: &Path, note: &mut dyn FnMut(Stage, u64)) -> Result<(), Stop> {
        note(Stage::Checking, file.bytes);
        let sums = checksums(part, self.cancel).map_err(|error| Stop::For(disk(part)(error)))?;
        self.go_on()?;
        if sums == [file.md5.as_str(), &file.sha256] {
            return Ok(());
        }
        fs::remove_file(part).map_err(|error| Stop::For(disk(part)(error)))?;
        Err(Stop::Refused("sent another file than the published one (its checksum differs)".into()))
    }

    fn go_on(&self) -> Result<(), Stop> {
        match self.cancel.load(Ordering::Relaxed) {
            true => Err(Stop::For(DownloadError::Cancelled)),
            false => Ok(()),
        }
    }

    fn wait(&self, duration: Duration) -> Result<(), Stop> {
        let begin = Instant::now();
        while begin.elapsed() < duration {
            self.go_on()?;
            std::thread::sleep(LOOK_EVERY.min(duration));
        }
        Ok(())
    }
}

/// MD5 and SHA-256 of a file, in hexadecimal digits. Ends early, with the sums of a part, once it is cancelled.
pub fn checksums(path: &Path, cancel: &AtomicBool) -> io::Result<[String; 2]> {
    let mut file = File::open(path)?;
    let (mut md5, mut sha256) = (Md5::new(), Sha256::new());
    let mut piece = vec![0; PIECE];
    while !cancel.load(Ordering::Relaxed) {
        let n = file.read(&mut piece)?;
        if n == 0 {
            break;
        }
        md5.update(&piece[..n]);
        sha256.update(&piece[..n]);
    }
    let digits = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok([digits(&md5.finalize()), digits(&sha256.finalize())])
}

/// Asks for a file from byte `from` on.
fn request(agent: &Agent, address: &str, from: u64) -> Receiver<Piece> {
    let (sender, receiver) = sync_channel(4);
    let (agent, address, own) = (agent.clone(), address.to_owned(), sender.clone());
    let work = move || {
        let last = answer(&agent, &address, from, &own).unwrap_or_else(|piece| piece);
        // Nobody may be listening any more.
        drop(own.send(last));
    };
    if let Err(error) = std::thread::Builder::new().name("download".into()).spawn(work) {
        drop(sender.send(Piece::Broken(format!("could not be asked ({error})"))));
    }
    receiver
}

/// Hands over what the server answers; the last piece is returned.
fn answer(agent: &Agent, address: &str, from: u64, sender: &SyncSender<Piece>) -> Result<Piece, Piece> {
    let mut request = agent.get(address);
    if from > 0 {
        request = request.header("Range", format!("bytes={from}-"));
    }
    let mut response = request.call().map_err(|error| Piece::Broken(words(&error)))?;
    let begin = match response.status().as_u16() {
        200 => Piece::Begin { from: 0, len: number(&response, "content-length") },
        206 => range(&response).ok_or_else(|| Piece::Refused("answers with an unknown range".into()))?,
        status @ (408 | 429 | 500..=599) => {
            return Err(Piece::Broken(format!("answers with the error {status}")));
        }
        status => return Err(Piece::Refused(format!("does not hand it out (it answers {status})"))),
    };
    let mut wanted = sender.send(begin).is_ok();
    let mut body = response.body_mut().as_reader();
    let mut piece = vec![0; PIECE];
    while wanted {
        match body.read(&mut piece) {
            Ok(0) => break,
            Ok(n) => wanted = sender.send(Piece::Bytes(piece[..n].to_vec())).is_ok(),
            Err(error) => return Err(Piece::Broken(format!("broke off ({error})"))),
        }
    }
    Ok(Piece::End)
}

fn number<T>(response: &Response<T>, header: &str) -> Option<u64> {
    response.headers().get(header)?.to_str().ok()?.trim().parse().ok()
}

/// `Content-Range: bytes 200-999/1000` (RFC 9110, 14.4).
fn range<T>(response: &Response<T>) -> Option<Piece> {
    let text = response.headers().get("content-range")?.to_str().ok()?;
    let (range, len) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
    Some(Piece::Begin { from: range.split_once('-')?.0.trim().parse().ok()?, len: len.trim().parse().ok() })
}

/// Why there is no answer, to be read behind the name of the computer.
fn words(error: &ureq::Error) -> String {
    match error {
        ureq::Error::HostNotFound => "is not found (is this computer connected to the internet?)".into(),
        ureq::Error::Timeout(_) => "does not answer".into(),
        ureq::Error::Io(error) => format!("cannot be reached ({error})"),
        error => format!("cannot be reached ({error})"),
    }
}
