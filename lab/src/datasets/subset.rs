//! The list of the thousand ImageNet pictures that the papers report on: a name per line without
//! extension, and optionally a class.

use std::path::{Path, PathBuf};

use crate::datasets::Sample;
use ddrmjpeg::error::{Error, Result};

/// A list is some 40 bytes a line; a million lines is more than ImageNet has.
const LIST_BYTES: u64 = 64 << 20;

/// The pictures that `list` names, in `root`. Blank lines are left out.
pub(crate) fn read(list: &Path, root: &Path) -> Result<Vec<Sample>> {
    let failed = |e| Error::io(list, e);
    let size = std::fs::metadata(list).map_err(failed)?.len();
    if size > LIST_BYTES {
        return Err(Error::Limits(format!(
            "{}: {size} bytes, the limit is {LIST_BYTES}",
            list.display()
        )));
    }
    let text = std::fs::read_to_string(list).map_err(failed)?;
    let samples = text.lines().enumerate().filter_map(|(i, line)| {
        let sample = parse(line, root)?;
        Some(sample.map_err(|label| {
            let place = format!("{}, line {}", list.display(), i + 1);
            Error::Input(format!("{place}: the class {label:?} is not a number"))
        }))
    });
    let samples = samples.collect::<Result<Vec<_>>>()?;
    match samples.is_empty() {
        true => Err(Error::Input(format!("{}: an empty list", list.display()))),
        false => Ok(samples),
    }
}

/// One line: `None` if it is blank, the label as error if it is not a number.
fn parse<'a>(line: &'a str, root: &Path) -> Option<std::result::Result<Sample, &'a str>> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let path = existing(root.join(format!("{}.jpeg", fields.first()?)));
    let sample = |label| Sample { path, label };
    Some(match fields[1..] {
        [label] => match label.parse() {
            Ok(number) => Ok(sample(Some(number))),
            Err(_) => Err(label),
        },
        _ => Ok(sample(None)),
    })
}

/// The published loader wants `.jpeg`; ImageNet itself says `.JPEG`.
fn existing(path: PathBuf) -> PathBuf {
    let upper = path.with_extension("JPEG");
    match !path.exists() && upper.exists() {
        true => upper,
        false => path,
    }
}
