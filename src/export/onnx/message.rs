//! A model as the bytes of its message. The numbers of its tensors, which are nearly all of it, are written from where
//! they lie: a large net is not there twice.

use std::borrow::Cow;
use std::io::{self, Write};

use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint};

use super::proto::{FLOAT, GraphProto, INT64, Model, Tensor};
use crate::train::weights::little_endian;

/// The fields that are written by hand: a model's graph, a graph's tensors, a tensor's numbers.
const GRAPH: u32 = 7;
const INITIALISER: u32 = 5;
const RAW_DATA: u32 = 9;

/// A tensor of the model.
pub struct Initialiser<'a> {
    /// All but its numbers.
    head: Tensor,
    /// Its numbers, little-endian.
    bytes: Cow<'a, [u8]>,
}

impl<'a> Initialiser<'a> {
    pub fn floats(name: &str, shape: &[usize], numbers: &'a [f32]) -> Self {
        Self::new(name, shape, FLOAT, little_endian(numbers))
    }

    /// Floats that are no parameters: few.
    pub fn constants(name: &str, shape: &[usize], numbers: &[f32]) -> Self {
        Self::new(name, shape, FLOAT, little_endian(numbers).into_owned().into())
    }

    /// A list of whole numbers.
    pub fn whole(name: &str, numbers: &[i64]) -> Self {
        let bytes: Vec<u8> = numbers.iter().flat_map(|i| i.to_le_bytes()).collect();
        Self::new(name, &[numbers.len()], INT64, bytes.into())
    }

    fn new(name: &str, shape: &[usize], data_type: i32, bytes: Cow<'a, [u8]>) -> Self {
        let dims = shape.iter().map(|&side| side as i64).collect();
        Self { head: Tensor { dims, data_type, name: name.into(), raw_data: Vec::new() }, bytes }
    }

    /// The tensor's bytes up to its numbers.
    fn begin(&self) -> Vec<u8> {
        let mut begin = self.head.encode_to_vec();
        begin_field(RAW_DATA, self.bytes.len(), &mut begin);
        begin
    }
}

/// A model whose graph is apart from it, and the graph's tensors from the graph.
pub struct Whole<'a> {
    pub model: Model,
    pub graph: GraphProto,
    pub initialisers: Vec<Initialiser<'a>>,
}

impl Whole<'_> {
    /// How many bytes it takes.
    pub fn len(&self) -> u64 {
        let graph = self.graph_len();
        (self.model.encoded_len() + field_len(GRAPH, graph)) as u64
    }

    pub fn write(&self, file: &mut impl Write) -> io::Result<()> {
        let mut begin = self.model.encode_to_vec();
        begin_field(GRAPH, self.graph_len(), &mut begin);
        file.write_all(&begin)?;
        file.write_all(&self.graph.encode_to_vec())?;
        for initialiser in &self.initialisers {
            let tensor = initialiser.begin();
            let mut begin = Vec::new();
            begin_field(INITIALISER, tensor.len() + initialiser.bytes.len(), &mut begin);
            file.write_all(&begin)?;
            file.write_all(&tensor)?;
            file.write_all(&initialiser.bytes)?;
        }
        Ok(())
    }

    fn graph_len(&self) -> usize {
        let tensor = |initialiser: &Initialiser| {
            field_len(INITIALISER, initialiser.begin().len() + initialiser.bytes.len())
        };
        self.graph.encoded_len() + self.initialisers.iter().map(tensor).sum::<usize>()
    }
}

/// What comes before a field of so many bytes.
fn begin_field(tag: u32, len: usize, bytes: &mut Vec<u8>) {
    encode_key(tag, WireType::LengthDelimited, bytes);
    encode_varint(len as u64, bytes);
}

/// What a field of so many bytes takes with what comes before them.
fn field_len(tag: u32, len: usize) -> usize {
    let mut begin = Vec::new();
    begin_field(tag, len, &mut begin);
    begin.len() + len
}
