//! Letters for pictures: a face of 5×7 pixels, so that a chart can say what it shows without a font.

use super::picture::Picture;

/// Pixels from one letter to the next, and of the tallest letter with what hangs below its line.
pub const ADVANCE: usize = 6;
pub const HEIGHT: usize = 9;

/// Which way a line of text runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Right,
    /// Turned by a quarter, to be read with the head on the left shoulder.
    Up,
}

/// Pixels that a line of text is long.
pub fn length(text: &str) -> usize {
    (text.chars().count() * ADVANCE).saturating_sub(1)
}

impl Picture {
    /// Writes a line of text. `[x, y]` is the upper left corner of a line that runs to the right, the lower left one
    /// of a line that runs upwards. What the face has no letter for is a box.
    pub fn write(&mut self, text: &str, [x, y]: [i64; 2], colour: [u8; 3], way: Way) {
        for (i, letter) in text.chars().enumerate() {
            let (rows, drop) = rows(letter);
            for p in (0..35).filter(|p| rows[p / 5] >> (4 - p % 5) & 1 == 1) {
                let (along, down) = ((ADVANCE * i + p % 5) as i64, (p / 5 + drop) as i64);
                match way {
                    Way::Right => self.dot(x + along, y + down, colour),
                    Way::Up => self.dot(x + down, y - along, colour),
                }
            }
        }
    }

    /// [`Picture::write`] to the right, with the middle of the line at `x`.
    pub fn write_centred(&mut self, text: &str, [x, y]: [i64; 2], colour: [u8; 3]) {
        self.write(text, [x - length(text) as i64 / 2, y], colour, Way::Right);
    }
}

/// The rows of a letter from above, five bits each, and by how many pixels it hangs lower than others.
fn rows(letter: char) -> ([u8; 7], usize) {
    let known = FACE.iter().find(|(known, _)| *known == letter);
    let drop = if "gjpqy,;".contains(letter) { 2 } else { 0 };
    (known.map_or([31, 17, 17, 17, 17, 17, 31], |(_, rows)| *rows), drop)
}

