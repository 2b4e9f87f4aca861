//! Checks: a fact and the bounds within which it must be.

use super::fact::Fact;
use super::quantities::{Unit, rounded};
use super::setup::Form;
use crate::experiment::Problem;
use crate::experiment::file::node::Node;

/// A claim of the lesson that is measured.
#[derive(Clone, Debug)]
pub struct Check {
    pub name: String,
    /// The claim, in a sentence.
    pub says: String,
    pub fact: Fact,
    pub bounds: Bounds,
    /// Bounds of the short and of the full form, where they are others. In the short form a check that has
    /// none of its own only has to come to a number.
    pub short: Option<Bounds>,
    pub full: Option<Bounds>,
    /// What to look at next, whether it holds or not.
    pub look: String,
    /// With how many of four seeds it must hold.
    pub of_four: usize,
}

/// Between which numbers a fact must lie. All that are given must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bounds(pub Vec<Bound>);

#[derive(Clone, Debug, PartialEq)]
pub struct Bound {
    pub comparison: Comparison,
    pub limit: Limit,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Comparison {
    AtLeast,
    AtMost,
    Above,
    Below,
    /// Exactly: for counts and for the settings of a grid. What is measured is `Within` of something.
    Equals,
    /// No further from it than this.
    Within(f64),
    /// Neither this many times larger nor smaller.
    WithinFactor(f64),
}

/// `times · fact + plus`.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    pub fact: Fact,
    pub times: f64,
    pub plus: f64,
}

const KEYS: [&str; 7] = ["at-least", "at-most", "above", "below", "equals", "within", "within-factor"];

impl Check {
    /// The bounds of a form; none where coming to a number is enough.
    pub fn bounds_in(&self, form: Form) -> Option<&Bounds> {
        match form {
            Form::Quick => Some(&self.bounds),
            Form::Short => self.short.as_ref(),
            Form::Full => self.full.as_ref().or(Some(&self.bounds)),
        }
    }

    /// All facts that it speaks of, in whatever form.
    pub fn facts(&self) -> impl Iterator<Item = &Fact> {
        let bounds = [Some(&self.bounds), self.short.as_ref(), self.full.as_ref()];
        std::iter::once(&self.fact).chain(bounds.into_iter().flatten().flat_map(Bounds::facts))
    }
}

impl Bounds {
    /// Whether a key is one of a bound.
    pub fn is_key(name: &str) -> bool {
        KEYS.contains(&name) || name == "of"
    }

    /// Reads the entries, all of which must be bounds.
    ///
    /// # Errors
    /// Another key, `within` without what it is measured from.
    pub fn read(entries: &[Node<'_>]) -> Result<Self, Problem> {
        let of = entries.iter().find(|entry| entry.name == "of");
        let mut bounds = Vec::new();
        for entry in entries.iter().filter(|entry| entry.name != "of") {
            let of = || {
                match of {
                Some(node) => Limit::read(node),
                None => Err(entry.problem(format!(
                    "`{}` needs `of`, what it is measured from: {} = {}, of = {{ test-error = \"convnet\" }}.",
                    entry.name,
                    entry.name,
                    entry.found()
                ))),
            }
            };
            let distance = || entry.wide_number(0.0..=1e30);
            let (comparison, limit) = match entry.name {
                "at-least" => (Comparison::AtLeast, Limit::read(entry)?),
                "at-most" => (Comparison::AtMost, Limit::read(entry)?),
                "above" => (Comparison::Above, Limit::read(entry)?),
                "below" => (Comparison::Below, Limit::read(entry)?),
                "equals" => (Comparison::Equals, Limit::read(entry)?),
                "within" => (Comparison::Within(distance()?), of()?),
                "within-factor" => (Comparison::WithinFactor(entry.wide_number(1.0..=1e30)?), of()?),
                _ => return Err(entry.unknown("a check", &KEYS)),
            };
            bounds.push(Bound { comparison, limit });
        }
        Ok(Self(bounds))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.0.iter().map(|bound| &bound.limit.fact)
    }

    /// "at least 10 and below 20".
    pub fn words(&self, unit: Unit) -> String {
        let words: Vec<String> = self.0.iter().map(|bound| bound.words(unit)).collect();
        words.join(" and ")
    }
}

impl Bound {
    pub fn holds(&self, observed: f64, limit: f64) -> bool {
        // A comparison with what is no number never holds.
        match self.comparison {
            Comparison::AtLeast => observed >= limit,
            Comparison::AtMost => observed <= limit,
            Comparison::Above => observed > limit,
            Comparison::Below => observed < limit,
            Comparison::Equals => observed == limit,
            Comparison::Within(distance) => (observed - limit).abs() <= distance,
            Comparison::WithinFactor(factor) => {
                limit > 0.0 && observed <= factor * limit && observed * factor >= limit
            }
        }
    }

    fn words(&self, unit: Unit) -> String {
        let limit = self.limit.words(unit);
        match self.comparison {
            Comparison::AtLeast => format!("at least {limit}"),
            Comparison::AtMost => format!("at most {limit}"),
            Comparison::Above => format!("above {limit}"),
            Comparison::Below => format!("below {limit}"),
            Comparison::Equals => format!("exactly {limit}"),
            Comparison::Within(distance) => format!("within {} of {limit}", unit.text(distance)),
            Comparison::WithinFactor(factor) => format!("within {} times of {limit}", rounded(factor, 4)),
        }
    }
}

impl Limit {
    fn read(node: &Node<'_>) -> Result<Self, Problem> {
        let Some(entries) = node.entries() else {
            return Ok(Self { fact: Fact::read(node)?, times: 1.0, plus: 0.0 });
        };
        let (mut times, mut plus, mut fact) = (1.0, 0.0, None);
        if !entries.iter().any(|entry| entry.name == "fact") {
            return Ok(Self { fact: Fact::read(node)?, times, plus });
        }
        for entry in &entries {
            match entry.name {
                "times" => times = entry.wide_number(-1e30..=1e30)?,
                "plus" => plus = entry.wide_number(-1e30..=1e30)?,
                "fact" => fact = Some(Fact::read(entry)?),
                _ => return Err(entry.unknown("a bound", &["fact", "times", "plus"])),
            }
        }
        let fact = fact.ok_or_else(|| node.wrong("a number or a fact"))?;
        Ok(Self { fact, times, plus })
    }

    fn words(&self, unit: Unit) -> String {
        let Fact::Number(number) = self.fact else {
            let times =
                if self.times == 1.0 { String::new() } else { format!("{} × ", rounded(self.times, 4)) };
            let plus = match self.plus {
                0.0 => String::new(),
                plus if plus < 0.0 => format!(" − {}", unit.text(-plus)),
                plus => format!(" + {}", unit.text(plus)),
            };
            return format!("{times}{}{plus}", self.fact);
        };
        unit.text(self.times * number + self.plus)
    }
}
