//! Whose turn it is: the device's time in equal parts for all who want some of it.

/// What the parties have equal parts of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sharing {
    /// The device's time: a small net comes further than a large one.
    #[default]
    Seconds,
    /// Pictures learned from: all come equally far, and a large net keeps a small one waiting.
    Pictures,
}

/// One who takes turns: a run alone, or twins together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Claim {
    /// Whether there is anything to do.
    pub is_due: bool,
    /// What it has had so far, in seconds or pictures for each of its runs.
    pub spent: f64,
}

/// Of those who have something to do, the one who has had least; the first among equals.
pub fn next(claims: &[Claim]) -> Option<usize> {
    let due = claims.iter().enumerate().filter(|(_, claim)| claim.is_due);
    due.min_by(|(_, a), (_, b)| a.spent.total_cmp(&b.spent)).map(|(i, _)| i)
}

/// What one is taken to have had who begins to want turns after a rest: as much as the one among the others
/// who has had least. Whoever rested has not saved up for a time when all others must wait.
pub fn after_rest(spent: f64, others: &[Claim]) -> f64 {
    let least = others.iter().filter(|claim| claim.is_due).map(|claim| claim.spent).reduce(f64::min);
    least.map_or(spent, |least| spent.max(least))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What each has had after so many turns; a turn of party `i` costs `costs[i]`.
    fn shared_out(costs: &[f64], n_turns: usize) -> Vec<f64> {
        let mut claims = vec![Claim { is_due: true, spent: 0.0 }; costs.len()];
        for _ in 0..n_turns {
            let i = next(&claims).expect("all want turns");
            claims[i].spent += costs[i];
        }
        claims.iter().map(|claim| claim.spent).collect()
    }

    #[test]
    fn all_have_equal_parts_however_long_a_turn_of_theirs_is() {
        let spent = shared_out(&[1.0, 3.0, 0.25], 1700);
        let (least, most) =
            (spent.iter().copied().fold(f64::MAX, f64::min), spent.iter().copied().fold(0.0, f64::max));
        assert!(most - least <= 3.0, "within the longest turn of each other: {spent:?}");
    }

    #[test]
    fn who_has_nothing_to_do_is_passed_over() {
        let rests = Claim { is_due: false, spent: 0.0 };
        assert_eq!(next(&[rests, Claim { is_due: true, spent: 9.0 }]), Some(1));
        assert_eq!(next(&[rests, rests]), None);
        assert_eq!(next(&[]), None);
    }

    #[test]
    fn a_rest_is_not_saved_up() {
        let busy = |spent| Claim { is_due: true, spent };
        assert_eq!(after_rest(1.0, &[busy(50.0), busy(40.0)]), 40.0);
        assert_eq!(after_rest(60.0, &[busy(50.0)]), 60.0, "nor is what was had forgotten");
        assert_eq!(after_rest(1.0, &[Claim { is_due: false, spent: 50.0 }]), 1.0);
    }
}
