//! The batch: `x = (byte / 255 − mean) · scale` for the pictures that the order names, jittered, mirrored and
//! shifted as drawn, zeros where the shifted window reaches beyond the picture or something is cut out; and what
//! is known of them, that of pixels mirrored and shifted likewise ([`crate::data::augment`]).

use super::Lower;
use crate::data::augment::{self, Drawn};
use crate::engine::PictureSource;
use crate::engine::cpu::Kernel;
use crate::engine::gpu::Lowering;
use crate::engine::plain::{Plain, PlainIo, Real};
use crate::graph::layers::gather::GatherStep;
use crate::tensor::random::Key;

impl Lower for GatherStep {
    fn cpu(&self) -> Box<dyn Kernel> {
        cpu::kernel(*self)
    }

    fn gpu(&self, lowering: &mut Lowering) {
        gpu::lower(self, lowering);
    }
}

impl GatherStep {
    /// Writes what is known of picture `index`.
    fn label<T: From<u8> + From<u16>>(
        &self,
        source: &PictureSource,
        index: u32,
        drawn: &Drawn,
        told: &mut [T],
    ) {
        let labels = &source.split().labels;
        assert!(self.labels == Some(labels.kind()), "a goal is for the labels that there are");
        let width = self.extent.width;
        let from = |pixel: usize| {
            let [row, column] = drawn.source(self.extent, [pixel / width, pixel % width])?;
            Some(row * width + column)
        };
        labels.write(index as usize, from, told);
    }
}

impl Plain for GatherStep {
    fn plain<R: Real>(&self, io: PlainIo<'_, R>) {
        let pictures = io.pictures.expect("a program fed from a data set has its pictures");
        let [x, labels] = io.outputs else { unreachable!("a batch is pictures and labels") };
        let (split, normalisation) = (pictures.source.split(), &*pictures.source.normalisation);
        let extent = self.extent;
        let shares = augment::grey_shares(extent.channels);
        let mut pixel = vec![0.0; extent.channels];
        for n in 0..self.batch {
            let index = pictures.order[io.table.first as usize + n];
            let bytes = split.picture(extent, index as usize); // (C, H, W)
            let mean_grey = augment::mean_grey(extent, bytes);
            let drawn = augment::draw(Key(io.table.augment_key), index, &self.augment, extent);
            if self.labels.is_some() {
                let mut told = vec![0f32; self.label_len];
                self.label(&pictures.source, index, &drawn, &mut told);
                let labels = &mut labels[n * self.label_len..][..self.label_len];
                labels.iter_mut().zip(told).for_each(|(label, told)| *label = R::of(told.into()));
            }
            for (i, j) in (0..extent.height).flat_map(|i| (0..extent.width).map(move |j| (i, j))) {
                let place = ((n * extent.height + i) * extent.width + j) * extent.channels;
                let x = &mut x[place..][..extent.channels];
                x.fill(R::zero());
                let Some([row, column]) = drawn.source(extent, [i, j]) else { continue };
                if drawn.is_cut_out(self.augment.cutout, [i, j]) {
                    continue;
                }
                let at = |c: usize| (c * extent.height + row) * extent.width + column;
                let brightness = |c: usize| R::whole(bytes[at(c)].into()) / R::whole(255);
                if self.augment.jitter > 0.0 {
                    pixel.iter_mut().enumerate().for_each(|(c, x)| *x = brightness(c).double() as f32);
                    augment::jittered(drawn.factors, mean_grey, &shares, &mut pixel);
                }
                for (c, x) in x.iter_mut().enumerate() {
                    let own = if self.augment.jitter > 0.0 { R::of(pixel[c].into()) } else { brightness(c) };
                    let (mean, scale) = (normalisation.mean[at(c)], normalisation.scale[c]);
                    *x = (own - R::of(mean.into())) * R::of(scale.into());
                }
            }
        }
    }
}

mod cpu {
    use rayon::prelude::*;

    use super::*;
    use crate::data::Normalisation;
    use crate::engine::cpu::simd::vectorised;
    use crate::engine::cpu::{CpuPictures, Io};

