//! Words in messages: the nearest right one to a wrong one, lists of them, quotations cut short.

/// Words that other programs and books use for what is called otherwise here.
const SYNONYMS: &[(&str, &str)] = &[
    ("lr", "rate"),
    ("step-size", "rate"),
    ("fc", "linear"),
    ("dense", "linear"),
    ("fully-connected", "linear"),
    ("bn", "batch-norm"),
    ("avg-pool", "average-pool"),
    ("mean-pool", "average-pool"),
    ("gap", "global-average-pool"),
    ("l2", "weight-decay"),
    ("bs", "batch"),
    ("init", "initialisation"),
    ("filters", "conv"),
    ("units", "linear"),
    ("lrelu", "leaky-relu"),
    ("swish", "silu"),
    ("local-response-norm", "lrn"),
    ("local-response-normalisation", "lrn"),
    ("upsample", "upsample-nearest"),
    ("reshape", "flatten"),
    ("view", "flatten"),
];

/// The longest piece of what a person wrote that is quoted in a message, in characters.
const QUOTED: usize = 40;

/// The candidate that a person who wrote `word` most likely meant: by a synonym, by a few slips of the pen,
/// or because one is part of the other. A word without a dot is also compared with what follows the last dot
/// of a candidate: `batch` is near `train.batch`.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = canonical(word);
    let n_chars = plain.chars().count();
    // Beyond 64 characters no candidate is near, and the distance need not be computed.
    if n_chars > 64 {
        return None;
    }
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let by_slip =
        candidates.iter().map(|&candidate| (distance(&plain, comparable(candidate, &plain)), candidate));
    let nearest = by_slip.min_by_key(|&(slips, _)| slips).filter(|&(slips, _)| slips <= (n_chars + 1) / 3);
    // A whole word at the beginning says more than letters that happen to be alike: `resnet` is no slip for `lenet`.
    let begins =
        |candidate: &&&str| comparable(candidate, &plain).strip_prefix(&plain).is_some_and(is_next_word);
    if let Some(&candidate) = candidates.iter().find(begins)
        && n_chars > 0
        && nearest.is_none_or(|(slips, _)| slips > 0)
    {
        return Some(candidate);
    }
    if let Some((_, candidate)) = nearest {
        return Some(candidate);
    }
    let shares = |candidate: &&str| {
        let compared = comparable(candidate, &plain);
        compared.len() >= 3 && plain.contains(compared) || n_chars >= 3 && compared.contains(&plain)
    };
    candidates.iter().copied().find(shares)
}

/// Whether what follows a word begins another one.
fn is_next_word(rest: &str) -> bool {
    rest.starts_with('-')
}

/// The part of a candidate that answers to a word with or without dots.
fn comparable<'a>(candidate: &'a str, word: &str) -> &'a str {
    match candidate.rfind('.') {
        Some(dot) if !word.contains('.') => &candidate[dot + 1..],
        _ => candidate,
    }
}

/// How a sentence about a wrong word ends: "; did you mean `rate`?", or else "; there are `rate` and `batch`."
pub fn remedy<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    match nearest(word, candidates.iter().copied()) {
        Some(meant) => format!("; did you mean `{meant}`?"),
        None => format!("; there are {}.", listed(&candidates, "and")),
    }
}

/// `a`, `b` or `c`, with `joint` before the last, in the quotes of code.
pub fn listed(words: &[&str], joint: &str) -> String {
    match words {
        [] => "nothing".into(),
        [only] => format!("`{only}`"),
        [most @ .., last] => format!("`{}` {joint} `{last}`", most.join("`, `")),
    }
}

/// Enough of a word to recognise it by, on one line.
pub fn shortened(word: &str) -> String {
    let mut short: String = word.chars().take(QUOTED).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if word.chars().nth(QUOTED).is_some() {
        short.push('…');
    }
    short
}

/// Lower case, words joined by hyphens, a synonym in the last place replaced.
fn canonical(word: &str) -> String {
    let plain = word.trim().to_lowercase().replace(['_', ' '], "-");
    let (head, tail) = match plain.rfind('.') {
        Some(dot) => plain.split_at(dot + 1),
        None => ("", plain.as_str()),
    };
    match SYNONYMS.iter().find(|(other, _)| *other == tail) {
        Some((_, own)) => format!("{head}{own}"),
        None => plain,
    }
}

/// The fewest insertions, deletions, replacements and swaps of neighbours that turn `a` into `b` (optimal
/// string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    // Three rows of the table of distances between beginnings of `a` and of `b`, `(len_b + 1)` each.
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = vec![i + 1];
        for j in 0..b.len() {
            let replaced = above[j] + usize::from(a[i] != b[j]);
            let mut least = replaced.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

/// A thing with its article: `an ELU`.
pub fn with_article(thing: &str) -> String {
    let article = if thing.starts_with(|c: char| "AEIOUaeiou".contains(c)) { "an" } else { "a" };
    format!("{article} {thing}")
}

/// With a capital letter in front, as a sentence begins.
pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_counted_in_slips() {
        for (a, b, expected) in
            [("", "", 0), ("", "abc", 3), ("kernal", "kernel", 1), ("rleu", "relu", 1), ("conv", "linear", 5)]
        {
            assert_eq!(distance(a, b), expected, "{a} to {b}");
            assert_eq!(distance(b, a), expected, "{b} to {a}");
        }
    }

    #[test]
    fn the_nearest_word_is_offered_where_there_is_one() {
        let words =
            ["conv", "relu", "max-pool", "average-pool", "batch-norm", "linear", "train.batch", "train.rate"];
        for (word, expected) in [
            ("rleu", Some("relu")),
            ("Conv2d", Some("conv")),
            ("MaxPool", Some("max-pool")),
            ("max_pool", Some("max-pool")),
            ("BatchNorm", Some("batch-norm")),
            ("avg_pool", Some("average-pool")),
            ("dense", Some("linear")),
            ("max", Some("max-pool")),
            ("batch_size", Some("train.batch")),
            ("train.lr", Some("train.rate")),
            ("trian.batch", Some("train.batch")),
            ("learning-rate", Some("train.rate")),
            ("zebra", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, words), expected, "{word}");
        }
        assert_eq!(nearest("resnet", ["lenet", "resnet-20"]), Some("resnet-20"));
    }
}
