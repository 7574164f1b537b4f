//! The model of an element. It is opened on a thread of its own when the element becomes READY, so
//! that neither the state change nor the application waits for it; the first frame does.
//!
//! PROGRESS messages report the state, an ERROR message a failure. If the element is stopped
//! meanwhile, the thread is abandoned and ends silently. Called by `session`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Instant;

use ddrmjpeg::Error;
use ddrmjpeg::model::open;
use gst::prelude::*;

use crate::errors;
use crate::registry::{self, Opened};
use crate::restorer::FrameRestorer;
use crate::settings::ElementOptions;

/// The code of the PROGRESS messages.
const CODE: &str = "model";

/// Why there is no model for a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unready {
    /// The element was asked to stop or flush.
    Cancelled,
    /// The model is not open yet, and the frame cannot wait any longer.
    Late,
    /// It cannot be opened; an ERROR message has been posted.
    Failed,
    /// None has been requested.
    Closed,
}

/// Holds the model from READY to NULL.
#[derive(Default)]
pub struct Loader {
    current: Mutex<Option<Arc<Load>>>,
}

/// One attempt to open a model.
struct Load {
    inner: Mutex<Inner>,
    changed: Condvar,
}

struct Inner {
    phase: Phase,
    options: ElementOptions,
    /// Nothing waits for it any more.
    abandoned: bool,
    /// The thread that is currently posting a message.
    telling: Option<ThreadId>,
}

enum Phase {
    Opening,
    Open(Arc<dyn FrameRestorer>),
    Failed,
}

impl Loader {
    /// Makes sure that the model of `options` is open or being opened. A model that is already open
    /// is kept; a failed one is tried again.
    pub fn begin(&self, element: &gst::Element, options: ElementOptions) {
        let mut current = lock(&self.current);
        if let Some(load) = current.as_ref().filter(|load| load.serves(&options)) {
            load.lock().options = options;
            return;
        }
        let last = current.take();
        drop(current);
        if let Some(last) = last {
            last.abandon(element);
        }
        let load = Load::begin(element, options);
        *lock(&self.current) = Some(load);
    }

    /// The options of the model that is open or being opened.
    pub fn options(&self) -> Option<ElementOptions> {
        let load = lock(&self.current).clone();
        load.map(|load| load.lock().options.clone())
    }

    /// The arithmetic of the model, once it is open and if it depends on the machine.
    pub fn precision(&self) -> Option<&'static str> {
        let load = lock(&self.current).clone()?;
        match &load.lock().phase {
            Phase::Open(restorer) => restorer.precision(),
            _ => None,
        }
    }

    /// Whether the last attempt failed. The failure is cleared, so that the next attempt tries
    /// again.
    pub fn take_failure(&self) -> bool {
        let load = lock(&self.current).clone();
        let failed = load.is_some_and(|load| matches!(load.told().phase, Phase::Failed));
        if failed {
            *lock(&self.current) = None;
        }
        failed
    }

    /// The model, once it is open. Only the first frame has to wait, at most until `cancel` is true
    /// or the time is up.
    ///
    /// # Errors
    /// Why there is none.
    pub fn wait(&self, cancel: &AtomicBool, until: Option<Instant>) -> Result<Opened, Unready> {
        let load = lock(&self.current).clone().ok_or(Unready::Closed)?;
        load.wait(cancel, until)
    }

    /// Makes a waiting frame check its `cancel` again.
    pub fn wake(&self) {
        if let Some(load) = lock(&self.current).as_ref() {
            // With the lock held: otherwise the frame could check before this and fall asleep after
            // it.
            let _inner = load.lock();
            load.changed.notify_all();
        }
    }

    /// Closes the model, or abandons its opening, without waiting for that.
    pub fn close(&self, element: &gst::Element) {
        let last = lock(&self.current).take();
        if let Some(last) = last {
            last.abandon(element);
        }
    }
}

impl Load {
    fn begin(element: &gst::Element, options: ElementOptions) -> Arc<Self> {
        let name = options.model.model.to_string();
        let load = Arc::new(Self {
            inner: Mutex::new(Inner {
                phase: Phase::Opening,
                options: options.clone(),
                abandoned: false,
                telling: None,
            }),
            changed: Condvar::new(),
        });
        let text = format!("Opening the model {name}");
        progress(element, gst::ProgressType::Start, &text);
        if name != "identity" {
            // This thread may end the process while the other is still working.
            open::prepare();
        }
        let (thread, weak) = (load.clone(), element.downgrade());
        let started = thread::Builder::new()
            .name("ddrmjpeg load".into())
            .spawn(move || thread.run(&weak, &options));
        if let Err(error) = started {
            let error = Error::Backend(format!("cannot start a thread: {error}"));
            load.fail(&element.downgrade(), &name, &error);
        }
        load
    }

