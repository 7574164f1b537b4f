//! The virtual functions of the element, and its properties.
//!
//! Nothing is computed here: frames go to `work`, unparsed bytes to `cut`, values to the settings.
//! There are two locks, settings (written by any thread) and state. They are never held while
//! computing, and never both at once.

use std::sync::atomic::AtomicBool;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use gst::prelude::*;
use gst::subclass::prelude::*;
use gst::{FlowError, FlowSuccess};
use gst_video::prelude::*;
use gst_video::subclass::prelude::*;
use gst_video::{VideoCodecFrame, VideoCodecState, video_codec_state::Readable};

use super::format;
use super::state::{Carry, State};
use crate::counts::Counts;
use crate::element::Restoring;
use crate::enums::LatePolicy;
use crate::live::Live;
use crate::properties::with_stats;
use crate::settings::Settings;

pub(super) static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new(
        "ddrmjpegdec",
        gst::DebugColorFlags::empty(),
        Some("Decoding and restoration of JPEG"),
    )
});

/// Largest width in pixels of a picture, and height of a field.
const SIDE_MAX_PX: i32 = 16_384;

crate::properties::element_with_properties! {
    /// The element's private half.
    wrapper = super::DdrmJpegDec;
    #[property(name = "max-megapixels", get, set, type = u32, member = max_megapixels,
        maximum = 4295, mutable_ready, nick = "Most megapixels", blurb = "Most megapixels of a \
        picture; a larger one is dropped and counts as an error. 0 takes up to 50 in any case, \
        and up to 500 if the memory is free.")]
    pub struct DdrmJpegDec {
        state: Mutex<State>,
        /// What carries over from frame to frame.
        pub(super) carry: Mutex<Carry>,
    }
}

impl Restoring for DdrmJpegDec {
    fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn live(&self) -> &Live {
        &self.live
    }

    fn cancel(&self) -> &AtomicBool {
        &self.cancel
    }

    fn qos_enabled(&self) -> bool {
        self.obj().is_qos()
    }

    fn count<T>(&self, with: impl FnOnce(&mut Counts) -> T) -> T {
        with(&mut self.state().stats.counts)
    }

    fn own_figures(&self) -> gst::Structure {
        self.state().stats.structure()
    }

    fn forget(&self) {
        *self.carry.lock().unwrap_or_else(PoisonError::into_inner) = Carry::default();
    }
}

impl DdrmJpegDec {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A change of `compare` may make frames wider or narrower; the next frame handles that.
    #[expect(clippy::unused_self, reason = "the filter has something to do here")]
    fn view_changed(&self) {}
}

#[glib::object_subclass]
impl ObjectSubclass for DdrmJpegDec {
    const NAME: &'static str = "GstDdrmJpegDec";
    type Type = super::DdrmJpegDec;
    type ParentType = gst_video::VideoDecoder;
}

/// The derived properties, and `stats`, whose type the derive macro does not support.
impl ObjectImpl for DdrmJpegDec {
    fn properties() -> &'static [glib::ParamSpec] {
        static PROPERTIES: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
            let blurb = "Counts since start: frames, restored, passed-through (output as decoded), \
                corrupted (output with a part missing), errors (not decodable), dropped \
                (late); late; reduced (restored with less work); lesser-model (those of them \
                restored by nano instead of lean); network-calls; pixels, and pixels-reused \
                (not computed again); gated (left as decoded by the identity gate); saved- \
                twice (showing an earlier save). share is restored divided by frames; mean-ms \
                the milliseconds per frame; latency-ms the reported latency; precision the \
                arithmetic of the network if the machine decides it (bf16, f16, f32). Of the \
                last frame: last-ms, encoder, outside-cells and far-outside-cells (shares of \
                the coefficients that the network had outside their cells) and, with strict, \
                consistency (share of the file's levels to which the pixels encode again).";
            with_stats(DdrmJpegDec::derived_properties(), blurb)
        });
        &PROPERTIES
    }

    fn set_property(&self, id: usize, value: &glib::Value, pspec: &glib::ParamSpec) {
        self.derived_set_property(id, value, pspec);
    }

    fn property(&self, id: usize, pspec: &glib::ParamSpec) -> glib::Value {
        match pspec.name() {
            "stats" => self.figures().to_value(),
            _ => self.derived_property(id, pspec),
        }
    }
}

impl GstObjectImpl for DdrmJpegDec {}

impl ElementImpl for DdrmJpegDec {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "JPEG decoder and artefact remover",
                "Codec/Decoder/Image",
                "Decodes JPEG and MJPEG and restores it by diffusion, held to the coefficients \
                 and tables of each frame; takes the place of jpegdec",
                "The ddrmjpeg contributors",
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
            let coded = gst::Caps::builder("image/jpeg").build();
            // Two fields make a frame of twice their height, two pictures side by side one of twice
            // their width.
            let raw = gst_video::VideoCapsBuilder::new()
                .format_list(format::all())
                .width_range(1..=2 * SIDE_MAX_PX)
                .height_range(1..=2 * SIDE_MAX_PX)
                .build();
            [
                ("src", gst::PadDirection::Src, raw),
                ("sink", gst::PadDirection::Sink, coded),
            ]
            .into_iter()
            .filter_map(|(name, direction, caps)| {
                gst::PadTemplate::new(name, direction, gst::PadPresence::Always, &caps).ok()
            })
            .collect()
        });
        &TEMPLATES
    }

    fn change_state(
        &self,
        transition: gst::StateChange,
    ) -> Result<gst::StateChangeSuccess, gst::StateChangeError> {
        self.changing_state(transition)
    }
}

impl VideoDecoderImpl for DdrmJpegDec {
    fn start(&self) -> Result<(), gst::ErrorMessage> {
        // Until caps say otherwise: a bare file has none.
        self.obj().set_packetized(false);
        self.obj()
            .set_latency(gst::ClockTime::ZERO, gst::ClockTime::ZERO);
        *self.state() = State::default();
        self.begin();
        Ok(())
    }

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        self.forget();
        let stats = self.state().stats.clone();
        *self.state() = State {
            stats,
            ..State::default()
        };
        Ok(())
    }

    fn set_format(
        &self,
        input: &VideoCodecState<'static, Readable>,
    ) -> Result<(), gst::LoggableError> {
        self.obj().set_packetized(self.note_input(input));
        // Tables are valid for their own stream, and new caps start another.
        self.forget();
        Ok(())
    }

    fn parse(
        &self,
        _frame: &VideoCodecFrame,
        adapter: &gst_base::Adapter,
        at_eos: bool,
    ) -> Result<FlowSuccess, FlowError> {
        self.cut(adapter, at_eos)
    }

    fn handle_frame(&self, frame: VideoCodecFrame) -> Result<FlowSuccess, FlowError> {
        self.decode(frame)
    }

    /// The end of the stream, before downstream is told.
    fn finish(&self) -> Result<FlowSuccess, FlowError> {
        self.post_figures(true);
        self.judge_stream();
        self.parent_finish()
    }

    fn flush(&self) -> bool {
        self.state().begin_length();
        true
    }

    fn sink_event(&self, event: gst::Event) -> bool {
        self.heed_flush(&event);
        self.parent_sink_event(event)
    }

    /// If late frames must not be lost, elements upstream must not drop them either.
    fn src_event(&self, event: gst::Event) -> bool {
        self.live.hear(self.obj().upcast_ref(), &event);
        let keeps = self.late_policy() == LatePolicy::Passthrough;
        match event.type_() {
            gst::EventType::Qos if keeps => true,
            _ => self.parent_src_event(event),
        }
    }
}
