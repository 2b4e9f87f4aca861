//! The format safetensors: named tensors behind a header that tells of them. Written in an order that nothing but
//! the caller decides, so that the same tensors are the same bytes, and piece by piece, so that a large one is not
//! there twice; read header first, and no more of it than a header can have.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use safetensors::tensor::Metadata;

use super::{WeightsError, check};
use crate::experiment::unwritable;
use crate::train::replace::replace;

/// The most bytes that names, shapes and metadata may take in a file.
pub const LARGEST_HEADER: u64 = 32 << 20;

/// What a header tells of one tensor.
pub struct Entry {
    pub name: String,
    /// `F32` or `I64`.
    pub dtype: &'static str,
    pub shape: Vec<usize>,
}

impl Entry {
    pub fn floats(name: String, shape: Vec<usize>) -> Self {
        Self { name, dtype: "F32", shape }
    }

    pub fn whole(name: String, len: usize) -> Self {
        Self { name, dtype: "I64", shape: vec![len] }
    }

    fn n_bytes(&self) -> usize {
        let each = if self.dtype == "I64" { 8 } else { 4 };
        each * self.shape.iter().product::<usize>()
    }
}

/// Writes a file of tensors, replacing the old one only once the new one is complete. `put` writes their numbers, in
/// the order of `entries`.
///
/// # Errors
/// The file cannot be written, or not be read again ([`header`]); or what `put` has met with.
pub fn write<E: From<WeightsError>>(
    path: &Path,
    metadata: &BTreeMap<String, String>,
    entries: &[Entry],
    put: impl FnOnce(&mut Writer) -> Result<(), E>,
) -> Result<(), E> {
    let header = header(path, metadata, entries)?;
    let failed = |error| failed(path, error).into();
    replace(path, failed, |file| {
        file.write_all(&header).map_err(failed)?;
        put(&mut Writer { path, file })
    })
}

/// A file in the writing, behind its header.
pub struct Writer<'a> {
    path: &'a Path,
    file: &'a mut File,
}

impl Writer<'_> {
    /// The next floats: those of one tensor after the other, each in its logical order, in pieces of any length.
    pub fn put(&mut self, numbers: &[f32]) -> Result<(), WeightsError> {
        self.file.write_all(&little_endian(numbers)).map_err(|error| failed(self.path, error))
    }

    /// The next whole numbers, likewise.
    pub fn put_whole(&mut self, numbers: &[i64]) -> Result<(), WeightsError> {
        let bytes: Vec<u8> = numbers.iter().flat_map(|i| i.to_le_bytes()).collect();
        self.file.write_all(&bytes).map_err(|error| failed(self.path, error))
    }
}

fn failed(path: &Path, error: io::Error) -> WeightsError {
    WeightsError::Write { path: path.into(), reason: unwritable::reason(path, &error) }
}

/// The beginning of a file, before the numbers of its tensors, which follow one another in the order of `entries`:
/// the length of the header, and the header, which is JSON that tells of the file as a whole and of the type, shape
/// and place of each tensor; filled up with spaces so that numbers begin at a multiple of 8 bytes.
///
/// # Errors
/// What is told of the file as a whole is longer than what is read again.
pub fn header(
    path: &Path,
    metadata: &BTreeMap<String, String>,
    entries: &[Entry],
) -> Result<Vec<u8>, WeightsError> {
    let mut map = serde_json::Map::new();
    map.insert("__metadata__".into(), serde_json::json!(metadata));
    let mut begin = 0;
    for entry in entries {
        let end = begin + entry.n_bytes();
        let told =
            serde_json::json!({ "dtype": entry.dtype, "shape": entry.shape, "data_offsets": [begin, end] });
        map.insert(entry.name.clone(), told);
        begin = end;
    }
    let mut header = serde_json::Value::Object(map).to_string();
    let missing = header.len().next_multiple_of(8) - header.len();
    header.push_str(&" ".repeat(missing));
    let len = header.len() as u64;
    if len > LARGEST_HEADER {
        return Err(WeightsError::Header { path: path.into(), bytes: len });
    }
    let mut bytes = len.to_le_bytes().to_vec();
    bytes.extend(header.into_bytes());
    Ok(bytes)
}

