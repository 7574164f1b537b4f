//! The models that are open in this process. Elements with the same model (including config and
//! class), device and precision share one; the last of them to stop closes it.
//!
//! A model is opened under the lock of its own slot, so that two elements that start together read
//! the file once, and other models need not wait. Called by the elements.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

use ddrmjpeg::options::{Device, ModelName, Precision};
use ddrmjpeg::{Error, ModelOptions, Restorer, Result};

use crate::errors;
use crate::restorer::{self, FrameRestorer};
use crate::settings::ElementOptions;

/// A model and the options of the element that opened it.
#[derive(Clone)]
pub struct Opened {
    /// The model.
    pub restorer: Arc<dyn FrameRestorer>,
    /// The options.
    pub options: ElementOptions,
}

/// Elements with equal keys share a model.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    model: ModelName,
    config: Option<String>,
    class: Option<usize>,
    device: Device,
    precision: Precision,
}

impl From<&ModelOptions> for Key {
    fn from(options: &ModelOptions) -> Self {
        Self {
            model: match options.config {
                // Refused beside a built-in model that is named.
                Some(_) => options.model.clone(),
                None => options.model.as_str().into(),
            },
            config: options.config.clone(),
            class: options.class,
            device: options.device,
            precision: options.precision,
        }
    }
}

type Slot = Arc<Mutex<Weak<dyn FrameRestorer>>>;

static OPEN: LazyLock<Mutex<HashMap<Key, Slot>>> = LazyLock::new(Mutex::default);

/// Whether both options name the same model, on the same device in the same arithmetic.
pub fn same(a: &ModelOptions, b: &ModelOptions) -> bool {
    Key::from(a) == Key::from(b)
}

/// The model that `options` name: the one already open, or opened now and warmed up by a picture
/// that is restored with them.
///
/// Calls `wanted` before it starts, which is after other openings of the same model have finished.
///
/// # Errors
/// Those of [`Restorer::open`], and of its first call; [`Error::Cancelled`] if it is no longer
/// wanted.
pub fn open(options: &ElementOptions, wanted: &dyn Fn() -> bool) -> Result<Arc<dyn FrameRestorer>> {
    let slot = slot(Key::from(&options.model));
    let mut held = lock(&slot);
    if !wanted() {
        return Err(Error::Cancelled);
    }
    if let Some(restorer) = held.upgrade() {
        return Ok(restorer);
    }
    let restorer: Arc<dyn FrameRestorer> = Arc::new(errors::guard(|| {
        let restorer = Restorer::open(&options.model)?;
        restorer::warm_up(&restorer, &options.restore)?;
        Ok(restorer)
    })?);
    *held = Arc::downgrade(&restorer);
    Ok(restorer)
}

/// The slot of `key`. Unused slots are dropped.
fn slot(key: Key) -> Slot {
    let mut open = lock(&OPEN);
    open.retain(|_, slot| Arc::strong_count(slot) > 1 || lock(slot).strong_count() > 0);
    let empty = || {
        Arc::new(Mutex::new(
            Weak::<Restorer>::new() as Weak<dyn FrameRestorer>
        ))
    };
    open.entry(key).or_insert_with(empty).clone()
}

/// A panic elsewhere leaves the data behind these locks consistent.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `work` while no opening of the model of `options` can finish.
#[cfg(test)]
pub fn while_opening<T>(options: &ModelOptions, work: impl FnOnce() -> T) -> T {
    let slot = slot(Key::from(options));
    let _held = lock(&slot);
    work()
}

/// Makes elements with `options` use `restorer`, for as long as it is held.
#[cfg(test)]
pub fn share(options: &ModelOptions, restorer: &Arc<dyn FrameRestorer>) {
    *lock(&slot(Key::from(options))) = Arc::downgrade(restorer);
}

#[cfg(test)]
mod tests {
    use ddrmjpeg::RestoreOptions;

    use super::*;

    fn named(model: &str) -> ModelOptions {
        ModelOptions::default()
            .with_model(model)
            .with_device(Device::Cpu)
            .with_precision(Precision::F32)
    }

    fn opened(model: ModelOptions, wanted: bool) -> Result<Arc<dyn FrameRestorer>> {
        let restore = RestoreOptions::default();
        open(&ElementOptions { model, restore }, &|| wanted)
    }

    #[test]
    fn the_same_model_is_opened_once_and_closed_with_its_last_user() {
        let first = opened(named("identity"), true).unwrap();
        let second = opened(named("identity"), true).unwrap();
        assert!(Arc::ptr_eq(&first, &second));
        let weak = Arc::downgrade(&first);
        drop((first, second));
        assert_eq!(weak.strong_count(), 0);
    }

    #[test]
    fn what_is_not_wanted_any_more_is_not_opened() {
        let found = opened(named("/no/such/model"), false);
        assert!(matches!(found, Err(Error::Cancelled)));
    }

    #[test]
    fn another_precision_is_another_opening() {
        let bf16 = named("identity").with_precision(Precision::Auto);
        let first = opened(named("identity"), true).unwrap();
        assert!(!Arc::ptr_eq(&first, &opened(bf16, true).unwrap()));
    }

    #[test]
    fn slots_without_users_do_not_pile_up() {
        for n in 0..8 {
            let _ = slot(Key::from(&named(&format!("unused-{n}"))));
        }
        let _ = slot(Key::from(&named("last")));
        let unused = |key: &&Key| key.model.as_str().starts_with("unused");
        assert_eq!(lock(&OPEN).keys().filter(unused).count(), 0);
    }
}
