//! The figures of the property `stats`, counted from start on.

/// What came through since the element was started.
#[derive(Debug, Default)]
pub struct Stats {
    /// Buffers that arrived.
    pub frames: u64,
    /// Buffers that left without the meta.
    pub unread: u64,
    /// Whether the last buffer was one of them: the next is no news.
    failing: bool,
}

impl Stats {
    /// Counts a buffer; whether a failure of it is news.
    pub fn add(&mut self, read: bool) -> bool {
        self.frames += 1;
        self.unread += u64::from(!read);
        let news = !read && !self.failing;
        self.failing = !read;
        news
    }

    /// The figures as the property gives them.
    pub fn structure(&self) -> gst::Structure {
        gst::Structure::builder("ddrmjpegtables-stats")
            .field("frames", self.frames)
            .field("marked", self.frames - self.unread)
            .field("unread", self.unread)
            .build()
    }
}
