//! How fast a run trains at present.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Over how long the speed is averaged.
const OVER: Duration = Duration::from_secs(1);

/// Pictures trained on over the last moments.
#[derive(Default)]
pub struct Speed {
    marks: VecDeque<Mark>,
    total: u64,
    /// Time spent on them, turns of others left out.
    busy: Duration,
    /// Steps asked for at once last time.
    burst: u64,
}

/// When, how many pictures until then, and the time spent on them.
struct Mark {
    at: Instant,
    total: u64,
    busy: Duration,
}

impl Speed {
    /// So many more pictures, which took so long.
    pub fn count(&mut self, n_pictures: u64, took: Duration) {
        self.total += n_pictures;
        self.busy += took;
        let now = Instant::now();
        self.marks.push_back(Mark { at: now, total: self.total, busy: self.busy });
        while self.marks.len() > 2 && self.marks.front().is_some_and(|mark| now - mark.at > OVER) {
            self.marks.pop_front();
        }
    }

    /// As many steps as fill a span of time by what is known, but at most twice as many as the last time, so
    /// that one hasty measurement does not start minutes of work.
    pub fn steps_within(&mut self, span: Duration, batch: usize) -> u64 {
        let wanted = self.seconds_per_step(batch).map_or(1.0, |seconds| span.as_secs_f64() / seconds);
        self.burst = (wanted as u64).clamp(1, 2 * self.burst.max(1));
        self.burst
    }

    pub fn forget_times(&mut self) {
        self.marks.clear();
    }

    /// As a person sees it: while others have their turns, nothing is learned.
    pub fn per_second(&self) -> f64 {
        match (self.marks.front(), self.marks.back()) {
            (Some(first), Some(last)) if last.at > first.at => {
                (last.total - first.total) as f64 / (last.at - first.at).as_secs_f64()
            }
            _ => 0.0,
        }
    }

    /// Of the device's time; none where nothing is known yet.
    fn seconds_per_step(&self, batch: usize) -> Option<f64> {
        let (first, last) = (self.marks.front()?, self.marks.back()?);
        let n_pictures = last.total - first.total;
        let busy = (last.busy - first.busy).as_secs_f64();
        (n_pictures > 0 && busy > 0.0).then(|| busy * batch as f64 / n_pictures as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_is_pictures_over_time_and_unknown_at_first() {
        let mut speed = Speed::default();
        assert_eq!(speed.steps_within(Duration::from_secs(1), 10), 1);
        speed.count(100, Duration::from_millis(20));
        std::thread::sleep(Duration::from_millis(20));
        speed.count(100, Duration::from_millis(20));
        // The second hundred took at least the sleep.
        assert!(speed.per_second() > 0.0 && speed.per_second() <= 5000.0, "{}", speed.per_second());
        assert_eq!(speed.steps_within(Duration::from_secs(1000), 10), 2);
        assert_eq!(speed.steps_within(Duration::from_secs(1000), 10), 4);
        speed.forget_times();
        assert_eq!(speed.per_second(), 0.0);
    }

    #[test]
    fn turns_of_others_do_not_shorten_ones_own() {
        let mut speed = Speed { burst: 1000, ..Speed::default() };
        speed.count(10, Duration::from_millis(1));
        std::thread::sleep(Duration::from_millis(20));
        speed.count(10, Duration::from_millis(1));
        assert!(speed.per_second() < 1000.0, "a person waited for the others, too");
        assert_eq!(speed.steps_within(Duration::from_micros(25_500), 10), 25, "a step takes a millisecond");
    }
}
