//! The settings of a quantity or of a live part: a short list of typed words, each read with its line.

use std::fmt;

use crate::experiment::Problem;
use crate::experiment::file::node::Node;

/// One setting that there may be.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub name: &'static str,
    pub sort: Sort,
    /// What it means: lower case, no full stop.
    pub help: &'static str,
}

/// What a setting holds.
#[derive(Clone, Copy, Debug)]
pub enum Sort {
    Moment,
    /// One of these.
    Word(&'static [&'static str]),
    /// Some of these.
    Words(&'static [&'static str]),
    /// The path of a layer, `layers.3`, or `first` or `last` for the first or last with weights.
    Layer,
    Count {
        from: usize,
        to: usize,
    },
    Number {
        from: f64,
        to: f64,
    },
    /// A list of so many numbers at most, such as the taps of a kernel.
    Numbers {
        most: usize,
    },
    /// The name of one of the lesson's experiments.
    Setup,
    /// The names of one or several.
    Setups,
}

/// When in a run something is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Moment {
    /// Before the first step.
    Start,
    /// After so many epochs.
    Epoch(f64),
    /// After the last step.
    End,
    /// Where it was least.
    Best,
}

#[derive(Clone, Debug, PartialEq)]
enum Value {
    Moment(Moment),
    Text(String),
    Texts(Vec<String>),
    Number(f64),
    Numbers(Vec<f64>),
}

/// Those that were given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings(Vec<(&'static str, Value)>);

impl Settings {
    /// Reads one setting.
    ///
    /// # Errors
    /// A value of the wrong sort.
    pub fn read(&mut self, setting: &Setting, node: &Node<'_>) -> Result<(), Problem> {
        let value = match setting.sort {
            Sort::Moment => Value::Moment(Moment::read(node)?),
            Sort::Word(words) => {
                let expected = crate::experiment::words::listed(words, "or");
                let word = node.string(&expected)?;
                match words.contains(&word) {
                    true => Value::Text(word.into()),
                    false => return Err(node.wrong_word(word, expected, words)),
                }
            }
            Sort::Words(words) => Value::Texts(some_of(node, words)?),
            Sort::Layer => Value::Text(
                node.string("the path of a layer such as \"layers.0\", or \"first\" or \"last\"")?.into(),
            ),
            Sort::Count { from, to } => Value::Number(node.count(from..=to)? as f64),
            Sort::Number { from, to } => Value::Number(node.wide_number(from..=to)?),
            Sort::Numbers { most } => Value::Numbers(numbers(node, most)?),
            Sort::Setup => Value::Text(node.string("the name of an experiment, in quotes")?.into()),
            Sort::Setups => Value::Texts(names(node)?),
        };
        self.0.push((setting.name, value));
        Ok(())
    }

    fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// The moment under `at`; the end where none is given.
    pub fn moment(&self) -> Moment {
        match self.get("at") {
            Some(Value::Moment(moment)) => *moment,
            _ => Moment::End,
        }
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub fn texts(&self, name: &str) -> &[String] {
        match self.get(name) {
            Some(Value::Texts(texts)) => texts,
            _ => &[],
        }
    }

    pub fn number(&self, name: &str) -> Option<f64> {
        match self.get(name) {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        }
    }

    pub fn numbers(&self, name: &str) -> Option<&[f64]> {
        match self.get(name) {
            Some(Value::Numbers(numbers)) => Some(numbers),
            _ => None,
        }
    }
}

impl Moment {
    fn read(node: &Node<'_>) -> Result<Self, Problem> {
        match node.as_str() {
            Some("start") => Ok(Self::Start),
            Some("end") => Ok(Self::End),
            Some("best") => Ok(Self::Best),
            Some(_) => Err(node.wrong("\"start\", \"end\", \"best\" or a number of epochs")),
            None => Ok(Self::Epoch(node.wide_number(0.0..=1e6)?)),
        }
    }
}

/// One name, or a list of them.
pub(super) fn names(node: &Node<'_>) -> Result<Vec<String>, Problem> {
    let expected = "the name of an experiment, or a list of up to 8 names";
    match node.list() {
        None => Ok(vec![node.string(expected)?.to_string()]),
        Some(items) if items.len() > 8 || items.is_empty() => Err(node.wrong(expected)),
        Some(items) => items.iter().map(|item| item.string(expected).map(str::to_string)).collect(),
    }
}

/// One or several of these words.
fn some_of(node: &Node<'_>, words: &[&str]) -> Result<Vec<String>, Problem> {
    let expected = format!("a list of some of {}", crate::experiment::words::listed(words, "and"));
    let items = node.list().filter(|items| (1..=words.len()).contains(&items.len()));
    let read = |item: &Node<'_>| {
        let word = item.string(&expected)?;
        match words.contains(&word) {
            true => Ok(word.to_string()),
            false => Err(item.wrong_word(word, expected.clone(), words)),
        }
    };
    items.ok_or_else(|| node.wrong(&expected))?.iter().map(read).collect()
}

fn numbers(node: &Node<'_>, most: usize) -> Result<Vec<f64>, Problem> {
    let items = node.list().filter(|items| !items.is_empty() && items.len() <= most);
    let items = items.ok_or_else(|| node.wrong(format!("a list of 1 to {most} numbers")))?;
    items.iter().map(|item| item.wide_number(-1e6..=1e6)).collect()
}

/// As it follows the name of what it belongs to: "at epoch 3, layer first".
impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.0 {
            match value {
                Value::Moment(Moment::Start) => f.write_str(" at the start")?,
                Value::Moment(Moment::End) => {}
                Value::Moment(Moment::Best) => f.write_str(" at its best")?,
                Value::Moment(Moment::Epoch(epoch)) => write!(f, " after epoch {epoch}")?,
                Value::Text(text) => write!(f, ", {name} {text}")?,
                Value::Texts(texts) => write!(f, ", {name} {}", texts.join(" and "))?,
                Value::Number(number) => write!(f, ", {name} {number}")?,
                Value::Numbers(numbers) => write!(f, ", {name} {numbers:?}")?,
            }
        }
        Ok(())
    }
}
