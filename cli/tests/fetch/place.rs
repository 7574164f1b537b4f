//! A folder that a test fetches into, and what it may expect there.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ddrmjpeg::error::Result;
use ddrmjpeg::model::catalog::{Algorithm, Hash};
use ddrmjpeg::model::fetch::{Event, Fetched, Request, Settings, Watch, digest, fetch};

pub const TAG: &str = "\"version 1\"";

/// Bytes that no shift or swap of them gives again.
pub fn model(bytes: usize, seed: u32) -> Vec<u8> {
    let mut state = seed;
    let next = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(bytes).collect()
}

pub fn sha256(bytes: &[u8]) -> Hash {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    std::fs::write(&path, bytes).unwrap();
    digest(&path, Algorithm::Sha256, Watch::default()).unwrap()
}

/// Impatient, so that tests are quick; two retries.
pub fn impatient() -> Settings {
    Settings {
        connect: Duration::from_secs(5),
        stall: Duration::from_millis(400),
        retries: 2,
        pause: Duration::from_millis(10),
        ..Settings::default()
    }
}

/// A folder, and what is fetched into it.
pub struct Place {
    folder: tempfile::TempDir,
    pub url: String,
    pub target: PathBuf,
    pub size: Option<u64>,
    pub hash: Option<Hash>,
    pub settings: Settings,
    events: RefCell<Vec<String>>,
}

impl Place {
    pub fn new(url: String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            target: folder.path().join("logs/model.pt"),
            folder,
            url,
            size: None,
            hash: None,
            settings: impatient(),
            events: RefCell::default(),
        }
    }

    pub fn wanting(self, bytes: &[u8]) -> Self {
        Self {
            size: Some(bytes.len() as u64),
            hash: Some(sha256(bytes)),
            ..self
        }
    }

    pub fn fetch(&self) -> Result<Fetched> {
        self.fetch_until(usize::MAX)
    }

    /// Cancels once `most` bytes are there.
    pub fn fetch_until(&self, most: usize) -> Result<Fetched> {
        let cancel = AtomicBool::new(false);
        let report = |event: Event<'_>| {
            if let Event::Received { done, .. } = event {
                cancel.store(done >= most as u64, Ordering::Relaxed);
            }
            self.events.borrow_mut().push(format!("{event:?}"));
        };
        let request = Request {
            url: &self.url,
            target: &self.target,
            size: self.size,
            hash: self.hash.as_ref(),
            check: None,
        };
        let watch = Watch {
            cancel: Some(&cancel),
            report: Some(&report),
        };
        fetch(&request, &self.settings, watch)
    }

    pub fn refusal(&self) -> String {
        self.fetch().unwrap_err().to_string()
    }

    pub fn part(&self) -> PathBuf {
        self.target.with_file_name("model.pt.part")
    }

    pub fn happened(&self, what: &str) -> bool {
        self.events
            .borrow()
            .iter()
            .any(|event| event.contains(what))
    }

    /// Names of the files that are there.
    pub fn files(&self) -> Vec<String> {
        let inside = std::fs::read_dir(self.folder.path().join("logs")).unwrap();
        let names = inside.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    }

    #[track_caller]
    pub fn holds(&self, bytes: &[u8]) {
        assert!(read(&self.target) == bytes, "other bytes than were served");
        assert_eq!(self.files(), ["model.pt"]);
    }
}

pub fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}

pub fn now(bytes: &[u8], resumed: usize) -> Fetched {
    Fetched::Now {
        bytes: bytes.len() as u64,
        resumed: resumed as u64,
    }
}
