//! The client's end of a connection: questions of many threads on one stream, answers by number.
//!
//! It knows no process: `client` gives it the stream, and the words for its end.

use std::collections::HashMap;
use std::io;
use std::io::{BufReader, BufWriter, Read};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::contract::{Hint, ModelFacts, Reach};
use crate::error::{Error, Result};
use crate::frame::Picture;
use crate::model::remote::messages::{
    put_options, read_answer, send_question, take_error, take_opened,
};
use crate::model::remote::protocol::{Greeting, Head, Kind, MOST_PIXELS, send};
use crate::model::remote::wire::nonsense;
use crate::options::ModelOptions;

/// Bytes that are read from the stream at once.
const BUFFER: usize = 256 * 1024;

/// One connection.
pub struct Link {
    /// Of the other side, for messages.
    name: String,
    to: Mutex<UnixStream>,
    from: UnixStream,
    state: Mutex<State>,
    changed: Condvar,
}

/// Why nothing more is read, in words.
pub enum End {
    /// The other side has closed the connection.
    Closed(String),
    /// It has to be closed here.
    Nonsense(String),
}

#[derive(Default)]
struct State {
    greeted: bool,
    opened: Option<Result<(ModelFacts, Reach)>>,
    /// The number of the last question; they begin with 1.
    last: u64,
    asked: HashMap<u64, Question>,
    /// Why there will be no more answers.
    broken: Option<String>,
}

struct Question {
    size: (usize, usize),
    answer: Option<Result<Picture>>,
}

impl Link {
    /// # Errors
    /// If the stream cannot be shared.
    pub fn new(stream: UnixStream, name: String) -> io::Result<Self> {
        Ok(Self {
            name,
            from: stream.try_clone()?,
            to: Mutex::new(stream),
            state: Mutex::default(),
            changed: Condvar::new(),
        })
    }

    /// Reads until the other side ends, or says what cannot be meant. Whoever waits goes on to wait
    /// for [`Self::break_off`].
    pub fn listen(&self) -> End {
        let mut from = BufReader::with_capacity(BUFFER, &self.from);
        let Err(error) = self.read_all(&mut from) else {
            return End::Closed("it has ended".into());
        };
        match error.kind() {
            io::ErrorKind::InvalidData => End::Nonsense(error.to_string()),
            // So it is where it leaves something unread.
            io::ErrorKind::ConnectionReset => End::Closed("it has ended".into()),
            io::ErrorKind::UnexpectedEof => {
                End::Closed("it has ended in the middle of a message".into())
            }
            _ => End::Nonsense(format!("it cannot be read from: {error}")),
        }
    }

    fn read_all(&self, from: &mut impl Read) -> io::Result<()> {
        let greeting = Greeting::read(from)?;
        greeting.agrees().map_err(nonsense)?;
        self.change(|state| state.greeted = true);
        while let Some(head) = Head::read(from)? {
            match head.kind {
                Kind::Opened | Kind::Failed if !self.is_open() => {
                    let message = head.message(from)?;
                    let opened = match head.kind {
                        Kind::Opened => Ok(take_opened(&message)?),
                        _ => Err(take_error(&message)?),
                    };
                    self.change(|state| state.opened = Some(opened));
                }
                Kind::Answer => {
                    let size = self.size_of(head)?;
                    let answer = read_answer(head, from, size)?;
                    self.settle(head.number, Ok(answer));
                }
                Kind::Failed => {
                    self.size_of(head)?;
                    let error = take_error(&head.message(from)?)?;
                    self.settle(head.number, Err(error));
                }
                other => return Err(nonsense(format!("{other:?} is nothing that it may say"))),
            }
        }
        Ok(())
    }

    fn is_open(&self) -> bool {
        self.lock().opened.is_some()
    }

    /// The size of the picture in the question that `head` answers.
    fn size_of(&self, head: Head) -> io::Result<(usize, usize)> {
        let state = self.lock();
        let question = state.asked.get(&head.number);
        let open = question.filter(|question| question.answer.is_none());
        let none = || {
            nonsense(format!(
                "an answer to question {}, which waits for none",
                head.number
            ))
        };
        open.map(|question| question.size).ok_or_else(none)
    }

    fn settle(&self, number: u64, answer: Result<Picture>) {
        self.change(|state| {
            if let Some(question) = state.asked.get_mut(&number) {
                question.answer = Some(answer);
            }
        });
    }

