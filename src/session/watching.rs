//! What the window looks at: computed between turns, for no more than a share of the time that goes into training.

mod station;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::RunId;
use super::runs::Runs;
use super::snapshot::Seen;
use crate::inspect::look::{Beside, Look};
use crate::train::TrainError;
use station::Station;

/// Seconds of training for each second of looking. What was spent is measured and owed: nothing is looked at while
/// training until so much of it has passed.
const TRAINING_FOR_LOOKING: f64 = 12.0;

/// At most so often is the same looked at again while training.
const AGAIN_AFTER: Duration = Duration::from_millis(200);

/// What is to be seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Watch {
    /// Of the run in front, as it stands.
    pub looks: Vec<Look>,
    pub elsewhere: Vec<Elsewhere>,
    /// A run that what is looked at is held against.
    pub beside: Option<RunId>,
}

/// What is to be seen of another run, or of other weights than it has now.
#[derive(Clone, Debug, PartialEq)]
pub struct Elsewhere {
    pub run: RunId,
    pub at: At,
    pub looks: Vec<Look>,
}

/// Which weights of a run are looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum At {
    /// As they stand.
    #[default]
    Now,
    /// Those after so many steps, of which [`kept`](super::RunSnapshot::kept_steps) are some.
    Step(u64),
    /// Those of a file, which must be of the same net.
    File(PathBuf),
}

impl At {
    /// Whether what is seen at the one may be shown until that of the other is there: another step of the same run.
    pub fn is_alike(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Step(_), Self::Step(_))) || self == other
    }
}

impl Watch {
    /// Of these weights of a run; `front` is the one in front.
    pub fn ask(&mut self, front: RunId, run: RunId, at: &At, look: Look) {
        let looks = match self.elsewhere.iter().position(|other| other.run == run && other.at == *at) {
            _ if run == front && *at == At::Now => &mut self.looks,
            Some(i) => &mut self.elsewhere[i].looks,
            None => {
                self.elsewhere.push(Elsewhere { run, at: at.clone(), looks: Vec::new() });
                let last = self.elsewhere.len() - 1;
                &mut self.elsewhere[last].looks
            }
        };
        if !looks.contains(&look) {
            looks.push(look);
        }
    }
}

/// What is looked at, and what has been seen of it.
#[derive(Default)]
pub struct Watching {
    stations: Vec<Station>,
    beside: Option<RunId>,
    /// Seconds of training that must pass before the next look.
    owed: f64,
    /// What went where while something trained.
    pub spent: Spent,
    /// Whether the device failed, which no further look would mend.
    is_blind: bool,
}

/// Seconds that went into training and into looking meanwhile.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spent {
    pub training: f64,
    pub looking: f64,
    /// Of looking, those of the last look, which training has yet to make up for.
    pub last_look: f64,
}

impl Watching {
    /// This is to be seen from now on. What was looked at before goes on where it was, and what was made ready for a
    /// question that is alike is used for the new one.
    pub fn set(&mut self, watch: Watch) {
        let mut before = std::mem::take(&mut self.stations);
        let mut station = |run: Option<RunId>, at: At, looks: Vec<Look>| {
            let same = before.iter().position(|station| station.run == run && station.at.is_alike(&at));
            let mut station = same.map_or_else(|| Station::new(run), |i| before.swap_remove(i));
            station.turn_to(at, looks);
            station
        };
        self.stations.push(station(None, At::Now, watch.looks));
        let elsewhere = watch.elsewhere.into_iter();
        self.stations.extend(elsewhere.map(|other| station(Some(other.run), other.at, other.looks)));
        self.beside = watch.beside;
    }

    /// Seconds have gone into training.
    pub fn trained(&mut self, seconds: f64) {
        self.owed = (self.owed - seconds).max(0.0);
        self.spent.training += seconds;
    }

    /// Gives back all that was made ready, as when the run goes that it was made ready for.
    pub fn let_go(&mut self) {
        self.is_blind = false;
        self.stations.iter_mut().for_each(Station::let_go);
    }

    /// Whether there is something to look at where nothing trains.
    pub fn is_due(&self, runs: &Runs) -> bool {
        self.stations.iter().any(|station| station.is_due(runs, self.is_blind))
    }

    /// Looks at what is due for a while: where anything trains only if enough of that went before. A device that is
    /// lost is told to the run that was looked at.
    pub fn look(&mut self, runs: &mut Runs, trains: bool) {
        for station in &mut self.stations {
            if station.follow(runs) {
                self.is_blind = false;
            }
        }
        if self.is_blind || trains && self.owed > 0.0 {
            return;
        }
        let due = |(s, station): (usize, &Station)| Some((station.due(runs, trains)?, s));
        let Some(((_, place), s)) = self.stations.iter().enumerate().filter_map(due).min() else { return };
        let Some(id) = self.stations[s].run_of(runs) else { return };
        // What training left to be done is no cost of looking.
        let settled = [Some(id), self.beside]
            .into_iter()
            .flatten()
            .try_for_each(|id| runs.get(id).map_or(Ok(()), |slot| slot.settle()));
        let begin = Instant::now();
        let looked = settled.and_then(|()| self.look_through(s, place, runs));
        if looked.is_err() {
            self.is_blind = true;
            if let Some(slot) = runs.get(id) {
                slot.note(looked);
            }
            return;
        }
        if trains {
            let seconds = begin.elapsed().as_secs_f64();
            self.owed += seconds * TRAINING_FOR_LOOKING;
            self.spent.looking += seconds;
            self.spent.last_look = seconds;
        }
    }

    fn look_through(&mut self, s: usize, place: usize, runs: &Runs) -> Result<(), TrainError> {
        let beside = self.beside.and_then(|id| runs.find(id)).and_then(|slot| slot.run.as_ref());
        let beside =
            beside.map(|run| Beside { graph: &run.graph, placement: &run.placement, memory: run.memory() });
        self.stations[s].look(place, runs, beside)
    }

    /// What has been seen.
    pub fn seen(&self) -> Vec<Seen> {
        self.stations.iter().flat_map(Station::seen).collect()
    }
}
