#![doc = include_str!("lib.md")]
// Modules that have no page may link to what is private: for those who read the source.
#![allow(rustdoc::private_intra_doc_links)]

// What is named here and documented is the interface, which changes as semantic versioning says:
// docs/public-api.txt lists it. The modules are open to the command, the laboratory, the elements
// and tests, and no part of it.
#[doc(hidden)]
pub mod assumed_quality;
#[doc(hidden)]
pub mod contract;
#[doc(hidden)]
pub mod degradation;
#[doc(hidden)]
pub mod error;
#[doc(hidden)]
pub mod frame;
#[doc(hidden)]
pub mod free_memory;
#[doc(hidden)]
pub mod interval;
#[doc(hidden)]
pub mod jpeg;
#[doc(hidden)]
pub mod model;
#[doc(hidden)]
pub mod options;
#[doc(hidden)]
pub mod report;
#[doc(hidden)]
pub mod restore;
#[doc(hidden)]
pub mod runtime;
#[doc(hidden)]
pub mod sampler;
#[doc(hidden)]
pub mod simd;
#[doc(hidden)]
pub mod solve;
#[doc(hidden)]
pub mod source;
#[doc(hidden)]
pub mod stream;

pub use crate::assumed_quality::AssumedQuality;
pub use crate::contract::{Control, Denoiser, Hint, ModelFacts, Reach};
pub use crate::degradation::{Bits, Degradation};
pub use crate::error::{Error, OptionError, Result};
pub use crate::frame::{
    FrameView, FrameViewMut, Picture, PixelFormat, PixelModel, Planar8, Plane8,
};
pub use crate::jpeg::file::packed::PackedFile;
pub use crate::jpeg::file::pixels::decode;
pub use crate::jpeg::{Header, JpegFile, encode};
pub use crate::options::{
    Device, Limits, ModelName, ModelOptions, Precision, Preset, RestoreOptions, Temporal,
};
pub use crate::report::{Report, Restored};
pub use crate::restore::{FrameInfo, FrameTables, Layout, Restorer, Stream};

pub mod prior {
    //! What a prior of one's own can know beside [`Denoiser`](crate::Denoiser)'s required methods, the
    //! parts of its [`ModelFacts`](crate::ModelFacts), and the prior that knows nothing.

    pub use crate::contract::gate_limits::GateLimits;
    pub use crate::contract::spread::SpreadTable;
    pub use crate::contract::{Follower, QuantSteps, Spread};
    pub use crate::frame::Rect;
    pub use crate::model::identity::Identity;
}

pub mod outcome {
    //! The parts of a [`Report`](crate::Report).

    pub use crate::frame::Orientation;
    pub use crate::jpeg::file::origin::Family;
    pub use crate::jpeg::grid::measure::Departures;
    pub use crate::jpeg::recover::by_header::Refusal;
    pub use crate::jpeg::recover::estimate::{Estimate, Fill, Known, Offset};
    pub use crate::report::{Carried, Consistency, Estimated, Fresh, Gate, TablesFrom};
}

pub mod file {
    //! The parts of a [`JpegFile`](crate::JpegFile) and of a [`Header`](crate::Header).

    pub use crate::jpeg::file::ink::Ink;
    pub use crate::jpeg::file::origin::Markers;
    pub use crate::jpeg::file::{Component, Damage, Density, DensityUnit, Levels, Metadata};
    pub use crate::jpeg::segments::header::HeaderComponent;
    pub use crate::jpeg::segments::splitter::Field;
}
