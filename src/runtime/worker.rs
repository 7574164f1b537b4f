//! One thread per device that owns every torch call of the process.
//!
//! OpenMP keeps a pool of threads per calling thread, so calls from many threads would multiply
//! them. Panics of the backend become errors here, and the thread continues.
//!
//! Work is done in order of arrival, and each caller waits for its own. So no caller has more than
//! one piece in the queue, none waits for more than one piece of each other caller, and work may
//! borrow from its caller.

use std::any::Any;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use tch::Device;

use crate::error::{Error, Result};
use crate::runtime::native::allocator::{ReleasesMemory, reuse_memory, without_keeping};
use crate::runtime::native::device::own_stream;
use crate::runtime::native::exit;

type Job<'a> = Box<dyn FnOnce() + Send + 'a>;

/// Pieces of work in the queue; further callers wait for room.
const QUEUED: usize = 64;

/// A handle to the thread of one device.
#[derive(Clone)]
pub struct Worker {
    jobs: SyncSender<Job<'static>>,
}

static WORKERS: LazyLock<Mutex<HashMap<Device, Worker>>> = LazyLock::new(Mutex::default);

impl Worker {
    /// The worker of `device`, started at the first call. `threads` CPU threads are used from then
    /// on; 0 leaves the number unchanged (all, unless set before).
    ///
    /// # Errors
    /// [`Error::Backend`] when no thread can be started.
    pub fn of(device: Device, threads: usize) -> Result<Self> {
        let mut workers = WORKERS.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(worker) = workers.get(&device) {
            let worker = worker.clone();
            drop(workers);
            worker.set_threads(threads)?;
            return Ok(worker);
        }
        let worker = Self::start(device)?;
        workers.insert(device, worker.clone());
        drop(workers);
        worker.set_threads(threads)?;
        Ok(worker)
    }

    fn start(device: Device) -> Result<Self> {
        let (jobs, queue) = sync_channel(QUEUED);
        std::thread::Builder::new()
            .name(format!("ddrmjpeg {device:?}"))
            .spawn(move || {
                reuse_memory();
                exit::wait_for_work();
                if let Device::Cuda(index) = device {
                    // Without its own stream it uses the shared one, and only waits more.
                    let _ = own_stream(index);
                }
                serve(&queue);
            })
            .map_err(|e| Error::Backend(format!("cannot start the torch thread: {e}")))?;
        Ok(Self { jobs })
    }

    fn set_threads(&self, threads: usize) -> Result<()> {
        match i32::try_from(threads) {
            Ok(n) if n > 0 => self.call(move || {
                tch::set_num_threads(n);
                Ok(())
            }),
            _ => Ok(()),
        }
    }

    /// Runs `work` on the worker's thread, without gradients, and waits for it.
    ///
    /// # Errors
    /// The work's own, or [`Error::Backend`] if it panicked.
    pub fn call<'a, R, F>(&self, work: F) -> Result<R>
    where
        R: Send + 'a,
        F: FnOnce() -> Result<R> + Send + 'a,
    {
        let (reply, answer) = channel();
        let job: Job<'a> = Box::new(move || {
            // The caller waits; if it is gone, the answer is not needed.
            let _ = reply.send(caught(|| tch::no_grad(work)));
        });
        // SAFETY: only the lifetime changes. What the job borrows is used only by `work`, which is
        // dropped before the answer is sent. This function returns once it has the answer, or once
        // the job has been dropped and no answer can come.
        let job: Job<'static> = unsafe { std::mem::transmute::<Job<'a>, Job<'static>>(job) };
        let sent = self.jobs.send(job).ok();
        sent.and_then(|()| answer.recv().ok())
            .unwrap_or_else(|| Err(Error::Backend("the torch thread is gone".into())))
    }
}

fn serve(queue: &Receiver<Job<'static>>) {
    while let Ok(job) = queue.recv() {
        exit::work(job);
    }
}

/// The result of `work`; a panic becomes an error.
///
/// # Errors
/// The work's own, or [`Error::Backend`] if it panicked.
pub(crate) fn caught<R>(work: impl FnOnce() -> Result<R>) -> Result<R> {
    let result = catch_unwind(AssertUnwindSafe(work));
    result.unwrap_or_else(|panic| Err(Error::Backend(message(&*panic))))
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("a panic without a message");
    text.lines().next().unwrap_or_default().to_owned()
}

/// A network that is only used on its worker's thread; `Tensor` is `Send`, not `Sync`.
pub struct Owned<N> {
    network: Arc<Mutex<N>>,
    worker: Worker,
    _memory: ReleasesMemory,
}

