//! The runs of a session in their order, and who goes with whom.

use super::share::{self, Claim};
use super::slot::{Goal, Slot, Span};
use super::snapshot::Activity;
use super::{MOST_RUNS, NewRun, RunId};
use crate::experiment::Experiment;

#[derive(Default)]
pub struct Runs {
    pub slots: Vec<Slot>,
    /// The run that is looked at.
    pub current: Option<RunId>,
    /// The run that was removed last, and where it was.
    pub removed: Option<(usize, Slot)>,
    n_pairs: u64,
}

impl Runs {
    pub fn get(&mut self, id: RunId) -> Option<&mut Slot> {
        self.slots.iter_mut().find(|slot| slot.id() == id)
    }

    /// A run, not to be touched.
    pub fn find(&self, id: RunId) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.id() == id)
    }

    /// Describes a run; one that is not there is added. Gives whether its pictures are to be opened.
    pub fn describe(&mut self, id: RunId, experiment: Experiment) -> Result<bool, String> {
        match self.get(id) {
            Some(slot) => Ok(slot.describe(experiment)),
            None => {
                let name = experiment.title.clone();
                let new = NewRun { id, name, experiment, behind: self.current, twin_of: None };
                self.add(new).map(|()| true)
            }
        }
    }

    /// # Errors
    /// There are as many as there may be.
    pub fn add(&mut self, new: NewRun) -> Result<(), String> {
        let NewRun { id, name, experiment, behind, twin_of } = new;
        if self.slots.len() >= MOST_RUNS {
            return Err(format!(
                "There are {MOST_RUNS} runs already, the most there may be. Remove one first."
            ));
        }
        let is_taken = |mark: &usize| self.slots.iter().any(|slot| slot.seen.mark == *mark);
        let mark = (0..MOST_RUNS).find(|mark| !is_taken(mark)).unwrap_or(0);
        let mut slot = Slot::new(id, experiment, mark);
        slot.seen.name = name;
        slot.seen.twins = twin_of.and_then(|other| self.pair(other));
        let place = behind.and_then(|id| self.place(id)).map_or(self.slots.len(), |place| place + 1);
        self.slots.insert(place, slot);
        self.current = self.current.or(Some(id));
        Ok(())
    }

    /// Has a run known by the mark that it had, unless that is another's who has done something with it.
    pub fn mark(&mut self, id: RunId, mark: usize) {
        let Some(own) = self.find(id).map(|slot| slot.seen.mark).filter(|_| mark < MOST_RUNS) else { return };
        let is_untouched = |slot: &Slot| {
            slot.run.is_none() && slot.stored.is_none() && slot.late.is_none() && slot.goal == Goal::Rest
        };
        if let Some(other) = self.slots.iter_mut().find(|slot| slot.seen.mark == mark && slot.id() != id) {
            if !is_untouched(other) {
                return;
            }
            other.seen.mark = own;
        }
        if let Some(slot) = self.get(id) {
            slot.seen.mark = mark;
        }
    }

    /// The number by which the twins of a run know each other; a new one where it has none.
    fn pair(&mut self, id: RunId) -> Option<u64> {
        let next = self.n_pairs + 1;
        let slot = self.get(id)?;
        let number = *slot.seen.twins.get_or_insert(next);
        self.n_pairs = self.n_pairs.max(number);
        Some(number)
    }

    pub fn remove(&mut self, id: RunId) {
        let Some(place) = self.place(id) else { return };
        let mut slot = self.slots.remove(place);
        slot.rest();
        let twins = slot.seen.twins;
        self.removed = Some((place, slot));
        self.let_go_alone(twins);
        if self.current == Some(id) {
            let next = self.slots.get(place).or(self.slots.last());
            self.current = next.map(Slot::id);
        }
    }

    /// Brings back what was removed last, alone.
    pub fn restore(&mut self) {
        if self.slots.len() >= MOST_RUNS {
            return;
        }
        if let Some((place, mut slot)) = self.removed.take() {
            let is_taken = |mark: usize| self.slots.iter().any(|other| other.seen.mark == mark);
            if is_taken(slot.seen.mark) {
                slot.seen.mark = (0..MOST_RUNS).find(|&mark| !is_taken(mark)).unwrap_or(0);
            }
            slot.seen.twins = None;
            self.current = Some(slot.id());
            self.slots.insert(place.min(self.slots.len()), slot);
        }
    }

    /// Lets a run go on without its twins.
    pub fn part(&mut self, id: RunId) {
        let Some(slot) = self.get(id) else { return };
        let twins = slot.seen.twins.take();
        self.let_go_alone(twins);
    }

    /// One that has no twin left is none.
    fn let_go_alone(&mut self, twins: Option<u64>) {
        let mut left: Vec<&mut Slot> =
            self.slots.iter_mut().filter(|slot| twins.is_some() && slot.seen.twins == twins).collect();
        if let [alone] = &mut left[..] {
            alone.seen.twins = None;
        }
    }

    fn place(&self, id: RunId) -> Option<usize> {
        self.slots.iter().position(|slot| slot.id() == id)
    }

    /// A run with its twins, by their places.
    pub fn with_twins(&self, id: RunId) -> Vec<usize> {
        let twins = self.place(id).and_then(|place| self.slots[place].seen.twins);
        let is_meant = |slot: &Slot| slot.id() == id || twins.is_some() && slot.seen.twins == twins;
        (0..self.slots.len()).filter(|&i| is_meant(&self.slots[i])).collect()
    }

    /// Sets the goal of a run and its twins. Those that are ahead of the others wait for them.
    pub fn aim(&mut self, id: RunId, span: Span) {
        let members = self.with_twins(id);
        let step = |slot: &Slot| match &slot.run {
            Some(run) if !slot.seen.is_stale => run.progress().step,
            _ => 0,
        };
        let base = members.iter().map(|&i| step(&self.slots[i])).min().unwrap_or(0);
        let claims = self.claims(&self.parties());
        for i in members {
            let slot = &mut self.slots[i];
            if slot.goal == Goal::Rest {
                slot.spent = share::after_rest(slot.spent, &claims);
            }
            slot.aim(span, base);
        }
    }

    /// Those who take turns: each run alone, or twins together.
    pub fn parties(&self) -> Vec<Vec<usize>> {
        let mut parties: Vec<Vec<usize>> = Vec::new();
        for (i, slot) in self.slots.iter().enumerate() {
            let twins = slot.seen.twins;
            let is_known =
                |party: &&mut Vec<usize>| twins.is_some() && self.slots[party[0]].seen.twins == twins;
            match parties.iter_mut().find(is_known) {
                Some(party) => party.push(i),
                None => parties.push(vec![i]),
            }
        }
        parties
    }

    /// What each party can claim.
    pub fn claims(&self, parties: &[Vec<usize>]) -> Vec<Claim> {
        let claim = |party: &Vec<usize>| {
            let spent: f64 = party.iter().map(|&i| self.slots[i].spent).sum();
            Claim { is_due: !self.due(party).is_empty(), spent: spent / party.len() as f64 }
        };
        parties.iter().map(claim).collect()
    }

    /// Those of a party who can work now: of twins, those who are not ahead of another that has something to do.
    pub fn due(&self, party: &[usize]) -> Vec<usize> {
        let places = || party.iter().filter_map(|&i| Some((i, self.slots[i].place()?)));
        let least = places().map(|(_, place)| place).min();
        let due = places().filter(|&(i, place)| Some(place) == least && !self.slots[i].is_waiting());
        due.map(|(i, _)| i).collect()
    }

    /// Those that train and stand still until their twins have caught up.
    pub fn ahead(&self) -> Vec<usize> {
        let waits = |party: &Vec<usize>| {
            let least = party.iter().filter_map(|&i| self.slots[i].place()).min();
            let is_ahead = |i: &usize| self.slots[*i].place() > least;
            let trains = |i: &usize| self.slots[*i].seen.activity == Activity::Training;
            party.iter().copied().filter(|i| is_ahead(i) && trains(i)).collect::<Vec<usize>>()
        };
        self.parties().iter().flat_map(waits).collect()
    }

    /// How many steps twins can go together before one of them catches up with another that waits.
    pub fn gap(&self, party: &[usize]) -> u64 {
        let mut places: Vec<u64> = party.iter().filter_map(|&i| self.slots[i].place()).collect();
        places.sort_unstable();
        places.dedup();
        match places[..] {
            [first, second, ..] => second - first,
            _ => u64::MAX,
        }
    }
}
