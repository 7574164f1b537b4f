//! The GStreamer plugin `ddrmjpeg`: elements that restore JPEG and MJPEG.
//!
//! A front end of the core library `ddrmjpeg`, which does the restoration. Loaded by GStreamer from
//! `libgstddrmjpeg.so`; programs that link this crate call `gstddrmjpeg::plugin_register_static()`
//! instead.

mod compare;
mod counts;
mod decoder;
mod element;
mod enums;
mod errors;
mod fields;
mod filter;
mod live;
mod meta;
mod pixels;
mod planes;
mod properties;
mod registry;
mod restorer;
mod settings;
mod tables;
#[cfg(test)]
mod tests;

pub use definition::plugin_register_static;

/// What GStreamer looks for in the shared object.
mod definition {
    #![allow(missing_docs, reason = "the macro writes public items without any")]

    fn plugin_init(plugin: &gst::Plugin) -> Result<(), glib::BoolError> {
        crate::meta::register();
        crate::decoder::register(plugin)?;
        crate::filter::register(plugin)?;
        crate::tables::register(plugin)
    }

    gst::plugin_define!(
        ddrmjpeg,
        env!("CARGO_PKG_DESCRIPTION"),
        plugin_init,
        concat!(env!("CARGO_PKG_VERSION"), "-", env!("COMMIT_ID")),
        "MIT/X11",
        "ddrmjpeg",
        env!("CARGO_PKG_NAME"),
        "ddrmjpeg",
        env!("BUILD_REL_DATE")
    );
}
