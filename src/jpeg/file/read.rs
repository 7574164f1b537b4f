//! Reads a [`JpegFile`] from bytes: every baseline or progressive file that libjpeg-turbo reads,
//! with one, three or four components, through mozjpeg-sys and shim.c.
//!
//! It decodes no pixels. Errors of the C library become [`Error`]; nothing aborts.

use std::borrow::Cow;
use std::ptr;

use crate::error::{Error, Result};
use crate::frame::PixelModel;
use crate::jpeg::file::ffi;
use crate::jpeg::file::ink;
use crate::jpeg::file::lost;
use crate::jpeg::file::origin::Markers;
use crate::jpeg::file::partial::Partial;
use crate::jpeg::file::second;
use crate::jpeg::file::{Component, Damage, JpegFile, Metadata};
use crate::jpeg::grid::tables;
use crate::jpeg::segments::{amend, markers};
use crate::options::Limits;

/// The shim's handle, released on every path.
#[derive(Debug)]
pub(crate) struct Reader(pub(crate) *mut ffi::Reader);

impl Drop for Reader {
    fn drop(&mut self) {
        // SAFETY: from dj_reader_new, not null, freed only here.
        unsafe { ffi::dj_reader_free(self.0) }
    }
}

/// Reads all of a file.
///
/// # Errors
/// [`Error::Input`] for bytes that are not a JPEG or damaged beyond use, [`Error::Unsupported`] for
/// unsupported kinds of JPEG (12 bit, lossless, fractional sampling), [`Error::Limits`] for a
/// picture over `limits`, before memory is allocated for it.
pub fn read(data: &[u8], limits: &Limits) -> Result<JpegFile> {
    let data = amended(data, limits)?;
    second::best(&data, |data| as_it_is(data, limits), |file| file)
}

/// `data` with a header that libjpeg reads.
pub(crate) fn amended<'a>(data: &'a [u8], limits: &Limits) -> Result<Cow<'a, [u8]>> {
    check_length(data, limits)?;
    amend::header(data)
}

fn as_it_is(data: &[u8], limits: &Limits) -> Result<JpegFile> {
    let (reader, info) = begin(data, limits)?;
    let model = pixel_model(&info)?;
    if let Err(error) = reader.decode() {
        // SAFETY: the handle is live and reads from `data`.
        let place = unsafe { ffi::dj_reader_place(reader.0, data.as_ptr()) };
        drop(reader);
        return up_to(data, place, error, limits);
    }
    let mut components = (0..info.components as usize)
        .map(|c| reader.component(c, &info))
        .collect::<Result<Vec<_>>>()?;
    let mut damage = reader.damage(&info, model);
    if let Some(damage) = damage.as_mut().filter(|damage| !damage.is_empty()) {
        show(damage, Keep::Plain, data, limits)?;
        for (known, component) in damage.known.iter_mut().zip(&components) {
            known.saturate(component, component.levels.iter().copied());
        }
    }
    let ink = match components.len() {
        4 => Some(ink::taken(&mut components, damage.as_mut(), &info)),
        _ => None,
    };
    Ok(JpegFile {
        width: info.width as usize,
        height: info.height as usize,
        model,
        progressive: info.progressive != 0,
        components,
        ink,
        damage,
        markers: Markers::of(data),
        metadata: reader.metadata(),
    })
}

/// Reads what stands before the marker that gave the `error`, behind which libjpeg is at `place`:
/// a file may lack its end-of-image marker and go on with something else, or be broken behind its
/// first scan. If that holds nothing, the error remains.
fn up_to(data: &[u8], place: usize, error: Error, limits: &Limits) -> Result<JpegFile> {
    let start = second::marker_before(data, place);
    let (Error::Input(message) | Error::Unsupported(message)) = &error else {
        return Err(error);
    };
    match (start > 0).then(|| as_it_is(&data[..start], limits)) {
        Some(Ok(mut file)) if second::lost_area(&file) < file.width * file.height => {
            second::explain(&mut file, message);
            Ok(file)
        }
        _ => Err(error),
    }
}

