//! A part of a batch, for several machines that share the inputs.
//!
//! Which part an input belongs to follows from where its result goes, and from nothing else: not
//! from its place in a list, nor from which files are there already. So machines need not see the
//! same list at the same time, and a part that is run again has the same inputs.

use std::path::Path;
use std::str::FromStr;

/// The part `index` of `count`, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: u32,
    count: u32,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/');
        let numbers =
            parts.and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
        match numbers {
            Some((index, count)) if 1 <= index && index <= count => Ok(Self { index, count }),
            _ => Err(format!(
                "{text}: must be I/N with I from 1 to N, such as 3/8"
            )),
        }
    }
}

impl Shard {
    /// Whether the input with this result, below the output folder, belongs to it.
    pub fn has(self, result: &Path) -> bool {
        let hash = crc32fast::hash(result.as_os_str().as_encoded_bytes());
        // The high bits, by multiplication: as even as the remainder, and for any count.
        let part = (u64::from(hash) * u64::from(self.count)) >> 32;
        part == u64::from(self.index - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_input_is_in_one_part_and_parts_are_even() {
        let names: Vec<_> = (0..10_000).map(|n| format!("roll/{n:05}.png")).collect();
        for count in [1, 2, 7, 64] {
            let mut in_parts = 0;
            for index in 1..=count {
                let shard = Shard { index, count };
                let size = names
                    .iter()
                    .filter(|name| shard.has(Path::new(name)))
                    .count();
                let fair = names.len() / count as usize;
                assert!(size.abs_diff(fair) <= fair / 3, "{index}/{count}: {size}");
                in_parts += size;
            }
            assert_eq!(in_parts, names.len());
        }
    }

    /// Machines with other versions of the program must agree.
    #[test]
    fn the_parts_are_the_same_for_ever() {
        let of = |name| (1..=8).find(|&index| Shard { index, count: 8 }.has(Path::new(name)));
        let found = ["a.png", "b.png", "c/d.png"].map(of);
        assert_eq!(found, [Some(3), Some(1), Some(5)]);
    }

    #[test]
    fn what_is_no_part_is_refused() {
        for text in ["0/4", "5/4", "1", "1/0", "a/b", "-1/2", ""] {
            let why = text.parse::<Shard>().unwrap_err();
            assert!(why.contains("I/N"), "{why}");
        }
        assert_eq!("3/8".parse(), Ok(Shard { index: 3, count: 8 }));
    }
}
