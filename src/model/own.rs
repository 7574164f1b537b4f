//! What the networks of our own share: from the metadata and tensors of a checkpoint to a network,
//! whichever it is.
//!
//! A folder (`lean`, `nano`) says by [`OwnNetwork`] how its layers are made; the registry's table
//! holds [`Functions`] of it. Called by `registry`.

use std::collections::BTreeMap;
use std::sync::Arc;

use tch::Kind;

use crate::contract::{Denoiser, ModelFacts, Reach};
use crate::error::Result;
use crate::options::ModelOptions;
use crate::runtime::conv_engine::{Form, Prior, Wired};
use crate::runtime::conv_net::edm::Core;
use crate::runtime::tensors::TensorSource;
use crate::runtime::tensors::shapes::{Shapes, shapes_of};
use crate::runtime::tensors::source::Weights;

/// A checkpoint's text metadata.
type Metadata = BTreeMap<String, String>;

/// F in one arithmetic.
type MakeCore = fn(&Metadata, &mut dyn Weights, Kind) -> Result<Box<dyn Core>>;

/// The prior in a checkpoint, of which the caller says how far it looks and what is known of it.
type Open = fn(
    Box<dyn TensorSource>,
    &ModelOptions,
    Form,
    (Reach, ModelFacts),
) -> Result<Arc<dyn Denoiser>>;

/// A network of our own.
pub(crate) trait OwnNetwork: Wired + Sized {
    /// Its widths and depths.
    type Config: Send + 'static;

    /// What a checkpoint's metadata say of them.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`] naming the key that is missing, unreadable or out of range.
    fn config(metadata: &Metadata) -> Result<Self::Config>;

    /// Takes every tensor from `weights`, whose business faults are.
    ///
    /// # Errors
    /// libtorch's.
    fn load(config: &Self::Config, weights: &mut dyn Weights, kind: Kind) -> Result<Self>;
}

/// What can be done with one of them, its type forgotten.
#[derive(Clone, Copy)]
pub(crate) struct Functions {
    /// Names and shapes of the tensors of the network that metadata describe.
    pub shapes: fn(&Metadata) -> Result<Shapes>,
    /// F of weights that may be changing.
    pub core: MakeCore,
    /// The prior in a checkpoint.
    pub open: Open,
}

impl Functions {
    /// Those of `N`.
    pub const fn of<N: OwnNetwork>() -> Self {
        Self {
            shapes: shapes::<N>,
            core: core::<N>,
            open: open::<N>,
        }
    }
}

fn shapes<N: OwnNetwork>(metadata: &Metadata) -> Result<Shapes> {
    let config = N::config(metadata)?;
    shapes_of(|loader| N::load(&config, loader, Kind::Float))
}

fn core<N: OwnNetwork>(
    metadata: &Metadata,
    weights: &mut dyn Weights,
    kind: Kind,
) -> Result<Box<dyn Core>> {
    let config = N::config(metadata)?;
    Ok(Box::new(N::load(&config, weights, kind)?))
}

fn open<N: OwnNetwork>(
    source: Box<dyn TensorSource>,
    options: &ModelOptions,
    form: Form,
    known: (Reach, ModelFacts),
) -> Result<Arc<dyn Denoiser>> {
    Ok(Arc::new(prior::<N>(source, options, form, known)?))
}

/// The prior in `source`, as its own type.
///
/// # Errors
/// [`crate::Error::Options`] for a device that is not there, [`crate::Error::Checkpoint`] when the
/// checkpoint is not of this network, or backend failures.
pub(crate) fn prior<N: OwnNetwork>(
    source: Box<dyn TensorSource>,
    options: &ModelOptions,
    form: Form,
    known: (Reach, ModelFacts),
) -> Result<Prior<N>> {
    let config = N::config(source.metadata())?;
    let build = move |weights: &mut dyn Weights, kind| N::load(&config, weights, kind);
    Prior::load(source, options, form, known, build)
}
