//! What goes by a name and has settings of its own ([`Named`]), in the file: the name alone, a table with the
//! name as the key of its only setting (`{ nesterov = 0.95 }`), a table that names it
//! (`{ name = "adam", beta2 = 0.99 }`), or one whose settings give it away (`{ drop = 0.1, at = [82] }`).

use super::node::{Node, value_text};
use crate::experiment::words::listed;
use crate::experiment::{Named, Problem};

/// Reads one. A table that names none changes the settings of the one there is, if it has them.
pub(super) fn read<T: Named>(place: &mut T, node: &Node<'_>) -> Result<(), Problem> {
    let all = T::all();
    let names: Vec<&str> = all.iter().map(T::name).collect();
    let words = listed(&names, "or");
    let (mut read, settings) = match node.as_str() {
        Some(word) => {
            let named = T::from_name(word).ok_or_else(|| node.wrong_word(word, words, &names))?;
            (named, Vec::new())
        }
        None => {
            let entries = node.table(format!("{words}, or a table such as {}", T::EXAMPLE))?;
            let meant = meant(place, &entries, &names)?;
            (meant, entries.into_iter().filter(|entry| entry.name != "name").collect())
        }
    };
    for entry in &settings {
        read_setting(&mut read, entry)?;
    }
    if read.name() != place.name() {
        check_required(&mut read, node, &settings)?;
    }
    *place = read;
    Ok(())
}

/// One as it is written in a file: by name alone where its settings are the customary ones.
pub(super) fn text<T: Named>(named: &T) -> String {
    let mut named = named.clone();
    let (name, required) = (named.name(), named.required());
    let mut customary = T::from_name(name).unwrap_or_else(|| named.clone());
    let pairs = named.fields().into_iter().zip(customary.fields());
    let written = pairs.filter_map(|(own, customary)| {
        let (own_text, customary_text) = (value_text(&own.value), value_text(&customary.value));
        let is_written = required.contains(&own.name) || own_text != customary_text;
        is_written.then(|| format!("{} = {own_text}", own.name))
    });
    let settings: Vec<String> = written.collect();
    match (settings.as_slice(), required) {
        ([], _) => format!("\"{name}\""),
        (settings, []) => format!("{{ name = \"{name}\", {} }}", settings.join(", ")),
        (settings, _) => format!("{{ {} }}", settings.join(", ")),
    }
}

/// The one that a table means, with the settings it has before the table's are read.
fn meant<T: Named>(present: &T, entries: &[Node<'_>], names: &[&str]) -> Result<T, Problem> {
    if let Some(name) = entries.iter().find(|entry| entry.name == "name") {
        let expected = listed(names, "or");
        let word = name.string(&expected)?;
        let named = T::from_name(word).ok_or_else(|| name.wrong_word(word, &expected, names))?;
        // The settings already there stay where the name does.
        return Ok(if named.name() == present.name() { present.clone() } else { named });
    }
    let n_known = |one: &T| {
        let mut one = one.clone();
        let known: Vec<&str> = one.fields().iter().map(|field| field.name).collect();
        entries.iter().filter(|entry| known.contains(&entry.name)).count()
    };
    let mut best = (n_known(present), present.clone());
    if best.0 == entries.len() {
        return Ok(best.1);
    }
    if let Some(head) = entries.iter().find_map(|entry| by_head(entry.name)) {
        return Ok(head);
    }
    for one in T::all() {
        let n = n_known(&one);
        if n > best.0 {
            best = (n, one);
        }
    }
    Ok(best.1)
}

/// The one that a key of its table gives away by being its name.
fn by_head<T: Named>(key: &str) -> Option<T> {
    T::from_name(key).filter(|one| !one.clone().fields().is_empty())
}

fn read_setting<T: Named>(read: &mut T, entry: &Node<'_>) -> Result<(), Problem> {
    let name = read.name();
    let mut fields = read.fields();
    let known: Vec<&str> = fields.iter().map(|field| field.name).collect();
    // `{ nesterov = 0.9 }`: the name stands for the only setting.
    let by_name = (entry.name == name && known.len() == 1).then_some(0);
    match known.iter().position(|known| *known == entry.name).or(by_name) {
        Some(index) => entry.read_field(fields.swap_remove(index)),
        // The name in a place where it does not stand.
        None if names_one::<T>(entry.name) => {
            Err(entry.problem(format!(
                "`{}` is in the wrong place: the name of the {} stands alone, in quotes, or with settings as in {}.",
                entry.name,
                T::WHAT,
                T::EXAMPLE
            )))
        }
        None => {
            let mut problem = entry.unknown(&format!("the {} `{name}`", T::WHAT), &known);
            if !read.required().is_empty() {
                problem.message.push_str(&format!(" Write it as in {}.", T::EXAMPLE));
            }
            Err(problem)
        }
    }
}

/// Whether a key is meant to name one, and cannot be a setting of another.
fn names_one<T: Named>(key: &str) -> bool {
    let is_setting = |one: &T| one.clone().fields().iter().any(|field| field.name == key);
    let is_name = T::from_name(key).is_some() || [T::WHAT, "kind", "type"].contains(&key);
    is_name && !T::all().iter().any(is_setting)
}

fn check_required<T: Named>(read: &mut T, node: &Node<'_>, settings: &[Node<'_>]) -> Result<(), Problem> {
    let required = read.required();
    let lacks = |name: &str| required.contains(&name) && !settings.iter().any(|entry| entry.name == name);
    match read.fields().iter().find(|field| lacks(field.name)) {
        Some(field) => Err(node.problem(format!(
            "`{}` lacks `{}`, {}. Write it as in {}.",
            node.name,
            field.name,
            field.help,
            T::EXAMPLE
        ))),
        None => Ok(()),
    }
}