    /// Opens the model. Messages are posted before the waiting frame is released, so that this
    /// thread holds no reference to the element once that frame is done.
    fn run(&self, element: &glib::WeakRef<gst::Element>, options: &ElementOptions) {
        let wanted = || !self.lock().abandoned;
        match registry::open(options, &wanted) {
            Ok(restorer) => {
                let text = opened(options.model.model.as_str(), &*restorer);
                self.settle(element, Phase::Open(restorer), |element| {
                    progress(element, gst::ProgressType::Complete, &text);
                });
            }
            Err(error) => self.fail(element, options.model.model.as_str(), &error),
        }
    }

    fn fail(&self, element: &glib::WeakRef<gst::Element>, name: &str, error: &Error) {
        let text = format!("The model {name} cannot be opened");
        self.settle(element, Phase::Failed, |element| {
            progress(element, gst::ProgressType::Error, &text);
            element.post_error_message(errors::message("Cannot open the model", error));
        });
    }

    /// Posts the messages unless this attempt was abandoned, then releases whatever waits for its
    /// end.
    fn settle(
        &self,
        element: &glib::WeakRef<gst::Element>,
        phase: Phase,
        post: impl FnOnce(&gst::Element),
    ) {
        let wanted = {
            let mut inner = self.lock();
            let wanted = !inner.abandoned;
            inner.telling = wanted.then(|| thread::current().id());
            wanted
        };
        if wanted && let Some(element) = element.upgrade() {
            post(&element);
        }
        let mut inner = self.lock();
        inner.telling = None;
        inner.phase = phase;
        drop(inner);
        self.changed.notify_all();
    }

    /// Waits until a message that is being posted has been posted, except on the thread that posts
    /// it.
    fn told(&self) -> MutexGuard<'_, Inner> {
        let me = thread::current().id();
        let mut inner = self.lock();
        while inner.telling.is_some_and(|thread| thread != me) {
            inner = self
                .changed
                .wait(inner)
                .unwrap_or_else(PoisonError::into_inner);
        }
        inner
    }

    /// After this its thread posts nothing and holds no reference to the element.
    fn abandon(&self, element: &gst::Element) {
        self.lock().abandoned = true;
        let opening = matches!(self.told().phase, Phase::Opening);
        self.changed.notify_all();
        if opening {
            let text = "The model is not needed any more";
            progress(element, gst::ProgressType::Canceled, text);
        }
    }

    /// Whether it is, or will be, the model of `options`.
    fn serves(&self, options: &ElementOptions) -> bool {
        let inner = self.lock();
        !matches!(inner.phase, Phase::Failed)
            && registry::same(&inner.options.model, &options.model)
    }

    fn wait(&self, cancel: &AtomicBool, until: Option<Instant>) -> Result<Opened, Unready> {
        let mut inner = self.lock();
        loop {
            match &inner.phase {
                Phase::Open(restorer) => {
                    return Ok(Opened {
                        restorer: restorer.clone(),
                        options: inner.options.clone(),
                    });
                }
                Phase::Failed => return Err(Unready::Failed),
                Phase::Opening => {}
            }
            if inner.abandoned || cancel.load(Ordering::Relaxed) {
                return Err(Unready::Cancelled);
            }
            inner = match until.map(|until| until.saturating_duration_since(Instant::now())) {
                None => self
                    .changed
                    .wait(inner)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(left) if left.is_zero() => return Err(Unready::Late),
                Some(left) => {
                    let waited = self.changed.wait_timeout(inner, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }
}

/// A panic elsewhere leaves the data behind these locks consistent.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The message that it is open, with the arithmetic and cautions.
fn opened(name: &str, restorer: &dyn FrameRestorer) -> String {
    let precision = restorer.precision().map(|word| format!(" in {word}"));
    let caution = restorer.caution().map(|text| format!(": {text}"));
    format!(
        "The model {name} is open{}{}",
        precision.unwrap_or_default(),
        caution.unwrap_or_default()
    )
}

fn progress(element: &gst::Element, kind: gst::ProgressType, text: &str) {
    let message = gst::message::Progress::builder(kind, CODE, text)
        .src(element)
        .build();
    // Fails only without a bus.
    let _ = element.post_message(message);
}
