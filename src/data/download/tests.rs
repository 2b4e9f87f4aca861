//! Downloads from a server in the test, which misbehaves in every way that servers do.

use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::server::{Manner, Server};
use super::*;

/// Bytes that no two files share.
fn bytes(n: usize, seed: u32) -> Vec<u8> {
    (0..n as u32).map(|i| (crate::tensor::random::mix(i ^ seed) >> 24) as u8).collect()
}

fn remote(name: &str, bytes: &[u8]) -> Remote {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, bytes).unwrap();
    let [md5, sha256] = transfer::checksums(&path, &AtomicBool::new(false)).unwrap();
    Remote { name: name.into(), bytes: bytes.len() as u64, md5, sha256 }
}

/// A set of one file, `a`, from these places.
fn offer_of(places: &[&str], content: &[u8], folder: &TempDir) -> Offer {
    Offer {
        title: "Toys".into(),
        places: places.iter().map(|&place| place.to_owned()).collect(),
        files: vec![remote("a", content)],
        members: vec![],
        folder: folder.path().join("toys"),
    }
}

/// Fetches with little patience.
fn fetch_now(offer: &Offer) -> Result<PathBuf, DownloadError> {
    let cancel = AtomicBool::new(false);
    let mut transfer = Transfer::new(&cancel);
    (transfer.silence, transfer.pause) = (Duration::from_millis(300), Duration::from_millis(1));
    fetch_by(&transfer, offer, &mut |_| {})
}

/// Fetches `content` from a server of these manners; gives what was asked of it.
fn check(content: &[u8], manners: &[Manner]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&[("a", content, manners)]);
    let fetched = fetch_now(&offer_of(&[&server.address], content, &folder)).unwrap();
    assert!(fs::read(fetched.join("a")).unwrap() == content, "it came as it is");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left lying about");
    server.requests()
}

/// The sentence that comes of fetching `content` from a server of these manners.
fn complaint(content: &[u8], manners: &[Manner]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&[("a", content, manners)]);
    let result = fetch_now(&offer_of(&[&server.address], &bytes(5000, 1), &folder));
    assert!(!folder.path().join("toys").exists(), "nothing half done is put in place");
    result.unwrap_err().to_string()
}

#[test]
fn a_file_comes_with_its_progress() {
    let (folder, content) = (tempfile::tempdir().unwrap(), bytes(3_000_000, 1));
    let server = Server::start(&[("a", &content, &[Manner::Well])]);
    let offer = offer_of(&[&server.address], &content, &folder);
    let mut told = Vec::new();
    let fetched = fetch(&offer, &AtomicBool::new(false), &mut |progress| told.push(progress)).unwrap();
    assert!(fs::read(fetched.join("a")).unwrap() == content);
    assert!(told.is_sorted_by_key(|progress| progress.done) && told.iter().all(|p| p.bytes == 3_000_000));
    assert_eq!((told[0].done, told[told.len() - 1].done), (0, 3_000_000));
}

#[test]
fn a_broken_connection_is_taken_up_where_it_broke() {
    let content = bytes(5000, 1);
    assert_eq!(check(&content, &[Manner::CutAfter(2000), Manner::Well]), ["a", "a from 2000"]);
    assert_eq!(check(&content, &[Manner::SilentAfter(2000), Manner::Well]), ["a", "a from 2000"]);
    let manners = [Manner::CutAfter(2000), Manner::WithoutRanges];
    assert_eq!(check(&content, &manners), ["a", "a from 2000"], "and from the start where it must");
}

#[test]
fn a_later_call_goes_on_too() {
    let (folder, content) = (tempfile::tempdir().unwrap(), bytes(5000, 1));
    let broken = Server::start(&[("a", &content, &[Manner::CutAfter(1500), Manner::Status(404)])]);
    let message = fetch_now(&offer_of(&[&broken.address], &content, &folder)).unwrap_err().to_string();
    assert!(message.contains("127.0.0.1 does not hand it out (it answers 404)"), "{message}");
    let server = Server::start(&[("a", &content, &[Manner::Well])]);
    fetch_now(&offer_of(&[&server.address], &content, &folder)).unwrap();
    assert_eq!(server.requests(), ["a from 1500"]);
}

#[test]
fn redirections_and_short_failures_are_followed() {
    let content = bytes(5000, 1);
    let server = Server::start(&[("a", &content, &[Manner::Well])]);
    let elsewhere = Manner::Elsewhere(format!("{}a", server.address));
    assert_eq!(check(&content, &[Manner::Status(503), elsewhere]), ["a", "a"]);
    assert_eq!(server.requests(), ["a"]);
}

#[test]
fn the_next_place_is_asked_and_then_asked_first() {
    let (folder, a, b) = (tempfile::tempdir().unwrap(), bytes(5000, 1), bytes(700, 2));
    let closed = Server::start(&[("a", b"<html>Moved</html>", &[Manner::Well])]);
    let server = Server::start(&[("a", &a, &[Manner::Well]), ("b", &b, &[Manner::Well])]);
    let mut offer = offer_of(&[&closed.address, &server.address], &a, &folder);
    offer.files.push(remote("b", &b));
    let fetched = fetch_now(&offer).unwrap();
    assert!(fs::read(fetched.join("b")).unwrap() == b);
    assert_eq!((closed.requests(), server.requests()), (vec!["a".into()], vec!["a".into(), "b".into()]));
}

