//! The side of the program that has libtorch: opens a prior, and answers questions.
//!
//! It has no process of its own: `ddrmjpeg-torch backend` gives it its streams and the way to open a
//! model.

use std::io::{BufWriter, Read, Write};
use std::panic;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::contract::Denoiser;
use crate::error::{Error, Result};
use crate::frame::Picture;
use crate::model::remote::messages::{
    Asked, put_error, put_opened, read_question, send_answer, take_options,
};
use crate::model::remote::protocol::{Greeting, Head, Kind, send};
use crate::options::ModelOptions;

/// Most questions that are announced at once.
const MOST_EXPECTED: u64 = 1024;

/// Answers what comes from `from` until that ends, one thread to a question, as many at once as the
/// prior gains by.
///
/// # Errors
/// [`Error::Backend`] where the client is of another version or says what cannot be meant.
pub fn serve(
    from: &mut impl Read,
    to: impl Write + Send + 'static,
    open: impl FnOnce(&ModelOptions) -> Result<Arc<dyn Denoiser>>,
) -> Result<()> {
    let failed = |error: std::io::Error| Error::Backend(format!("the client: {error}"));
    let mut to = BufWriter::new(to);
    Greeting::ours().write(&mut to).map_err(failed)?;
    let greeting = Greeting::read(from).map_err(failed)?;
    greeting.agrees().map_err(Error::Backend)?;
    let head = Head::read(from).map_err(failed)?;
    let Some(head) = head.filter(|head| head.kind == Kind::Open) else {
        return Err(Error::Backend("the client names no model".into()));
    };
    let options = head
        .message(from)
        .and_then(|message| take_options(&message));
    let options = options.map_err(failed)?;
    let prior = match caught(|| open(&options)) {
        Ok(prior) => prior,
        Err(error) => return send(&mut to, Kind::Failed, 0, &put_error(&error)).map_err(failed),
    };
    let opened = put_opened(prior.facts(), prior.reach());
    send(&mut to, Kind::Opened, 0, &opened).map_err(failed)?;
    let desk = Arc::new(Desk {
        most: prior.facts().at_once.max(1),
        prior,
        to: Mutex::new(to),
        busy: Mutex::new(0),
        freed: Condvar::new(),
    });
    while let Some(head) = Head::read(from).map_err(failed)? {
        match head.kind {
            Kind::Question => {
                let asked = read_question(head, from).map_err(failed)?;
                Desk::take(&desk, head.number, asked);
            }
            Kind::Expect => desk.prior.expect(head.number.min(MOST_EXPECTED) as usize),
            other => return Err(Error::Backend(format!("the client says {other:?}"))),
        }
    }
    Ok(())
}

/// Where questions are answered.
struct Desk<W: Write> {
    prior: Arc<dyn Denoiser>,
    to: Mutex<BufWriter<W>>,
    /// Questions that are being answered, `most` of them at once.
    busy: Mutex<usize>,
    freed: Condvar,
    most: usize,
}

impl<W: Write + Send + 'static> Desk<W> {
    /// Answers on a thread of its own, once there is room.
    fn take(desk: &Arc<Self>, number: u64, asked: Asked) {
        let mut busy = lock(&desk.busy);
        while *busy >= desk.most {
            busy = desk
                .freed
                .wait(busy)
                .unwrap_or_else(PoisonError::into_inner);
        }
        *busy += 1;
        drop(busy);
        let there = Arc::clone(desk);
        let work = move || there.answer(number, &asked);
        let begun = thread::Builder::new()
            .name("ddrmjpeg answer".into())
            .spawn(work);
        if let Err(error) = begun {
            desk.done(
                number,
                Err(Error::Backend(format!("cannot start a thread: {error}"))),
            );
        }
    }

    fn answer(&self, number: u64, asked: &Asked) {
        let size = |picture: &Picture| (picture.channels, picture.width, picture.height);
        let answer = caught(|| {
            self.prior
                .denoise(&asked.x, asked.sigma, asked.hint.as_ref())
        });
        let answer = answer.and_then(|x0| match size(&x0) == size(&asked.x) {
            true => Ok(x0),
            false => Err(Error::Backend("an estimate of another size".into())),
        });
        self.done(number, answer);
    }

    fn done(&self, number: u64, answer: Result<Picture>) {
        let mut to = lock(&self.to);
        // A client that does not hear this has ended, which the loop over its questions sees.
        let _ = match answer {
            Ok(x0) => send_answer(&mut *to, number, &x0),
            Err(error) => send(&mut *to, Kind::Failed, number, &put_error(&error)),
        };
        drop(to);
        *lock(&self.busy) -= 1;
        self.freed.notify_one();
    }
}

/// A panic elsewhere leaves the data behind these locks consistent.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What `work` returns; a panic in it is an [`Error::Backend`].
fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    let unwound = |panic: Box<dyn std::any::Any + Send>| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Err(Error::Backend(text.unwrap_or("a panic").to_owned()))
    };
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(unwound)
}
