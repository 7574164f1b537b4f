//! Negotiation with downstream, repeated when the pictures or downstream's caps have changed.
//!
//! `format` chooses. Called by the work on frames.

use gst::FlowError;
use gst::prelude::*;
use gst::subclass::prelude::*;
use gst_video::VideoInfo;
use gst_video::prelude::*;

use super::coded::Coded;
use super::format::Shape;
use super::imp::{CAT, DdrmJpegDec};
use super::state::Agreed;
use crate::element::Restoring;
use crate::enums::Compare;

impl DdrmJpegDec {
    /// The frame format for such a picture. Negotiates it if it differs from the last one, or if
    /// downstream asks for another.
    pub(super) fn agree(&self, coded: &Coded) -> Result<Agreed, FlowError> {
        let shape = coded.shape();
        let compare = self.settings().compare;
        let obj = self.obj();
        let asked = obj.src_pad().check_reconfigure();
        let last = self.state().agreed.clone();
        let holds = |last: &Agreed| last.shape == shape && last.compare == compare && !asked;
        if let Some(last) = last.filter(holds) {
            return Ok(last);
        }
        let allowed = obj.src_pad().allowed_caps();
        let doubled = compare == Compare::SideBySide && shape.doubled().fits(allowed.as_ref());
        let shown = if doubled {
            shape.doubled()
        } else {
            shape.clone()
        };
        let negotiated = self.negotiate_shape(&shown, allowed.as_ref());
        if negotiated.is_err() {
            obj.src_pad().mark_reconfigure();
        }
        let agreed = Agreed {
            shape,
            info: negotiated?,
            compare,
            doubled,
        };
        self.state().agreed = Some(agreed.clone());
        Ok(agreed)
    }

    fn negotiate_shape(
        &self,
        shape: &Shape,
        allowed: Option<&gst::Caps>,
    ) -> Result<VideoInfo, FlowError> {
        let obj = self.obj();
        let input = self.state().input.clone();
        let format = shape.choose(allowed);
        let format = format.ok_or(FlowError::NotNegotiated)?;
        let info = shape.info(format, input.as_ref().map(|input| input.info()));
        let info = info.map_err(|_| FlowError::NotNegotiated)?;
        let mut output = obj.set_interlaced_output_state(
            format,
            shape.interlace_mode(),
            shape.width as u32,
            shape.height as u32,
            input.as_ref(),
        )?;
        output.set_info(info.clone());
        obj.negotiate(output)?;
        gst::debug!(CAT, imp = self, "{shape:?} goes out as {info:?}");
        Ok(info)
    }
}
