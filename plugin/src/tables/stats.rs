//! The figures of the property `stats`, counted since start.

/// Counts since the element was started.
#[derive(Debug, Default)]
pub struct Stats {
    /// Buffers that arrived.
    pub frames: u64,
    /// Buffers that passed without the meta.
    pub unread: u64,
    /// Whether the last buffer was one of them, so that the next failure is not new.
    failing: bool,
}

impl Stats {
    /// Counts a buffer. Returns whether its failure is new.
    pub fn add(&mut self, read: bool) -> bool {
        self.frames += 1;
        self.unread += u64::from(!read);
        let news = !read && !self.failing;
        self.failing = !read;
        news
    }

    /// The figures as the value of the property.
    pub fn structure(&self) -> gst::Structure {
        gst::Structure::builder("ddrmjpegtables-stats")
            .field("frames", self.frames)
            .field("marked", self.frames - self.unread)
            .field("unread", self.unread)
            .build()
    }
}
