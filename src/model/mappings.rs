//! What is mapped at an address of this process, as /proc/self/maps says it.
//!
//! `remote` asks for the file of this code, `checkpoint` whether bytes of the program come from a
//! file. Where the system does not say, there is no answer.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A line of /proc/self/maps.
#[derive(Debug, PartialEq)]
pub(crate) struct Mapping {
    /// Where it is.
    pub addresses: Range<usize>,
    /// Whether it may be written.
    pub writable: bool,
    /// The file behind it; `None` for memory of the process.
    pub file: Option<PathBuf>,
}

impl Mapping {
    /// The mapping that holds `address`.
    pub fn at(address: usize) -> Option<Self> {
        Self::among(address, &fs::read_to_string("/proc/self/maps").ok()?)
    }

    fn among(address: usize, maps: &str) -> Option<Self> {
        let mut mappings = maps.lines().filter_map(Self::of);
        mappings.find(|mapping| mapping.addresses.contains(&address))
    }

    /// That of a line `from-to mode offset device inode path`.
    fn of(line: &str) -> Option<Self> {
        let mut words = line.splitn(6, ' ');
        let (from, to) = words.next()?.split_once('-')?;
        let number = |text| usize::from_str_radix(text, 16).ok();
        let mode = words.next()?;
        let path = words.nth(3).map(str::trim_start);
        Some(Self {
            addresses: number(from)?..number(to)?,
            writable: mode.contains('w'),
            file: path
                .filter(|path| path.starts_with('/'))
                .map(|path| Path::new(path).to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mapping_that_holds_the_address_names_the_file() {
        let maps = "10-20 r-xp 00000000 fe:00 1     /usr/lib/a b.so\n\
                    20-30 rw-p 00000000 00:00 0 \n\
                    30-40 r--p 00000000 00:00 0                    [anon:/x]\n";
        let at = |address| Mapping::among(address, maps);
        let code = at(0x1f).unwrap();
        assert_eq!((code.addresses, code.writable), (0x10..0x20, false));
        assert_eq!(code.file, Some(PathBuf::from("/usr/lib/a b.so")));
        let memory = at(0x20).unwrap();
        assert_eq!((memory.writable, memory.file), (true, None));
        assert_eq!(at(0x30).unwrap().file, None);
        assert_eq!(at(0x40), None);
    }
}