    /// All who wait, and all who ask later, get `why` as an [`Error::Backend`].
    pub fn break_off(&self, why: &str) {
        let why = format!("{}: {why}", self.name);
        self.change(|state| state.broken = Some(why));
    }

    /// Ends the connection; the other side sees that its input ends.
    pub fn close(&self) {
        // Fails only where it is closed already.
        let _ = self.from.shutdown(Shutdown::Both);
    }

    /// Sends the options, and waits for what they open: for a first word no longer than `patience`.
    ///
    /// # Errors
    /// Those of opening there, or [`Error::Backend`].
    pub fn open(&self, options: &ModelOptions, patience: Duration) -> Result<(ModelFacts, Reach)> {
        self.write(|to| {
            Greeting::ours().write(to)?;
            send(to, Kind::Open, 0, &put_options(options))
        });
        let until = Instant::now() + patience;
        let mut state = self.lock();
        loop {
            if let Some(Err(error)) = state.opened.take_if(|opened| opened.is_err()) {
                return Err(error);
            }
            if let Some(Ok(opened)) = &state.opened {
                return Ok(opened.clone());
            }
            if let Some(why) = &state.broken {
                return Err(Error::Backend(why.clone()));
            }
            let left = until.saturating_duration_since(Instant::now());
            state = match state.greeted {
                true => self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                false if left.is_zero() => {
                    let seconds = patience.as_secs();
                    let name = &self.name;
                    let why = format!("{name}: it has said nothing for {seconds} seconds");
                    return Err(Error::Backend(why));
                }
                false => {
                    let waited = self.changed.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Announces so many questions.
    pub fn expect(&self, pieces: usize) {
        self.write(|to| send(to, Kind::Expect, pieces as u64, &[]));
    }

    /// The estimate of x0, when it has come.
    ///
    /// # Errors
    /// Those of the network there, or [`Error::Backend`].
    pub fn ask(&self, x: &Picture, sigma: f64, hint: Option<&Hint>) -> Result<Picture> {
        let size = checked(x, hint)?;
        let number = {
            let mut state = self.lock();
            state.last += 1;
            let number = state.last;
            let question = Question { size, answer: None };
            state.asked.insert(number, question);
            number
        };
        self.write(|to| send_question(to, number, x, sigma, hint));
        let mut state = self.lock();
        loop {
            let answered = |question: &Question| question.answer.is_some();
            if state.asked.get(&number).is_none_or(answered) || state.broken.is_some() {
                let answer = state
                    .asked
                    .remove(&number)
                    .and_then(|question| question.answer);
                let why = || state.broken.clone().unwrap_or_default();
                return answer.unwrap_or_else(|| Err(Error::Backend(why())));
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// What cannot be written ends the connection, and `listen` with it.
    fn write(&self, work: impl FnOnce(&mut BufWriter<&UnixStream>) -> io::Result<()>) {
        let to = self.to.lock().unwrap_or_else(PoisonError::into_inner);
        if work(&mut BufWriter::new(&*to)).is_err() {
            self.close();
        }
    }

    fn change(&self, work: impl FnOnce(&mut State)) {
        work(&mut self.lock());
        self.changed.notify_all();
    }

    /// A panic elsewhere leaves the data behind this lock consistent.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Width and height, where the other side will take them.
fn checked(x: &Picture, hint: Option<&Hint>) -> Result<(usize, usize)> {
    let size = (x.width, x.height);
    let like = |picture: &Picture| {
        picture.channels == 3
            && (picture.width, picture.height) == size
            && picture.data.len() == 3 * picture.plane_len()
    };
    let fits = like(x) && hint.is_none_or(|hint| like(&hint.decoded));
    let (width, height) = size;
    let taken = width % 8 == 0 && height % 8 == 0 && (1..=MOST_PIXELS).contains(&x.plane_len());
    if !fits || !taken {
        return Err(Error::Backend(format!(
            "{width}x{height} in {} channels: a network in another process takes three, sides that \
             are multiples of 8, {MOST_PIXELS} pixels at most, and a hint of the same size",
            x.channels
        )));
    }
    Ok(size)
}

#[cfg(test)]
#[path = "link_tests.rs"]
mod link_tests;