/// Reads only the metadata of a file, without its coefficients.
///
/// # Errors
/// Those of [`read`] that concern the header.
pub fn metadata(data: &[u8], limits: &Limits) -> Result<Metadata> {
    let data = amended(data, limits)?;
    begin(&data, limits).map(|(reader, _)| reader.metadata())
}

/// How a reader keeps coefficients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// As numbers of two bytes.
    Plain,
    /// Packed, for pictures that are too large for that.
    Packed,
}

/// Reads the header of `data` and checks it. The reader must not outlive `data`.
pub(crate) fn begin(data: &[u8], limits: &Limits) -> Result<(Reader, ffi::Info)> {
    begin_as(Keep::Plain, data, limits)
}

/// The same for a reader that keeps coefficients so.
pub(crate) fn begin_as(keep: Keep, data: &[u8], limits: &Limits) -> Result<(Reader, ffi::Info)> {
    check_length(data, limits)?;
    check_start(data)?;
    let reader = open(keep, limits)?;
    let info = reader.header(data)?;
    let size = (info.width as usize, info.height as usize);
    match keep {
        Keep::Plain => limits.check_size(size.0, size.1)?,
        Keep::Packed => limits.check_size_of_strips(size.0, size.1)?,
    }
    check_content(&info)?;
    pixel_model(&info)?;
    check_sampling(&info)?;
    Ok((reader, info))
}

fn check_length(data: &[u8], limits: &Limits) -> Result<()> {
    if data.len() as u64 > limits.file_bytes {
        return Err(Error::Limits(format!(
            "a file of {} bytes: the limit is {}",
            data.len(),
            limits.file_bytes
        )));
    }
    Ok(())
}

fn check_start(data: &[u8]) -> Result<()> {
    match data {
        [] => Err(Error::Input("the file is empty".into())),
        [0xFF, 0xD8, ..] => Ok(()),
        [0x89, b'P', b'N', b'G', ..] => Err(Error::Unsupported("a PNG file, not a JPEG".into())),
        _ => Err(Error::Input(format!(
            "not a JPEG file: it starts with {:02x?}, not ff d8",
            &data[..data.len().min(4)]
        ))),
    }
}

/// Checks that the stated size is possible: each block takes at least some bits. A file that ends
/// early is still read if it can hold a quarter of the blocks.
fn check_content(info: &ffi::Info) -> Result<()> {
    let held = 8 * info.scan_bytes;
    if held < info.fewest_bits / 4 {
        return Err(Error::Input(format!(
            "{} x {} pixels take {} bytes at least: the file has {}",
            info.width,
            info.height,
            info.fewest_bits / 8,
            info.scan_bytes
        )));
    }
    Ok(())
}

pub(crate) fn pixel_model(info: &ffi::Info) -> Result<PixelModel> {
    use ffi::color_space::{CMYK, GRAYSCALE, RGB, UNKNOWN, YCBCR, YCCK};
    match (info.components, info.color_space) {
        (1, GRAYSCALE | UNKNOWN) => Ok(PixelModel::Grey),
        (3, YCBCR) => Ok(PixelModel::YCbCr),
        (3, RGB) => Ok(PixelModel::Rgb),
        // The three components other than black.
        (4, CMYK | UNKNOWN) => Ok(PixelModel::Rgb),
        (4, YCCK) => Ok(PixelModel::YCbCr),
        (n, space) => Err(Error::Unsupported(format!(
            "{n} components in colour space {space}: only 1, 3 or 4 are restored"
        ))),
    }
}

/// Sampling factors must divide the largest; libjpeg does not decode others either.
fn check_sampling(info: &ffi::Info) -> Result<()> {
    for c in 0..info.components as usize {
        let (h, v) = (info.h[c], info.v[c]);
        if h < 1 || v < 1 || info.max_h % h != 0 || info.max_v % v != 0 {
            return Err(Error::Unsupported(format!(
                "component {c} is sampled {h}x{v} against {}x{}: a fractional ratio",
                info.max_h, info.max_v
            )));
        }
    }
    let paint = 0..(info.components as usize).min(3);
    let most = |factors: &[i32; ffi::COMPONENTS]| paint.clone().map(|c| factors[c]).max();
    if (most(&info.h), most(&info.v)) != (Some(info.max_h), Some(info.max_v)) {
        return Err(Error::Unsupported(format!(
            "black is sampled {}x{}, more than the other components",
            info.h[3], info.v[3]
        )));
    }
    Ok(())
}