    pub fn kernel(step: GatherStep) -> Box<dyn Kernel> {
        let shares = augment::grey_shares(step.extent.channels);
        Box::new(move |io: Io<'_>| {
            let source = io.pictures.expect("a plan fed from a data set has its pictures");
            let [pictures, labels] = io.outputs else { unreachable!("a batch is pictures and labels") };
            let key = Key(io.table.augment_key);
            source.with_batch(io.table.first, step.batch, |order| {
                pictures
                    .par_chunks_mut(step.extent.len())
                    .zip(labels.par_chunks_mut(step.label_len))
                    .zip(order)
                    .for_each(|((x, told), &index)| {
                        let drawn = augment::draw(key, index, &step.augment, step.extent);
                        picture(&step, source, &shares, index, &drawn, x);
                        if step.labels.is_some() {
                            step.label(&source.source, index, &drawn, told);
                        }
                    });
            });
        })
    }

    /// Writes one picture, `(H, W, C)`.
    fn picture(
        step: &GatherStep,
        source: &CpuPictures,
        shares: &[f32],
        index: u32,
        drawn: &Drawn,
        x: &mut [f32],
    ) {
        let (extent, augment) = (step.extent, step.augment);
        let bytes = source.source.split().picture(extent, index as usize); // (C, H, W)
        let normalisation = &*source.source.normalisation;
        if augment.jitter > 0.0 {
            return jittered(step, bytes, normalisation, shares, drawn, x);
        }
        // Where each row of the result begins and ends in the picture, before it is mirrored: `column + dx` of it.
        let (width, dx) = (extent.width as i64, i64::from(drawn.dx));
        let [first, end] = [-dx, width - dx].map(|column| column.clamp(0, width));
        for (i, x) in x.chunks_exact_mut(extent.width * extent.channels).enumerate() {
            let row = i.checked_add_signed(drawn.dy as isize).filter(|&row| row < extent.height);
            let Some(row) = row.filter(|_| first < end) else {
                x.fill(0.0);
                continue;
            };
            let to = if drawn.flip { width - end..width - first } else { first..end };
            let [to_first, to_end] = [to.start, to.end].map(|column| column as usize * extent.channels);
            x[..to_first].fill(0.0);
            x[to_end..].fill(0.0);
            for c in 0..extent.channels {
                let at = (c * extent.height + row) as i64 * width + dx;
                let from = (at + first) as usize..(at + end) as usize;
                let (bytes, mean) = (&bytes[from.clone()], &normalisation.mean[from]);
                let channel = Channel { number: c, of: extent.channels, scale: normalisation.scale[c] };
                normalised(bytes, mean, channel, drawn.flip, &mut x[to_first..to_end]);
            }
            if augment.cutout > 0 {
                let pixels = x.chunks_exact_mut(extent.channels).enumerate();
                let cut_out = pixels.filter(|&(j, _)| drawn.is_cut_out(augment.cutout, [i, j]));
                cut_out.for_each(|(_, pixel)| pixel.fill(0.0));
            }
        }
    }

    /// Which of a pixel's channels is written, and what it is scaled by.
    #[derive(Clone, Copy)]
    struct Channel {
        number: usize,
        of: usize,
        scale: f32,
    }

    vectorised! {
        /// One channel of neighbouring pixels, `x[j, c] = (byte / 255 − mean) · scale`, from the last to the first if so
        /// wished.
        fn normalised(bytes: &[u8], mean: &[f32], channel: Channel, mirrored: bool, x: &mut [f32]) {
            let Channel { number, of, scale } = channel;
            let from = bytes.iter().zip(mean).map(|(&byte, mean)| (f32::from(byte) / 255.0 - mean) * scale);
            match (of, mirrored) {
                (1, false) => x.iter_mut().zip(from).for_each(|(x, from)| *x = from),
                (1, true) => x.iter_mut().rev().zip(from).for_each(|(x, from)| *x = from),
                (_, false) => x.chunks_exact_mut(of).zip(from).for_each(|(x, from)| x[number] = from),
                (_, true) => x.chunks_exact_mut(of).rev().zip(from).for_each(|(x, from)| x[number] = from),
            }
        }
    }

    /// A picture whose colours change, pixel by pixel.
    fn jittered(
        step: &GatherStep,
        bytes: &[u8],
        normalisation: &Normalisation,
        shares: &[f32],
        drawn: &Drawn,
        x: &mut [f32],
    ) {
        let (extent, mean_grey) = (step.extent, augment::mean_grey(step.extent, bytes));
        for (place, pixel) in x.chunks_exact_mut(extent.channels).enumerate() {
            let at = [place / extent.width, place % extent.width];
            let from = drawn.source(extent, at).filter(|_| !drawn.is_cut_out(step.augment.cutout, at));
            let Some([row, column]) = from else {
                pixel.fill(0.0);
                continue;
            };
            let from = row * extent.width + column;
            for (c, x) in pixel.iter_mut().enumerate() {
                *x = f32::from(bytes[c * extent.area() + from]) / 255.0;
            }
            augment::jittered(drawn.factors, mean_grey, shares, pixel);
            for (c, x) in pixel.iter_mut().enumerate() {
                *x = (*x - normalisation.mean[c * extent.area() + from]) * normalisation.scale[c];
            }
        }
    }
}

