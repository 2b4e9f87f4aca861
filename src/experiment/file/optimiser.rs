//! The optimiser in the file: a name, a table with the name as the key of its first constant
//! (`{ nesterov = 0.95 }`), or a table that names it (`{ name = "adam", beta2 = 0.99 }`).

use super::node::{Node, number_text};
use crate::experiment::fields::Value;
use crate::experiment::words::listed;
use crate::experiment::{Optimiser, Problem};

/// Reads an optimiser. A table that names none changes the constants of the one there is.
pub(super) fn read(optimiser: &mut Optimiser, node: &Node<'_>) -> Result<(), Problem> {
    let names = Optimiser::ALL.map(Optimiser::name);
    let expected = format!("{}, or a table such as {{ name = \"adam\", beta1 = 0.9 }}", listed(&names, "or"));
    if let Some(name) = node.as_str() {
        *optimiser =
            Optimiser::from_name(name).ok_or_else(|| node.wrong_word(name, listed(&names, "or"), &names))?;
        return Ok(());
    }
    let entries = node.table(expected)?;
    let head = entries.iter().find_map(|entry| by_head(entry.name));
    let name = entries.iter().find(|entry| entry.name == "name");
    let mut read = match (name, head) {
        (Some(name), _) => {
            let named = name.choice(&Optimiser::ALL, Optimiser::name)?;
            // The constants already there stay where the name does.
            if named.name() == optimiser.name() { *optimiser } else { named }
        }
        (None, Some(head)) => head,
        (None, None) => *optimiser,
    };
    for entry in entries.iter().filter(|entry| entry.name != "name") {
        read_constant(&mut read, entry)?;
    }
    *optimiser = read;
    Ok(())
}

/// The optimiser as it is written in a file: by name alone where its constants are the customary ones.
pub(super) fn text(mut optimiser: Optimiser) -> String {
    let name = optimiser.name();
    let mut customary = Optimiser::from_name(name).unwrap_or(optimiser);
    let changed: Vec<String> = optimiser
        .fields()
        .into_iter()
        .zip(customary.fields())
        .filter_map(|(own, customary)| match (own.value, customary.value) {
            (Value::Number(own_value, _), Value::Number(customary, _)) if own_value != customary => {
                Some(format!("{} = {}", own.name, number_text(*own_value)))
            }
            _ => None,
        })
        .collect();
    match changed.as_slice() {
        [] => format!("\"{name}\""),
        _ => format!("{{ name = \"{name}\", {} }}", changed.join(", ")),
    }
}

/// The optimiser that a key of its table gives away: the name itself. `momentum` is a constant of two of them
/// and gives away only the first, which `name` overrules.
fn by_head(key: &str) -> Option<Optimiser> {
    Optimiser::from_name(key).filter(|&optimiser| optimiser != Optimiser::Sgd)
}

fn read_constant(optimiser: &mut Optimiser, entry: &Node<'_>) -> Result<(), Problem> {
    let name = optimiser.name();
    let mut fields = optimiser.fields();
    let known: Vec<&str> = fields.iter().map(|field| field.name).collect();
    // `{ nesterov = 0.9 }`: the name stands for the only constant.
    let by_name = (entry.name == name && known.len() == 1).then_some(0);
    match known.iter().position(|known| *known == entry.name).or(by_name) {
        Some(index) => entry.read_field(fields.swap_remove(index)),
        None => Err(entry.unknown(&format!("the optimiser `{name}`"), &known)),
    }
}
