//! One passage of a picture through a network, or of the parts of it that changed: in stages, each
//! of which all threads do together.
//!
//! A stage writes one map, each pixel once, and reads others, so threads never wait for each other
//! within it. A band of whole rows is computed where it is; a window is cut out with its margin and
//! pasted back, and has the same bits. Called by `engine` and `follower`.

use crate::error::{Error, Result};
use crate::frame::{Picture, Rect};
use crate::runtime::arithmetic::Arithmetic;
use crate::runtime::conv_engine::ends::{Line, Seen, Weights, enter, lines};
use crate::runtime::conv_engine::engine::Run;
use crate::runtime::conv_engine::map::Map;
use crate::runtime::conv_engine::memory::{Disjoint, Lent, add_interleaved, samples, samples_mut};
use crate::runtime::conv_engine::region::{Link, Plan, Scale, Work, bands, pieces, times, whole};
use crate::runtime::conv_engine::weights::eight::{Rounding, to_bytes};
use crate::runtime::conv_engine::weights::packing::Ready;
use crate::runtime::onednn::Window;
use crate::runtime::samples::{Bf16, Sample};
use crate::runtime::threads::stages::in_stages;

/// Rows of the first or last map that one thread fills or reads at a time.
const BAND: usize = 8;

/// A step that all threads do together before the next one.
enum Step {
    /// Write the input there.
    Enter(Vec<Rect>),
    /// Compute the map of a layer there, in pixels of the coarser of its two maps.
    Layer(usize, Vec<Rect>),
    /// Compute the estimate there.
    Leave(Vec<Rect>),
}

/// A picture's maps, shared by several threads.
pub(crate) struct Pass<'a> {
    run: &'a Run<'a>,
    maps: &'a [Map],
    seen: Seen<'a>,
    weights: Weights,
    size: (usize, usize),
    out: Disjoint<'a, f32>,
}

impl<'a> Pass<'a> {
    /// For the pictures `seen`, through `maps`, to `out`.
    ///
    /// # Errors
    /// [`Error::Backend`] if pictures differ in size.
    pub fn new(
        run: &'a Run<'a>,
        maps: &'a [Map],
        seen: Seen<'a>,
        weights: Weights,
        out: &'a mut Picture,
    ) -> Result<Self> {
        let size = (out.width, out.height);
        let pictures = seen.x.map(|(x, _)| x).into_iter().chain(seen.y);
        for picture in pictures {
            if (picture.channels, picture.width, picture.height) != (3, size.0, size.1) {
                return Err(Error::Backend(format!(
                    "a network was asked for a picture of {} x {} and given one of {} x {}",
                    size.0, size.1, picture.width, picture.height
                )));
            }
        }
        Ok(Self {
            run,
            maps,
            seen,
            weights,
            size,
            out: Disjoint::new(&mut out.data),
        })
    }

    /// Computes everything.
    ///
    /// # Errors
    /// [`Error::Backend`].
    pub fn whole(&self) -> Result<()> {
        let links = self.run.engine.links();
        let all = Plan {
            work: links.iter().map(|_| Work::Whole).collect(),
            last: Vec::new(),
        };
        let end = |map: Option<&Map>| map.map(|map| whole(map.size())).into_iter().collect();
        self.parts(&all, end(self.maps.first()), end(self.maps.last()))
    }

    /// Computes what `plan` says after the input changed in `entered`, and the estimate in `left`,
    /// in pixels of the last map.
    ///
    /// # Errors
    /// [`Error::Backend`]; the maps are then invalid.
    pub fn parts(&self, plan: &Plan, entered: Vec<Rect>, left: Vec<Rect>) -> Result<()> {
        let in_bands = |rects: Vec<Rect>| {
            let bands = rects.into_iter().flat_map(|rect| bands(rect, BAND));
            bands.collect::<Vec<_>>()
        };
        let links = self.run.engine.links().iter();
        let layers = links.zip(&plan.work).enumerate();
        let steps = [Step::Enter(in_bands(entered))].into_iter();
        let steps = steps
            .chain(
                layers
                    .map(|(index, (link, work))| Step::Layer(index, self.todo(index, link, work))),
            )
            .chain([Step::Leave(in_bands(left))]);
        self.take(&steps.collect::<Vec<_>>())
    }

