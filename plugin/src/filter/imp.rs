//! The virtual functions of the element, and its properties.
//!
//! Nothing is computed here: frames go to `work`, values to `settings`. There are two locks,
//! settings (written by any thread) and state. They are never held while computing, and never both
//! at once.

use std::sync::atomic::AtomicBool;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use gst::prelude::*;
use gst::subclass::prelude::*;
use gst::{FlowError, FlowSuccess};
use gst_base::prelude::{BaseTransformExt, BaseTransformExtManual};
use gst_base::subclass::prelude::*;
use gst_video::subclass::prelude::*;
use gst_video::{VideoCropMeta, VideoFrameRef, VideoInfo};

use super::state::State;
use super::{caps, colour};
use crate::counts::Counts;
use crate::element::Restoring;
use crate::enums::{Compare, LatePolicy};
use crate::live::{Arrival, Live};
use crate::planes::formats;
use crate::properties::with_stats;
use crate::restorer::Frames;
use crate::settings::Settings;

pub(super) static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new(
        "ddrmjpeg",
        gst::DebugColorFlags::empty(),
        Some("Restoration of decoded JPEG"),
    )
});

/// Largest width and height in pixels that the caps accept.
const SIDE_MAX_PX: i32 = 16_384;

/// Accepted interlace modes: progressive, or two fields on alternating lines.
const INTERLACE_MODES: [&str; 3] = ["progressive", "interleaved", "mixed"];

crate::properties::element_with_properties! {
    /// The element's private half.
    wrapper = super::DdrmJpeg;
    #[property(name = "qf", get, set, type = u32, member = qf, maximum = 100, mutable_playing,
        nick = "Quality factor", blurb = "Quality that the JPEG was made with, on libjpeg's \
        scale of 1 to 100, which gives its quantisation tables; 0 estimates the tables from \
        the pixels, and keeps them while the frames agree. Not used for frames that come with \
        their tables (ddrmjpegtables before the decoder), unless these contradict the frame.")]
    #[property(name = "degradation", get = Self::degradation, set = Self::set_degradation,
        type = Option<String>, default = Some("jpeg"), mutable_ready, nick = "Degradation",
        blurb = "How the frames were degraded: jpeg, or quant=Nbit for frames with only N \
        bits per channel, N from 2 to 8; these must be RGB or grey.")]
    pub struct DdrmJpeg {
        state: Mutex<State>,
        /// What is kept from frame to frame, for each grid of blocks.
        pub(super) stream: Mutex<[Frames; 2]>,
    }
}

impl Restoring for DdrmJpeg {
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
        *self.stream.lock().unwrap_or_else(PoisonError::into_inner) = Default::default();
    }
}

impl DdrmJpeg {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A change of `compare` may make frames wider or narrower.
    fn view_changed(&self) {
        self.obj().reconfigure_src();
    }

    fn degradation(&self) -> Option<String> {
        Some(self.settings().degradation.clone())
    }

    /// NULL, which C may pass, is the default.
    fn set_degradation(&self, degradation: Option<String>) {
        self.settings().degradation =
            degradation.unwrap_or_else(|| Settings::default().degradation);
    }
}

#[glib::object_subclass]
impl ObjectSubclass for DdrmJpeg {
    const NAME: &'static str = "GstDdrmJpeg";
    type Type = super::DdrmJpeg;
    type ParentType = gst_video::VideoFilter;
}

/// The derived properties, and `stats`, whose type the derive macro does not support.
impl ObjectImpl for DdrmJpeg {
    fn properties() -> &'static [glib::ParamSpec] {
        static PROPERTIES: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
            let blurb = "Counts since start: frames, restored, passed-through, dropped; restored with \
                tables from meta, qf or estimate; estimate-searches (frames searched for \
                tables); meta-refused (the frame contradicts the tables that came with it); \
                turned (turned or mirrored since decoding); late; reduced (restored with less \
                work); lesser-model (those of them restored by nano instead of lean); network- \
                calls; pixels, and pixels-reused (not computed again); gated (left as decoded \
                by the identity gate); saved-twice. share is restored divided by frames; mean- \
                ms the milliseconds per frame; latency-ms the reported latency; precision the \
                arithmetic of the network if the machine decides it (bf16, f16, f32). Of the \
                last frame: last-ms, quality (0: unknown), encoder, outside-cells and far- \
                outside-cells (shares of the coefficients that the network had outside their \
                cells).";
            with_stats(DdrmJpeg::derived_properties(), blurb)
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

impl GstObjectImpl for DdrmJpeg {}

impl ElementImpl for DdrmJpeg {
    fn metadata() -> Option<&'static gst::subclass::ElementMetadata> {
        static METADATA: LazyLock<gst::subclass::ElementMetadata> = LazyLock::new(|| {
            gst::subclass::ElementMetadata::new(
                "JPEG artefact remover",
                "Filter/Effect/Video",
                "Restores decoded JPEG and MJPEG by diffusion, held to the levels that the \
                 JPEG really says; goes right behind jpegdec idct-method=islow",
                "The ddrmjpeg contributors",
            )
        });
        Some(&METADATA)
    }

