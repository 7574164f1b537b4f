//! The verdict of the race, remembered on this machine. Close to the threshold, processes would
//! reach different verdicts, and the same seed would give different pixels.
//!
//! It is a file of a few lines in the user's cache folder: the verdict, and everything that it
//! depends on. A file that cannot be read, or is incomplete, is ignored; failing to write it is not
//! an error. Called by `race`.

use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::runtime::onednn;

/// Environment variable for another folder, for tests.
const FOLDER: &str = "DDRMJPEG_CACHE";

/// A longer file is not a verdict.
const LONGEST: u64 = 64 << 10;

/// Must be increased if the race changes.
const RACE: u32 = 3;

/// The fields of /proc/cpuinfo on which the verdict depends: not the clock or the number of cores.
const TRAITS: [&str; 6] = [
    "vendor_id",
    "cpu family",
    "model",
    "model name",
    "stepping",
    "flags",
];

/// What pays on a machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// bf16 instead of f32.
    pub bf16: bool,
    /// Eight bits instead of the better of these two.
    pub int8: bool,
}

/// The verdicts, as the first line of a file has them.
const WORDS: [(&str, Verdict); 4] = [
    (
        "f32",
        Verdict {
            bf16: false,
            int8: false,
        },
    ),
    (
        "bf16",
        Verdict {
            bf16: true,
            int8: false,
        },
    ),
    (
        "f32 int8",
        Verdict {
            bf16: false,
            int8: true,
        },
    ),
    (
        "bf16 int8",
        Verdict {
            bf16: true,
            int8: true,
        },
    ),
];

/// What pays: the remembered verdict, otherwise that of `race`, which is remembered unless
/// the race could not be run.
pub fn remembered(race: impl FnOnce() -> Option<Verdict>) -> Option<Verdict> {
    let place = fs::read_to_string("/proc/cpuinfo").ok().and_then(|cpu| {
        Place::new(
            &folder()?,
            machine(&cpu, &onednn::version(), limit().as_deref()),
        )
    });
    match place {
        Some(place) => place.remembered(race),
        None => race(),
    }
}

/// `$XDG_CACHE_HOME/ddrmjpeg`, or `~/.cache/ddrmjpeg`; relative paths do not count (XDG Base Directory
/// Specification).
fn folder() -> Option<PathBuf> {
    let path = |name| env::var_os(name).map(PathBuf::from);
    let absolute = |name| path(name).filter(|path| path.is_absolute());
    absolute(FOLDER).or_else(|| {
        absolute("XDG_CACHE_HOME")
            .or_else(|| Some(absolute("HOME")?.join(".cache")))
            .map(|cache| cache.join("ddrmjpeg"))
    })
}

/// What the verdict depends on, in lines: CPU, oneDNN, and which race it was.
fn machine(cpuinfo: &str, onednn: &str, limit: Option<&str>) -> String {
    let first = cpuinfo.lines().take_while(|line| !line.is_empty());
    let kept = first.filter(|line| {
        let name = line.split(':').next().unwrap_or_default().trim();
        TRAITS.contains(&name)
    });
    let mut out: String = kept.flat_map(|line| [line, "\n"]).collect();
    out.push_str(&format!("oneDNN: {onednn}\nrace: {RACE}\n"));
    if let Some(limit) = limit {
        out.push_str(&format!("at most: {limit}\n"));
    }
    out
}

/// The instructions that oneDNN is told to be content with, by the variables that it reads.
fn limit() -> Option<String> {
    let names = ["ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"];
    names.into_iter().find_map(|name| env::var(name).ok())
}

/// Where the verdict for one machine is stored; a home folder may be shared by several machines.
struct Place {
    path: PathBuf,
    machine: String,
}

impl Place {
    /// `None` if nothing is known about the CPU.
    fn new(folder: &Path, machine: String) -> Option<Self> {
        machine.contains("flags").then(|| {
            let mut hasher = DefaultHasher::new();
            machine.hash(&mut hasher);
            let name = format!("arithmetic-{:016x}", hasher.finish());
            Self {
                path: folder.join(name),
                machine,
            }
        })
    }

    fn remembered(&self, race: impl FnOnce() -> Option<Verdict>) -> Option<Verdict> {
        if let Some(verdict) = self.read() {
            return Some(verdict);
        }
        let verdict = race()?;
        // Another process may have been faster.
        if let Some(verdict) = self.read() {
            return Some(verdict);
        }
        // If the folder is not writable, the next process races again.
        let _ = self.write(verdict);
        Some(verdict)
    }