mod gpu {
    use super::*;
    use crate::engine::gpu::{Dispatch, Source};
    use crate::experiment::LabelKind;

    pub fn lower(step: &GatherStep, lowering: &mut Lowering) {
        let greys = lowering.scratch(step.batch);
        let (pictures, labels) = (lowering.output(0), lowering.output(1));
        // Each dispatch fills in the entries whose pictures lie in its buffer.
        for (i, range) in lowering.picture_ranges().to_vec().into_iter().enumerate() {
            let dispatch = |entry| {
                Dispatch::new("gather", entry)
                    .size("CHANNELS", step.extent.channels)
                    .size("HEIGHT", step.extent.height)
                    .size("WIDTH", step.extent.width)
                    .constant("FLIP", step.augment.flip)
                    .size("CROP", step.augment.crop)
                    .size("FIRST", range.start)
                    .size("COUNT", range.len())
                    .with_table()
            };
            if step.augment.jitter > 0.0 {
                let sources = [Source::Pixels(i), Source::Order];
                lowering.push(dispatch("greys_of").bind_sources(&sources).bind(&[greys]).groups(step.batch));
            }
            let sources = [Source::Pixels(i), Source::Order, Source::Mean, Source::Scale];
            lowering.push(
                dispatch("forward")
                    .size("CUTOUT", step.augment.cutout)
                    .constant("JITTER", step.augment.jitter)
                    .bind_sources(&sources)
                    .bind(&[pictures, greys])
                    .invocations(step.batch * step.extent.area()),
            );
            if let Some(kind) = step.labels {
                let entry = match kind {
                    LabelKind::Classes => "classes_of",
                    LabelKind::Tags => "tags_of",
                    LabelKind::Pixels => "pixel_classes_of",
                };
                let sources = [Source::Labels(i), Source::Order];
                lowering.push(
                    dispatch(entry)
                        .size("LABELS", step.label_len)
                        .bind_sources(&sources)
                        .bind(&[labels])
                        .invocations(step.batch * step.label_len),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::data::{DataSet, Labels, Normalisation, PixelClasses, Split, Tags, VOID};
    use crate::engine::Part;
    use crate::engine::gpu::twin;
    use crate::engine::layout;
    use crate::engine::ops::testing::Trial;
    use crate::experiment::{Augment, Normalise};
    use crate::graph::layers::StepOp;
    use crate::tensor::Extent;
    use crate::tensor::random::Purpose;

    const EXTENT: Extent = Extent::new(3, 9, 8);

    fn source(n: usize, normalise: Normalise) -> PictureSource {
        let key = Key::new(4, Purpose::Pictures);
        labelled(
            n,
            normalise,
            Labels::Classes((0..n as u32).map(|i| key.with(1).below(i, 10) as u16).collect()),
        )
    }

    fn labelled(n: usize, normalise: Normalise, labels: Labels) -> PictureSource {
        let key = Key::new(4, Purpose::Pictures);
        let pictures = (0..n * EXTENT.len()).map(|i| key.bits(i as u32) as u8).collect();
        let train = Split { pictures, labels };
        let normalisation = Arc::new(Normalisation::of(normalise, &train, EXTENT));
        let classes = (0..10).map(|class: u32| class.to_string()).collect();
        let test = Split::default();
        let set = DataSet {
            name: "noise".into(),
            extent: EXTENT,
            classes,
            train,
            test,
            clean: None,
            notes: vec![],
        };
        PictureSource { set: Arc::new(set), part: Part::Train, normalisation }
    }

    fn trial(batch: usize, first: u32, augment: Augment, source: PictureSource) -> Trial {
        let labels = &source.split().labels;
        let label_len = match labels {
            Labels::Classes(_) => 1,
            Labels::Tags(tags) => tags.n_tags(),
            Labels::Pixels(pixels) => pixels.area(),
        };
        let step = GatherStep { batch, extent: EXTENT, augment, labels: Some(labels.kind()), label_len };
        let mut trial = Trial::new(StepOp::Gather(step), &[], &[batch * EXTENT.len(), batch * label_len]);
        trial.table.first = first;
        trial.table.augment_key = augment::key(9, 3).0;
        trial.pictures = Some(source);
        trial
    }

    const NONE: Augment = Augment { flip: false, crop: 0, cutout: 0, jitter: 0.0 };

    const AUGMENTS: [Augment; 6] = [
        NONE,
        Augment { flip: true, ..NONE },
        Augment { crop: 2, ..NONE },
        Augment { cutout: 3, ..NONE },
        Augment { jitter: 0.5, ..NONE },
        Augment { flip: true, crop: 4, cutout: 4, jitter: 1.0 },
    ];

    /// On a GPU the quotient by 255 may be off by units in the last place.
    #[test]
    fn devices_agree_with_the_plain_reference() {
        for augment in AUGMENTS {
            trial(11, 13, augment, source(29, Normalise::PerChannel)).agrees(1e-6);
        }
    }

    #[test]
    fn devices_agree_on_tags_and_on_the_classes_of_pixels() {
        let key = Key::new(4, Purpose::Pictures).with(2);
        let tags = Tags::new(37, (0..29).map(|i| vec![i, 36 - i / 2, 31]));
        let classes = (0..29 * EXTENT.area()).map(|i| key.below(i as u32, 256) as u8).collect();
        let pixels = PixelClasses::new(EXTENT.area(), classes);
        for labels in [Labels::Tags(tags), Labels::Pixels(pixels)] {
            for augment in AUGMENTS {
                trial(11, 13, augment, labelled(29, Normalise::None, labels.clone())).agrees(1e-6);
            }
        }
    }

    /// A picture whose bytes are its pixels' classes: whatever moves one moves the other.
    #[test]
    fn the_classes_of_pixels_move_with_them() {
        let n = 20;
        let byte = |i: usize| (i * 13 % 254 + 1) as u8;
        let classes: Vec<u8> = (0..n * EXTENT.area()).map(byte).collect();
        let pictures = classes.chunks(EXTENT.area()).flat_map(|plane| plane.repeat(3)).collect();
        let mut source =
            labelled(n, Normalise::None, Labels::Pixels(PixelClasses::new(EXTENT.area(), classes)));
        Arc::make_mut(&mut source.set).train.pictures = pictures;
        let found = trial(n, 0, Augment { flip: true, crop: 3, ..NONE }, source).plain();
        let n_void = found[1].iter().filter(|&&class| class == f64::from(VOID)).count();
        assert!(n_void > 0, "the window reaches out somewhere");
        for (pixel, &class) in found[0].chunks_exact(3).zip(&found[1]) {
            let expected = if pixel[0] == 0.0 { f64::from(VOID) } else { (pixel[0] * 255.0).round() };
            assert_eq!(class, expected);
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
                    let drawn = augment::draw(augment::key(9, 3), index as u32, &augment, EXTENT);
                    let picture = split.picture(EXTENT, index);
                    augment::apply(&augment, &drawn, EXTENT, picture, &source.normalisation)
                });
                let found = trial(5, 1, augment, source.clone()).plain();
                let classes = split.labels.classes().unwrap();
                let labels: Vec<f64> = classes[1..6].iter().map(|&label| label.into()).collect();
                assert_eq!(found[1], labels);
                for (x, expected) in layout::maps_from_storage(&found[0], EXTENT).iter().zip(expected) {
                    assert!((x - expected as f64).abs() <= 1e-6, "{x} against {expected}");
                }
            }
        }
    }
}
