//! The files that come into a folder, each once it is complete.
//!
//! The system tells of files that were closed after writing, or moved here: they are complete. Files
//! that are found by looking (at the start, in a folder that was moved here, on other machines, and
//! after the system has lost count) are complete when they have not changed for a while.

use std::collections::{HashMap, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};
use notify::event::{AccessKind, AccessMode, CreateKind, EventKind, ModifyKind, RenameMode};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};

use crate::io::files::{self, Job, Source, Target};
use crate::io::format::Format;
use crate::screen::Screen;

/// How long a file that was found by looking must not have changed.
const QUIET: Duration = Duration::from_secs(2);

/// How often such files, and a wish to stop, are looked at.
const TICK: Duration = Duration::from_millis(250);

/// Between which folders, and what is to become of what.
pub struct Places {
    /// The folder that is watched.
    pub input: PathBuf,
    /// The folder for results.
    pub output: PathBuf,
    /// The extensions of inputs.
    pub wanted: &'static [&'static str],
    /// The format of results.
    pub format: Format,
}

/// A state of a file that another content would not have: its size and its time of change.
type Stamp = (u64, SystemTime);

/// Iterates over the files as they come, and ends when it should stop.
pub struct Arrivals<'a> {
    places: Places,
    stop: &'a AtomicBool,
    screen: &'a Screen,
    events: Receiver<notify::Result<Event>>,
    /// Ends the events when it is dropped; `None`: files are found by looking alone.
    watcher: Option<RecommendedWatcher>,
    /// When to look again.
    look: Option<Instant>,
    poll: Option<Duration>,
    /// Complete files.
    ready: VecDeque<PathBuf>,
    /// Files that may be incomplete, as they were when they were looked at, and when that was.
    young: HashMap<PathBuf, (Stamp, Instant)>,
    /// Files that were restored, or could not be, as they were then.
    seen: HashMap<PathBuf, Stamp>,
    /// How many of them there may be before those that are gone are forgotten.
    seen_limit: usize,
}

impl<'a> Arrivals<'a> {
    /// Begins with the files that are there and have no result that is newer. With `poll` the
    /// folder is looked through every so many seconds, else the system tells of changes.
    ///
    /// # Errors
    /// If the system cannot watch the folder.
    pub fn new(
        places: Places,
        poll: Option<u64>,
        stop: &'a AtomicBool,
        screen: &'a Screen,
    ) -> Result<Self> {
        let (sender, events) = channel();
        let mut watcher = match poll {
            Some(_) => None,
            None => Some(notify::recommended_watcher(sender)?),
        };
        if let Some(watcher) = &mut watcher {
            let watched = watcher.watch(&places.input, RecursiveMode::Recursive);
            watched.with_context(|| {
                let folder = places.input.display();
                format!("{folder} cannot be watched (--poll looks for files instead)")
            })?;
        }
        let poll = poll.map(Duration::from_secs);
        Ok(Self {
            places,
            stop,
            screen,
            events,
            watcher,
            look: Some(Instant::now()),
            poll,
            ready: VecDeque::new(),
            young: HashMap::new(),
            seen: HashMap::new(),
            seen_limit: 1024,
        })
    }

    /// Waits for news, but not for long.
    fn wait(&mut self) {
        match self.events.recv_timeout(TICK) {
            Ok(Ok(event)) => self.hear(&event),
            Ok(Err(error)) => {
                self.screen
                    .say(&format!("{}: {error}", self.places.input.display()));
                self.look = Some(Instant::now());
            }
            Err(RecvTimeoutError::Timeout) => {}
            // There is no watcher.
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(TICK),
        }
        if self.look.is_some_and(|time| time <= Instant::now()) {
            self.look = self.poll.map(|poll| Instant::now() + poll);
            self.look_around();
        }
        self.look_at_the_young();
    }

    /// What an event means: a complete file, or a reason to look.
    fn hear(&mut self, event: &Event) {
        let complete = matches!(
            event.kind,
            EventKind::Access(AccessKind::Close(AccessMode::Write))
                | EventKind::Modify(ModifyKind::Name(RenameMode::To | RenameMode::Both))
        );
        let folder = event.kind == EventKind::Create(CreateKind::Folder);
        // Of a rename both names may be given, the new one last.
        let path = event.paths.last().filter(|_| complete || folder);
        if event.need_rescan() || path.is_some_and(|path| path.is_dir()) {
            self.look = Some(Instant::now());
        }
        if let Some(path) = path.filter(|path| complete && self.is_input(path)) {
            self.young.remove(path);
            self.ready.push_back(path.clone());
        }
    }

    fn is_input(&self, path: &Path) -> bool {
        files::has_extension(path, self.places.wanted)
            && !path.starts_with(&self.places.output)
            && path.is_file()
    }

    /// Looks for files that have no result that is newer.
    fn look_around(&mut self) {
        let Places { input, output, .. } = &self.places;
        let found = files::walk(input, self.places.wanted, Some(output));
        for (name, why) in &found.failures {
            self.screen.say(&format!("{name}: {why}"));
        }
        for inner in found.files {
            let path = self.places.input.join(inner);
            let Some(stamp) = stamp(&path) else { continue };
            if self.seen.get(&path) != Some(&stamp) && !self.has_result(&path, stamp.1) {
                let now = Instant::now();
                self.young.entry(path).or_insert((stamp, now));
            }
        }
    }

    /// Files that have not changed for a while are complete.
    fn look_at_the_young(&mut self) {
        let mut complete = Vec::new();
        self.young.retain(|path, (before, since)| {
            let Some(now) = stamp(path) else { return false };
            if now != *before {
                (*before, *since) = (now, Instant::now());
            }
            let old = now.1.elapsed().is_ok_and(|age| age >= QUIET);
            let quiet = old || since.elapsed() >= QUIET;
            if quiet {
                complete.push(path.clone());
            }
            !quiet
        });
        complete.sort();
        self.ready.extend(complete);
    }

    fn has_result(&self, path: &Path, changed: SystemTime) -> bool {
        let result = stamp(&self.result(path));
        result.is_some_and(|(_, made)| made >= changed)
    }

    /// Where the result of `path` goes.
    fn result(&self, path: &Path) -> PathBuf {
        let inner = path.strip_prefix(&self.places.input).unwrap_or(path);
        let name = files::name_of_result(path, inner, self.places.wanted, self.places.format);
        self.places.output.join(name)
    }

    fn job(&mut self, path: PathBuf) -> Job {
        if let Some(stamp) = stamp(&path) {
            self.seen.insert(path.clone(), stamp);
        }
        if self.seen.len() > self.seen_limit {
            self.seen.retain(|path, _| path.exists());
            self.seen_limit = 2 * self.seen.len().max(512);
        }
        Job {
            target: Target::File(self.result(&path)),
            source: Source::File(path),
            format: self.places.format,
            member: None,
        }
    }
}

impl Iterator for Arrivals<'_> {
    type Item = Job;

    fn next(&mut self) -> Option<Job> {
        while !self.stop.load(Ordering::Relaxed) {
            if let Some(path) = self.ready.pop_front() {
                return Some(self.job(path));
            }
            self.wait();
        }
        self.watcher = None;
        None
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let about = fs::metadata(path).ok()?;
    Some((about.len(), about.modified().ok()?))
}