fn open(keep: Keep, limits: &Limits) -> Result<Reader> {
    let scans = i32::try_from(limits.scans).unwrap_or(i32::MAX);
    // Markers are at most 65533 bytes each; long profiles come in pieces.
    let marker = limits.metadata_bytes.min(0xFFFF) as u32;
    // SAFETY: no preconditions.
    let handle = unsafe { ffi::dj_reader_new(scans, marker, i32::from(keep == Keep::Packed)) };
    if handle.is_null() {
        return Err(Error::Backend("libjpeg: out of memory".into()));
    }
    Ok(Reader(handle))
}

impl Reader {
    pub(crate) fn message(&self) -> String {
        // SAFETY: the handle is live and its message always ends in NUL.
        unsafe { ffi::text(ffi::dj_reader_message(self.0)) }
    }

    fn header(&self, data: &[u8]) -> Result<ffi::Info> {
        let mut info = ffi::Info::default();
        // SAFETY: `data` outlives the reader; the callers of `begin` guarantee that.
        let ok = unsafe { ffi::dj_reader_header(self.0, data.as_ptr(), data.len(), &mut info) };
        if ok == 0 {
            return Err(classify(self.message()));
        }
        Ok(info)
    }

    pub(crate) fn decode(&self) -> Result<()> {
        // SAFETY: the header has been read, and its data is still valid.
        match unsafe { ffi::dj_reader_decode(self.0) } {
            0 => Err(classify(self.message())),
            _ => Ok(()),
        }
    }

    fn component(&self, c: usize, info: &ffi::Info) -> Result<Component> {
        let (mut component, open) = self.outline(c, info)?;
        let blocks = component.blocks_wide * component.blocks_high;
        component.levels = vec![[0i16; 64]; blocks];
        let levels = component.levels.as_mut_ptr();
        // SAFETY: `levels` has room for the blocks that the header announced.
        if unsafe { ffi::dj_reader_component(self.0, c as i32, levels.cast()) } == 0 {
            return Err(Error::Input(self.message()));
        }
        tables::clear(&mut component.levels, &open);
        Ok(component)
    }

    /// The decoded component `c` without its levels, and the coefficients whose steps are 0 in the
    /// file: their levels say nothing.
    pub(crate) fn outline(&self, c: usize, info: &ffi::Info) -> Result<(Component, Vec<usize>)> {
        let mut steps = [0u16; 64];
        // SAFETY: the handle is live, and there is room for 64 steps.
        if unsafe { ffi::dj_reader_steps(self.0, c as i32, steps.as_mut_ptr()) } == 0 {
            return Err(Error::Input(self.message()));
        }
        if steps[0] == 0 {
            return Err(Error::Input(format!(
                "quantisation step 0 of component {c} is 0: it is 1..65535"
            )));
        }
        let open = tables::open_zeros(&mut steps);
        let component = Component {
            id: info.id[c] as u8,
            sampling: (info.h[c] as usize, info.v[c] as usize),
            steps,
            blocks_wide: info.blocks_wide[c] as usize,
            blocks_high: info.blocks_high[c] as usize,
            levels: Vec::new(),
        };
        Ok((component, open))
    }

