//! Pictures brought in by a thread of their own, one data set at a time. Whoever wishes for others meanwhile
//! is served when that one is done, and only with the latest wish. Runs that wish for the same share them.

use std::io;
use std::sync::{Arc, Weak};

use crossbeam_channel::Receiver;

use crate::data::{self, DataSet};
use crate::experiment::{Data, Experiment, Loss, Noise, Train};

/// What decides which pictures there are; the rest of [`Data`] only says what is done to them.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    source: String,
    train: Option<usize>,
    test: Option<usize>,
    size: Option<[usize; 2]>,
    noise: Noise,
    permute: Option<u64>,
    hold_out: Option<f32>,
    /// The class that noise spares, where there is noise and the loss leaves a class out.
    void: Option<usize>,
    /// Makes the built-in pictures and divides those that come in one piece.
    seed: u64,
}

/// The pictures, or what is wrong with them.
pub type Loaded = Result<DataSet, String>;

#[derive(Default)]
pub struct Loader {
    under_way: Option<(Wish, Receiver<Loaded>)>,
    /// What has been brought in, as long as anybody has it.
    shelf: Vec<(Wish, Weak<DataSet>)>,
}

impl Wish {
    pub fn new(experiment: &Experiment) -> Self {
        let Data { source, train, test, size, noise, permute, hold_out, .. } = experiment.data.clone();
        let void = experiment.train.loss.void().filter(|_| noise.share > 0.0);
        Self { source, train, test, size, noise, permute, hold_out, void, seed: experiment.seed }
    }

    fn open(&self) -> Loaded {
        let Self { source, train, test, size, noise, permute, hold_out, void, seed } = self.clone();
        let data = Data { source, train, test, size, noise, permute, hold_out, ..Data::default() };
        let train = Train { loss: Loss::PixelCrossEntropy { void }, ..Train::default() };
        let experiment = Experiment { data, train, seed, ..Experiment::default() };
        data::catalogue::open(&experiment).map_err(|error| error.to_string())
    }
}

impl Loader {
    /// Begins to open, unless something is under way already.
    pub fn begin(&mut self, wish: Wish) -> io::Result<()> {
        if self.under_way.is_some() {
            return Ok(());
        }
        let (sender, done) = crossbeam_channel::bounded(1);
        let own = wish.clone();
        // The receiver may be gone by then, and the program with it.
        let work = move || drop(sender.send(own.open()));
        std::thread::Builder::new().name("pictures".into()).spawn(work)?;
        self.under_way = Some((wish, done));
        Ok(())
    }

    /// Where what is under way arrives, if anything is.
    pub fn arrival(&self) -> Option<Receiver<Loaded>> {
        self.under_way.as_ref().map(|(_, done)| done.clone())
    }

    /// Pictures that are there already.
    pub fn at_hand(&self, wish: &Wish) -> Option<Arc<DataSet>> {
        self.shelf.iter().find(|(known, _)| known == wish).and_then(|(_, set)| set.upgrade())
    }

    /// Pictures may have changed where they come from: whoever wishes for them next has them opened anew.
    pub fn forget(&mut self, wish: &Wish) {
        self.shelf.retain(|(known, _)| known != wish);
    }

    /// Remembers what a wish was answered with.
    pub fn keep(&mut self, wish: Wish, set: &Arc<DataSet>) {
        self.shelf.retain(|(known, set)| *known != wish && set.strong_count() > 0);
        self.shelf.push((wish, Arc::downgrade(set)));
    }

    /// The wish that has been answered; nothing is under way thereafter.
    pub fn finish(&mut self) -> Option<Wish> {
        self.under_way.take().map(|(wish, _)| wish)
    }
}
