//! The properties of all restoring elements in one place, so that names, ranges, defaults and texts
//! cannot differ.
//!
//! [`element_with_properties`] defines the private struct of an element with these properties and
//! its own. Used by the elements' `imp`.

use gst::prelude::*;

/// Defines an element's struct: the shared properties, stored in `settings` behind a lock, the
/// element's own properties there, its other fields, and what every restoring element holds.
macro_rules! element_with_properties {
    (
        $(#[doc = $doc:literal])*
        wrapper = $($wrapper:ident)::+;
        $(#[property($($own:tt)*)])*
        pub struct $name:ident { $($fields:tt)* }
    ) => {
        $(#[doc = $doc])*
        #[derive(Default, glib::Properties)]
        #[properties(wrapper_type = $($wrapper)::+)]
        pub struct $name {
            $(#[property($($own)*)])*
            #[property(name = "preset", get, set, type = crate::enums::Preset, member = preset,
                default, mutable_playing, nick = "Preset",
                blurb = "How much work to spend on a frame, and whether to aim for fidelity or texture.")]
            #[property(name = "strength", get, set, type = f64, member = strength, minimum = 0.0,
                maximum = 1.0, default = ddrmjpeg::RestoreOptions::default().strength,
                mutable_playing, nick = "Strength", blurb = "Share of the restoration in the \
                output: 1 is all of it, 0 leaves the frames as they were decoded.")]
            #[property(name = "strict", get, set, type = bool, member = strict,
                default = ddrmjpeg::RestoreOptions::default().strict, mutable_playing,
                nick = "Strict", blurb = "Keep every coefficient so far inside its quantisation \
                cell that the output encodes to the JPEG's own levels again.")]
            #[property(name = "identity-gate", get, set, type = bool, member = identity_gate,
                default = ddrmjpeg::RestoreOptions::default().identity_gate, mutable_playing,
                nick = "Identity gate", blurb = "Leave as decoded what was quantised so little, \
                or differs so much from what the model was trained on, that restoring it would do harm.")]
            #[property(name = "assume-quality", get = Self::assume_quality,
                set = Self::set_assume_quality, type = Option<String>, default = Some("auto"),
                mutable_ready, nick = "Assume quality", blurb = "For frames that were saved more than \
                once: auto uses an earlier, coarser save if the levels show one, off the last \
                save; a quality of 1 to 100 says how coarse a save on another grid or at another \
                size was, which the levels cannot show.")]
            #[property(name = "model", get = Self::model, set = Self::set_model, type = Option<String>,
                default = Some("lean"), mutable_ready, nick = "Model",
                blurb = "The network: lean or nano, a small one for video, which are built in; \
                identity, which changes nothing; the path of a published config (.yml) whose \
                checkpoints are under exp/logs; or the path of a checkpoint.")]
            #[property(name = "config", get = Self::config, set = Self::set_config,
                type = Option<String>, default = Some(""), mutable_ready, nick = "Model config",
                blurb = "Path of the published config that describes the checkpoint given as model, or \
                of the model itself if none is given; empty for one of this project's own.")]
            #[property(name = "class", get, set, type = i32, member = class, minimum = -1,
                maximum = 999_999, default = -1, mutable_ready, nick = "Class",
                blurb = "The class for a class-conditional network; -1 for all others.")]
            #[property(name = "device", get = Self::device, set = Self::set_device,
                type = Option<String>, default = Some("auto"), mutable_ready, nick = "Device",
                blurb = "Where the network runs: auto uses CUDA if available, otherwise the CPU; or \
                cpu, cuda, cuda:N.")]
            #[property(name = "precision", get, set, type = crate::enums::Precision, member = precision,
                default, mutable_ready, nick = "Precision",
                blurb = "Arithmetic of the network.")]
            #[property(name = "seed", get, set, type = u64, member = seed,
                default = ddrmjpeg::RestoreOptions::default().seed, mutable_playing, nick = "Seed",
                blurb = "Seed of the noise that a restoration starts from: the same seed gives the \
                same pixels.")]
            #[property(name = "steps", get, set, type = u32, member = steps, maximum = 1000,
                mutable_playing, nick = "Steps",
                blurb = "Denoising steps of each draw, 1 to 1000; 0 uses the preset's number.")]
            #[property(name = "samples", get, set, type = u32, member = samples, maximum = 64,
                mutable_playing, nick = "Samples",
                blurb = "Draws to average, 1 to 64; 0 uses the preset's number.")]
            #[property(name = "eta", get, set, type = f64, member = eta, minimum = 0.0, maximum = 1.0,
                default = ddrmjpeg::RestoreOptions::default().eta, mutable_playing, nick = "Eta",
                blurb = "With the preset paper, the share of fresh noise in each step.")]
            #[property(name = "eta-b", get, set, type = f64, member = eta_b, minimum = 0.0,
                maximum = 1.0, default = ddrmjpeg::RestoreOptions::default().eta_b, mutable_playing,
                nick = "Eta b",
                blurb = "With the preset paper, the share of the JPEG's own levels in each step.")]
            #[property(name = "init-timestep", get, set, type = u32, member = init_timestep,
                minimum = 1, maximum = 1000,
                default = ddrmjpeg::RestoreOptions::default().init_timestep as u32, mutable_playing,
                nick = "First timestep",
                blurb = "With the preset paper, the timestep of 1000 below which the sampler starts.")]
            #[property(name = "tile-size", get, set, type = u32, member = tile_size, maximum = 16_384,
                mutable_ready, nick = "Tile size", blurb = "Side in pixels of the tiles that a frame \
                is cut into, 64 to 16384; 0 chooses it from the size of the frame.")]
            #[property(name = "threads", get, set, type = u32, member = threads, maximum = 1024,
                mutable_ready, nick = "Threads",
                blurb = "Number of CPU threads to use, up to 1024; 0 uses all.")]
            #[property(name = "max-batch", get, set, type = u32, member = max_batch, maximum = 64,
                mutable_ready, nick = "Largest batch",
                blurb = "Most frames and tiles of one size, of all elements that share the model, \
                in one network call; 0 is 1 on a CPU and 8 on CUDA. The element that opens a shared \
                model decides.")]
            #[property(name = "max-delay", get, set, type = f64, member = max_delay, minimum = 0.0,
                maximum = 1000.0, default = ddrmjpeg::ModelOptions::default().max_delay_ms,
                mutable_ready, nick = "Longest delay", blurb = "Time in milliseconds that a frame or a \
                tile waits at most for others to join it in one call.")]
            #[property(name = "temporal", get, set, type = crate::enums::Temporal, member = temporal,
                default, mutable_playing, nick = "Temporal", blurb = "How earlier frames are \
                used.")]
            #[property(name = "late-policy", get, set, type = crate::enums::LatePolicy,
                member = late_policy, default, mutable_playing, nick = "Late policy",
                blurb = "What to do with a frame that is late by the sink's QOS events, or would be \
                if it were restored; with passthrough and a live source also by the clock. Without \
                qos nothing is late.")]
            #[property(name = "compare", get, set = Self::set_compare, type = crate::enums::Compare,
                member = compare, default, mutable_playing, nick = "Compare", blurb = "Show the \
                decoded picture too. If downstream does not accept frames of twice the width, \
                side-by-side is shown as split.")]
            #[property(name = "stats-interval", get, set, type = u64, member = stats_interval,
                mutable_playing, nick = "Statistics interval", blurb = "Time in nanoseconds between \
                element messages with the structure of stats, posted with a frame and at the end of \
                the stream; 0 posts none.")]
            settings: ::std::sync::Mutex<crate::settings::Settings>,
            /// The model, and the time that frames have.
            live: crate::live::Live,
            /// While true, the current frame stops before its next network call.
            pub(super) cancel: ::std::sync::atomic::AtomicBool,
            $($fields)*
        }

        impl $name {
            fn set_compare(&self, compare: crate::enums::Compare) {
                self.settings().compare = compare;
                self.view_changed();
            }

            fn model(&self) -> Option<String> {
                Some(self.settings().model.to_string())
            }

            /// NULL, which C may pass, is the default.
            fn set_model(&self, model: Option<String>) {
                self.settings().model = model.into();
            }

            fn assume_quality(&self) -> Option<String> {
                Some(self.settings().assume_quality.clone())
            }

            /// NULL, which C may pass, is the default.
            fn set_assume_quality(&self, quality: Option<String>) {
                let default = || crate::settings::Settings::default().assume_quality;
                self.settings().assume_quality = quality.unwrap_or_else(default);
            }

            fn config(&self) -> Option<String> {
                Some(self.settings().config.clone())
            }

            /// NULL, which C may pass, is the default.
            fn set_config(&self, config: Option<String>) {
                self.settings().config = config.unwrap_or_default();
            }

            fn device(&self) -> Option<String> {
                Some(self.settings().device.clone())
            }

            /// NULL, which C may pass, is the default.
            fn set_device(&self, device: Option<String>) {
                let default = || crate::settings::Settings::default().device;
                self.settings().device = device.unwrap_or_else(default);
            }
        }
    };
}

pub(crate) use element_with_properties;

/// `derived` and the property `stats`, whose type the derive macro does not support.
pub(crate) fn with_stats(derived: &[glib::ParamSpec], blurb: &'static str) -> Vec<glib::ParamSpec> {
    let stats = glib::ParamSpecBoxed::builder::<gst::Structure>("stats")
        .nick("Statistics")
        .blurb(blurb)
        .read_only()
        .build();
    [derived, &[stats]].concat()
}
