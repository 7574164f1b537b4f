//! `Batcher`: joins questions from any thread to one network into calls of several.
//!
//! Callers wait for their answers. One of the waiting callers goes to the network's thread for all
//! of them: as soon as there are enough, or no other caller could join, or the oldest has waited
//! long enough. Which questions are joined is decided only there, when the thread is free, so
//! questions collect while it works. This module knows neither torch nor pictures, and has no
//! thread of its own. Called by `conv_net::plain_prior` and the published networks.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::options::ModelOptions;
use crate::runtime::worker::caught;

/// Questions in one call on CUDA, unless the options say otherwise.
const ON_CUDA: usize = 8;

/// A question that may be joined with others.
pub(crate) trait Joins {
    /// Whether the two fit into one call. Two that fit a third must fit each other.
    fn joins(&self, other: &Self) -> bool;

    /// Most questions like this one in a call, whatever the limit is.
    fn most(&self) -> usize;
}

/// A caller inside [`Batcher::ask`].
pub(crate) type Ticket = u64;

/// Questions `Q` that wait for answers `A`.
pub(crate) struct Batcher<Q, A> {
    limit: usize,
    delay: Duration,
    state: Mutex<State<Q, A>>,
    changed: Condvar,
    /// The number of questions in each call.
    #[cfg(test)]
    pub calls: Mutex<Vec<usize>>,
}

/// All callers inside, in order of arrival, and how many more are expected.
struct State<Q, A> {
    next: Ticket,
    expected: usize,
    inside: Vec<Asked<Q, A>>,
}

struct Asked<Q, A> {
    ticket: Ticket,
    question: Q,
    since: Instant,
    /// Whether its caller is going to the network's thread.
    goes: bool,
    stage: Stage<A>,
}

enum Stage<A> {
    Waits,
    Taken,
    Answered(Result<A>),
}

/// What a caller does next.
enum Step<A> {
    Return(Result<A>),
    Go,
    WaitUntil(Instant),
    Wait,
}

/// When a caller has to go.
struct Due {
    at: Instant,
    /// Whether the wait for others has timed out by then.
    late: bool,
}

impl<Q: Copy + Joins, A> Batcher<Q, A> {
    /// Calls have at most `limit` questions. While there are fewer, none waits longer than `delay`
    /// for others to join.
    pub fn new(limit: usize, delay: Duration) -> Self {
        Self {
            limit: limit.max(1),
            delay,
            state: Mutex::new(State {
                next: 0,
                expected: 0,
                inside: Vec::new(),
            }),
            changed: Condvar::new(),
            #[cfg(test)]
            calls: Mutex::default(),
        }
    }

    /// A batcher as `options` say, for a network on CUDA or on a CPU. `None` if no call should have
    /// more than one question: on a CPU that is the default, because joined calls took as long as
    /// single ones.
    pub fn of_options(options: &ModelOptions, on_cuda: bool) -> Option<Self> {
        let limit = match options.max_batch {
            0 if on_cuda => ON_CUDA,
            0 => 1,
            limit => limit,
        };
        let delay = Duration::try_from_secs_f64(options.max_delay_ms / 1000.0);
        (limit > 1).then(|| Self::new(limit, delay.unwrap_or_default()))
    }

    /// Most questions in one call.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Announces this many questions, each from its own thread: the first of them waits for the
    /// others, up to the usual delay.
    pub fn expect(&self, questions: usize) {
        self.lock().expected += questions;
    }

    /// Returns the answer to `question`. `go` must pass the ticket to [`Self::serve`] on the
    /// network's thread and return when that is done; it may be called several times, or not at
    /// all.
    ///
    /// When this returns or unwinds, nothing refers to the question any more.
    ///
    /// # Errors
    /// The answer's own, or those of `go`.
    pub fn ask(&self, question: Q, go: impl Fn(Ticket) -> Result<()>) -> Result<A> {
        let ticket = self.enter(question);
        let _leaves = Leaves(self, ticket);
        loop {
            match self.wait(ticket) {
                Some(answer) => return answer,
                None => go(ticket)?,
            }
        }
    }

    /// Answers the oldest questions that fit that of `ticket`, up to the limit; none if they have
    /// been answered meanwhile. Must be called on the network's thread.
    ///
    /// If `answer` fails or panics with several questions, each is answered by itself, once.
    pub fn serve(&self, ticket: Ticket, answer: impl Fn(&[Q]) -> Result<Vec<A>>) {
        let taken = self.take(ticket);
        if taken.is_empty() {
            return;
        }
        #[cfg(test)]
        self.calls.lock().unwrap().push(taken.len());
        let (tickets, questions): (Vec<Ticket>, Vec<Q>) = taken.into_iter().unzip();
        let answers = answers(&questions, &answer);
        // Their callers may return as soon as they are answered.
        drop(questions);
        let mut state = self.lock();
        for (ticket, answer) in tickets.into_iter().zip(answers) {
            if let Some(asked) = state.of(ticket) {
                asked.stage = Stage::Answered(answer);
            }
        }
        self.changed.notify_all();
    }

    fn enter(&self, question: Q) -> Ticket {
        let mut state = self.lock();
        let ticket = state.next;
        state.next += 1;
        state.expected = state.expected.saturating_sub(1);
        state.inside.push(Asked {
            ticket,
            question,
            since: Instant::now(),
            goes: false,
            stage: Stage::Waits,
        });
        // A call may now be full.
        self.changed.notify_all();
        ticket
    }

