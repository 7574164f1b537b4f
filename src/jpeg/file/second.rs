//! Second readings of a file: with other restart markers, if those it has contradict its header,
//! and up to a marker that libjpeg refuses.
//!
//! Called by `read`, which takes the reading that loses less.

use std::ops::Range;

use crate::error::Result;
use crate::jpeg::file::{Damage, JpegFile};
use crate::jpeg::segments;
use crate::jpeg::segments::{Mark, SOS, Walker};

/// The marker that defines the restart interval.
const DRI: u8 = 0xDD;

/// Pixels for which no data arrived.
pub(crate) fn lost_area(file: &JpegFile) -> usize {
    let lost = file.damage.iter().flat_map(|damage| &damage.lost);
    lost.map(|part| part.width * part.height).sum()
}

/// The file in `data`, read by `read`; once more with its restart markers put right, if they call
/// for that and less is lost then. `outline` gives the part of a file that says what is lost.
///
/// # Errors
/// Those of `read`.
pub(crate) fn best<F>(
    data: &[u8],
    read: impl Fn(&[u8]) -> Result<F>,
    outline: impl Fn(&mut F) -> &mut JpegFile,
) -> Result<F> {
    let mut file = read(data)?;
    let lost = lost_area(outline(&mut file));
    let Some(other) = (lost > 0).then(|| reading(data)).flatten() else {
        return Ok(file);
    };
    // Large files do not fit twice.
    drop(file);
    if let Ok(mut file) = read(&other.bytes)
        && lost_area(outline(&mut file)) < lost
    {
        explain(outline(&mut file), other.message);
        return Ok(file);
    }
    read(data)
}

/// Says with the file what was wrong with it.
pub(crate) fn explain(file: &mut JpegFile, message: &str) {
    let found = file.damage.get_or_insert_with(|| Damage {
        message: String::new(),
        lost: Vec::new(),
        known: Vec::new(),
    });
    found.message = message.into();
}

/// Where the marker begins that ends at `place`, with its segment if it is a scan header; 0 if that
/// is before any scan.
pub(crate) fn marker_before(data: &[u8], place: usize) -> usize {
    let mut walker = Walker::default();
    let mut scans = 0;
    while let (_, Some(mark)) = walker.next(data.get(walker.position()..).unwrap_or_default()) {
        let end = walker.position();
        match mark {
            Mark::Segment(SOS, length) if end == place => {
                return if scans > 0 {
                    end - usize::from(length) - 2
                } else {
                    0
                };
            }
            _ if end >= place => break,
            Mark::Segment(SOS, _) => scans += 1,
            _ => {}
        }
    }
    if scans > 0 {
        place.saturating_sub(2)
    } else {
        0
    }
}

/// A file with its restart markers put right.
struct Reading {
    bytes: Vec<u8>,
    /// What was wrong.
    message: &'static str,
}

/// A second reading of a sequential file of one scan, if its restart markers call for one.
fn reading(data: &[u8]) -> Option<Reading> {
    let scan = Scan::of(data)?;
    let intervals = |interval: usize| scan.mcus.div_ceil(interval.max(1));
    let expected = intervals(scan.interval).saturating_sub(1);
    match (scan.interval, scan.restarts.len()) {
        (0, 0) => None,
        (0, count) => {
            let row = scan.columns;
            let rows = scan.mcus.div_ceil(row).div_ceil(count + 1) * row;
            let even = scan.mcus.div_ceil(count + 1);
            let interval = [rows, even]
                .into_iter()
                .find(|&n| intervals(n) == count + 1)?;
            let [high, low] = u16::try_from(interval).ok()?.to_be_bytes();
            let (head, rest) = data.split_at(scan.header);
            Some(Reading {
                bytes: [head, &[0xFF, DRI, 0, 4, high, low], rest].concat(),
                message: "its restart interval is not stated",
            })
        }
        (_, 0) if expected > 0 => {
            let mut bytes = data.to_vec();
            bytes.get_mut(scan.stated?)?.fill(0);
            Some(Reading {
                bytes,
                message: "a restart interval is stated, and there are no restart markers",
            })
        }
        (_, count) if count == expected => {
            let mut bytes = data.to_vec();
            for (n, &at) in scan.restarts.iter().enumerate() {
                bytes[at] = 0xD0 + (n % 8) as u8;
            }
            Some(Reading {
                bytes,
                message: "its restart markers are not numbered in order",
            })
        }
        _ => None,
    }
}

/// The only scan of a file.
struct Scan {
    /// Where its header begins.
    header: usize,
    /// Its MCUs, and those in a row.
    mcus: usize,
    columns: usize,
    /// The restart interval, and where it is stated.
    interval: usize,
    stated: Option<Range<usize>>,
    /// Where the codes of its restart markers are.
    restarts: Vec<usize>,
}

impl Scan {
    fn of(data: &[u8]) -> Option<Self> {
        let mut walker = Walker::default();
        let (mut found, mut size, mut start) = (None::<Self>, None, 0);
        let (mut interval, mut stated) = (0, None);
        while let (_, Some(mark)) = walker.next(data.get(walker.position()..).unwrap_or_default()) {
            let end = walker.position();
            match mark {
                Mark::Segment(SOS, length) => {
                    let (mcus, columns) = size.filter(|_| found.is_none())?;
                    start = end;
                    found = Some(Self {
                        header: end - usize::from(length) - 2,
                        mcus,
                        columns,
                        interval,
                        stated: stated.clone(),
                        restarts: Vec::new(),
                    });
                }
                Mark::Segment(DRI, 4) if found.is_none() => {
                    let place = end - 2..end;
                    interval = usize::from(u16::from_be_bytes([data[end - 2], data[end - 1]]));
                    stated = Some(place);
                }
                Mark::Segment(code, length) if segments::is_frame(code) => {
                    size = mcus(data.get((end + 2).checked_sub(usize::from(length))?..end)?);
                }
                Mark::Alone(_) => break,
                Mark::Segment(..) => {}
            }
        }
        let mut found = found?;
        let coded = start..walker.position();
        let pairs = data.get(coded.clone())?.windows(2).enumerate();
        let restarts = pairs.filter(|(_, pair)| matches!(pair, [0xFF, 0xD0..=0xD7]));
        found.restarts = restarts.map(|(at, _)| coded.start + at + 1).collect();
        Some(found)
    }
}

/// The MCUs of a frame in all and in a row, if all of its components are in one scan.
fn mcus(frame: &[u8]) -> Option<(usize, usize)> {
    let &[_, h1, h0, w1, w0, _, ref specs @ ..] = frame else {
        return None;
    };
    let side = |high, low| usize::from(u16::from_be_bytes([high, low]));
    let factors = || specs.chunks_exact(3).map(|spec| spec[1]);
    let (h, v) = match factors().count() {
        1 => (1, 1),
        _ => (
            usize::from(factors().map(|byte| byte >> 4).max()?),
            usize::from(factors().map(|byte| byte & 15).max()?),
        ),
    };
    if h == 0 || v == 0 {
        return None;
    }
    let columns = side(w1, w0).div_ceil(8 * h);
    let all = columns * side(h1, h0).div_ceil(8 * v);
    (all > 0).then_some((all, columns))
}