    /// The pieces of a layer.
    fn todo(&self, index: usize, link: &Link, work: &Work) -> Vec<Rect> {
        let threads = self.run.engine.threads();
        match work {
            Work::Windows(windows) => {
                let pieces = windows.iter().flat_map(|&rect| pieces(rect, link, threads));
                pieces.collect()
            }
            Work::Whole => {
                let map = match link.scale {
                    Scale::Doubled => &self.maps[link.from],
                    Scale::Same | Scale::Halved => &self.maps[index + 1],
                };
                let rows = link.rows_of_band(map.size(), threads);
                bands(whole(map.size()), rows).collect()
            }
        }
    }

    fn take(&self, steps: &[Step]) -> Result<()> {
        let counts: Vec<usize> = steps.iter().map(Step::pieces).collect();
        in_stages(
            self.run.engine.threads(),
            &counts,
            |step, piece| match &steps[step] {
                Step::Enter(rects) => {
                    self.enter(rects[piece]);
                    Ok(())
                }
                Step::Layer(index, rects) => self.make(*index, rects[piece]),
                Step::Leave(rects) => {
                    self.leave(rects[piece]);
                    Ok(())
                }
            },
        )
    }

    /// Writes `rect` of the input.
    fn enter(&self, rect: Rect) {
        match self.run.engine.arithmetic() {
            Arithmetic::Bf16 => self.enter_as::<Bf16>(rect),
            Arithmetic::F32 => self.enter_as::<f32>(rect),
        }
    }

    fn enter_as<T: Sample>(&self, rect: Rect) {
        let (map, entry) = (&self.maps[0], self.run.engine.entry());
        if rect.width == map.width {
            // SAFETY: this stage writes only the input, in rectangles that do not overlap.
            unsafe { map.frame((rect.y, rect.height)) };
        }
        let mut rows = Lent::of(0, rect.width * map.pixel);
        for row in rect.y..rect.y + rect.height {
            enter(entry, self.seen, (rect.x, row), samples_mut::<T>(&mut rows));
            let line = Rect {
                y: row,
                height: 1,
                ..rect
            };
            // SAFETY: as above.
            unsafe { map.paste(line, &rows) };
        }
    }

    /// Computes `rect` of the map of layer `index`.
    fn make(&self, index: usize, rect: Rect) -> Result<()> {
        let link = self.run.engine.links()[index];
        let coarse = match link.scale {
            Scale::Doubled => &self.maps[link.from],
            Scale::Same | Scale::Halved => &self.maps[index + 1],
        };
        match rect.width == coarse.width {
            true => self.band(index, link, (rect.y, rect.height)),
            false => self.window(index, link, rect),
        }
    }

    /// Computes whole rows where they are.
    fn band(&self, index: usize, link: Link, (first, count): (usize, usize)) -> Result<()> {
        let (from, to) = (&self.maps[link.from], &self.maps[index + 1]);
        let (read, made) = match link.scale {
            Scale::Same => ((first, count + 2), (first, count)),
            Scale::Halved => ((2 * first + 1, 2 * count), (first, count)),
            Scale::Doubled => ((first + 1, count), (2 * first, 2 * count)),
        };
        // SAFETY: a stage writes the map of one layer, in bands that do not overlap, and reads only
        // maps of earlier ones; where two maps share memory, the earlier is needed no more, or is
        // the sum below in the same rows.
        let (rows, out) = unsafe {
            to.frame(made);
            (from.rows(read.0, read.1), to.rows_mut(made.0 + 1, made.1))
        };
        if let Some(sum) = link
            .onto
            .map(|map| &self.maps[map])
            .filter(|sum| !sum.shares(to))
        {
            // SAFETY: as above; this one is other memory.
            out.copy_from_slice(unsafe { sum.rows(made.0 + 1, made.1) });
        }
        let window = Window {
            rows,
            height: read.1,
            width: from.width,
            beside: usize::from(link.scale == Scale::Same),
        };
        self.convolve((index, link), window, out)
    }

    /// Computes a window, cut out and pasted back.
    fn window(&self, index: usize, link: Link, rect: Rect) -> Result<()> {
        let (map, result) = (&self.maps[link.from], &self.maps[index + 1]);
        let (from, margin, to) = match link.scale {
            Scale::Same => (rect, 1, rect),
            Scale::Halved => (times(rect, 2), 0, rect),
            Scale::Doubled => (rect, 0, times(rect, 2)),
        };
        let (width, height) = (from.width + 2 * margin, from.height + 2 * margin);
        let mut rows = Lent::of(0, width * height * map.pixel);
        let mut out = Lent::of(1, to.width * to.height * result.pixel);
        // SAFETY: a stage reads only maps of earlier layers.
        unsafe { map.cut(from, margin, &mut rows) };
        if let Some(sum) = link.onto {
            // SAFETY: as above.
            unsafe { self.maps[sum].cut(to, 0, &mut out) };
        }
        let window = Window {
            rows: &rows,
            height,
            width,
            beside: 0,
        };
        self.convolve((index, link), window, &mut out)?;
        // SAFETY: a stage writes the map of one layer, in windows that do not overlap.
        unsafe { result.paste(to, &out) };
        Ok(())
    }

