//! The virtual functions of the element, and its properties.
//!
//! Nothing is computed here: frames go to `work`, values to `settings`. Two locks, neither
//! held while computing, never both at once: settings (written by any thread) and state.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use ddrmjpeg::Options;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst::{FlowError, FlowSuccess};
use gst_base::prelude::BaseTransformExt;
use gst_base::subclass::prelude::*;
use gst_video::subclass::prelude::*;
use gst_video::{VideoFrameRef, VideoInfo};

use super::colour;
use super::settings::Settings;
use super::state::State;
use crate::enums::{Precision, Preset};
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

/// The element's private half.
#[derive(Default, glib::Properties)]
#[properties(wrapper_type = super::DdrmJpeg)]
pub struct DdrmJpeg {
    #[property(name = "qf", get, set, type = u32, member = qf, maximum = 100, mutable_playing,
        nick = "Quality factor", blurb = "Quality that the JPEG was made with, on libjpeg's \
        scale of 1 to 100, which gives its quantisation tables; 0 estimates the tables from \
        the pixels of each frame.")]
    #[property(name = "preset", get, set, type = Preset, member = preset,
        default, mutable_playing, nick = "Preset",
        blurb = "How much work to spend on a frame, and whether to aim for fidelity or texture.")]
    #[property(name = "strength", get, set, type = f64, member = strength, minimum = 0.0,
        maximum = 1.0, default = Options::default().strength, mutable_playing,
        nick = "Strength", blurb = "Share of the restoration in the output: 1 is all of it, \
        0 passes the buffers through untouched.")]
    #[property(name = "strict", get, set, type = bool, member = strict,
        default = Options::default().strict, mutable_playing, nick = "Strict",
        blurb = "Hold every coefficient so far inside its quantisation cell that the output \
        encodes to the JPEG's own levels again.")]
    #[property(name = "identity-gate", get, set, type = bool, member = identity_gate,
        default = Options::default().identity_gate, mutable_playing, nick = "Identity gate",
        blurb = "Pass through untouched what was quantised so little that restoring it would \
        do harm.")]
    #[property(name = "model", get = Self::model, set = Self::set_model, type = Option<String>,
        default = Some("lean"), mutable_ready, nick = "Model",
        blurb = "The network: lean is the one built in, identity changes nothing, a path \
        that ends in .yml is a published config whose checkpoints lie under exp/logs, any \
        other the path of a checkpoint.")]
    #[property(name = "config", get = Self::config, set = Self::set_config,
        type = Option<String>, default = Some(""), mutable_ready, nick = "Model config",
        blurb = "Path of the published config that describes the checkpoint given as model; \
        empty when that is one of this project's own.")]
    #[property(name = "degradation", get = Self::degradation, set = Self::set_degradation,
        type = Option<String>, default = Some("jpeg"), mutable_ready, nick = "Degradation",
        blurb = "What the frames suffered: jpeg, or quant=Nbit for frames of which only N \
        bits of each channel were kept, N from 2 to 8; these must be RGB or grey.")]
    #[property(name = "class", get, set, type = i32, member = class, minimum = -1,
        maximum = 999_999, default = -1, mutable_ready, nick = "Class",
        blurb = "The class that a class-conditional network is told; -1 for all others.")]
    #[property(name = "device", get = Self::device, set = Self::set_device,
        type = Option<String>, default = Some("auto"), mutable_ready, nick = "Device",
        blurb = "Where the network runs: auto takes CUDA when it is there, else the CPU; or \
        cpu, cuda, cuda:N.")]
    #[property(name = "precision", get, set, type = Precision, member = precision,
        default, mutable_ready, nick = "Precision",
        blurb = "Arithmetic of the network.")]
    #[property(name = "seed", get, set, type = u64, member = seed,
        default = Options::default().seed, mutable_playing, nick = "Seed",
        blurb = "Seed of the noise that a restoration starts from: the same seed gives the \
        same pixels.")]
    #[property(name = "steps", get, set, type = u32, member = steps, maximum = 1000,
        mutable_playing, nick = "Steps",
        blurb = "Denoising steps of each draw, 1 to 1000; 0 leaves it to the preset.")]
    #[property(name = "samples", get, set, type = u32, member = samples, maximum = 64,
        mutable_playing, nick = "Samples",
        blurb = "Draws to average, 1 to 64; 0 leaves it to the preset.")]
    #[property(name = "eta", get, set, type = f64, member = eta, minimum = 0.0, maximum = 1.0,
        default = Options::default().eta, mutable_playing, nick = "Eta",
        blurb = "With the preset paper, the share of fresh noise in each step.")]
    #[property(name = "eta-b", get, set, type = f64, member = eta_b, minimum = 0.0,
        maximum = 1.0, default = Options::default().eta_b, mutable_playing, nick = "Eta b",
        blurb = "With the preset paper, the share of the JPEG's own levels in each step.")]
    #[property(name = "init-timestep", get, set, type = u32, member = init_timestep,
        minimum = 1, maximum = 1000, default = Options::default().init_timestep as u32,
        mutable_playing, nick = "First timestep",
        blurb = "With the preset paper, the timestep of 1000 that the walk begins below.")]
    #[property(name = "tile-size", get, set, type = u32, member = tile_size, maximum = 16_384,
        mutable_ready, nick = "Tile size", blurb = "Side in pixels of the tiles that a frame \
        is cut into, 64 to 16384; 0 chooses it from the size of the frame.")]
    #[property(name = "threads", get, set, type = u32, member = threads, maximum = 1024,
        mutable_ready, nick = "Threads",
        blurb = "Number of CPU threads to work with, up to 1024; 0 takes all.")]
    settings: Mutex<Settings>,
    state: Mutex<State>,
    /// While true, the frame in work stops before its next network call.
    pub(super) cancel: AtomicBool,
}

impl DdrmJpeg {
    pub(super) fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn model(&self) -> Option<String> {
        Some(self.settings().model.clone())
    }

    /// NULL, which C may pass, is the default.
    fn set_model(&self, model: Option<String>) {
        self.settings().model = model.unwrap_or_else(|| Settings::default().model);
    }

    fn config(&self) -> Option<String> {
        Some(self.settings().config.clone())
    }

    /// NULL, which C may pass, is the default.
    fn set_config(&self, config: Option<String>) {
        self.settings().config = config.unwrap_or_default();
    }

    fn degradation(&self) -> Option<String> {
        Some(self.settings().degradation.clone())
    }

    /// NULL, which C may pass, is the default.
    fn set_degradation(&self, degradation: Option<String>) {
        self.settings().degradation =
            degradation.unwrap_or_else(|| Settings::default().degradation);
    }

    fn device(&self) -> Option<String> {
        Some(self.settings().device.clone())
    }

    /// NULL, which C may pass, is the default.
    fn set_device(&self, device: Option<String>) {
        self.settings().device = device.unwrap_or_else(|| Settings::default().device);
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
                    "Counts since start: frames, restored, passed-through, dropped and \
                     network-calls; and of the last frame: last-ms (milliseconds), quality \
                     (0: not known).",
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
        inbuf: gst::Buffer,
    ) -> Result<FlowSuccess, FlowError> {
        let idle = self.idle();
        self.obj().set_passthrough(idle);
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
