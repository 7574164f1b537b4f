//! A network of this project on the cores of this machine, by oneDNN.
//!
//! It holds the weights and the memory of maps; `pass` computes. Any thread may ask, and several at
//! once: each has maps of its own.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::error::Result;
use crate::frame::Picture;
use crate::runtime::arithmetic::Arithmetic;
use crate::runtime::conv_engine::ends::{Seen, Weights};
use crate::runtime::conv_engine::map;
use crate::runtime::conv_engine::map::{Buffer, Map};
use crate::runtime::conv_engine::memory::samples;
use crate::runtime::conv_engine::pass::Pass;
use crate::runtime::conv_engine::region::{Link, Size, links, sizes};
use crate::runtime::conv_engine::slots;
use crate::runtime::conv_engine::trial::parts_agree;
use crate::runtime::conv_engine::weights::packing::{Packing, Ready};
use crate::runtime::conv_engine::weights::peaks::{Peaks, raise};
use crate::runtime::conv_net::edm::{Case, Scales};
use crate::runtime::conv_net::net::{Entry, Net};
use crate::runtime::tensors::TensorSource;
use crate::runtime::tensors::host::check;
use crate::runtime::threads::crew;

/// The inputs of a network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Question<'a> {
    /// Width and height of its pictures.
    pub size: (usize, usize),
    /// The noisy picture; `None` at a level at which it is ignored.
    pub x: Option<&'a Picture>,
    /// The decoded picture, if there is one.
    pub y: Option<&'a Picture>,
    /// Noise level and tables.
    pub case: Case,
}

/// A network and its weights.
pub(crate) struct Engine {
    net: Net,
    arithmetic: Arithmetic,
    links: Vec<Link>,
    packing: Packing,
    /// Whether blocks, and what is packed so, are in eight bits where x is not used.
    eight: bool,
    threads: usize,
    /// The memory of the last question's maps.
    spare: Mutex<Vec<Buffer>>,
    parts_agree: OnceLock<bool>,
}

/// The layers for one case.
pub(crate) struct Run<'a> {
    pub engine: &'a Engine,
    /// The head first.
    pub layers: Vec<Ready>,
}

impl Engine {
    /// The network `net` with the weights of `source`, in `arithmetic` and, if the peaks of its maps
    /// are given, with the blocks in eight bits where x is not used; on up to `threads` threads;
    /// 0: as many as there are cores.
    ///
    /// # Errors
    /// [`crate::Error::Checkpoint`] for tensors that do not fit, [`crate::Error::Backend`] if
    /// oneDNN has no such convolutions on this CPU.
    pub fn new(
        net: Net,
        source: Box<dyn TensorSource>,
        (arithmetic, peaks): (Arithmetic, Option<&Peaks>),
        threads: usize,
    ) -> Result<Self> {
        check(&*source, &net.shapes())?;
        let cores = crew::size();
        Ok(Self {
            packing: Packing::new(&net, source, arithmetic, peaks)?,
            links: links(&net),
            net,
            arithmetic,
            eight: peaks.is_some(),
            threads: if threads == 0 { cores } else { threads },
            spare: Mutex::default(),
            parts_agree: OnceLock::new(),
        })
    }

    /// How pictures become the input.
    pub fn entry(&self) -> Entry {
        self.net.entry
    }

    /// The arithmetic of weights and maps.
    pub fn arithmetic(&self) -> Arithmetic {
        self.arithmetic
    }

