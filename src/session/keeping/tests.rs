use std::time::Duration;

use super::*;
use crate::data::catalogue;
use crate::engine::{self, DeviceChoice};
use crate::experiment::{Data, NetworkChoice, Train, file};
use crate::train::folder;

const RUN: RunId = RunId(9_200_000);

/// A run, and what sees to it, with checkpoints an hour apart.
struct Bench {
    run: Run,
    keeper: Keeper,
    writer: Writer,
    keeping: Keeping,
    number: u64,
}

fn bench(home: &Path) -> Bench {
    let text = "network.layers = [{ linear = 10 }]";
    let network: NetworkChoice = file::parse(text).expect("an experiment").network;
    let data = Data { train: Some(20), test: Some(10), ..Data::default() };
    let train = Train { batch: 10, epochs: 1000, ..Train::default() };
    let experiment = Experiment { data, network, train, ..Experiment::default() };
    let set = Arc::new(catalogue::open(&experiment).expect("built in"));
    let device = engine::open(&DeviceChoice::Cpu).expect("the processor");
    let run = Run::new(&experiment, set, device).expect("a run");
    let keeping = Keeping { home: Some(home.into()), every: Duration::from_secs(3600) };
    Bench { run, keeper: Keeper::default(), writer: Writer::default(), keeping, number: 0 }
}

impl Bench {
    fn train(&mut self, n: u64) {
        let end = self.run.progress().step + n;
        while self.run.progress().step < end {
            self.run.advance(1).expect("a step");
        }
        self.run.collect(true).expect("they are done");
    }

    fn see_to(&mut self) {
        let Self { run, keeper, writer, keeping, number } = self;
        let kin = Kin { of: (RUN, *number), run, is_at_rest: false, steps: &[], open: None };
        keeper.see_to(kin, keeping, writer).expect("its numbers");
    }

    /// What the writer has comes back.
    fn arrive(&mut self) -> Done {
        self.writer.arrival().expect("something is under way").recv().expect("the writer lives")
    }

    /// The run begins anew, so long after its last checkpoint was tried.
    fn begin_anew(&mut self, after: Duration) {
        let Self { run, keeper, writer, keeping, number } = self;
        let tried = keeper.tried.as_mut().expect("a first checkpoint");
        tried.at = tried.at.checked_sub(after).expect("the clock goes back so far");
        let kin = Kin { of: (RUN, *number), run, is_at_rest: true, steps: &[], open: None };
        keeper.part(kin, keeping, writer).expect("its numbers");
        run.reset().expect("it begins anew");
        *number += 1;
        self.see_to();
    }

    /// The steps of the runs that are in the end on the disk.
    fn end(self, home: &Path) -> Vec<u64> {
        let arrival = self.writer.arrival().expect("a writer");
        drop(self.writer);
        // The thread ends when all its work is done.
        while arrival.recv().is_ok() {}
        folder::list(home).iter().map(|past| past.step).collect()
    }
}

const LONG: Duration = Duration::from_secs(30);

/// Half a minute of training since the first checkpoint, and the next is not due for an hour: one is written before the
/// run begins anew. What was trained at once after a checkpoint is left behind.
#[test]
fn what_was_trained_for_long_is_kept_when_it_begins_anew() {
    for (after, left) in [(LONG, vec![31]), (Duration::ZERO, vec![])] {
        let home = tempfile::tempdir().expect("a folder");
        let mut bench = bench(home.path());
        bench.train(1);
        bench.see_to();
        let done = bench.arrive();
        bench.keeper.take_back(done);
        bench.train(30);
        bench.begin_anew(after);
        // What was sent comes back to a run that has begun anew.
        if after == LONG {
            let done = bench.arrive();
            assert_eq!(done.of, (RUN, 0));
            let last = bench.keeper.parting_of(0);
            assert!(last.is_none(), "it is written already");
            bench.writer.leave(done.held.expect("its folder"), last);
        }
        assert_eq!(bench.end(home.path()), left);
    }
}

/// The same while a slow disk has the folder.
#[test]
fn what_was_trained_for_long_waits_for_its_folder() {
    let home = tempfile::tempdir().expect("a folder");
    let mut bench = bench(home.path());
    bench.train(1);
    bench.see_to();
    bench.train(30);
    bench.begin_anew(LONG);
    let done = bench.arrive();
    let last = bench.keeper.parting_of(done.of.1);
    assert!(last.is_some());
    bench.writer.leave(done.held.expect("its folder"), last);
    assert_eq!(bench.end(home.path()), [31]);
}
