//! The virtual functions of the element. It is always in passthrough: buffers pass, and get a meta.

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use ddrmjpeg::jpeg::segments::header;
use ddrmjpeg::jpeg::segments::header::{Header, QuantTables};
use ddrmjpeg::jpeg::segments::{abbreviated, splitter};
use ddrmjpeg::{Error, Result};
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst::{FlowError, FlowSuccess};
use gst_base::prelude::BaseTransformExt;
use gst_base::subclass::prelude::*;

use super::stats::Stats;
use crate::meta;

static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new(
        "ddrmjpegtables",
        gst::DebugColorFlags::empty(),
        Some("Tables of JPEG streams"),
    )
});

/// Most bytes that are copied from a buffer of several memories to find its header.
const HEADER_MAX: usize = 1 << 20;

/// The element's private half.
#[derive(Default)]
pub struct DdrmJpegTables {
    stats: Mutex<Stats>,
    /// The tables of the stream so far.
    tables: Mutex<QuantTables>,
}

impl DdrmJpegTables {
    fn stats(&self) -> MutexGuard<'_, Stats> {
        self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tables(&self) -> MutexGuard<'_, QuantTables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the header of `buffer` and attaches it as a meta.
    fn mark(&self, buffer: &mut gst::Buffer) {
        let header = match read(buffer, &mut self.tables()) {
            // Tables for later pictures have no header.
            Ok(None) => return,
            Ok(Some(header)) => Ok(header),
            Err(error) => Err(error),
        };
        let marked = header.and_then(|header| meta::put(buffer.make_mut(), &header));
        let news = self.stats().add(marked.is_ok());
        match marked {
            Err(error) if news => gst::element_imp_warning!(
                self,
                gst::StreamError::Decode,
                ("The tables of a JPEG cannot be read: {error}"),
                ["{error:?}"]
            ),
            Err(error) => gst::debug!(CAT, imp = self, "{error}"),
            Ok(()) => {}
        }
    }
}

/// The header of `buffer`, read in place, in a stream with these `tables` so far; `None` if the
/// buffer holds only tables.
fn read(buffer: &gst::BufferRef, tables: &mut QuantTables) -> Result<Option<Header>> {
    if buffer.n_memory() == 0 {
        return Err(Error::Input("an empty buffer".into()));
    }
    let unmapped = |_| Error::Input("a buffer that cannot be mapped".into());
    let memory = buffer.peek_memory(0).map_readable().map_err(unmapped)?;
    match parse(&memory, tables) {
        Err(_) if buffer.n_memory() > 1 => parse(&start(buffer), tables),
        read => read,
    }
}

/// The header of the first picture in `data`, whatever precedes it, as decoders do.
fn parse(data: &[u8], tables: &mut QuantTables) -> Result<Option<Header>> {
    let data = &data[splitter::find_start(data).unwrap_or(0)..];
    let header = header::parse_next(data, tables);
    match header {
        Err(_) if abbreviated::is_tables_only(data) => Ok(None),
        header => header.map(Some),
    }
}

/// The first bytes of a buffer whose header spans several memories. Mapping all of it would copy
/// all of it.
fn start(buffer: &gst::BufferRef) -> Vec<u8> {
    let mut bytes = vec![0; buffer.size().min(HEADER_MAX)];
    if let Err(copied) = buffer.copy_to_slice(0, &mut bytes) {
        bytes.truncate(copied);
    }
    bytes
}

#[glib::object_subclass]
impl ObjectSubclass for DdrmJpegTables {
    const NAME: &'static str = "GstDdrmJpegTables";
    type Type = super::DdrmJpegTables;
    type ParentType = gst_base::BaseTransform;
}

impl ObjectImpl for DdrmJpegTables {
    fn constructed(&self) {
        self.parent_constructed();
        self.obj().set_passthrough(true);
    }

    fn properties() -> &'static [glib::ParamSpec] {
        static PROPERTIES: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
            vec![
                glib::ParamSpecBoxed::builder::<gst::Structure>("stats")
                    .nick("Statistics")
                    .blurb(
                        "Counts since start: frames, marked, and unread (passed without the meta, \
                         because their header cannot be read).",
                    )
                    .read_only()
                    .build(),
            ]
        });
        &PROPERTIES
    }

    fn property(&self, _id: usize, _pspec: &glib::ParamSpec) -> glib::Value {
        self.stats().structure().to_value()
    }
}

impl GstObjectImpl for DdrmJpegTables {}

impl ElementImpl for DdrmJpegTables {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "JPEG table reader",
                "Filter/Analyzer/Video",
                "Attaches what the header of each JPEG says (quantisation tables, sampling, \
                 size) as a meta, for the filter ddrmjpeg behind the decoder; goes right \
                 before the decoder",
                "The ddrmjpeg contributors",
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
            let caps = gst::Caps::new_empty_simple("image/jpeg");
            [
                ("src", gst::PadDirection::Src),
                ("sink", gst::PadDirection::Sink),
            ]
            .into_iter()
            .filter_map(|(name, direction)| {
                gst::PadTemplate::new(name, direction, gst::PadPresence::Always, &caps).ok()
            })
            .collect()
        });
        &TEMPLATES
    }
}

impl BaseTransformImpl for DdrmJpegTables {
    const MODE: gst_base::subclass::BaseTransformMode =
        gst_base::subclass::BaseTransformMode::AlwaysInPlace;
    const PASSTHROUGH_ON_SAME_CAPS: bool = true;
    const TRANSFORM_IP_ON_PASSTHROUGH: bool = false;

    fn start(&self) -> std::result::Result<(), gst::ErrorMessage> {
        *self.stats() = Stats::default();
        *self.tables() = QuantTables::default();
        Ok(())
    }

    /// Tables are valid until a flush or new caps.
    fn sink_event(&self, event: gst::Event) -> bool {
        if matches!(
            event.type_(),
            gst::EventType::FlushStop | gst::EventType::Caps
        ) {
            *self.tables() = QuantTables::default();
        }
        self.parent_sink_event(event)
    }

    /// In passthrough this is the last place where we own the buffer. A shared buffer is copied
    /// here, but not its bytes.
    fn submit_input_buffer(
        &self,
        is_discont: bool,
        mut inbuf: gst::Buffer,
    ) -> std::result::Result<FlowSuccess, FlowError> {
        self.mark(&mut inbuf);
        self.parent_submit_input_buffer(is_discont, inbuf)
    }
}