    /// Convolves `window` into `out`, which holds the sum if there is one.
    fn convolve(
        &self,
        (index, link): (usize, Link),
        window: Window<'_>,
        out: &mut [u8],
    ) -> Result<()> {
        let ready = &self.run.layers[index];
        let Some(rounding) = &ready.rounding else {
            return self.finish((ready, link), window, out);
        };
        // oneDNN's own zeros beside the rows would be other numbers than the input's.
        let beside = if rounding.zero == 0 { 0 } else { window.beside };
        let wide = window.width + 2 * beside;
        let channels = rounding.gains.len();
        let mut bytes = Lent::of(2, window.height * wide * channels);
        if beside == 0 {
            self.round(window.rows, rounding, &mut bytes);
        } else {
            let rows = window
                .rows
                .chunks_exact(window.rows.len() / window.height.max(1));
            for (row, bytes) in rows.zip(bytes.chunks_exact_mut(wide * channels)) {
                let (left, rest) = bytes.split_at_mut(beside * channels);
                let (inner, right) = rest.split_at_mut(window.width * channels);
                left.fill(rounding.zero);
                right.fill(rounding.zero);
                self.round(row, rounding, inner);
            }
        }
        let window = Window {
            rows: &bytes,
            width: wide,
            beside: window.beside - beside,
            ..window
        };
        self.finish((ready, link), window, out)
    }

    fn round(&self, from: &[u8], rounding: &Rounding, bytes: &mut [u8]) {
        match self.run.engine.arithmetic() {
            Arithmetic::Bf16 => to_bytes::<Bf16>(samples(from), rounding, bytes),
            Arithmetic::F32 => to_bytes::<f32>(samples(from), rounding, bytes),
        }
    }

    /// The same of a window that is in the types of the layer's weights.
    fn finish(
        &self,
        (Ready { packed, end, .. }, link): (&Ready, Link),
        window: Window<'_>,
        out: &mut [u8],
    ) -> Result<()> {
        if link.scale != Scale::Doubled {
            return packed.run(window, *end, out);
        }
        if link.onto.is_none() {
            return Err(Error::Backend("a doubled map without a sum".into()));
        }
        // As many bytes as the sum: each pixel has four results.
        let mut results = Lent::of(3, out.len());
        packed.run(window, *end, &mut results)?;
        let size = (window.width, link.channels);
        match self.run.engine.arithmetic() {
            Arithmetic::Bf16 => {
                add_interleaved::<Bf16>(samples(&results), samples_mut(out), size);
            }
            Arithmetic::F32 => add_interleaved::<f32>(samples(&results), samples_mut(out), size),
        }
        Ok(())
    }

    /// Computes the estimate in `rect` of the last map.
    fn leave(&self, rect: Rect) {
        match self.run.engine.arithmetic() {
            Arithmetic::Bf16 => self.leave_as::<Bf16>(rect),
            Arithmetic::F32 => self.leave_as::<f32>(rect),
        }
    }

    fn leave_as<T: Sample>(&self, rect: Rect) {
        let (fold, Some(map)) = (self.run.engine.entry().fold, self.maps.last()) else {
            return;
        };
        let pictures = [self.seen.x.map(|(x, _)| x), self.seen.y];
        for ((plane, row), range) in lines(fold, rect, self.size) {
            // SAFETY: this stage writes no map, and lines of rectangles that do not overlap.
            let (f, line) = unsafe { (map.rows(row / fold + 1, 1), self.out.part(range.clone())) };
            let f = &f[rect.x * map.pixel..][..rect.width * map.pixel];
            let line_of = Line {
                fold,
                weights: self.weights,
                seen: pictures.map(|picture| picture.map(|p| &p.data[range.clone()])),
                at: (plane, row),
            };
            line_of.leave(samples::<T>(f), line);
        }
    }
}

impl Step {
    fn pieces(&self) -> usize {
        match self {
            Self::Enter(rects) | Self::Layer(_, rects) | Self::Leave(rects) => rects.len(),
        }
    }
}
