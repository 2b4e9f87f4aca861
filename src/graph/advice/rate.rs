//! What is planned for the rate and never comes, as the training is over before.

use super::{Advice, Net};
use crate::experiment::Schedule;
use crate::experiment::figures::counted;

/// A milestone behind the last epoch changes nothing.
pub fn drops_too_late(net: &Net<'_>) -> Vec<Advice> {
    let Schedule::Steps { at, .. } = &net.train.schedule else { return Vec::new() };
    let n_late = at.iter().filter(|&&epoch| epoch as f64 >= net.train.epochs as f64).count();
    let what = match at.len() {
        _ if n_late == 0 => return Vec::new(),
        1 => "The rate never drops.".to_string(),
        n if n == n_late => format!("None of the {n} drops of the rate comes."),
        n => format!("{} of the {n} drops of the rate never come.", n_late),
    };
    let why = format!("{} and they stand behind that.", ending(net));
    vec![about("train.schedule", what, why)]
}

/// A warm-up as long as the training never reaches its rate.
pub fn warm_up_too_long(net: &Net<'_>) -> Vec<Advice> {
    let warm_up = net.train.warm_up.epochs;
    if warm_up <= 0.0 || f64::from(warm_up) < net.train.epochs as f64 {
        return Vec::new();
    }
    let why = format!("{} and the warm-up takes {warm_up}.", ending(net));
    vec![about("train.warm-up", "The rate is never reached.".into(), why)]
}

fn ending(net: &Net<'_>) -> String {
    format!("Training ends after {},", counted(net.train.epochs as u64, "epoch"))
}

fn about(path: &str, what: String, why: String) -> Advice {
    Advice { layer: None, path: path.into(), what, why, remedy: None }
}

#[cfg(test)]
mod tests {
    use super::super::testing::check_with;
    use super::*;
    use crate::experiment::{Train, WarmUp};

    const LAYERS: &str = "{ linear = 10 }";

    #[test]
    fn drops_come_before_the_end() {
        let train = |at: &[f32]| Train {
            schedule: Schedule::Steps { drop: 0.1, at: at.to_vec() },
            epochs: 10,
            ..Train::default()
        };
        check_with(LAYERS, train(&[5.0, 9.5]), &[]);
        check_with(LAYERS, train(&[10.0]), &[("train.schedule", "The rate never drops")]);
        check_with(LAYERS, train(&[82.0, 123.0]), &[("train.schedule", "None of the 2 drops")]);
        check_with(LAYERS, train(&[12.0, 5.0]), &[("train.schedule", "1 of the 2 drops")]);
    }

    #[test]
    fn a_warm_up_ends_before_the_training() {
        let train = |epochs| Train { warm_up: WarmUp { epochs, from: 0.1 }, epochs: 5, ..Train::default() };
        check_with(LAYERS, train(4.0), &[]);
        check_with(LAYERS, train(5.0), &[("train.warm-up", "never reached")]);
    }
}
