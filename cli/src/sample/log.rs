//! The log of a run: lines as the published program writes them, on standard error and in a file.
//! The published program only announces the file.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

use crate::sample::arguments::Level;

/// Where the lines go.
pub struct Log {
    level: Level,
    path: PathBuf,
    file: Mutex<File>,
}

impl Log {
    /// Appends to `stdout.txt` in `folder`, which is created if needed.
    pub fn open(folder: &Path, level: Level) -> Result<Self> {
        let path = folder.join("stdout.txt");
        let open = || -> std::io::Result<File> {
            fs::create_dir_all(folder)?;
            OpenOptions::new().create(true).append(true).open(&path)
        };
        let file = open().with_context(|| path.display().to_string())?;
        Ok(Self {
            level,
            path,
            file: Mutex::new(file),
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Logs a line, unless `--verbose` asks only for more serious ones. Returns the line for
    /// standard error if it should be shown; the caller prints it, because a progress bar may be in
    /// the way.
    pub fn line(&self, level: Level, message: &str) -> Option<String> {
        if level < self.level {
            return None;
        }
        let line = format!("{} - sample - {} - {message}", level.name(), now());
        self.keep(&line);
        Some(line)
    }

    /// Writes a line only to the file, whatever the level: what standard output shows.
    pub fn keep(&self, line: &str) {
        // A log that cannot be written must not end the run it describes.
        if let Ok(mut file) = self.file.lock() {
            let _ = writeln!(file, "{line}");
        }
    }
}

/// The time in UTC, as `logging` writes it except for the time zone.
fn now() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let since = since.unwrap_or_default();
    stamp(since.as_secs(), since.subsec_millis())
}

fn stamp(seconds: u64, millis: u32) -> String {
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02},{millis:03}")
}

/// Year, month and day of the `days`th day since 1970-01-01 in the Gregorian calendar. It counts
/// years from March, so that the leap day comes last.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    let march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march + 2) / 5 + 1;
    let month = if march < 10 { march + 3 } else { march - 9 };
    (year + 400 * era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `date -u -d @N` of coreutils.
    #[test]
    fn stamps_are_the_calendars() {
        assert_eq!(stamp(0, 0), "1970-01-01 00:00:00,000");
        assert_eq!(stamp(951_782_399, 7), "2000-02-28 23:59:59,007");
        assert_eq!(stamp(951_868_799, 7), "2000-02-29 23:59:59,007");
        assert_eq!(stamp(1_795_446_000, 120), "2026-11-23 15:00:00,120");
    }

    #[test]
    fn lines_below_the_level_are_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::open(&folder.path().join("logs"), "warning".parse().unwrap()).unwrap();
        assert_eq!(log.line(Level::Info, "quiet"), None);
        assert!(
            log.line(Level::Error, "loud")
                .unwrap()
                .starts_with("ERROR - sample - ")
        );
        log.keep("shown");
        let text = fs::read_to_string(log.path()).unwrap();
        assert!(text.contains("loud") && text.contains("shown") && !text.contains("quiet"));
        assert!("chatty".parse::<Level>().unwrap_err().contains("chatty"));
    }
}