    fn pad_templates() -> &'static [gst::PadTemplate] {
        static TEMPLATES: LazyLock<Vec<gst::PadTemplate>> = LazyLock::new(|| {
            let caps = |width_px: i32| {
                gst_video::VideoCapsBuilder::new()
                    .format_list(formats::all())
                    .width_range(1..=width_px)
                    .height_range(1..=SIDE_MAX_PX)
                    .field("interlace-mode", gst::List::new(INTERLACE_MODES))
                    .build()
            };
            // With `compare=side-by-side` output frames are twice as wide.
            [
                ("src", gst::PadDirection::Src, caps(2 * SIDE_MAX_PX)),
                ("sink", gst::PadDirection::Sink, caps(SIDE_MAX_PX)),
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

impl BaseTransformImpl for DdrmJpeg {
    const MODE: gst_base::subclass::BaseTransformMode = gst_base::subclass::BaseTransformMode::Both;
    const PASSTHROUGH_ON_SAME_CAPS: bool = false;
    const TRANSFORM_IP_ON_PASSTHROUGH: bool = false;

    fn start(&self) -> Result<(), gst::ErrorMessage> {
        self.obj().set_in_place(true);
        *self.state() = State::default();
        self.begin();
        Ok(())
    }

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        self.forget();
        Ok(())
    }

    fn transform_caps(
        &self,
        direction: gst::PadDirection,
        caps: &gst::Caps,
        filter: Option<&gst::Caps>,
    ) -> Option<gst::Caps> {
        let doubled = self.settings().compare == Compare::SideBySide;
        let other = caps::other_side(direction, caps, doubled);
        Some(match filter {
            Some(filter) => filter.intersect_with_mode(&other, gst::CapsIntersectMode::First),
            None => other,
        })
    }

    fn query(&self, direction: gst::PadDirection, query: &mut gst::QueryRef) -> bool {
        let answered = BaseTransformImplExt::parent_query(self, direction, query);
        match (answered, query.view_mut()) {
            (true, gst::QueryViewMut::Latency(latency)) => {
                let own = self.live.latency();
                let (live, min, max) = latency.result();
                latency.set(live, min + own, max.map(|max| max + own));
            }
            (true, gst::QueryViewMut::AcceptCaps(accept)) if !accept.result() => {
                self.note_refusal(caps::foreign_memory(accept.caps()));
            }
            _ => {}
        }
        answered
    }

    /// Only called for frames of twice the width, which show the cropped part.
    fn transform_meta<'a>(
        &self,
        outbuf: &mut gst::BufferRef,
        meta: gst::MetaRef<'a, gst::Meta>,
        inbuf: &'a gst::BufferRef,
    ) -> bool {
        let crop = meta.api() == VideoCropMeta::meta_api();
        !crop && self.parent_transform_meta(outbuf, meta, inbuf)
    }

    fn sink_event(&self, event: gst::Event) -> bool {
        self.heed_flush(&event);
        if event.type_() == gst::EventType::Eos {
            self.post_figures(true);
        }
        self.parent_sink_event(event)
    }

    /// Late frames are dropped here and not by the base class, which has only one policy. If they
    /// must not be lost, decoders upstream must not drop them either.
    fn src_event(&self, event: gst::Event) -> bool {
        self.live.hear(self.obj().upcast_ref(), &event);
        match (event.type_(), self.late_policy()) {
            (gst::EventType::Qos, LatePolicy::Passthrough) => true,
            (gst::EventType::Qos, _) => self.obj().sink_pad().push_event(event),
            _ => self.parent_src_event(event),
        }
    }

    /// Passthrough is switched here, in the streaming thread: a buffer that passed unchanged must
    /// not be written to if a property changes meanwhile.
    fn submit_input_buffer(
        &self,
        is_discont: bool,
        mut inbuf: gst::Buffer,
    ) -> Result<FlowSuccess, FlowError> {
        self.count(|counts| counts.frames += 1);
        let arrival = Arrival::new(inbuf.pts(), inbuf.duration(), &self.obj().segment());
        let task = match self.idle() {
            true => None,
            false => match self.receive(arrival) {
                Ok(task) => task,
                Err(dropped) => return Ok(dropped),
            },
        };
        let as_it_is = task.is_none();
        let untouched = as_it_is && !self.shows_both();
        self.obj().set_passthrough(untouched);
        if !as_it_is {
            self.take_header(&mut inbuf);
        }
        {
            let mut state = self.state();
            state.task = task;
            state.stats.counts.passed_through += u64::from(as_it_is);
        }
        let flow = self.parent_submit_input_buffer(is_discont, inbuf);
        if untouched {
            self.post_figures(false);
        }
        flow
    }
}

impl VideoFilterImpl for DdrmJpeg {
    fn set_info(
        &self,
        _incaps: &gst::Caps,
        in_info: &VideoInfo,
        _outcaps: &gst::Caps,
        out_info: &VideoInfo,
    ) -> Result<(), gst::LoggableError> {
        let doubled = out_info.width() != in_info.width();
        self.obj().set_in_place(!doubled);
        {
            let mut state = self.state();
            state.doubled = doubled;
            state.size = (in_info.width(), in_info.height());
            state.interlace = Some(in_info.interlace_mode());
        }
        self.note_objection(colour::objection(in_info));
        Ok(())
    }

    fn transform_frame_ip(
        &self,
        frame: &mut VideoFrameRef<&mut gst::BufferRef>,
    ) -> Result<FlowSuccess, FlowError> {
        self.restore(frame)
    }

    fn transform_frame(
        &self,
        inframe: &VideoFrameRef<&gst::BufferRef>,
        outframe: &mut VideoFrameRef<&mut gst::BufferRef>,
    ) -> Result<FlowSuccess, FlowError> {
        self.restore_beside(inframe, outframe)
    }
}
