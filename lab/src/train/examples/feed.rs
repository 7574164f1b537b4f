//! Makes the batches ahead of the training, on a thread of its own.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use crate::train::examples::example::{Batch, Plan};
use crate::train::examples::pictures::Pictures;
use ddrmjpeg::error::{Error, Result};

/// Most batches that wait.
const AHEAD: usize = 2;

/// The batches of consecutive steps.
pub(crate) struct Feed {
    batches: Receiver<Result<Batch>>,
}

impl Feed {
    /// Starts with the batch of step `first`.
    ///
    /// # Errors
    /// [`Error::Backend`] if no thread can be started.
    pub fn start(plan: Plan, pictures: Arc<Pictures>, first: u64) -> Result<Self> {
        let (send, batches) = sync_channel(AHEAD);
        let work = move || {
            for step in first.. {
                // The receiver is gone once training has ended.
                if send.send(Batch::make(&plan, &pictures, step)).is_err() {
                    return;
                }
            }
        };
        std::thread::Builder::new()
            .name("ddrmjpeg examples".into())
            .spawn(work)
            .map_err(|e| Error::Backend(format!("cannot start the thread of examples: {e}")))?;
        Ok(Self { batches })
    }

    /// The next batch.
    ///
    /// # Errors
    /// Those of [`Batch::make`].
    pub fn next(&self) -> Result<Batch> {
        self.batches
            .recv()
            .map_err(|_| Error::Backend("the thread of examples is gone".into()))?
    }
}