    fn read(&self) -> Option<Verdict> {
        // Reading a pipe would block.
        if !fs::metadata(&self.path).ok()?.is_file() {
            return None;
        }
        let mut text = String::new();
        let file = fs::File::open(&self.path).ok()?;
        file.take(LONGEST).read_to_string(&mut text).ok()?;
        let (word, machine) = text.split_once('\n')?;
        let known = WORDS.iter().find(|(known, _)| *known == word)?;
        (machine == self.machine).then_some(known.1)
    }

    /// Writes the file completely or not at all.
    fn write(&self, verdict: Verdict) -> io::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        let word = WORDS.iter().find(|(_, known)| *known == verdict);
        let word = word.map_or("", |(word, _)| word);
        write!(file, "{word}\n{}", self.machine)?;
        file.persist(&self.path)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CPU: &str = "processor\t: 0\nvendor_id\t: V\nmodel\t\t: 17\nmodel name\t: M\n\
                       cpu MHz\t\t: 2400.1\nsiblings\t: 8\nflags\t\t: fpu avx512_bf16\n\n\
                       processor\t: 1\nmodel name\t: other\n";

    fn place(folder: &Path) -> Place {
        Place::new(folder, machine(CPU, "2.13.0", None)).unwrap()
    }

    const NOTHING: Verdict = Verdict {
        bf16: false,
        int8: false,
    };
    const ALL: Verdict = Verdict {
        bf16: true,
        int8: true,
    };

    fn never() -> Option<Verdict> {
        panic!("raced again")
    }

    /// With another clock or more cores it is the same machine; with another CPU or oneDNN it is
    /// not.
    #[test]
    fn the_verdict_depends_on_cpu_and_onednn() {
        let here = machine(CPU, "2.13.0", None);
        assert!(
            here.contains("avx512_bf16") && !here.contains("other"),
            "{here}"
        );
        let busy = CPU.replace("2400.1", "800").replace(": 8", ": 64");
        assert_eq!(machine(&busy, "2.13.0", None), here);
        for other in [
            machine(CPU, "2.14.0", None),
            machine(CPU, "2.13.0", Some("AVX2")),
            machine(&CPU.replace("avx512_bf16", "avx2"), "2.13.0", None),
            machine(&CPU.replace(": 17", ": 18"), "2.13.0", None),
        ] {
            assert_ne!(other, here);
            let folder = Path::new("/cache");
            let path = |machine| Place::new(folder, machine).unwrap().path;
            assert_ne!(path(other), path(here.clone()));
        }
        assert!(Place::new(Path::new("/"), machine("", "2.13.0", None)).is_none());
    }

    #[test]
    fn a_verdict_is_raced_for_once() {
        for verdict in WORDS.map(|(_, verdict)| verdict) {
            let folder = tempfile::tempdir().unwrap();
            let folder = folder.path().join("not/yet/there");
            assert_eq!(place(&folder).remembered(|| Some(verdict)), Some(verdict));
            assert_eq!(place(&folder).remembered(never), Some(verdict));
            // No other file is left there.
            assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        }
    }

    #[test]
    fn a_race_that_cannot_be_run_is_not_remembered() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(place(folder.path()).remembered(|| None), None);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_another_process_wrote_meanwhile_counts() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        let race = || {
            place.write(ALL).unwrap();
            Some(NOTHING)
        };
        assert_eq!(place.remembered(race), Some(ALL));
    }

    #[test]
    fn a_file_that_is_not_whole_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        let whole = format!("bf16\n{}", place.machine);
        let cut = &whole.as_bytes()[..whole.len() - 1];
        let other = whole.replace("bf16\n", "maybe\n");
        let long = whole.repeat(1 + LONGEST as usize / whole.len());
        for bytes in [b"", cut, b"\xff\xfe\n", other.as_bytes(), long.as_bytes()] {
            fs::write(&place.path, bytes).unwrap();
            assert_eq!(place.remembered(|| Some(NOTHING)), Some(NOTHING));
            assert_eq!(place.remembered(never), Some(NOTHING));
        }
    }

    /// A file where the folder should be, and a folder where the file should be.
    #[test]
    fn where_nothing_can_be_written_every_process_races() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, b"").unwrap();
        let blocked = place(folder.path());
        fs::create_dir(&blocked.path).unwrap();
        for place in [place(&file), blocked] {
            for verdict in WORDS.map(|(_, verdict)| verdict) {
                assert_eq!(place.remembered(|| Some(verdict)), Some(verdict));
            }
        }
    }
}
