//! How fast a run trains at present.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Over how long the speed is averaged.
const OVER: Duration = Duration::from_secs(1);

/// Pictures trained on over the last moments.
#[derive(Default)]
pub struct Speed {
    /// When, and how many pictures until then.
    marks: VecDeque<(Instant, u64)>,
    total: u64,
    /// Steps asked for at once last time.
    burst: u64,
}

impl Speed {
    pub fn count(&mut self, n_pictures: u64) {
        self.total += n_pictures;
        let now = Instant::now();
        self.marks.push_back((now, self.total));
        while self.marks.len() > 2 && self.marks.front().is_some_and(|(at, _)| now - *at > OVER) {
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

    pub fn per_second(&self) -> f64 {
        match (self.marks.front(), self.marks.back()) {
            (Some((first, from)), Some((last, to))) if last > first => {
                (to - from) as f64 / (*last - *first).as_secs_f64()
            }
            _ => 0.0,
        }
    }

    /// None where nothing is known yet.
    fn seconds_per_step(&self, batch: usize) -> Option<f64> {
        let per_second = self.per_second();
        (per_second > 0.0).then(|| batch as f64 / per_second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_is_pictures_over_time_and_unknown_at_first() {
        let mut speed = Speed::default();
        assert_eq!(speed.steps_within(Duration::from_secs(1), 10), 1);
        speed.count(100);
        std::thread::sleep(Duration::from_millis(20));
        speed.count(100);
        // The second hundred took at least the sleep.
        assert!(speed.per_second() > 0.0 && speed.per_second() <= 5000.0, "{}", speed.per_second());
        assert_eq!(speed.steps_within(Duration::from_secs(1000), 10), 2);
        assert_eq!(speed.steps_within(Duration::from_secs(1000), 10), 4);
        speed.forget_times();
        assert_eq!(speed.per_second(), 0.0);
    }
}
