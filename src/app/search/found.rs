//! What fits the words that were typed, the best first.

use super::entries::Entry;

/// The places of the entries in which every word of the query occurs. Those whose name begins with a word come
/// first, then those with a word of the name that does, then names and at last sentences in which it occurs
/// anywhere; equals keep their order.
pub fn find(entries: &[Entry], query: &str) -> Vec<usize> {
    let words: Vec<String> = query.split_whitespace().map(str::to_lowercase).collect();
    let rank = |entry: &Entry| {
        let name = format!("{} {}", entry.label, entry.kind).to_lowercase();
        let help = entry.help.to_lowercase();
        // All words must fit; what counts is how badly they do, summed.
        words.iter().map(|word| badness(&name, &help, word)).sum::<Option<usize>>()
    };
    let ranked = entries.iter().enumerate().filter_map(|(i, entry)| Some((rank(entry)?, i)));
    let mut ranked: Vec<(usize, usize)> = ranked.collect();
    ranked.sort_unstable();
    ranked.into_iter().map(|(_, i)| i).collect()
}

/// How far a word is from being the beginning of the name; `None` where it does not occur.
fn badness(name: &str, help: &str, word: &str) -> Option<usize> {
    let begins = |text: &str| text.split(|c: char| !c.is_alphanumeric()).any(|part| part.starts_with(word));
    let checks =
        [name.starts_with(word), begins(name), name.contains(word), begins(help), help.contains(word)];
    checks.into_iter().position(|fits| fits)
}

#[cfg(test)]
mod tests {
    use super::badness;

    #[test]
    fn the_beginning_of_a_name_is_nearest() {
        let (name, help) = ("light or dark", "switches between light, dark and what the system says.");
        let asked = ["light", "dark", "ght", "switch", "twee", "blue"];
        let found = asked.map(|word| badness(name, help, word));
        assert_eq!(found, [Some(0), Some(1), Some(2), Some(3), Some(4), None]);
    }
}
