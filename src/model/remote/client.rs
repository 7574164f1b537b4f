//! [`Remote`]: a prior that `ddrmjpeg-torch` computes, and that process.
//!
//! The process has one socket as its input and output. It ends with the prior, and by itself when
//! the socket closes, which it does however this process ends.

use std::io;
use std::io::{BufRead, BufReader, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::contract::{Denoiser, Hint, ModelFacts, Reach};
use crate::error::{Error, Result};
use crate::frame::Picture;
use crate::model::remote::SUBCOMMAND;
use crate::model::remote::link::{End, Link};
use crate::options::ModelOptions;

/// How long the program may take to its first word: loading libtorch from a slow disk. A model may
/// take as long as it takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long a program that has closed its output may take to end, and its last words to arrive.
const GRACE: Duration = Duration::from_secs(2);

/// Most bytes of a line of its messages.
const LONGEST_LINE: u64 = 4096;

/// A prior in another process.
pub struct Remote {
    process: Process,
    facts: ModelFacts,
    reach: Reach,
}

/// The process, which ends with this.
struct Process {
    link: Arc<Link>,
    child: Arc<Mutex<Child>>,
}

impl Remote {
    /// Starts `program` and opens the model that `options` name in it.
    ///
    /// # Errors
    /// [`Error::Backend`] where the program cannot be started, is of another version, ends or says
    /// what cannot be meant; the errors of opening the model.
    pub fn start(program: &Path, options: &ModelOptions) -> Result<Self> {
        let failed = |error: io::Error| Error::Backend(format!("{}: {error}", program.display()));
        let process = Process::start(program).map_err(failed)?;
        let (facts, reach) = process.link.open(options, PATIENCE)?;
        Ok(Self {
            process,
            facts,
            reach,
        })
    }
}

impl Process {
    fn start(program: &Path) -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        let link = Arc::new(Link::new(ours, program.display().to_string())?);
        let mut child = spawn(program, theirs)?;
        let stderr = child.stderr.take();
        let process = Self {
            link: Arc::clone(&link),
            child: Arc::new(Mutex::new(child)),
        };
        let named = |what: &str| thread::Builder::new().name(format!("ddrmjpeg {what}"));
        let (heard, last_line) = mpsc::channel();
        named("hears").spawn(move || heard.send(stderr.map(last_words).unwrap_or_default()))?;
        let child = Arc::clone(&process.child);
        named("listens").spawn(move || {
            let (why, status) = match link.listen() {
                End::Closed(why) => (why, end(&child, GRACE)),
                End::Nonsense(why) => (why, end(&child, Duration::ZERO)),
            };
            link.close();
            let words = last_line.recv_timeout(GRACE).unwrap_or_default();
            let words = (!words.is_empty()).then(|| format!(": {words}"));
            link.break_off(&format!("{why} ({status}){}", words.unwrap_or_default()));
        })?;
        Ok(process)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails only if it has ended. The thread that listens fetches its status.
        let _ = lock(&self.child).kill();
        self.link.close();
    }
}

fn spawn(program: &Path, socket: UnixStream) -> io::Result<Child> {
    let output = socket.try_clone()?;
    Command::new(program)
        .arg(SUBCOMMAND)
        .stdin(OwnedFd::from(socket))
        .stdout(OwnedFd::from(output))
        .stderr(Stdio::piped())
        // An interrupt of the terminal is for this process, which may want to finish its work.
        .process_group(0)
        .spawn()
}

/// The last line of `stderr` that is not empty, when it ends.
fn last_words(stderr: impl Read) -> String {
    let mut from = BufReader::new(stderr);
    let (mut last, mut line) = (Vec::new(), Vec::new());
    loop {
        line.clear();
        match (&mut from).take(LONGEST_LINE).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => break,
            Ok(_) if !line.trim_ascii().is_empty() => std::mem::swap(&mut last, &mut line),
            Ok(_) => {}
        }
    }
    String::from_utf8_lossy(last.trim_ascii()).into_owned()
}

/// Waits for the process so long, ends it if it goes on, and says how it ended.
fn end(child: &Mutex<Child>, grace: Duration) -> String {
    let until = Instant::now() + grace;
    loop {
        match lock(child).try_wait() {
            Ok(Some(status)) => return status.to_string(),
            Ok(None) if Instant::now() < until => {}
            Ok(None) | Err(_) => break,
        }
        thread::sleep(Duration::from_millis(5));
    }
    let mut child = lock(child);
    // Fails only if it has ended meanwhile.
    let _ = child.kill();
    match child.wait() {
        Ok(_) => "it was stopped".into(),
        Err(error) => error.to_string(),
    }
}

/// A panic elsewhere leaves the process as it is.
fn lock(child: &Mutex<Child>) -> MutexGuard<'_, Child> {
    child.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Denoiser for Remote {
    fn denoise(&self, x: &Picture, sigma: f64, hint: Option<&Hint>) -> Result<Picture> {
        self.process.link.ask(x, sigma, hint)
    }

    fn reach(&self) -> Reach {
        self.reach
    }

    fn facts(&self) -> &ModelFacts {
        &self.facts
    }

    fn expect(&self, pieces: usize) {
        self.process.link.expect(pieces);
    }
}
