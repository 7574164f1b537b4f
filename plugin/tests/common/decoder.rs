//! The decoder in a harness, and what comes out of it as planes.

#![allow(dead_code, reason = "no test binary uses all of it")]

use ddrmjpeg::frame::Planar8;
use gst::prelude::*;
use gst_video::prelude::*;
use gst_video::{VideoFrameRef, VideoInfo};

/// A frame that came out.
pub struct Out {
    pub buffer: gst::Buffer,
    pub info: VideoInfo,
}

impl Out {
    /// The samples of each component, rows packed.
    pub fn planes(&self) -> Vec<Vec<u8>> {
        let frame = VideoFrameRef::from_buffer_ref_readable(&self.buffer, &self.info).unwrap();
        (0..frame.n_components())
            .map(|c| {
                let bytes = frame.comp_data(c).unwrap();
                let (stride, step) = (
                    frame.comp_stride(c) as usize,
                    frame.comp_pstride(c) as usize,
                );
                let (width, height) = (frame.comp_width(c) as usize, frame.comp_height(c) as usize);
                let row = |y: usize| (0..width).map(move |x| bytes[y * stride + x * step]);
                (0..height).flat_map(row).collect()
            })
            .collect()
    }

    pub fn is_corrupted(&self) -> bool {
        self.buffer.flags().contains(gst::BufferFlags::CORRUPTED)
    }
}

/// The samples of each plane of the core's picture.
pub fn planes_of(picture: &Planar8) -> Vec<Vec<u8>> {
    picture
        .planes
        .iter()
        .map(|plane| plane.data.clone())
        .collect()
}

/// The decoder with the identity prior between two pads.
pub struct Decoder {
    pub harness: gst_check::Harness,
    pub bus: gst::Bus,
    /// Its pads are the harness's; it lives as long.
    pub element: gst::Element,
}

/// Messages that nobody took hold the element, which holds the bus they wait on.
impl Drop for Decoder {
    fn drop(&mut self) {
        self.bus.set_flushing(true);
    }
}

impl Decoder {
    /// For input of these caps, into a sink that takes these formats.
    pub fn new(input: &str, formats: &str) -> Self {
        Self::with(&[("model", "identity")], input, formats)
    }

    /// With these properties.
    pub fn with(properties: &[(&str, &str)], input: &str, formats: &str) -> Self {
        super::init();
        let element = gst::ElementFactory::make("ddrmjpegdec").build().unwrap();
        for (name, value) in properties {
            element.set_property_from_str(name, value);
        }
        let bus = gst::Bus::new();
        element.set_bus(Some(&bus));
        let mut harness = gst_check::Harness::with_element(&element, Some("sink"), Some("src"));
        harness.set_sink_caps_str(&format!("video/x-raw,format={formats}"));
        harness.set_src_caps_str(input);
        Self {
            harness,
            bus,
            element,
        }
    }

    /// Parsed frames into a sink that takes these formats.
    pub fn framed(formats: &str) -> Self {
        Self::new("image/jpeg,framerate=25/1,parsed=true", formats)
    }

    pub fn push(&mut self, jpeg: &[u8]) -> Result<gst::FlowSuccess, gst::FlowError> {
        self.harness.push(gst::Buffer::from_slice(jpeg.to_vec()))
    }

    /// The next frame that has come out.
    pub fn pull(&mut self) -> Option<Out> {
        let buffer = self.harness.try_pull()?;
        let caps = self.harness.sinkpad()?.current_caps()?;
        let info = VideoInfo::from_caps(&caps).unwrap();
        Some(Out { buffer, info })
    }

    /// One frame in, one frame out.
    pub fn decode(&mut self, jpeg: &[u8]) -> Out {
        self.push(jpeg).unwrap();
        let out = self.pull();
        out.unwrap_or_else(|| panic!("no frame: {:?}", self.texts(gst::MessageType::Warning)))
    }

    /// The texts of the messages of this type that wait on the bus.
    pub fn texts(&self, kind: gst::MessageType) -> Vec<String> {
        std::iter::from_fn(|| self.bus.pop_filtered(&[kind]))
            .map(|message| match message.view() {
                gst::MessageView::Error(error) => error.error().to_string(),
                gst::MessageView::Warning(warning) => warning.error().to_string(),
                other => format!("{other:?}"),
            })
            .collect()
    }
}