/// Numbers as they stand in a file.
pub fn little_endian(numbers: &[f32]) -> Cow<'_, [u8]> {
    match cfg!(target_endian = "little") {
        true => bytemuck::cast_slice(numbers).into(),
        false => numbers.iter().flat_map(|x| x.to_le_bytes()).collect(),
    }
}

/// A file whose header has been read.
pub struct Container {
    pub path: PathBuf,
    pub header: Metadata,
    file: File,
    /// Where in the file the numbers begin.
    begin: u64,
}

impl Container {
    /// Reads the header.
    ///
    /// # Errors
    /// No such file, no safetensors, or one that says of itself what cannot be.
    pub fn open(path: &Path) -> Result<Self, WeightsError> {
        let unreadable =
            |error: io::Error| WeightsError::Read { path: path.into(), reason: error.to_string() };
        let damaged = |reason: String| WeightsError::Format { path: path.into(), reason };
        let mut file = File::open(path).map_err(unreadable)?;
        let len = file.metadata().map_err(unreadable)?.len();
        let mut prefix = [0; 8];
        file.read_exact(&mut prefix).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => damaged("it is too short".into()),
            _ => unreadable(error),
        })?;
        let n = u64::from_le_bytes(prefix);
        let begin = 8 + n.min(LARGEST_HEADER);
        if n > LARGEST_HEADER || begin > len {
            return Err(damaged("it does not begin with the length of a header".into()));
        }
        let mut header = vec![0; n as usize];
        file.read_exact(&mut header).map_err(unreadable)?;
        let header: Metadata =
            serde_json::from_slice(&header).map_err(|error| damaged(check::shortened(&error.to_string())))?;
        if len - begin != header.data_len() as u64 {
            let reason = format!("its tensors take {} bytes and it holds {}", header.data_len(), len - begin);
            return Err(damaged(reason));
        }
        Ok(Self { path: path.into(), header, file, begin })
    }

    /// The `len` floats of a tensor that is known to be there with as many.
    pub fn floats(&mut self, name: &str, len: usize) -> Result<Vec<f32>, WeightsError> {
        let mut numbers = vec![0f32; len];
        self.seek(name)?;
        self.read(&mut numbers)?;
        Ok(numbers)
    }

    /// The `len` whole numbers of a tensor, likewise.
    pub fn whole(&mut self, name: &str, len: usize) -> Result<Vec<i64>, WeightsError> {
        let mut numbers = vec![0i64; len];
        self.seek(name)?;
        let read = self.file.read_exact(bytemuck::cast_slice_mut(&mut numbers));
        read.map_err(|error| self.unreadable(error))?;
        Ok(numbers.into_iter().map(i64::from_le).collect())
    }

    /// Goes to the first number of a tensor that is known to be there.
    pub fn seek(&mut self, name: &str) -> Result<(), WeightsError> {
        let begin = self.header.info(name).map_or(0, |info| info.data_offsets.0 as u64);
        let sought = self.file.seek(SeekFrom::Start(self.begin + begin));
        sought.map(drop).map_err(|error| self.unreadable(error))
    }

    /// The next floats.
    pub fn read(&mut self, numbers: &mut [f32]) -> Result<(), WeightsError> {
        let read = self.file.read_exact(bytemuck::cast_slice_mut(numbers));
        read.map_err(|error| self.unreadable(error))?;
        // The file is little-endian, whatever the machine is.
        numbers.iter_mut().for_each(|x| *x = f32::from_bits(u32::from_le(x.to_bits())));
        Ok(())
    }

    fn unreadable(&self, error: io::Error) -> WeightsError {
        WeightsError::Read { path: self.path.clone(), reason: error.to_string() }
    }
}
