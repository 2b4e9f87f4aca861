//! The batch: `x = (byte / 255 − mean) · scale` for the pictures that the order names, mirrored and shifted
//! as drawn, zeros where the shifted window reaches beyond the picture; and their labels.

use super::Lower;
use crate::engine::cpu::Kernel;
use crate::engine::gpu::Lowering;
use crate::graph::layers::gather::GatherStep;

impl Lower for GatherStep {
    fn cpu(&self) -> Box<dyn Kernel> {
        cpu::kernel(*self)
    }

    fn gpu(&self, lowering: &mut Lowering) {
        gpu::lower(self, lowering);
    }
}

mod cpu {
    use rayon::prelude::*;

    use super::*;
    use crate::data::augment;
    use crate::engine::cpu::{CpuPictures, Io};
    use crate::tensor::random::Key;

    pub fn kernel(step: GatherStep) -> Box<dyn Kernel> {
        Box::new(move |io: Io<'_>| {
            let source = io.pictures.expect("a plan fed from a data set has its pictures");
            let [pictures, labels] = io.outputs else { unreachable!("a batch is pictures and labels") };
            let order = source.batch(io.table.first, step.batch);
            for (label, &index) in labels.iter_mut().zip(&order) {
                *label = source.source.split().labels[index as usize] as f32;
            }
            let key = Key(io.table.augment_key);
            pictures
                .par_chunks_mut(step.extent.len())
                .zip(&order)
                .for_each(|(x, &index)| picture(&step, source, key, index, x));
        })
    }

    /// Writes one picture, `(H, W, C)`.
    fn picture(step: &GatherStep, source: &CpuPictures, key: Key, index: u32, x: &mut [f32]) {
        let extent = step.extent;
        let (height, width) = (extent.height as i32, extent.width as i32);
        let bytes = &source.source.split().pictures[index as usize * extent.len()..][..extent.len()];
        let normalisation = &*source.source.normalisation;
        let drawn = augment::draw(key, index, &step.augment);
        for i in 0..height {
            for j in 0..width {
                let pixel = &mut x[(i * width + j) as usize * extent.channels..][..extent.channels];
                let from_j = if drawn.flip { width - 1 - j } else { j } + drawn.dx;
                let from_i = i + drawn.dy;
                if !(0..height).contains(&from_i) || !(0..width).contains(&from_j) {
                    pixel.fill(0.0);
                    continue;
                }
                let at = (from_i * width + from_j) as usize;
                for (c, x) in pixel.iter_mut().enumerate() {
                    let place = c * extent.area() + at;
                    *x = (bytes[place] as f32 / 255.0 - normalisation.mean[place]) * normalisation.scale[c];
                }
            }
        }
    }
}

mod gpu {
    use super::*;

    pub fn lower(_step: &GatherStep, _lowering: &mut Lowering) {}
}
