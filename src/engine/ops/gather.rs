//! The batch: `x = (byte / 255 − mean) · scale` for the pictures that the order names, mirrored and shifted
//! as drawn, zeros where the shifted window reaches beyond the picture; and their labels.

use super::Lower;
use crate::data::augment;
use crate::engine::cpu::Kernel;
use crate::engine::gpu::Lowering;
use crate::engine::plain::{Plain, PlainIo, Real};
use crate::graph::layers::gather::GatherStep;
use crate::tensor::Extent;
use crate::tensor::random::Key;

impl Lower for GatherStep {
    fn cpu(&self) -> Box<dyn Kernel> {
        cpu::kernel(*self)
    }

    fn gpu(&self, lowering: &mut Lowering) {
        gpu::lower(self, lowering);
    }
}

impl Plain for GatherStep {
    fn plain<R: Real>(&self, io: PlainIo<'_, R>) {
        let pictures = io.pictures.expect("a program fed from a data set has its pictures");
        let [x, labels] = io.outputs else { unreachable!("a batch is pictures and labels") };
        let (split, normalisation) = (pictures.source.split(), &*pictures.source.normalisation);
        let Extent { channels, height, width } = self.extent;
        for n in 0..self.batch {
            let index = pictures.order[io.table.first as usize + n];
            labels[n] = R::of(split.labels[index as usize].into());
            let bytes = split.picture(self.extent, index as usize); // (C, H, W)
            let drawn = augment::draw(Key(io.table.augment_key), index, &self.augment);
            for (i, j) in (0..height).flat_map(|i| (0..width).map(move |j| (i, j))) {
                let unflipped = if drawn.flip { width - 1 - j } else { j };
                let row = i.checked_add_signed(drawn.dy as isize).filter(|&row| row < height);
                let column = unflipped.checked_add_signed(drawn.dx as isize).filter(|&column| column < width);
                for c in 0..channels {
                    let (Some(row), Some(column)) = (row, column) else {
                        x[((n * height + i) * width + j) * channels + c] = R::zero();
                        continue;
                    };
                    let at = (c * height + row) * width + column;
                    let brightness = R::whole(bytes[at].into()) / R::whole(255);
                    x[((n * height + i) * width + j) * channels + c] = (brightness
                        - R::of(normalisation.mean[at].into()))
                        * R::of(normalisation.scale[c].into());
                }
            }
        }
    }
}

mod cpu {
    use rayon::prelude::*;

    use super::*;
    use crate::engine::cpu::{CpuPictures, Io};

    pub fn kernel(step: GatherStep) -> Box<dyn Kernel> {
        Box::new(move |io: Io<'_>| {
            let source = io.pictures.expect("a plan fed from a data set has its pictures");
            let [pictures, labels] = io.outputs else { unreachable!("a batch is pictures and labels") };
            let key = Key(io.table.augment_key);
            source.with_batch(io.table.first, step.batch, |order| {
                for (label, &index) in labels.iter_mut().zip(order) {
                    *label = source.source.split().labels[index as usize] as f32;
                }
                pictures
                    .par_chunks_mut(step.extent.len())
                    .zip(order)
                    .for_each(|(x, &index)| picture(&step, source, key, index, x));
            });
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
    use crate::engine::gpu::{Dispatch, Source};

    pub fn lower(step: &GatherStep, lowering: &mut Lowering) {
        let outputs = [lowering.output(0), lowering.output(1)];
        // Each dispatch fills in the entries whose pictures lie in its buffer.
        for (i, range) in lowering.picture_ranges().to_vec().into_iter().enumerate() {
            let sources = [Source::Pixels(i), Source::Labels, Source::Order, Source::Mean, Source::Scale];
            lowering.push(
                Dispatch::new("gather", "forward")
                    .size("CHANNELS", step.extent.channels)
                    .size("HEIGHT", step.extent.height)
                    .size("WIDTH", step.extent.width)
                    .constant("FLIP", step.augment.flip)
                    .size("CROP", step.augment.crop)
                    .size("FIRST", range.start)
                    .size("COUNT", range.len())
                    .with_table()
                    .bind_sources(&sources)
                    .bind(&outputs)
                    .invocations(step.batch * step.extent.len()),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::data::{DataSet, Normalisation, Split};
    use crate::engine::gpu::twin;
    use crate::engine::layout;
    use crate::engine::ops::testing::Trial;
    use crate::engine::{Part, PictureSource};
    use crate::experiment::{Augment, Normalise};
    use crate::graph::layers::StepOp;
    use crate::tensor::random::Purpose;

    const EXTENT: Extent = Extent::new(3, 9, 8);

    fn source(n: usize, normalise: Normalise) -> PictureSource {
        let key = Key::new(4, Purpose::Pictures);
        let train = Split {
            pictures: (0..n * EXTENT.len()).map(|i| key.bits(i as u32) as u8).collect(),
            labels: (0..n).map(|i| key.with(1).below(i as u32, 10) as u16).collect(),
        };
        let normalisation = Arc::new(Normalisation::of(normalise, &train, EXTENT));
        let classes = (0..10).map(|class: u32| class.to_string()).collect();
        let test = Split::default();
        let set = DataSet { name: "noise".into(), extent: EXTENT, classes, train, test, notes: vec![] };
        PictureSource { set: Arc::new(set), part: Part::Train, normalisation }
    }

    fn trial(batch: usize, first: u32, augment: Augment, source: PictureSource) -> Trial {
        let step = GatherStep { batch, extent: EXTENT, augment };
        let mut trial = Trial::new(StepOp::Gather(step), &[], &[batch * EXTENT.len(), batch]);
        trial.table.first = first;
        trial.table.augment_key = augment::key(9, 3).0;
        trial.pictures = Some(source);
        trial
    }

    const AUGMENTS: [Augment; 4] = [
        Augment { flip: false, crop: 0 },
        Augment { flip: true, crop: 0 },
        Augment { flip: false, crop: 2 },
        Augment { flip: true, crop: 4 },
    ];

    /// On a GPU the quotient by 255 may be off by units in the last place.
    #[test]
    fn devices_agree_with_the_plain_reference() {
        for augment in AUGMENTS {
            trial(11, 13, augment, source(29, Normalise::PerChannel)).agrees(1e-6);
        }
    }

    #[test]
    fn pictures_in_several_buffers_are_found() {
        let most = 8192;
        let Some(gpu) = twin::own_gpu(|limits| limits.max_storage_buffer_binding_size = most) else {
            return;
        };
        // From the second buffer into the third.
        trial(9, 72, Augment::default(), source(100, Normalise::PixelMean)).agrees_on(&gpu, 1e-6);
    }

    /// Against the references of the `data` module, picture by picture.
    #[test]
    fn a_batch_is_what_normalisation_and_augmentation_say() {
        for normalise in [Normalise::None, Normalise::PerChannel, Normalise::PixelMean] {
            for augment in AUGMENTS {
                let source = source(7, normalise);
                let split = source.split();
                let expected = (1..6).flat_map(|index| {
                    let plain = source.normalisation.apply(EXTENT, split.picture(EXTENT, index));
                    augment::apply(augment::draw(augment::key(9, 3), index as u32, &augment), EXTENT, &plain)
                });
                let found = trial(5, 1, augment, source.clone()).plain();
                let labels: Vec<f64> = split.labels[1..6].iter().map(|&label| label.into()).collect();
                assert_eq!(found[1], labels);
                for (x, expected) in layout::maps_from_storage(&found[0], EXTENT).iter().zip(expected) {
                    assert!((x - expected as f64).abs() <= 1e-6, "{x} against {expected}");
                }
            }
        }
    }
}
