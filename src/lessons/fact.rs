//! Facts: quantities, and a little arithmetic over them. The whole of what a check can speak of.
//!
//! ```toml
//! { test-error = "convnet" }                                          # a quantity
//! { ratio = [{ test-loss = "a" }, { test-loss = "b" }] }              # first / second
//! { difference = [{ test-error = "a" }, { test-error = "b" }] }       # first − second
//! { count = { train-error = "grid" }, at-most = 0.75 }                # in how many runs of a grid it holds
//! { least = { test-error = "rates" } }                                # also: most, mean, median
//! { where-least = { test-error = "rates" }, of = "train.rate" }       # the setting at which it is least
//! 0.08                                                                # a number
//! ```

use std::fmt;

use super::check::Bounds;
use super::quantities::{KINDS, Kind, Quantity, Unit};
use super::settings::Settings;
use crate::experiment::Problem;
use crate::experiment::file::node::Node;

#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    Number(f64),
    Measured(Quantity),
    Ratio(Box<[Fact; 2]>),
    Difference(Box<[Fact; 2]>),
    /// In how many runs of a grid the quantity is within constant bounds.
    Count(Quantity, Box<Bounds>),
    /// One number from the runs of a grid.
    Over(Summary, Quantity),
    /// The value of a varied key at which the quantity is least.
    WhereLeast(Quantity, String),
}

/// How one number is made of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Summary {
    Least,
    Most,
    Mean,
    Median,
}

/// Words at the head of a fact that are no quantities.
const COMPOSED: [&str; 8] =
    ["ratio", "difference", "count", "where-least", "least", "most", "mean", "median"];

/// How deep facts stand in one another.
const DEEPEST: usize = 6;

impl Fact {
    /// # Errors
    /// What is no fact, with its line and the nearest right word.
    pub fn read(node: &Node<'_>) -> Result<Self, Problem> {
        Self::read_within(node, DEEPEST)
    }

    fn read_within(node: &Node<'_>, depth: usize) -> Result<Self, Problem> {
        if depth == 0 {
            return Err(node.problem("Facts stand too deep in one another. Split the check."));
        }
        let Some(entries) = node.entries() else {
            let expected = "a number, or a fact such as { test-error = \"convnet\" }";
            return match node.plain_text().filter(|_| node.as_str().is_none()) {
                Some(_) if node.list().is_none() => node.wide_number(-1e30..=1e30).map(Self::Number),
                _ => Err(node.wrong(expected)),
            };
        };
        let (head, rest) = head(node, entries)?;
        match head.name {
            "ratio" => Ok(Self::Ratio(pair(&head, &rest, depth)?)),
            "difference" => Ok(Self::Difference(pair(&head, &rest, depth)?)),
            "count" => Ok(Self::Count(quantity(&head)?, Box::new(constant_bounds(&head, &rest)?))),
            "where-least" => where_least(&head, &rest),
            name => match Summary::from_name(name) {
                Some(summary) => {
                    none_left(&head, &rest)?;
                    Ok(Self::Over(summary, quantity(&head)?))
                }
                None => Ok(Self::Measured(read_quantity(&head, &rest)?)),
            },
        }
    }

    /// All quantities that it is made of.
    pub fn quantities(&self) -> Vec<&Quantity> {
        match self {
            Self::Number(_) => Vec::new(),
            Self::Measured(of) | Self::Count(of, _) | Self::Over(_, of) | Self::WhereLeast(of, _) => vec![of],
            Self::Ratio(pair) | Self::Difference(pair) => pair.iter().flat_map(Self::quantities).collect(),
        }
    }

    /// How its number is written.
    pub fn unit(&self) -> Unit {
        match self {
            Self::Measured(of) | Self::Over(_, of) => of.kind.unit,
            Self::Difference(pair) => pair[0].unit(),
            Self::Count(..) => Unit::Count,
            Self::Number(_) | Self::Ratio(_) | Self::WhereLeast(..) => Unit::Plain,
        }
    }
}

impl Summary {
    pub const ALL: [Self; 4] = [Self::Least, Self::Most, Self::Mean, Self::Median];

    pub fn name(self) -> &'static str {
        match self {
            Self::Least => "least",
            Self::Most => "most",
            Self::Mean => "mean",
            Self::Median => "median",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|summary| summary.name() == name)
    }

    /// Of the numbers that are numbers; none of none.
    pub fn of(self, numbers: &[f64]) -> f64 {
        let mut numbers: Vec<f64> = numbers.iter().copied().filter(|number| number.is_finite()).collect();
        numbers.sort_by(f64::total_cmp);
        let n = numbers.len();
        match (self, n) {
            (_, 0) => f64::NAN,
            (Self::Least, _) => numbers[0],
            (Self::Most, n) => numbers[n - 1],
            (Self::Mean, n) => numbers.iter().sum::<f64>() / n as f64,
            (Self::Median, n) => (numbers[(n - 1) / 2] + numbers[n / 2]) / 2.0,
        }
    }
}

