//! The progress of one model, in bytes fetched or read: a bar on a terminal, lines otherwise.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ddrmjpeg::model::fetch::Event;
use ddrmjpeg::runtime::tensors::{HostTensor, TensorInfo, TensorSource};
use indicatif::{DecimalBytes, ProgressBar, ProgressDrawTarget, ProgressStyle};

const TEMPLATE: &str = "{prefix} {bar:24} {decimal_bytes}/{decimal_total_bytes} \
     {decimal_bytes_per_sec} (left: {eta}) {msg}";

/// A bar for one model.
pub struct Bar {
    bar: ProgressBar,
    /// Whether bytes are arriving: those before came over another connection.
    receiving: AtomicBool,
}

impl Bar {
    /// For the model `name`.
    pub fn new(name: &str) -> Self {
        let bar = ProgressBar::new(0).with_prefix(name.to_owned());
        if !std::io::stderr().is_terminal() {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        let receiving = AtomicBool::new(false);
        Self { bar, receiving }
    }

    /// Shows what happens in a fetch.
    pub fn show(&self, event: Event<'_>) {
        match event {
            Event::Received { done, total } => self.received(done, total),
            Event::Verifying { done, total } => {
                if done == 0 {
                    self.bar.reset();
                    self.bar.set_message("checking the digest");
                }
                self.bar.set_length(total);
                self.bar.set_position(done);
            }
            Event::Stale(why) => self.say(&format!("{why}: starting over")),
            Event::Restarted(why) => self.say(&format!("{why}: starting over")),
            Event::Broken { why, pause } => {
                self.receiving.store(false, Ordering::Relaxed);
                let seconds = pause.as_secs_f64();
                self.say(&format!("{why}: trying again in {seconds:.1} s"));
            }
        }
    }

    fn received(&self, done: u64, total: Option<u64>) {
        if !self.receiving.swap(true, Ordering::Relaxed) {
            self.bar.set_position(done);
            self.bar.reset_eta();
            if done > 0 {
                self.say(&format!("resuming at {}", DecimalBytes(done)));
            }
        }
        self.bar.set_length(total.unwrap_or(done));
        self.bar.set_position(done);
    }

    /// Prints a line above the bar.
    pub fn say(&self, text: &str) {
        let name = self.bar.prefix();
        self.bar.suspend(|| eprintln!("ddrmjpeg: {name}: {text}"));
    }

    /// Removes the bar.
    pub fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// A checkpoint that shows on a bar how much of it has been read.
pub struct Watched<'a> {
    source: &'a dyn TensorSource,
    bar: &'a Bar,
}

impl<'a> Watched<'a> {
    /// Wraps `source`, and sets the length of `bar` to all of its elements.
    pub fn new(source: &'a dyn TensorSource, bar: &'a Bar) -> Self {
        bar.bar.set_length(bytes(source));
        Self { source, bar }
    }
}

/// Bytes of all elements of `source`.
pub fn bytes(source: &dyn TensorSource) -> u64 {
    let names = source.names().into_iter();
    let infos = names.filter_map(|name| source.info(&name));
    infos
        .map(|info| info.shape.iter().product::<usize>() as u64 * info.dtype.bytes() as u64)
        .sum()
}

impl TensorSource for Watched<'_> {
    fn names(&self) -> Vec<String> {
        self.source.names()
    }

    fn info(&self, name: &str) -> Option<TensorInfo> {
        self.source.info(name)
    }

    fn read(&self, name: &str) -> ddrmjpeg::Result<HostTensor<'_>> {
        let read = self.source.read(name)?;
        self.bar.bar.inc(read.bytes.len() as u64);
        Ok(read)
    }

    fn metadata(&self) -> &std::collections::BTreeMap<String, String> {
        self.source.metadata()
    }
}