    /// The name of its arithmetic in reports.
    pub fn word(&self) -> &'static str {
        if self.eight {
            "int8"
        } else {
            self.arithmetic.word()
        }
    }

    /// How the layers are connected, the head first.
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// Most threads that compute together.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// From this σ on x is ignored.
    pub fn one_call_sigma(&self) -> f64 {
        self.net.one_call_sigma
    }

    /// Bytes per pixel of a picture that maps take in this process.
    pub fn pixel_bytes(&self) -> usize {
        const SIDE: usize = 64;
        let bytes = self.map_bytes(self.entry().map_size((SIDE, SIDE)), false);
        let slots = slots::shared(&self.links);
        slots::sizes(&slots, &bytes).iter().sum::<usize>() / (SIDE * SIDE)
    }

    /// Whether a part of a map has the same bits as in the whole, on this machine.
    pub fn in_parts(&self) -> bool {
        *self
            .parts_agree
            .get_or_init(|| parts_agree(self).unwrap_or(false))
    }

    /// The layers for `case`, with or without x.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn run(&self, case: &Case, sees: bool) -> Result<Run<'_>> {
        Ok(Run {
            engine: self,
            layers: self.packing.layers(&self.net, case, sees)?,
        })
    }

    /// The weights of x, y and F in the estimate for `case`.
    pub fn weights(&self, case: &Case) -> Weights {
        let scales = Scales::of(case, self.net.one_call_sigma);
        Weights {
            x: scales.skip as f32,
            y: scales.hint as f32,
            f: scales.output as f32,
        }
    }

    /// The estimate of x0.
    ///
    /// # Errors
    /// [`crate::Error::Backend`].
    pub fn estimate(&self, asked: Question<'_>) -> Result<Picture> {
        let scales = Scales::of(&asked.case, self.net.one_call_sigma);
        let run = self.run(&asked.case, asked.x.is_some())?;
        let maps = self.maps_that_share(asked.size, asked.x.is_some())?;
        let seen = Seen {
            x: asked.x.map(|x| (x, scales.input as f32)),
            y: asked.y,
        };
        let mut out = Picture::new(3, asked.size.0, asked.size.1);
        let pass = Pass::new(&run, &maps, seen, self.weights(&asked.case), &mut out)?;
        pass.whole()?;
        self.give_back(maps);
        Ok(out)
    }

    /// Maps for a picture of `size_px`; those that are not needed at the same time share memory.
    fn maps_that_share(&self, size_px: Size, sees: bool) -> Result<Vec<Map>> {
        let bytes = self.map_bytes(self.entry().map_size(size_px), sees);
        let slots = slots::shared(&self.links);
        let mut spare = std::mem::take(&mut *self.spare());
        let buffers: Vec<Arc<Buffer>> = slots::sizes(&slots, &bytes)
            .into_iter()
            .map(|bytes| Arc::new(taken(&mut spare, bytes)))
            .collect();
        self.maps_in(&slots, &buffers, (size_px, sees))
    }

    /// Maps for the hint's picture of `size_px`, each in its own memory.
    ///
    /// # Errors
    /// [`crate::Error::Backend`].
    pub fn maps_to_keep(&self, size_px: Size) -> Result<Vec<Map>> {
        let bytes = self.map_bytes(self.entry().map_size(size_px), false);
        let buffers: Vec<_> = bytes.iter().map(|&n| Arc::new(Buffer::new(n))).collect();
        self.maps_in(&slots::apart(&self.links), &buffers, (size_px, false))
    }

    /// Bytes of [`Self::maps_to_keep`].
    pub fn kept_bytes(&self, size_px: Size) -> usize {
        self.map_bytes(self.entry().map_size(size_px), false)
            .iter()
            .sum()
    }

    fn maps_in(
        &self,
        slots: &[usize],
        buffers: &[Arc<Buffer>],
        (size_px, sees): (Size, bool),
    ) -> Result<Vec<Map>> {
        let sizes = sizes(&self.links, self.entry().map_size(size_px));
        let maps = slots.iter().zip(sizes).zip(self.pixels(sees));
        maps.map(|((&slot, size), pixel)| Map::new(Arc::clone(&buffers[slot]), size, pixel))
            .collect()
    }

    /// Bytes of every map over an input of `size`.
    fn map_bytes(&self, size: Size, sees: bool) -> Vec<usize> {
        let sizes = sizes(&self.links, size).into_iter();
        sizes
            .zip(self.pixels(sees))
            .map(|(size, pixel)| map::bytes(size, pixel))
            .collect()
    }

    /// Bytes of a pixel of every map.
    fn pixels(&self, sees: bool) -> impl Iterator<Item = usize> {
        let input = self.entry().channels(sees) * self.arithmetic.bytes();
        let links = self.links.iter().enumerate();
        let maps = links.map(move |(index, link)| link.channels * self.sample(index, sees));
        [input].into_iter().chain(maps)
    }

    /// Bytes of a sample of the map of layer `index`.
    fn sample(&self, index: usize, sees: bool) -> usize {
        let layer = index.checked_sub(Net::HEAD).map(|at| &self.net.layers[at]);
        let inner = layer.is_some_and(|layer| layer.film.is_some());
        if inner && self.eight && !sees {
            1
        } else {
            self.arithmetic.bytes()
        }
    }

    /// Raises `peaks` to what the maps of the hint `y` reach. In f32.
    ///
    /// # Errors
    /// [`crate::Error::Backend`].
    pub fn measure(&self, y: &Picture, case: &Case, peaks: &mut Peaks) -> Result<()> {
        let run = self.run(case, false)?;
        let maps = self.maps_to_keep((y.width, y.height))?;
        let mut out = Picture::new(3, y.width, y.height);
        let seen = Seen {
            x: None,
            y: Some(y),
        };
        Pass::new(&run, &maps, seen, self.weights(case), &mut out)?.whole()?;
        // SAFETY: nothing computes any more.
        let all = |map: usize| samples(unsafe { maps[map].rows(1, maps[map].height) });
        let films = self.net.layers.iter().enumerate();
        let films = films.filter(|(_, layer)| layer.film.is_some());
        for ((index, layer), peak) in films.zip(&mut peaks.blocks) {
            raise(&mut peak.input, all(layer.from));
            raise(&mut peak.inner, all(index + Net::HEAD + 1));
        }
        for ((_, layer), peaks) in self.net.singles().zip(&mut peaks.singles) {
            raise(peaks, all(layer.from));
        }
        Ok(())
    }

    /// Keeps the memory of `maps` for the next question.
    fn give_back(&self, maps: Vec<Map>) {
        let buffers = maps.into_iter().filter_map(Map::into_buffer);
        *self.spare() = buffers.collect();
    }

    fn spare(&self) -> std::sync::MutexGuard<'_, Vec<Buffer>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The smallest of `spare` that has `bytes` bytes and not far more, or a new one.
fn taken(spare: &mut Vec<Buffer>, bytes: usize) -> Buffer {
    let fits = |buffer: &Buffer| (bytes..=2 * bytes).contains(&buffer.bytes());
    let sizes = spare.iter().enumerate().filter(|(_, buffer)| fits(buffer));
    match sizes.min_by_key(|(_, buffer)| buffer.bytes()) {
        Some((at, _)) => spare.swap_remove(at),
        None => Buffer::new(bytes),
    }
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod engine_tests;