    /// Waits for the answer; `None` if this caller has to go.
    fn wait(&self, ticket: Ticket) -> Option<Result<A>> {
        let mut state = self.lock();
        if let Some(asked) = state.of(ticket) {
            asked.goes = false;
        }
        loop {
            let now = Instant::now();
            state = match state.step(ticket, self.limit, self.delay, now) {
                Step::Return(answer) => return Some(answer),
                Step::Go => {
                    self.changed.notify_all();
                    return None;
                }
                Step::Wait => self.changed.wait(state),
                Step::WaitUntil(due) => {
                    let waited = self.changed.wait_timeout(state, due - now);
                    waited
                        .map(|(state, _)| state)
                        .map_err(|broken| PoisonError::new(broken.into_inner().0))
                }
            }
            .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn take(&self, ticket: Ticket) -> Vec<(Ticket, Q)> {
        let mut state = self.lock();
        let Some(leader) = state.of(ticket) else {
            return Vec::new();
        };
        leader.goes = false;
        let kind = leader.question;
        let fits = |asked: &&mut Asked<Q, A>| asked.waits() && asked.question.joins(&kind);
        let limit = self.limit.min(kind.most()).max(1);
        let taken = state.inside.iter_mut().filter(fits).take(limit);
        let taken = taken.map(|asked| {
            asked.stage = Stage::Taken;
            (asked.ticket, asked.question)
        });
        let taken = taken.collect();
        self.changed.notify_all();
        taken
    }
}

impl<Q, A> Batcher<Q, A> {
    /// A panic elsewhere leaves the data behind this lock consistent.
    fn lock(&self) -> MutexGuard<'_, State<Q, A>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many callers are inside.
    #[cfg(test)]
    pub fn inside(&self) -> usize {
        self.lock().inside.len()
    }
}

impl<Q: Joins, A> State<Q, A> {
    fn step(&mut self, ticket: Ticket, limit: usize, delay: Duration, now: Instant) -> Step<A> {
        let Some(at) = self.inside.iter().position(|a| a.ticket == ticket) else {
            return Step::Return(Err(Error::Backend("a question is gone".into())));
        };
        match self.inside[at].stage {
            Stage::Taken => return Step::Wait,
            Stage::Answered(_) => {
                return match self.inside.remove(at).stage {
                    Stage::Answered(answer) => Step::Return(answer),
                    Stage::Waits | Stage::Taken => Step::Wait,
                };
            }
            Stage::Waits => {}
        }
        match self.due(at, limit, delay) {
            None => Step::Wait,
            Some(due) if due.at > now => Step::WaitUntil(due.at),
            Some(due) => {
                if due.late {
                    // Announced callers that have not arrived by now are no longer expected.
                    self.expected = 0;
                }
                self.inside[at].goes = true;
                Step::Go
            }
        }
    }

    /// When a caller has to go for the question at `at`; `None` if callers that are going will take
    /// it along.
    fn due(&self, at: usize, limit: usize, delay: Duration) -> Option<Due> {
        let mine = &self.inside[at];
        let limit = limit.min(mine.question.most()).max(1);
        let alike = || {
            let all = self.inside.iter();
            all.filter(|asked| asked.question.joins(&mine.question))
        };
        let mut waiting = alike().filter(|asked| asked.waits());
        let fetched = limit * alike().filter(|asked| asked.goes).count();
        let oldest = waiting.nth(fetched)?;
        if mine.ticket < oldest.ticket {
            return None;
        }
        let full = waiting.count() + 1 >= limit;
        let all_here = self.expected == 0 && self.inside.iter().all(Asked::waits);
        let late = !full && !all_here;
        let wait = if late { delay } else { Duration::ZERO };
        Some(Due {
            at: oldest.since + wait,
            late,
        })
    }
}

impl<Q, A> State<Q, A> {
    fn of(&mut self, ticket: Ticket) -> Option<&mut Asked<Q, A>> {
        self.inside.iter_mut().find(|a| a.ticket == ticket)
    }
}

impl<Q, A> Asked<Q, A> {
    fn waits(&self) -> bool {
        matches!(self.stage, Stage::Waits)
    }
}

/// Removes a caller that leaves with its answer, without one, or unwinding.
struct Leaves<'a, Q, A>(&'a Batcher<Q, A>, Ticket);

impl<Q, A> Drop for Leaves<'_, Q, A> {
    fn drop(&mut self) {
        let Self(batcher, ticket) = *self;
        let mut state = batcher.lock();
        // A question that has been taken is in use, and will be answered in any case.
        while let Some(Stage::Taken) = state.of(ticket).map(|asked| &asked.stage) {
            let waited = batcher.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
        state.inside.retain(|asked| asked.ticket != ticket);
        drop(state);
        // The remaining callers may be all that there are.
        batcher.changed.notify_all();
    }
}

/// An answer for each of `questions`.
fn answers<Q, A>(questions: &[Q], answer: &impl Fn(&[Q]) -> Result<Vec<A>>) -> Vec<Result<A>> {
    if questions.len() > 1
        && let Ok(answers) = caught(|| answer(questions))
        && answers.len() == questions.len()
    {
        return answers.into_iter().map(Ok).collect();
    }
    let alone = |question| {
        let answers = caught(|| answer(std::slice::from_ref(question)))?;
        let first = answers.into_iter().next();
        first.ok_or_else(|| Error::Backend("a question without an answer".into()))
    };
    questions.iter().map(alone).collect()
}

#[cfg(test)]
#[path = "batch_tests.rs"]
mod batch_tests;