    /// What was wrong, and how far the components are known; `show` fills in how they are shown.
    pub(crate) fn damage(&self, info: &ffi::Info, model: PixelModel) -> Option<Damage> {
        // SAFETY: the handle is live.
        let warnings = unsafe { ffi::dj_reader_warnings(self.0) };
        let known: Vec<Partial> = (0..info.components as usize)
            .map(|c| self.known(c, info))
            .collect();
        let is_whole = known.iter().all(Partial::is_whole);
        if warnings == 0 && is_whole {
            return None;
        }
        let lost = lost::parts(&known, info, model);
        let message = match (warnings, lost.is_empty()) {
            (0, true) => "not all of its coefficients were sent".into(),
            (0, false) => "parts of it do not end as an encoder ends them".into(),
            _ => self.message(),
        };
        Some(Damage {
            message,
            lost,
            known: if is_whole { Vec::new() } else { known },
        })
    }

    /// How far the coefficients of the decoded component `c` are known.
    fn known(&self, c: usize, info: &ffi::Info) -> Partial {
        let blocks = info.blocks_wide[c] as usize * info.blocks_high[c] as usize;
        let mut profiles = 0;
        // SAFETY: the coefficients have been read, so the ledger has a profile for each block, and
        // 64 numbers for each profile.
        let (bits, blocks) = unsafe {
            let bits = ffi::dj_reader_bits(self.0, &mut profiles);
            let of_blocks = ffi::dj_reader_profiles(self.0, c as i32);
            (
                std::slice::from_raw_parts(bits, 64 * profiles as usize),
                std::slice::from_raw_parts(of_blocks, blocks).to_vec(),
            )
        };
        let profile = |bits: &[i8]| std::array::from_fn(|i| u8::try_from(bits[i]).ok());
        Partial {
            profiles: bits.chunks_exact(64).map(profile).collect(),
            blocks,
            shown: Vec::new(),
        }
    }

    /// Decodes to the planes of the components, as libjpeg shows them.
    fn planes(&self, info: &ffi::Info) -> Result<Vec<Vec<u8>>> {
        let plane = |c: usize| {
            let rows = 8 * info.v[c] as usize * info.mcu_rows as usize;
            vec![0u8; 8 * info.blocks_wide[c] as usize * rows]
        };
        let count = info.components as usize;
        let mut planes: Vec<Vec<u8>> = (0..count).map(plane).collect();
        let pointers: Vec<*mut u8> = planes.iter_mut().map(|plane| plane.as_mut_ptr()).collect();
        // SAFETY: the header has been read, its data is still valid, and each plane has the
        // announced size.
        match unsafe { ffi::dj_reader_planes(self.0, pointers.as_ptr()) } {
            0 => Err(classify(self.message())),
            _ => Ok(planes),
        }
    }

    pub(crate) fn metadata(&self) -> Metadata {
        let mut found = markers::Collector::default();
        for index in 0.. {
            let (mut code, mut data, mut length) = (0, ptr::null(), 0);
            // SAFETY: the handle is live; the shim answers 0 past the last marker.
            let more =
                unsafe { ffi::dj_reader_marker(self.0, index, &mut code, &mut data, &mut length) };
            if more == 0 {
                break;
            }
            if !data.is_null() {
                // SAFETY: libjpeg keeps `length` bytes at `data` until the handle is freed.
                found.add(code as u8, unsafe {
                    std::slice::from_raw_parts(data, length as usize)
                });
            }
        }
        found.finish()
    }
}

/// Decodes `data` again, for how libjpeg shows incomplete parts.
pub(crate) fn show(damage: &mut Damage, keep: Keep, data: &[u8], limits: &Limits) -> Result<()> {
    let (reader, info) = begin_as(keep, data, limits)?;
    let planes = reader.planes(&info)?;
    for (known, plane) in damage.known.iter_mut().zip(planes) {
        known.shown = plane;
    }
    Ok(())
}

/// Only the wording of libjpeg's messages tells "broken" from "not supported".
pub(crate) fn classify(message: String) -> Error {
    let unsupported = ["not implemented", "Unsupported", "precision", "scans"];
    if message.contains("more than") && message.contains("scans") {
        return Error::Limits(format!("JPEG: {message}"));
    }
    if unsupported.iter().any(|word| message.contains(word)) {
        return Error::Unsupported(format!("JPEG: {message}"));
    }
    Error::Input(format!("JPEG: {message}"))
}
