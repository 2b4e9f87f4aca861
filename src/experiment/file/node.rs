//! A value of the file together with what a complaint about it needs: its key and its line. All that is read
//! goes through here, so that every complaint says what was expected and what was found. Other grammars in
//! TOML, that of a lesson first, walk the same way from a [`Document`].

use std::fmt::Display;
use std::ops::{Range, RangeInclusive};

use toml::de::{DeTable, DeValue};

use super::{named, values};
use crate::experiment::fields::{Field, MOST_NUMBERS, Value};
use crate::experiment::layers::Padding;
use crate::experiment::words::{listed, nearest, shortened};
use crate::experiment::{Initialisation, Problem};

/// A whole text in TOML, parsed but not yet understood.
pub struct Document<'a> {
    text: &'a str,
    tree: DeTable<'a>,
}

/// The word for nothing.
pub(super) const NONE: &str = "none";

/// One value, under its key or in the list under that key.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    /// The key as a person would look for it.
    pub name: &'a str,
    /// The whole file; none where the value was given on the command line.
    text: Option<&'a str>,
    /// Where the entry stands, in bytes of the text: from its key, if it has one, to the end of its value.
    place: Place,
    value: &'a DeValue<'a>,
}

/// From where to where, in bytes.
#[derive(Clone, Copy)]
struct Place {
    start: usize,
    end: usize,
}

impl<'a> Document<'a> {
    /// # Errors
    /// Text that is no TOML, with the line.
    pub fn parse(text: &'a str) -> Result<Self, Problem> {
        match DeTable::parse(text) {
            Ok(tree) => Ok(Self { text, tree: tree.into_inner() }),
            Err(error) => {
                // Where nothing more may come, what is wrong is told by half of it.
                let message = error.message().trim_end_matches(", expected nothing");
                let problem = Problem::new(format!("This is no valid TOML: {message}."));
                Err(match error.span() {
                    Some(span) => problem.at(text, span),
                    None => problem,
                })
            }
        }
    }

    /// The entries at the top, in the order in which they stand.
    pub fn entries(&self) -> Vec<Node<'_>> {
        entries(&self.tree, Some(self.text))
    }
}

impl<'a> Node<'a> {
    /// A value that comes from no file.
    pub fn alone(name: &'a str, value: &'a DeValue<'a>) -> Self {
        Self { name, text: None, place: Place { start: 0, end: 0 }, value }
    }

    pub fn problem(&self, message: impl Into<String>) -> Problem {
        let problem = Problem::new(message);
        match self.text {
            Some(text) => problem.at(text, self.place()),
            None => problem,
        }
    }

    /// Where the entry stands in the text, in bytes: from its key, if it has one, to the end of its value.
    pub fn place(&self) -> Range<usize> {
        self.place.start..self.place.end
    }

    /// The complaint that something else was expected here.
    pub fn wrong(&self, expected: impl Display) -> Problem {
        self.problem(format!("`{}` must be {expected}; found {}.", self.name, self.found()))
    }

    /// The value as it is quoted in a complaint.
    pub fn found(&self) -> String {
        match self.value {
            DeValue::String(string) => format!("\"{}\"", shortened(string)),
            DeValue::Integer(integer) => shortened(&integer.to_string()),
            DeValue::Float(float) => shortened(float.as_str()),
            DeValue::Boolean(flag) => flag.to_string(),
            DeValue::Datetime(date) => format!("the date {date}"),
            DeValue::Array(items) if items.is_empty() => "an empty list".into(),
            DeValue::Array(items) => format!("a list of {}", items.len()),
            DeValue::Table(_) => "a table".into(),
        }
    }

