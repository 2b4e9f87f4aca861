//! The pictures of a split in the memory of the device, as the bytes they are.

use std::any::Any;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use super::context::{Context, STORAGE};
use super::lowering::Source;
use crate::engine::{EngineError, PictureSource, Pictures};

/// Bytes handed to the driver at once, so that what it copies them into stays small.
const UPLOAD: usize = 16 << 20;

pub struct GpuPictures {
    context: Arc<Context>,
    n_pictures: usize,
    /// Pictures in each buffer but the last: as many as a shader may be handed at once.
    per_buffer: usize,
    /// Bytes `(N, C, H, W)`, four to a word.
    pixels: Vec<wgpu::Buffer>,
    /// What is known of the pictures in each buffer, as [`crate::data::Labels::bytes`] has it.
    labels: Vec<wgpu::Buffer>,
    /// `(C, H, W)`.
    mean: wgpu::Buffer,
    /// `(C)`.
    scale: wgpu::Buffer,
    /// Which picture comes when. Replaced where a longer order is set.
    order: Mutex<wgpu::Buffer>,
}

impl GpuPictures {
    pub fn new(context: &Arc<Context>, source: &PictureSource) -> Result<Self, EngineError> {
        let split = source.split();
        let picture = source.extent().len();
        let limits = &context.limits;
        let most_bytes = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size) as usize;
        let per_buffer = (most_bytes / picture.max(split.labels.bytes_each())).max(1);
        let pixels = split
            .pictures
            .chunks(per_buffer * picture)
            .map(|bytes| upload(context, "The memory of the pictures", bytes))
            .collect::<Result<_, _>>()?;
        let labels = ranges(split.len(), per_buffer)
            .map(|range| upload(context, "The memory of the labels", &split.labels.bytes(range)))
            .collect::<Result<_, _>>()?;
        let order: Vec<u32> = (0..split.len() as u32).collect();
        let normalisation = &source.normalisation;
        Ok(Self {
            context: context.clone(),
            n_pictures: split.len(),
            per_buffer,
            pixels,
            labels,
            mean: upload(context, "The mean picture", bytemuck::cast_slice(&normalisation.mean))?,
            scale: upload(context, "The memory of the scale", bytemuck::cast_slice(&normalisation.scale))?,
            order: Mutex::new(upload(context, "The order of the pictures", bytemuck::cast_slice(&order))?),
        })
    }

    /// The pictures that lie in each buffer.
    pub fn ranges(&self) -> Vec<Range<usize>> {
        ranges(self.n_pictures, self.per_buffer).collect()
    }

    pub fn buffer(&self, source: Source) -> wgpu::Buffer {
        match source {
            Source::Pixels(i) => self.pixels[i].clone(),
            Source::Labels(i) => self.labels[i].clone(),
            Source::Mean => self.mean.clone(),
            Source::Scale => self.scale.clone(),
            Source::Order => self.order.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }
}

impl Pictures for GpuPictures {
    fn set_order(&self, order: &[u32]) -> Result<(), EngineError> {
        assert!(order.iter().all(|&i| (i as usize) < self.n_pictures), "an order names pictures");
        let bytes: &[u8] = bytemuck::cast_slice(order);
        let mut buffer = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        if bytes.len() as u64 > buffer.size() {
            *buffer = upload(&self.context, "The order of the pictures", bytes)?;
        } else {
            self.context.queue.write_buffer(&buffer, 0, bytes);
        }
        self.context.check()
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `n` pictures in portions of at most `most`.
fn ranges(n: usize, most: usize) -> impl Iterator<Item = Range<usize>> {
    (0..n.div_ceil(most)).map(move |i| i * most..n.min((i + 1) * most))
}

/// A buffer that holds these bytes, padded with zeros to whole words.
fn upload(context: &Context, what: &str, bytes: &[u8]) -> Result<wgpu::Buffer, EngineError> {
    let n_words = bytes.len().div_ceil(4).max(1);
    context.check_binding(what, n_words)?;
    let buffer = context.buffer(what, n_words, STORAGE)?;
    let whole = bytes.len() / 4 * 4;
    for (i, part) in bytes[..whole].chunks(UPLOAD).enumerate() {
        context.queue.write_buffer(&buffer, (i * UPLOAD) as u64, part);
        context.queue.submit([]);
    }
    let mut last = [0; 4];
    last[..bytes.len() - whole].copy_from_slice(&bytes[whole..]);
    if whole < bytes.len() {
        context.queue.write_buffer(&buffer, whole as u64, &last);
    }
    context.check()?;
    Ok(buffer)
}
