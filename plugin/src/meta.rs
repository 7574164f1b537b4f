//! The custom meta `DdrmJpegTablesMeta`: what a JPEG's header says. It is on the buffer of the JPEG
//! and, because decoders copy it, on the buffer of the decoded frame.
//!
//! Its tags are `video` and `size`: decoders and queues keep it, elements that scale or crop drop
//! it. The fields of its structure, so that other programs can read and write it:
//!
//! | field | type | what |
//! |---|---|---|
//! | `width`, `height` | uint | pixels; of one field when `field` is not 0 |
//! | `model` | string | `YCbCr`, `RGB` or `grey` |
//! | `progressive` | boolean | |
//! | `field` | uint | 0: a whole frame; 1: the odd lines of one, 2: the even |
//! | `ids` | array of uint | component identifiers |
//! | `sampling` | array of uint | horizontal and vertical factor of each component |
//! | `tables` | array of uint | 64 steps of each component, natural order |
//! | `quality` | uint | libjpeg's quality when the tables are exactly libjpeg's, else 0 |
//! | `encoder` | string | `libjpeg`, `mozjpeg`, `jpegli`, `AVI1`, `camera (MAKER)`, `Adobe` or `unknown`: how far coefficients may have been from their levels; the tables tell it when it is not there |
//!
//! Written by `ddrmjpegtables`, removed by `ddrmjpeg`.

use ddrmjpeg::frame::PixelModel;
use ddrmjpeg::jpeg::file::origin::{Family, Markers};
use ddrmjpeg::jpeg::segments::header::{Header, HeaderComponent};
use ddrmjpeg::jpeg::segments::splitter::Field;
use ddrmjpeg::{Error, Result};
use gst::meta::CustomMeta;

/// The name under which the meta is registered.
pub const NAME: &str = "DdrmJpegTablesMeta";

/// With exactly these tags decoders keep the meta, and elements that change a frame's size drop it.
const TAGS: [&str; 2] = ["video", "size"];

/// Registers the meta with GStreamer. Further calls do nothing.
pub fn register() {
    if !CustomMeta::is_registered(NAME) {
        CustomMeta::register(NAME, &TAGS);
    }
}

/// Puts `header` on `buffer`, replacing an existing one.
///
/// # Errors
/// [`Error::Backend`] if GStreamer does not add it.
pub fn put(buffer: &mut gst::BufferRef, header: &Header) -> Result<()> {
    remove(buffer);
    let mut meta = CustomMeta::add(buffer, NAME).map_err(|e| Error::Backend(e.to_string()))?;
    write(meta.mut_structure(), header);
    Ok(())
}

/// Removes the meta from `buffer` and returns its header, or what is wrong with it. `None` if there
/// is no meta.
pub fn take(buffer: &mut gst::BufferRef) -> Option<Result<Header>> {
    let said = read(CustomMeta::from_buffer(buffer, NAME).ok()?.structure());
    remove(buffer);
    Some(said)
}

/// Whether `buffer` has the meta.
pub fn is_on(buffer: &gst::BufferRef) -> bool {
    CustomMeta::from_buffer(buffer, NAME).is_ok()
}

fn remove(buffer: &mut gst::BufferRef) {
    while let Ok(meta) = CustomMeta::from_mut_buffer(buffer, NAME) {
        if meta.remove().is_err() {
            break;
        }
    }
}

fn write(structure: &mut gst::StructureRef, header: &Header) {
    let each = header.components.iter();
    let ids = each.clone().map(|c| u32::from(c.id));
    let sampling = each
        .clone()
        .flat_map(|c| [c.sampling.0 as u32, c.sampling.1 as u32]);
    let tables = each.flat_map(|c| c.steps).map(u32::from);
    structure.set("width", header.width as u32);
    structure.set("height", header.height as u32);
    structure.set("model", model_name(header.model));
    structure.set("progressive", header.progressive);
    structure.set("field", field_number(header.field));
    structure.set("ids", gst::Array::new(ids));
    structure.set("sampling", gst::Array::new(sampling));
    structure.set("tables", gst::Array::new(tables));
    structure.set("quality", u32::from(header.ijg_quality().unwrap_or(0)));
    structure.set("encoder", header.family.name());
}

fn read(structure: &gst::StructureRef) -> Result<Header> {
    let ids = numbers(structure, "ids")?;
    let sampling = numbers(structure, "sampling")?;
    let tables = numbers(structure, "tables")?;
    if ids.len() > 4 || sampling.len() != 2 * ids.len() || tables.len() != 64 * ids.len() {
        return Err(Error::Input(format!(
            "{NAME}: {} ids, {} sampling factors, {} steps: 1, 2 and 64 for each component",
            ids.len(),
            sampling.len(),
            tables.len()
        )));
    }
    let pairs = sampling.chunks_exact(2).zip(tables.chunks_exact(64));
    let components = ids.iter().zip(pairs).map(|(&id, (factors, steps))| {
        Ok(HeaderComponent {
            id: narrow("ids", id)?,
            sampling: (factors[0] as usize, factors[1] as usize),
            steps: table(steps)?,
        })
    });
    let (model, components) = (model(structure)?, components.collect::<Result<Vec<_>>>()?);
    let header = Header {
        width: number(structure, "width")? as usize,
        height: number(structure, "height")? as usize,
        model,
        progressive: structure.get("progressive").unwrap_or(false),
        family: family(structure, model, &components)?,
        components,
        field: field(number(structure, "field")?)?,
    };
    header.validate()?;
    Ok(header)
}