    /// The complaint that the key is none of `known`, those that there are in `place`.
    pub fn unknown(&self, place: &str, known: &[&str]) -> Problem {
        let name = shortened(self.name);
        match nearest(self.name, known.iter().copied()) {
            Some(word) => {
                self.problem(format!("There is no key `{name}` in {place}; did you mean `{word}`?"))
            }
            None if known.is_empty() => self.problem(format!("There is no key `{name}`: {place} has none.")),
            None => {
                let known = listed(known, "and");
                self.problem(format!("There is no key `{name}` in {place}, which has {known}."))
            }
        }
    }

    pub fn string(&self, expected: impl Display) -> Result<&'a str, Problem> {
        self.value.as_str().ok_or_else(|| self.wrong(expected))
    }

    /// The string, where it is one.
    pub fn as_str(&self) -> Option<&'a str> {
        self.value.as_str()
    }

    /// The value as a person would give it to `--set`; none of a date, nor of a table or list that holds one.
    pub fn plain_text(&self) -> Option<String> {
        match self.value {
            DeValue::String(string) => Some(string.to_string()),
            _ => self.toml_text(),
        }
    }

    /// The value in TOML, on one line.
    fn toml_text(&self) -> Option<String> {
        Some(match self.value {
            DeValue::String(string) => values::quoted(string),
            DeValue::Integer(integer) => integer.to_string(),
            DeValue::Float(float) => float.as_str().to_string(),
            DeValue::Boolean(flag) => flag.to_string(),
            DeValue::Datetime(_) => return None,
            DeValue::Array(_) => {
                let items: Option<Vec<String>> = self.list()?.iter().map(Node::toml_text).collect();
                format!("[{}]", items?.join(", "))
            }
            DeValue::Table(_) => {
                let pair = |entry: &Node<'_>| {
                    Some(format!("{} = {}", values::quoted_key(entry.name), entry.toml_text()?))
                };
                let pairs: Option<Vec<String>> = self.entries()?.iter().map(pair).collect();
                format!("{{ {} }}", pairs?.join(", "))
            }
        })
    }

    pub fn is_table(&self) -> bool {
        self.value.is_table()
    }

    /// The one of `choices` that is called so.
    pub fn choice<T: Copy>(&self, choices: &[T], name_of: fn(T) -> &'static str) -> Result<T, Problem> {
        let names: Vec<&str> = choices.iter().map(|&choice| name_of(choice)).collect();
        let expected = listed(&names, "or");
        let word = self.string(&expected)?;
        let chosen = choices.iter().copied().find(|&choice| name_of(choice) == word);
        chosen.ok_or_else(|| self.wrong_word(word, &expected, &names))
    }

    /// The complaint that a word is none of those expected.
    pub fn wrong_word(&self, word: &str, expected: impl Display, words: &[&str]) -> Problem {
        let mut problem = self.wrong(expected);
        if let Some(meant) = nearest(word, words.iter().copied()) {
            problem.message.push_str(&format!(" Did you mean `{meant}`?"));
        }
        problem
    }

    pub fn flag(&self) -> Result<bool, Problem> {
        self.value.as_bool().ok_or_else(|| self.wrong("true or false"))
    }

    /// A whole number without a bound of its own, or the word `none`.
    pub fn optional_seed(&self) -> Result<Option<u64>, Problem> {
        let whole = self.integer().and_then(|number| u64::try_from(number).ok());
        match self.as_str() {
            Some(NONE) => Ok(None),
            _ => whole.map(Some).ok_or_else(|| {
                self.wrong(format!("a seed, a whole number from 0 to {}, or \"{NONE}\"", u64::MAX))
            }),
        }
    }

    /// A whole number without a bound of its own.
    pub fn seed(&self) -> Result<u64, Problem> {
        let whole = self.integer().and_then(|number| u64::try_from(number).ok());
        whole.ok_or_else(|| self.wrong(format!("a whole number from 0 to {}", u64::MAX)))
    }

    pub fn count(&self, range: RangeInclusive<usize>) -> Result<usize, Problem> {
        let expected = format!("a whole number from {} to {}", range.start(), range.end());
        self.count_or(range, expected)
    }

    /// [`Node::count`] where more than a number is allowed: `expected` says all of it.
    pub fn count_or(&self, range: RangeInclusive<usize>, expected: impl Display) -> Result<usize, Problem> {
        let whole = self.integer().and_then(|number| usize::try_from(number).ok());
        whole.filter(|whole| range.contains(whole)).ok_or_else(|| self.wrong(expected))
    }

    /// [`Node::count`], or the word `none`.
    pub fn optional_count(&self, range: RangeInclusive<usize>) -> Result<Option<usize>, Problem> {
        let expected = format!("a whole number from {} to {}, or \"{NONE}\"", range.start(), range.end());
        match self.as_str() {
            Some(NONE) => Ok(None),
            _ => self.count_or(range, expected).map(Some),
        }
    }

    /// One whole number for both directions, or two in a list.
    pub fn pair(&self, range: RangeInclusive<usize>) -> Result<[usize; 2], Problem> {
        let expected = pair_words(&range);
        self.pair_or(range, expected)
    }

    /// [`Node::pair`] where more than numbers are allowed: `expected` says all of it.
    fn pair_or(&self, range: RangeInclusive<usize>, expected: impl Display) -> Result<[usize; 2], Problem> {
        match self.list() {
            None => self.count_or(range, expected).map(|both| [both; 2]),
            Some(items) => match items.as_slice() {
                [height, width] => {
                    Ok([height.count_or(range.clone(), &expected)?, width.count_or(range, &expected)?])
                }
                _ => Err(self.wrong(expected)),
            },
        }
    }

    /// [`Node::pair`], or the word `same`.
    pub fn padding(&self, range: RangeInclusive<usize>) -> Result<Padding, Problem> {
        let expected = format!("{}, or \"{}\"", pair_words(&range), Padding::SAME);
        match self.as_str() {
            Some(Padding::SAME) => Ok(Padding::Same),
            Some(word) => Err(self.wrong_word(word, expected, &[Padding::SAME])),
            None => self.pair_or(range, expected).map(Padding::Each),
        }
    }

    pub fn number(&self, range: RangeInclusive<f32>) -> Result<f32, Problem> {
        let number = match self.value {
            // Read straight into 32 bits: by way of 64 some decimals would be rounded twice.
            DeValue::Float(float) => float.as_str().parse::<f32>().ok(),
            DeValue::Integer(_) => self.integer().map(|whole| whole as f32),
            _ => None,
        };
        // A range contains neither what is infinite nor what is not a number.
        number.filter(|number| range.contains(number)).ok_or_else(|| {
            self.wrong(format!(
                "a number from {} to {}",
                number_text(*range.start()),
                number_text(*range.end())
            ))
        })
    }

    /// [`Node::number`] in 64 bits: for what is compared with numbers of 64 bits, which 0.02 in 32 bits is not
    /// equal to.
    pub fn wide_number(&self, range: RangeInclusive<f64>) -> Result<f64, Problem> {
        let number = match self.value {
            DeValue::Float(float) => float.as_str().parse::<f64>().ok(),
            DeValue::Integer(_) => self.integer().map(|whole| whole as f64),
            _ => None,
        };
        number.filter(|number| range.contains(number)).ok_or_else(|| {
            let [from, to] = [*range.start(), *range.end()].map(|bound| number_text(bound as f32));
            self.wrong(format!("a number from {from} to {to}"))
        })
    }

    fn integer(&self) -> Option<i128> {
        let integer = self.value.as_integer()?;
        i128::from_str_radix(integer.as_str(), integer.radix()).ok()
    }

    /// The items, where this is a list.
    pub fn list(&self) -> Option<Vec<Node<'a>>> {
        let items = self.value.as_array()?;
        Some(
            items
                .iter()
                .map(|item| {
                    let Range { start, end } = item.span();
                    Node { place: Place { start, end }, value: item.get_ref(), ..*self }
                })
                .collect(),
        )
    }

    /// The entries in the order in which they stand in the file, where this is a table.
    pub fn entries(&self) -> Option<Vec<Node<'a>>> {
        self.value.as_table().map(|table| entries(table, self.text))
    }

    /// [`Node::entries`], or the complaint that this is no table.
    pub fn table(&self, expected: impl Display) -> Result<Vec<Node<'a>>, Problem> {
        self.entries().ok_or_else(|| self.wrong(expected))
    }

    /// A list of numbers.
    fn numbers(&self, range: &RangeInclusive<f32>) -> Result<Vec<f32>, Problem> {
        let items = self.list().filter(|items| items.len() <= MOST_NUMBERS);
        let items = items.ok_or_else(|| {
            self.wrong(format!("a list of up to {MOST_NUMBERS} numbers, such as [82, 123]"))
        })?;
        items.iter().map(|item| item.number(range.clone())).collect()
    }

    /// Reads one setting of a layer or of what has a name.
    pub fn read_field(&self, field: Field<'_>) -> Result<(), Problem> {
        match field.value {
            Value::Count(place, range) => *place = self.count(range)?,
            Value::OptionalCount(place, range) => *place = self.optional_count(range)?,
            Value::Pair(place, range) => *place = self.pair(range)?,
            Value::Padding(place, range) => *place = self.padding(range)?,
            Value::Number(place, range) => *place = self.number(range)?,
            Value::Numbers(place, range) => *place = self.numbers(&range)?,
            Value::Flag(place) => *place = self.flag()?,
            Value::Initialisation(place) => {
                let mut own = place.unwrap_or(Initialisation::HE);
                named::read(&mut own, self)?;
                *place = Some(own);
            }
        }
        Ok(())
    }
}

