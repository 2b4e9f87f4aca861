//! Just enough of the tar format (POSIX.1-1988, "ustar") to take known files out of an archive.
//!
//! An archive is a row of blocks of 512 bytes: a header for each file, then its bytes, filled up with zeros. Only
//! files that are asked for are written, under the names they were asked by: what paths an archive holds cannot
//! lead anywhere.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::error::disk;
use super::{DownloadError, Member};

const BLOCK: usize = 512;

/// Bytes of an archive that may be read over beside those that are asked for.
const MOST_OTHER: u64 = 16 << 20;

/// Writes the `members` of an archive into a folder.
///
/// # Errors
/// An archive that is cut short or no archive, one of the files missing or of another size, a full disk.
pub fn unpack(archive: impl Read, members: &[Member], into: &Path) -> Result<(), DownloadError> {
    let most = members.iter().map(|member| member.bytes).sum::<u64>() + MOST_OTHER;
    let mut archive = archive.take(most);
    let damaged = |what: String| DownloadError::Archive { path: into.to_owned(), what };
    let mut missing: Vec<&Member> = members.iter().collect();
    while !missing.is_empty() {
        let header = header(&mut archive).map_err(|error| damaged(error.to_string()))?;
        let Some(Header { name, bytes, is_file }) = header else { break };
        let wanted = missing.iter().position(|member| is_file && member.name == name);
        match wanted.map(|i| missing.swap_remove(i)) {
            Some(member) if member.bytes != bytes => {
                return Err(damaged(format!("{name} in it has {bytes} bytes instead of {}", member.bytes)));
            }
            Some(member) => write(&mut archive, member, &into.join(&member.name))?,
            None => skip(&mut archive, bytes).map_err(|error| damaged(error.to_string()))?,
        }
        skip(&mut archive, bytes.next_multiple_of(BLOCK as u64) - bytes)
            .map_err(|error| damaged(error.to_string()))?;
    }
    match missing.first() {
        Some(member) => Err(damaged(format!("{} is not in it", member.name))),
        None => Ok(()),
    }
}

struct Header {
    /// Without the folders before it.
    name: String,
    bytes: u64,
    is_file: bool,
}

/// The next header; none at the end of the archive.
fn header(archive: &mut impl Read) -> io::Result<Option<Header>> {
    let mut block = [0; BLOCK];
    archive.read_exact(&mut block)?;
    if block.iter().all(|&byte| byte == 0) {
        return Ok(None);
    }
    // The sum of all bytes, its own field counted as spaces.
    let sum = |range: &[u8]| range.iter().map(|&byte| u64::from(byte)).sum::<u64>();
    let expected = sum(&block) - sum(&block[148..156]) + 8 * u64::from(b' ');
    if octal(&block[148..156]) != Some(expected) {
        return Err(io::Error::other("a header in it has a wrong sum"));
    }
    let bytes = octal(&block[124..136]).ok_or_else(|| io::Error::other("a header in it gives no size"))?;
    let name = block[..100].split(|&byte| byte == 0).next().unwrap_or_default();
    let name = String::from_utf8_lossy(name).rsplit('/').next().unwrap_or_default().to_owned();
    Ok(Some(Header { name, bytes, is_file: matches!(block[156], b'0' | 0) }))
}

/// A number in octal digits, between spaces and zero bytes.
fn octal(field: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(field).ok()?;
    u64::from_str_radix(text.trim_matches(['\0', ' ']), 8).ok()
}

fn write(archive: &mut impl Read, member: &Member, path: &Path) -> Result<(), DownloadError> {
    let mut file = File::create(path).map_err(disk(path))?;
    let mut left = member.bytes;
    let mut piece = vec![0; 1 << 16];
    while left > 0 {
        let n = piece.len().min(left as usize);
        archive.read_exact(&mut piece[..n]).map_err(|_| DownloadError::Archive {
            path: path.to_owned(),
            what: "the archive ends in the middle of it".into(),
        })?;
        io::Write::write_all(&mut file, &piece[..n]).map_err(disk(path))?;
        left -= n as u64;
    }
    file.sync_all().map_err(disk(path))
}

fn skip(archive: &mut impl Read, bytes: u64) -> io::Result<()> {
    match io::copy(&mut archive.take(bytes), &mut io::sink())? {
        skipped if skipped == bytes => Ok(()),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

/// An archive of these files, as `tar` writes it.
#[cfg(test)]
pub fn pack(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, bytes) in files {
        let mut block = [0; BLOCK];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..135].copy_from_slice(format!("{:011o}", bytes.len()).as_bytes());
        block[148..156].fill(b' ');
        block[156] = if name.ends_with('/') { b'5' } else { b'0' };
        block[257..263].copy_from_slice(b"ustar\0");
        let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
        block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        archive.extend(block);
        archive.extend_from_slice(bytes);
        archive.resize(archive.len().next_multiple_of(BLOCK), 0);
    }
    archive.resize(archive.len() + 2 * BLOCK, 0);
    archive
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn members(sizes: &[(&str, u64)]) -> Vec<Member> {
        sizes.iter().map(|&(name, bytes)| Member { name: name.into(), bytes }).collect()
    }

    #[test]
    fn what_is_asked_for_is_written_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let large = vec![7; 100_000];
        let archive = pack(&[
            ("set/", b""),
            ("set/readme.html", b"hello"),
            ("set/a.bin", &large),
            ("../../b.bin", b"xyz"),
        ]);
        unpack(&archive[..], &members(&[("b.bin", 3), ("a.bin", 100_000)]), folder.path()).unwrap();
        let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
        assert!(read("a.bin") == large && read("b.bin") == b"xyz");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn damage_is_told() {
        let check = |archive: &[u8], wanted: &[(&str, u64)], expected: &str| {
            let folder = tempfile::tempdir().unwrap();
            let message = unpack(archive, &members(wanted), folder.path()).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        };
        let archive = pack(&[("a", b"abc")]);
        check(&archive, &[("a", 4)], "a in it has 3 bytes instead of 4");
        check(&archive, &[("b", 1)], "b is not in it");
        check(&archive[..514], &[("a", 3)], "ends in the middle");
        check(&[1; 1024], &[("a", 3)], "a header in it has a wrong sum");
        check(&[], &[("a", 3)], "is damaged");
    }

    proptest! {
        #[test]
        fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000), at in 0..512_usize) {
            let folder = tempfile::tempdir().unwrap();
            let _ = unpack(&bytes[..], &members(&[("a", 3)]), folder.path());
            let mut archive = pack(&[("a", b"abc")]);
            archive[at] ^= bytes.first().copied().unwrap_or(1);
            let _ = unpack(&archive[..], &members(&[("a", 3)]), folder.path());
        }
    }
}