impl<N: Send + 'static> Owned<N> {
    /// Builds the network on the worker's thread.
    ///
    /// # Errors
    /// Those of `build`.
    pub fn build(
        worker: Worker,
        build: impl FnOnce() -> Result<N> + Send + 'static,
    ) -> Result<Self> {
        let network = worker.call(|| without_keeping(build))?;
        Ok(Self {
            network: Arc::new(Mutex::new(network)),
            worker,
            _memory: ReleasesMemory,
        })
    }

    /// Runs `work` with the network on the worker's thread.
    ///
    /// # Errors
    /// Those of `work`.
    pub fn with<'a, R: Send + 'a>(
        &self,
        work: impl FnOnce(&N) -> Result<R> + Send + 'a,
    ) -> Result<R> {
        let network = Arc::clone(&self.network);
        self.worker.call(move || {
            let network = network.lock().unwrap_or_else(PoisonError::into_inner);
            work(&network)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_and_the_worker_lives_on() {
        let worker = Worker::of(Device::Cpu, 0).unwrap();
        let failed = worker.call(|| -> Result<()> { panic!("the kernel gave up") });
        assert!(
            failed
                .unwrap_err()
                .to_string()
                .contains("the kernel gave up")
        );
        assert_eq!(worker.call(|| Ok(3)).unwrap(), 3);
    }

    #[test]
    fn a_libtorch_error_is_one_line() {
        let worker = Worker::of(Device::Cpu, 0).unwrap();
        let failed = worker.call(|| {
            let a = tch::Tensor::zeros([2, 3], (tch::Kind::Float, Device::Cpu));
            Ok(a.f_matmul(&a)?.size())
        });
        let message = failed.unwrap_err().to_string();
        assert!(
            message.starts_with("backend failed: ") && !message.contains('\n'),
            "{message}"
        );
    }

    #[test]
    fn work_may_borrow_and_its_panic_leaves_what_was_borrowed() {
        let worker = Worker::of(Device::Cpu, 0).unwrap();
        let (mut seen, data) = (0, vec![1, 2, 3]);
        worker
            .call(|| {
                seen = data.iter().sum();
                Ok(())
            })
            .unwrap();
        let failed = worker.call(|| -> Result<()> { panic!("after {}", data.len()) });
        assert!(failed.is_err());
        assert_eq!((seen, data.len()), (6, 3));
    }

    /// The test starts itself again as a child process, which ends while a job is running.
    #[test]
    fn the_end_of_the_process_waits_for_work() {
        const CHILD: &str = "DDRMJPEG_TEST_ENDS";
        if std::env::var_os(CHILD).is_some() {
            let worker = Worker::of(Device::Cpu, 0).unwrap();
            let (begun, has_begun) = channel();
            std::thread::spawn(move || {
                worker.call(|| {
                    begun.send(()).unwrap();
                    std::thread::sleep(std::time::Duration::from_millis(300));
                    let sum = tch::Tensor::ones([64], (tch::Kind::Float, Device::Cpu));
                    let sum = sum.sum(tch::Kind::Float).double_value(&[]);
                    std::fs::write(std::env::var_os(CHILD).unwrap(), sum.to_string()).unwrap();
                    Ok(())
                })
            });
            has_begun.recv().unwrap();
            std::process::exit(0);
        }
        let told = tempfile::NamedTempFile::new().unwrap();
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "runtime::worker::tests::the_end_of_the_process_waits_for_work",
            ])
            .env(CHILD, told.path())
            .output()
            .unwrap();
        assert!(child.status.success(), "{child:?}");
        assert_eq!(
            std::fs::read_to_string(told.path()).unwrap(),
            "64",
            "{child:?}"
        );
    }

    /// Two callers, one with long pieces: while both have work they take turns, so neither is more
    /// than a piece or two ahead of its share.
    #[test]
    fn callers_take_turns() {
        let worker = Worker::of(Device::Cpu, 0).unwrap();
        let order = Mutex::new(Vec::new());
        let start = std::sync::Barrier::new(2);
        std::thread::scope(|scope| {
            for (name, pause) in [('a', 2), ('b', 6)] {
                let (worker, order, start) = (worker.clone(), &order, &start);
                scope.spawn(move || {
                    start.wait();
                    for _ in 0..20 {
                        let piece = || {
                            std::thread::sleep(std::time::Duration::from_millis(pause));
                            order.lock().unwrap().push(name);
                            Ok(())
                        };
                        worker.call(piece).unwrap();
                    }
                });
            }
        });
        let order = order.into_inner().unwrap();
        let first = order.iter().take(20).filter(|&&name| name == 'a').count();
        assert!((7..=13).contains(&first), "{order:?}");
    }
}