#[test]
fn what_is_not_the_published_file_is_thrown_away() {
    let message = complaint(&bytes(5000, 9), &[Manner::Well]);
    assert!(message.contains("sent another file than the published one"), "{message}");
    assert!(message.contains("By hand: fetch a from http://127.0.0.1"), "{message}");
    assert!(complaint(&bytes(6000, 9), &[Manner::Well]).contains("has another file under its address"));
    // The beginning of one file and the end of another: all is fetched again.
    let (folder, content) = (tempfile::tempdir().unwrap(), bytes(5000, 1));
    let server = Server::start(&[("a", &content, &[Manner::Well])]);
    let offer = offer_of(&[&server.address], &content, &folder);
    let whole = offer.partial().join("whole");
    fs::create_dir_all(&whole).unwrap();
    fs::write(whole.join("a.part"), bytes(1000, 9)).unwrap();
    fetch_now(&offer).unwrap();
    assert_eq!(server.requests(), ["a from 1000", "a"]);
}

#[test]
fn a_place_that_never_gives_it_is_given_up() {
    let content = bytes(5000, 1);
    let message = complaint(&content, &[Manner::Status(503)]);
    assert!(message.contains("127.0.0.1 answers with the error 503"), "{message}");
    assert!(complaint(&content, &[Manner::CutAfter(0)]).contains("broke off"));
    let message = complaint(&content, &[Manner::CutWithoutRanges(3000)]);
    assert!(message.contains("broke off"), "the same beginning again and again is no progress: {message}");
    let folder = tempfile::tempdir().unwrap();
    let offer = offer_of(&["http://127.0.0.1:1/"], &content, &folder);
    assert!(fetch_now(&offer).unwrap_err().to_string().contains("127.0.0.1 cannot be reached"));
}

#[test]
fn a_silent_server_does_not_keep_one_who_cancels() {
    let (folder, content) = (tempfile::tempdir().unwrap(), bytes(5000, 1));
    let server = Server::start(&[("a", &content, &[Manner::SilentAfter(2000)])]);
    let offer = offer_of(&[&server.address], &content, &folder);
    let part = offer.partial().join("whole/a.part");
    let cancel = AtomicBool::new(false);
    let (result, cancelled) = std::thread::scope(|scope| {
        let canceller = scope.spawn(|| {
            let begin = Instant::now();
            while fs::metadata(&part).map_or(0, |part| part.len()) < 2000 {
                assert!(begin.elapsed() < Duration::from_secs(180), "it never comes so far");
                std::thread::sleep(Duration::from_millis(5));
            }
            cancel.store(true, Ordering::Relaxed);
            Instant::now()
        });
        let result = fetch(&offer, &cancel, &mut |_| {});
        (result, canceller.join().unwrap())
    });
    // The server would say something again after 20 seconds.
    assert!(matches!(result, Err(DownloadError::Cancelled)) && cancelled.elapsed() < Duration::from_secs(15));
    assert_eq!(fs::metadata(&part).unwrap().len(), 2000, "it is kept");
}

#[test]
fn two_downloads_of_one_set_are_one_too_many() {
    let (folder, content) = (tempfile::tempdir().unwrap(), bytes(50, 1));
    let server = Server::start(&[("a", &content, &[Manner::Well])]);
    let offer = offer_of(&[&server.address], &content, &folder);
    fs::create_dir_all(offer.partial()).unwrap();
    let held = lock(&offer.partial(), "Toys").unwrap();
    assert!(fetch_now(&offer).unwrap_err().to_string().starts_with("Toys is being fetched already"));
    drop(held);
    fetch_now(&offer).unwrap();
}

#[test]
fn an_archive_is_unpacked_and_put_in_place() {
    let (folder, large) = (tempfile::tempdir().unwrap(), bytes(40_000, 3));
    let tar = tar::pack(&[("toys/readme", b"hello"), ("toys/one.bin", &large), ("toys/two.bin", b"two")]);
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    io::Write::write_all(&mut gzip, &tar).unwrap();
    let archive = gzip.finish().unwrap();
    let server = Server::start(&[("a", &archive, &[Manner::CutAfter(1000), Manner::Well])]);
    let mut offer = offer_of(&[&server.address], &archive, &folder);
    let member = |name: &str, bytes| Member { name: name.into(), bytes };
    offer.members = vec![member("one.bin", 40_000), member("two.bin", 3)];
    // A folder that holds something else keeps it.
    fs::create_dir(&offer.folder).unwrap();
    fs::write(offer.folder.join("notes.txt"), "mine").unwrap();
    let fetched = fetch_now(&offer).unwrap();
    let mut names: Vec<_> = fs::read_dir(&fetched).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["notes.txt", "one.bin", "two.bin"]);
    assert!(fs::read(fetched.join("one.bin")).unwrap() == large);
    offer.members[1].bytes = 4;
    let damaged = fetch_now(&offer).unwrap_err().to_string();
    assert!(damaged.contains("two.bin in it has 3 bytes instead of 4"), "{damaged}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_with_its_remedy() {
    let (folder, content) = (tempfile::tempdir().unwrap(), bytes(5000, 1));
    let server = Server::start(&[("a", &content, &[Manner::Well])]);
    let offer = offer_of(&[&server.address], &content, &folder);
    let whole = offer.partial().join("whole");
    fs::create_dir_all(&whole).unwrap();
    std::os::unix::fs::symlink("/dev/full", whole.join("a.part")).unwrap();
    let message = fetch_now(&offer).unwrap_err().to_string();
    assert!(message.contains("make room on the disk and try again"), "{message}");
}
