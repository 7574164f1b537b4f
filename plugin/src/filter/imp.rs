//! The virtual functions of the element, and its properties.
//!
//! Nothing is computed here: frames go to `work`, values to `settings`. Two locks, neither
//! held while computing, never both at once: settings (written by any thread) and state.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use gst::prelude::*;
use gst::subclass::prelude::*;
use gst::{FlowError, FlowSuccess};
use gst_base::prelude::BaseTransformExt;
use gst_base::subclass::prelude::*;
use gst_video::subclass::prelude::*;
use gst_video::{VideoFrameRef, VideoInfo};

use super::colour;
use super::state::State;
use crate::settings::Settings;
use crate::{errors, planes};

pub(super) static CAT: LazyLock<gst::DebugCategory> = LazyLock::new(|| {
    gst::DebugCategory::new(
        "ddrmjpeg",
        gst::DebugColorFlags::empty(),
        Some("Restoration of decoded JPEG"),
    )
});

/// Largest width and height in pixels that the caps accept.
const SIDE_MAX_PX: i32 = 16_384;

crate::properties::element_with_properties! {
    /// The element's private half.
    wrapper = super::DdrmJpeg;
    #[property(name = "qf", get, set, type = u32, member = qf, maximum = 100, mutable_playing,
        nick = "Quality factor", blurb = "Quality that the JPEG was made with, on libjpeg's \
        scale of 1 to 100, which gives its quantisation tables; 0 estimates the tables from \
        the pixels, and keeps them while the frames agree. Not used for frames that come with their tables \
        (ddrmjpegtables before the decoder), unless these contradict the frame.")]
    #[property(name = "degradation", get = Self::degradation, set = Self::set_degradation,
        type = Option<String>, default = Some("jpeg"), mutable_ready, nick = "Degradation",
        blurb = "What the frames suffered: jpeg, or quant=Nbit for frames of which only N \
        bits of each channel were kept, N from 2 to 8; these must be RGB or grey.")]
    pub struct DdrmJpeg {
        state: Mutex<State>,
        /// While true, the frame in work stops before its next network call.
        pub(super) cancel: AtomicBool,
    }
}

impl DdrmJpeg {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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

/// The derived properties, and `stats`, whose type the derivation does not know.
impl ObjectImpl for DdrmJpeg {
    fn properties() -> &'static [glib::ParamSpec] {
        static PROPERTIES: LazyLock<Vec<glib::ParamSpec>> = LazyLock::new(|| {
            let stats = glib::ParamSpecBoxed::builder::<gst::Structure>("stats")
                .nick("Statistics")
                .blurb(
                    "Counts since start: frames, restored, passed-through, dropped; restored by \
                     tables from meta, qf or estimate; estimate-searches, whose pixels were \
                     searched for tables; meta-refused, whose frames contradict the tables \
                     that came with them; network-calls; gated-luma and gated-closed, of which \
                     the identity gate left luma or all as decoded. And of the last frame: \
                     last-ms (milliseconds), quality (0: not known), encoder, outside-cells and \
                     far-outside-cells (shares of the coefficients that the network had outside \
                     their cells).",
                )
                .read_only()
                .build();
            [DdrmJpeg::derived_properties(), &[stats]].concat()
        });
        &PROPERTIES
    }

    fn set_property(&self, id: usize, value: &glib::Value, pspec: &glib::ParamSpec) {
        self.derived_set_property(id, value, pspec);
    }

    fn property(&self, id: usize, pspec: &glib::ParamSpec) -> glib::Value {
        match pspec.name() {
            "stats" => self.state().stats.structure().to_value(),
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
            let caps = gst_video::VideoCapsBuilder::new()
                .format_list(planes::FORMATS)
                .width_range(1..=SIDE_MAX_PX)
                .height_range(1..=SIDE_MAX_PX)
                .field("interlace-mode", "progressive")
                .build();
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

    fn change_state(
        &self,
        transition: gst::StateChange,
    ) -> Result<gst::StateChangeSuccess, gst::StateChangeError> {
        match transition {
            gst::StateChange::NullToReady => {
                if let Err(error) = self.settings().options() {
                    self.post(errors::message("Cannot get ready", &error));
                    return Err(gst::StateChangeError);
                }
            }
            gst::StateChange::PausedToReady => self.cancel.store(true, Ordering::Relaxed),
            _ => {}
        }
        self.parent_change_state(transition)
    }
}

impl BaseTransformImpl for DdrmJpeg {
    const MODE: gst_base::subclass::BaseTransformMode =
        gst_base::subclass::BaseTransformMode::AlwaysInPlace;
    const PASSTHROUGH_ON_SAME_CAPS: bool = false;
    const TRANSFORM_IP_ON_PASSTHROUGH: bool = false;

    fn start(&self) -> Result<(), gst::ErrorMessage> {
        self.cancel.store(false, Ordering::Relaxed);
        self.open()
            .map_err(|error| errors::message("Cannot start", &error))
    }

    fn stop(&self) -> Result<(), gst::ErrorMessage> {
        self.state().opened = None;
        Ok(())
    }

    fn sink_event(&self, event: gst::Event) -> bool {
        match event.view() {
            gst::EventView::FlushStart(_) => self.cancel.store(true, Ordering::Relaxed),
            gst::EventView::FlushStop(_) => self.cancel.store(false, Ordering::Relaxed),
            _ => {}
        }
        self.parent_sink_event(event)
    }

    /// Passthrough is switched here, in the streaming thread, because a buffer that came
    /// through as it is must not be written to when a property changes half way.
    fn submit_input_buffer(
        &self,
        is_discont: bool,
        mut inbuf: gst::Buffer,
    ) -> Result<FlowSuccess, FlowError> {
        let idle = self.idle();
        self.obj().set_passthrough(idle);
        if !idle {
            self.take_header(&mut inbuf);
        }
        let flow = self.parent_submit_input_buffer(is_discont, inbuf)?;
        let stats = &mut self.state().stats;
        stats.frames += 1;
        if flow == gst_base::BASE_TRANSFORM_FLOW_DROPPED {
            stats.dropped += 1;
        } else if idle {
            stats.passed_through += 1;
        }
        Ok(flow)
    }
}

impl VideoFilterImpl for DdrmJpeg {
    fn set_info(
        &self,
        _incaps: &gst::Caps,
        in_info: &VideoInfo,
        _outcaps: &gst::Caps,
        _out_info: &VideoInfo,
    ) -> Result<(), gst::LoggableError> {
        self.note_objection(colour::objection(in_info));
        Ok(())
    }

    fn transform_frame_ip(
        &self,
        frame: &mut VideoFrameRef<&mut gst::BufferRef>,
    ) -> Result<FlowSuccess, FlowError> {
        self.restore(frame)
    }
}
