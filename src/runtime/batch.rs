//! `Batcher`: questions from any thread to one network, joined into calls of several.
//!
//! Whoever asks waits for the answer. One of those who wait takes the way to the network's
//! thread for all of them: as soon as there are enough, or nobody else who could join, or the
//! oldest has waited long enough. What goes together is settled only there, when the thread is
//! free, so questions gather while it works. Knows neither torch nor pictures, and no thread is
//! its own. Called by `film::prior` and `epsilon`.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::options::Options;
use crate::runtime::worker::caught;

/// Questions in one call on CUDA, unless the options say how many.
const ON_CUDA: usize = 8;

/// A question that may be asked together with others.
pub(crate) trait Joins {
    /// Whether the two fit into one call; of what fits the same, each fits the other.
    fn joins(&self, other: &Self) -> bool;

    /// Most questions such as this one in a call, whatever the limit is.
    fn most(&self) -> usize;
}

/// A caller that is inside of [`Batcher::ask`].
pub(crate) type Ticket = u64;

/// Questions `Q` that wait for answers `A`.
pub(crate) struct Batcher<Q, A> {
    limit: usize,
    delay: Duration,
    state: Mutex<State<Q, A>>,
    changed: Condvar,
    /// How many questions each call had.
    #[cfg(test)]
    pub calls: Mutex<Vec<usize>>,
}

/// Everybody who is inside, in order of arrival, and how many are expected beside them.
struct State<Q, A> {
    next: Ticket,
    expected: usize,
    inside: Vec<Asked<Q, A>>,
}

struct Asked<Q, A> {
    ticket: Ticket,
    question: Q,
    since: Instant,
    /// Whether its caller is on the way to the network's thread.
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

/// When somebody has to go.
struct Due {
    at: Instant,
    /// Whether others have been waited for in vain by then.
    late: bool,
}

impl<Q: Copy + Joins, A> Batcher<Q, A> {
    /// Calls have at most `limit` questions; while fewer are there, none waits longer than
    /// `delay` for others to join it.
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

    /// As `options` say for a network on CUDA or on a CPU; none where no call is to have more than
    /// one question: on a CPU, unless more are asked for, since joined they took as long as one after
    /// another.
    pub fn of_options(options: &Options, on_cuda: bool) -> Option<Self> {
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

    /// So many questions are coming, from a thread each: the first of them waits for the others,
    /// as long as it waits for anybody.
    pub fn expect(&self, questions: usize) {
        self.lock().expected += questions;
    }

    /// The answer to `question`. `go` has to bring the ticket to [`Self::serve`] on the network's
    /// thread and return when that is done; it may be called several times, or not at all.
    ///
    /// When this returns or unwinds, nobody has the question any more.
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

    /// Answers the oldest questions that fit that of `ticket`, at most as many as go together;
    /// none, if others have answered them meanwhile. To be called on the network's thread.
    ///
    /// When `answer` fails or panics with several, each is asked by itself, once.
    pub fn serve(&self, ticket: Ticket, answer: impl Fn(&[Q]) -> Result<Vec<A>>) {
        let taken = self.take(ticket);
        if taken.is_empty() {
            return;
        }
        #[cfg(test)]
        self.calls.lock().unwrap().push(taken.len());
        let (tickets, questions): (Vec<Ticket>, Vec<Q>) = taken.into_iter().unzip();
        let answers = answers(&questions, &answer);
        // Their callers may go as soon as they are answered.
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
        // A call may be full now.
        self.changed.notify_all();
        ticket
    }

    /// Waits for the answer; none when it is this caller who has to go for it.
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
    /// A panic elsewhere leaves nothing half done behind this lock.
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
                    // Those who have not come by now were announced in vain.
                    self.expected = 0;
                }
                self.inside[at].goes = true;
                Step::Go
            }
        }
    }

    /// When somebody has to go for the question at `at`; none when those who are on their way
    /// will take it along.
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

/// A caller that leaves, with its answer, without one, or unwinding.
struct Leaves<'a, Q, A>(&'a Batcher<Q, A>, Ticket);

impl<Q, A> Drop for Leaves<'_, Q, A> {
    fn drop(&mut self) {
        let Self(batcher, ticket) = *self;
        let mut state = batcher.lock();
        // What is taken is being looked at, and is answered whatever happens.
        while let Some(Stage::Taken) = state.of(ticket).map(|asked| &asked.stage) {
            let waited = batcher.changed.wait(state);
            state = waited.unwrap_or_else(PoisonError::into_inner);
        }
        state.inside.retain(|asked| asked.ticket != ticket);
        drop(state);
        // Those who are left may be all that there are.
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
mod batch_tests;