#[rustfmt::skip]
const FACE: [(char, [u8; 7]); 111] = [
    (' ', [0, 0, 0, 0, 0, 0, 0]), ('!', [4, 4, 4, 4, 4, 0, 4]), ('"', [10, 10, 10, 0, 0, 0, 0]),
    ('#', [10, 10, 31, 10, 31, 10, 10]), ('$', [4, 15, 20, 14, 5, 30, 4]), ('%', [24, 25, 2, 4, 8, 19, 3]),
    ('&', [12, 18, 20, 8, 21, 18, 13]), ('\'', [4, 4, 4, 0, 0, 0, 0]), ('(', [2, 4, 8, 8, 8, 4, 2]),
    (')', [8, 4, 2, 2, 2, 4, 8]), ('*', [0, 10, 4, 31, 4, 10, 0]), ('+', [0, 4, 4, 31, 4, 4, 0]),
    (',', [0, 0, 0, 0, 4, 4, 8]), ('-', [0, 0, 0, 14, 0, 0, 0]), ('.', [0, 0, 0, 0, 0, 0, 4]),
    ('/', [1, 1, 2, 4, 8, 16, 16]), ('0', [14, 17, 19, 21, 25, 17, 14]), ('1', [4, 12, 4, 4, 4, 4, 14]),
    ('2', [14, 17, 1, 6, 8, 16, 31]), ('3', [14, 17, 1, 6, 1, 17, 14]), ('4', [2, 6, 10, 18, 31, 2, 2]),
    ('5', [31, 16, 30, 1, 1, 17, 14]), ('6', [6, 8, 16, 30, 17, 17, 14]), ('7', [31, 1, 2, 4, 4, 8, 8]),
    ('8', [14, 17, 17, 14, 17, 17, 14]), ('9', [14, 17, 17, 15, 1, 2, 12]), (':', [0, 0, 4, 0, 0, 4, 0]),
    (';', [0, 0, 4, 0, 4, 4, 8]), ('<', [1, 2, 4, 8, 4, 2, 1]), ('=', [0, 0, 31, 0, 31, 0, 0]),
    ('>', [16, 8, 4, 2, 4, 8, 16]), ('?', [14, 17, 1, 2, 4, 0, 4]), ('@', [14, 17, 23, 21, 23, 16, 14]),
    ('A', [14, 17, 17, 31, 17, 17, 17]), ('B', [30, 17, 17, 30, 17, 17, 30]), ('C', [14, 17, 16, 16, 16, 17, 14]),
    ('D', [28, 18, 17, 17, 17, 18, 28]), ('E', [31, 16, 16, 30, 16, 16, 31]), ('F', [31, 16, 16, 30, 16, 16, 16]),
    ('G', [14, 17, 16, 23, 17, 17, 15]), ('H', [17, 17, 17, 31, 17, 17, 17]), ('I', [14, 4, 4, 4, 4, 4, 14]),
    ('J', [7, 2, 2, 2, 2, 18, 12]), ('K', [17, 18, 20, 24, 20, 18, 17]), ('L', [16, 16, 16, 16, 16, 16, 31]),
    ('M', [17, 27, 21, 21, 17, 17, 17]), ('N', [17, 25, 21, 19, 17, 17, 17]), ('O', [14, 17, 17, 17, 17, 17, 14]),
    ('P', [30, 17, 17, 30, 16, 16, 16]), ('Q', [14, 17, 17, 17, 21, 18, 13]), ('R', [30, 17, 17, 30, 20, 18, 17]),
    ('S', [15, 16, 16, 14, 1, 1, 30]), ('T', [31, 4, 4, 4, 4, 4, 4]), ('U', [17, 17, 17, 17, 17, 17, 14]),
    ('V', [17, 17, 17, 17, 17, 10, 4]), ('W', [17, 17, 17, 21, 21, 27, 17]), ('X', [17, 17, 10, 4, 10, 17, 17]),
    ('Y', [17, 17, 10, 4, 4, 4, 4]), ('Z', [31, 1, 2, 4, 8, 16, 31]), ('[', [14, 8, 8, 8, 8, 8, 14]),
    ('\\', [16, 16, 8, 4, 2, 1, 1]), (']', [14, 2, 2, 2, 2, 2, 14]), ('^', [4, 10, 17, 0, 0, 0, 0]),
    ('_', [0, 0, 0, 0, 0, 0, 31]), ('`', [8, 4, 0, 0, 0, 0, 0]), ('a', [0, 0, 14, 1, 15, 17, 15]),
    ('b', [16, 16, 30, 17, 17, 17, 30]), ('c', [0, 0, 14, 17, 16, 17, 14]), ('d', [1, 1, 15, 17, 17, 17, 15]),
    ('e', [0, 0, 14, 17, 31, 16, 14]), ('f', [6, 9, 8, 28, 8, 8, 8]), ('g', [15, 17, 17, 17, 15, 1, 14]),
    ('h', [16, 16, 30, 17, 17, 17, 17]), ('i', [4, 0, 12, 4, 4, 4, 14]), ('j', [2, 0, 2, 2, 2, 18, 12]),
    ('k', [16, 16, 18, 20, 24, 20, 18]), ('l', [12, 4, 4, 4, 4, 4, 14]), ('m', [0, 0, 26, 21, 21, 21, 21]),
    ('n', [0, 0, 30, 17, 17, 17, 17]), ('o', [0, 0, 14, 17, 17, 17, 14]), ('p', [30, 17, 17, 17, 30, 16, 16]),
    ('q', [15, 17, 17, 17, 15, 1, 1]), ('r', [0, 0, 22, 25, 16, 16, 16]), ('s', [0, 0, 15, 16, 14, 1, 30]),
    ('t', [8, 8, 28, 8, 8, 9, 6]), ('u', [0, 0, 17, 17, 17, 17, 15]), ('v', [0, 0, 17, 17, 17, 10, 4]),
    ('w', [0, 0, 17, 17, 21, 21, 10]), ('x', [0, 0, 17, 10, 4, 10, 17]), ('y', [17, 17, 17, 17, 15, 1, 14]),
    ('z', [0, 0, 31, 2, 4, 8, 31]), ('{', [2, 4, 4, 8, 4, 4, 2]), ('|', [4, 4, 4, 4, 4, 4, 4]),
    ('}', [8, 4, 4, 2, 4, 4, 8]), ('~', [0, 0, 8, 21, 2, 0, 0]), ('°', [4, 10, 4, 0, 0, 0, 0]),
    ('±', [4, 4, 31, 4, 4, 0, 31]), ('−', [0, 0, 0, 31, 0, 0, 0]), ('×', [0, 17, 10, 4, 10, 17, 0]),
    ('·', [0, 0, 0, 4, 0, 0, 0]), ('–', [0, 0, 0, 31, 0, 0, 0]), ('η', [22, 25, 17, 17, 1, 1, 1]),
    ('Δ', [4, 4, 10, 10, 17, 17, 31]), ('→', [0, 4, 2, 31, 2, 4, 0]), ('²', [12, 2, 4, 8, 14, 0, 0]),
    ('α', [0, 0, 13, 18, 18, 18, 13]), ('β', [14, 17, 22, 17, 17, 22, 16]), ('…', [0, 0, 0, 0, 0, 0, 21]),
    ('½', [17, 18, 20, 11, 17, 2, 3]), ('⁴', [2, 6, 14, 2, 0, 0, 0]),
    ('‖', [10, 10, 10, 10, 10, 10, 10]),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(letter: char, way: Way) -> Vec<[u8; 3]> {
        let mut picture = Picture::new(12, 12, [0; 3]);
        picture.write(&letter.to_string(), [2, if way == Way::Up { 10 } else { 0 }], [255; 3], way);
        picture.pixels
    }

    #[test]
    fn letters_can_be_told_apart() {
        // A minus and a dash of one length are meant to look alike.
        let letters: Vec<char> =
            FACE.iter().map(|(letter, _)| *letter).filter(|letter| *letter != '–').collect();
        for (i, &letter) in letters.iter().enumerate() {
            assert!(
                !letters[..i].iter().any(|&other| drawn(other, Way::Right) == drawn(letter, Way::Right)),
                "{letter}"
            );
        }
        assert_ne!(drawn('\u{4e00}', Way::Right), drawn(' ', Way::Right), "what is not known is seen to be");
    }

    #[test]
    fn an_upright_line_is_the_same_turned() {
        let (level, upright) = (drawn('L', Way::Right), drawn('L', Way::Up));
        for (x, y) in (0..12).flat_map(|x| (0..12).map(move |y| (x, y))) {
            let turned = (10 - y as i64 + 2, x as i64 - 2);
            let at = |[x, y]: [i64; 2]| {
                let inside = (0..12).contains(&x) && (0..12).contains(&y);
                inside && level[(y * 12 + x) as usize] == [255; 3]
            };
            assert_eq!(upright[y * 12 + x] == [255; 3], at([turned.0, turned.1]), "{x}, {y}");
        }
    }

    #[test]
    fn a_line_is_as_long_as_its_letters() {
        assert_eq!((length(""), length("a"), length("ab")), (0, 5, 11));
    }
}