/// The entries of a table in the order in which they stand in the file.
fn entries<'a>(table: &'a DeTable<'a>, text: Option<&'a str>) -> Vec<Node<'a>> {
    let entry =
        |(key, value): (&'a toml::Spanned<std::borrow::Cow<'a, str>>, &'a toml::Spanned<DeValue<'a>>)| Node {
            name: key.get_ref(),
            text,
            place: Place { start: key.span().start, end: value.span().end },
            value: value.get_ref(),
        };
    let mut entries: Vec<Node<'a>> = table.iter().map(entry).collect();
    entries.sort_by_key(|entry| entry.place.start);
    entries
}

/// What a pair of numbers may be, for a complaint.
fn pair_words(range: &RangeInclusive<usize>) -> String {
    format!("a whole number from {} to {}, or two of them, [height, width]", range.start(), range.end())
}

/// A number as a person would write it: `0.1`, `1e-4`, `82`.
pub(super) fn number_text(number: f32) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-3..1e6).contains(&size) { format!("{number:e}") } else { format!("{number}") }
}

/// The value of a setting as it is written.
pub(super) fn value_text(value: &Value<'_>) -> String {
    match value {
        Value::Count(count, _) => count.to_string(),
        Value::OptionalCount(Some(count), _) => count.to_string(),
        Value::OptionalCount(None, _) => format!("\"{NONE}\""),
        Value::Pair(pair, _) => pair_text(**pair),
        Value::Padding(Padding::Each(pair), _) => pair_text(*pair),
        Value::Padding(Padding::Same, _) => format!("\"{}\"", Padding::SAME),
        Value::Number(number, _) => number_text(**number),
        Value::Numbers(numbers, _) => {
            let numbers: Vec<String> = numbers.iter().map(|&number| number_text(number)).collect();
            format!("[{}]", numbers.join(", "))
        }
        Value::Flag(flag) => flag.to_string(),
        Value::Initialisation(own) => own.as_ref().map(named::text).unwrap_or_default(),
    }
}

/// One number for both directions where they agree.
pub(super) fn pair_text([height, width]: [usize; 2]) -> String {
    if height == width { height.to_string() } else { format!("[{height}, {width}]") }
}