/// The entry that says what the fact is, and the others.
fn head<'a>(node: &Node<'a>, entries: Vec<Node<'a>>) -> Result<(Node<'a>, Vec<Node<'a>>), Problem> {
    let is_head =
        |entry: &Node<'_>| COMPOSED.contains(&entry.name) || KINDS.iter().any(|kind| kind.name == entry.name);
    let known: Vec<&str> = KINDS.iter().map(|kind| kind.name).chain(COMPOSED).collect();
    match entries.iter().position(is_head) {
        Some(at) => {
            let mut rest = entries;
            let head = rest.remove(at);
            Ok((head, rest))
        }
        None => Err(match entries.first() {
            Some(first) => first.unknown("a fact", &known),
            None => node.wrong("a fact such as { test-error = \"convnet\" }"),
        }),
    }
}

/// A quantity that stands alone under a key.
fn quantity(node: &Node<'_>) -> Result<Quantity, Problem> {
    let entries = node.table("a quantity of a grid such as { train-error = \"grid\" }")?;
    let (head, rest) = head(node, entries)?;
    read_quantity(&head, &rest)
}

fn read_quantity(head: &Node<'_>, rest: &[Node<'_>]) -> Result<Quantity, Problem> {
    let kinds: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
    let kind: &'static Kind =
        KINDS.iter().find(|kind| kind.name == head.name).ok_or_else(|| head.unknown("a quantity", &kinds))?;
    let of = head.string("the name of an experiment, in quotes")?.to_string();
    let mut settings = Settings::default();
    for entry in rest {
        match kind.settings.iter().find(|setting| setting.name == entry.name) {
            Some(setting) => settings.read(setting, entry)?,
            None => {
                let known: Vec<&str> = kind.settings.iter().map(|setting| setting.name).collect();
                return Err(entry.unknown(&format!("`{}`", kind.name), &known));
            }
        }
    }
    Ok(Quantity { kind, of, settings })
}

fn pair(head: &Node<'_>, rest: &[Node<'_>], depth: usize) -> Result<Box<[Fact; 2]>, Problem> {
    none_left(head, rest)?;
    let items = head.list().unwrap_or_default();
    match items.as_slice() {
        [first, second] => {
            Ok(Box::new([Fact::read_within(first, depth - 1)?, Fact::read_within(second, depth - 1)?]))
        }
        _ => Err(head.wrong("a list of two facts")),
    }
}

fn none_left(head: &Node<'_>, rest: &[Node<'_>]) -> Result<(), Problem> {
    match rest.first() {
        Some(entry) => Err(entry.unknown(&format!("`{}`", head.name), &[])),
        None => Ok(()),
    }
}

fn constant_bounds(head: &Node<'_>, rest: &[Node<'_>]) -> Result<Bounds, Problem> {
    let bounds = Bounds::read(rest)?;
    let speaks_of_runs = bounds.facts().any(|fact| !matches!(fact, Fact::Number(_)));
    match speaks_of_runs {
        true => Err(head.problem("The bounds of a `count` are numbers, not facts.")),
        false if bounds.is_empty() => {
            Err(head
                .problem("`count` needs a bound: { count = { train-error = \"grid\" }, at-most = 0.75 }."))
        }
        false => Ok(bounds),
    }
}

fn where_least(head: &Node<'_>, rest: &[Node<'_>]) -> Result<Fact, Problem> {
    match rest {
        [of] if of.name == "of" => {
            let key = of.string("the key that is varied, such as \"train.rate\"")?;
            Ok(Fact::WhereLeast(quantity(head)?, key.into()))
        }
        [] => Err(head.problem("`where-least` needs `of`, the key that is varied: of = \"train.rate\".")),
        [first, ..] => Err(first.unknown("`where-least`", &["of"])),
    }
}

/// As a person would say it.
impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => f.write_str(&super::quantities::rounded(*number, 6)),
            Self::Measured(quantity) => write!(f, "{quantity}"),
            Self::Ratio(pair) => write!(f, "({}) / ({})", pair[0], pair[1]),
            Self::Difference(pair) => write!(f, "({}) − ({})", pair[0], pair[1]),
            Self::Count(of, bounds) => write!(f, "runs with {of} {}", bounds.words(of.kind.unit)),
            Self::Over(summary, of) => write!(f, "{} {of}", summary.name()),
            Self::WhereLeast(of, key) => write!(f, "{key} with the least {of}"),
        }
    }
}