fn table(steps: &[u32]) -> Result<[u16; 64]> {
    let mut table = [0; 64];
    for (to, &step) in table.iter_mut().zip(steps) {
        *to = narrow("tables", step)?;
    }
    Ok(table)
}

fn narrow<T: TryFrom<u32>>(field: &str, value: u32) -> Result<T> {
    let too_large = |_| Error::Input(format!("{NAME}: {field} holds {value}: too large"));
    T::try_from(value).map_err(too_large)
}

fn number(structure: &gst::StructureRef, field: &str) -> Result<u32> {
    let missing = |e| Error::Input(format!("{NAME}: {e}"));
    structure.get(field).map_err(missing)
}

fn numbers(structure: &gst::StructureRef, field: &str) -> Result<Vec<u32>> {
    let wrong = || Error::Input(format!("{NAME}: {field} is no array of uint"));
    let array: gst::ArrayRef = structure.get(field).map_err(|_| wrong())?;
    let values = array.as_slice().iter();
    values
        .map(|value| value.get::<u32>().map_err(|_| wrong()))
        .collect()
}

fn model_name(model: PixelModel) -> &'static str {
    match model {
        PixelModel::Grey => "grey",
        PixelModel::YCbCr => "YCbCr",
        PixelModel::Rgb => "RGB",
    }
}

fn model(structure: &gst::StructureRef) -> Result<PixelModel> {
    match structure.get::<&str>("model") {
        Ok("grey") => Ok(PixelModel::Grey),
        Ok("YCbCr") => Ok(PixelModel::YCbCr),
        Ok("RGB") => Ok(PixelModel::Rgb),
        other => Err(Error::Input(format!(
            "{NAME}: model = {other:?}: must be YCbCr, RGB or grey"
        ))),
    }
}

/// The family that the meta names, or else the one that the tables show.
fn family(
    structure: &gst::StructureRef,
    model: PixelModel,
    components: &[HeaderComponent],
) -> Result<Family> {
    let name = structure.get_optional::<&str>("encoder");
    match (name, components.first()) {
        (Ok(Some(name)), _) => name.parse(),
        (Ok(None), Some(luma)) => Ok(Family::told(&luma.steps, model, &Markers::default())),
        (Ok(None), None) => Ok(Family::Unknown),
        (Err(error), _) => Err(Error::Input(format!("{NAME}: {error}"))),
    }
}

fn field_number(field: Option<Field>) -> u32 {
    match field {
        None => 0,
        Some(Field::Top) => 1,
        Some(Field::Bottom) => 2,
    }
}

fn field(number: u32) -> Result<Option<Field>> {
    match number {
        0 => Ok(None),
        1 => Ok(Some(Field::Top)),
        2 => Ok(Some(Field::Bottom)),
        n => Err(Error::Input(format!(
            "{NAME}: field = {n}: must be 0, 1 or 2"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use ddrmjpeg::jpeg::grid::tables;

    use super::*;

    fn header() -> Header {
        let (luma, chroma) = tables::ijg_pair(60);
        let component = |id, sampling, steps| HeaderComponent {
            id,
            sampling,
            steps,
        };
        Header {
            width: 1921,
            height: 1079,
            model: PixelModel::YCbCr,
            progressive: true,
            components: vec![
                component(1, (2, 1), luma),
                component(2, (1, 1), chroma),
                component(3, (1, 1), chroma.map(|step| 256 + step)),
            ],
            field: Some(Field::Bottom),
            family: Family::Camera("Ricoh".into()),
        }
    }

    fn buffer() -> gst::Buffer {
        gst::init().unwrap();
        register();
        register();
        gst::Buffer::from_slice([1u8, 2, 3])
    }

    #[test]
    fn what_is_put_is_taken_once() {
        let mut buffer = buffer();
        let buffer = buffer.make_mut();
        put(buffer, &header()).unwrap();
        put(buffer, &header()).unwrap();
        assert!(is_on(buffer));
        assert_eq!(take(buffer).unwrap().unwrap(), header());
        assert!(take(buffer).is_none());
    }

    /// Other programs need not write the encoder.
    #[test]
    fn without_an_encoder_the_tables_tell_it() {
        let mut buffer = buffer();
        let buffer = buffer.make_mut();
        put(buffer, &header()).unwrap();
        let mut meta = CustomMeta::from_mut_buffer(buffer, NAME).unwrap();
        meta.mut_structure().remove_field("encoder");
        assert_eq!(take(buffer).unwrap().unwrap().family, Family::Libjpeg);
    }

    #[test]
    fn a_meta_that_others_wrote_wrongly_is_an_error() {
        let wrong: [fn(&mut gst::StructureRef); 8] = [
            |s| s.remove_field("width"),
            |s| s.set("tables", gst::Array::new([1u32, 2])),
            |s| s.set("tables", gst::Array::new([0u32; 192])),
            |s| s.set("ids", 7u32),
            |s| s.set("model", "CMYK"),
            |s| s.set("field", 3u32),
            |s| s.set("encoder", "a scanner"),
            |s| s.set("encoder", 3u32),
        ];
        for (case, breaks) in wrong.into_iter().enumerate() {
            let mut buffer = buffer();
            let buffer = buffer.make_mut();
            put(buffer, &header()).unwrap();
            let mut meta = CustomMeta::from_mut_buffer(buffer, NAME).unwrap();
            breaks(meta.mut_structure());
            assert!(take(buffer).unwrap().is_err(), "case {case}");
            assert!(!is_on(buffer));
        }
    }
}
