//! What the frames hold: options, facts, questions and errors.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;
use std::io::{Read, Write};
use std::sync::Arc;

use crate::contract::gate_limits::GateLimits;
use crate::contract::spread::SpreadTable;
use crate::contract::{Hint, ModelFacts, QuantSteps, Reach};
use crate::error::Error;
use crate::frame::Picture;
use crate::model::remote::protocol::{Head, Kind, MOST_PIXELS};
use crate::model::remote::wire::{
    Reader, Writer, nonsense, read_bytes, read_samples, write_samples,
};
use crate::options::ModelOptions;

/// Most entries of ᾱ by timestep, most entries of a checkpoint's metadata.
const MOST_TIMESTEPS: usize = 1 << 16;
const MOST_ENTRIES: usize = 16;

/// Most questions at once, and the largest halo, window or alignment.
const MOST_AT_ONCE: usize = 64;
const LARGEST_REACH: usize = 1 << 16;

/// Words for the arithmetic inside a network.
const PRECISIONS: [&str; 4] = ["bf16", "f16", "f32", "int8"];

/// Bytes of a question before its pictures.
const QUESTION: usize = 4 + 4 + 8 + 1 + 2 * 2 * 64 + 2 * 4;

pub fn put_options(options: &ModelOptions) -> Vec<u8> {
    let mut to = Writer::default();
    to.option(options.model.given(), Writer::text);
    to.option(options.config.as_deref(), Writer::text);
    to.option(options.class, |to, class| to.u64(class as u64));
    to.text(&options.device.to_string());
    to.text(&options.precision.to_string());
    to.u64(options.threads as u64);
    to.u64(options.max_batch as u64);
    to.f64(options.max_delay_ms);
    to.0
}

pub fn take_options(message: &[u8]) -> io::Result<ModelOptions> {
    let mut from = Reader(message);
    let wrong = |error: Error| nonsense(error.to_string());
    let options = ModelOptions::default()
        .with_model(from.option(Reader::text)?)
        .with_config(from.option(Reader::text)?)
        .with_class(from.option(|from| from.count("class", usize::MAX))?)
        .with_device(from.text()?.parse().map_err(wrong)?)
        .with_precision(from.text()?.parse().map_err(wrong)?)
        .with_threads(from.count("threads", usize::MAX)?)
        .with_max_batch(from.count("max-batch", usize::MAX)?)
        .with_max_delay_ms(from.f64()?);
    from.end()?;
    options.validate().map_err(wrong)?;
    Ok(options)
}

pub fn put_opened(facts: &ModelFacts, reach: Reach) -> Vec<u8> {
    let mut to = Writer::default();
    let (kind, a, b) = match reach {
        Reach::Halo { halo_px, align_px } => (0, halo_px, align_px),
        Reach::Window { side_px } => (1, side_px, 0),
    };
    to.u8(kind);
    to.u64(a as u64);
    to.u64(b as u64);
    to.text(&facts.name);
    to.u8(facts.one_call.into());
    to.u8(facts.one_call_only.into());
    to.u64(facts.at_once as u64);
    to.option(facts.precision, Writer::text);
    to.option(facts.caution.as_deref(), Writer::text);
    to.option(facts.alpha_bar.as_deref(), |to, table| {
        to.u64(table.len() as u64);
        table.iter().for_each(|&alpha_bar| to.f64(alpha_bar));
    });
    // As in a checkpoint's metadata, which is where they come from.
    let mut spread = BTreeMap::new();
    if let Some(table) = &facts.spread {
        table.write(&mut spread);
    }
    to.u64(spread.len() as u64);
    for (key, value) in &spread {
        to.text(key);
        to.text(value);
    }
    to.option(facts.gate, |to, gate| {
        to.f64(gate.at_one);
        to.f64(gate.least);
        to.u8(gate.judges_420.into());
        to.f64(gate.finest_444);
    });
    to.0
}

pub fn take_opened(message: &[u8]) -> io::Result<(ModelFacts, Reach)> {
    let mut from = Reader(message);
    let kind = from.u8()?;
    let (a, b) = (
        from.count("reach", LARGEST_REACH)?,
        from.count("alignment", LARGEST_REACH)?,
    );
    let reach = match (kind, a, b) {
        (0, halo_px, align_px @ 1..) => Reach::Halo { halo_px, align_px },
        (1, side_px @ 1.., 0) => Reach::Window { side_px },
        _ => return Err(nonsense(format!("a reach of {kind}, {a}, {b}"))),
    };
    let facts = ModelFacts {
        name: Cow::Owned(from.text()?),
        one_call: from.u8()? != 0,
        one_call_only: from.u8()? != 0,
        at_once: from.count("questions at once", MOST_AT_ONCE)?.max(1),
        // Its maps are in another process.
        pixel_bytes: 0,
        precision: from
            .option(Reader::text)?
            .map(|word| known(&word))
            .transpose()?,
        caution: from.option(Reader::text)?,
        alpha_bar: from.option(take_table)?,
        spread: take_spread(&mut from)?,
        gate: from.option(take_gate)?,
    };
    from.end()?;
    Ok((facts, reach))
}

fn known(word: &str) -> io::Result<&'static str> {
    let found = PRECISIONS.into_iter().find(|known| *known == word);
    found.ok_or_else(|| nonsense(format!("an arithmetic called {word:?}")))
}

fn take_table(from: &mut Reader<'_>) -> io::Result<Arc<[f64]>> {
    let count = from.count("timesteps", MOST_TIMESTEPS)?;
    (0..count).map(|_| from.f64()).collect()
}

fn take_spread(from: &mut Reader<'_>) -> io::Result<Option<Arc<SpreadTable>>> {
    let count = from.count("entries of a spread", MOST_ENTRIES)?;
    let entries = (0..count).map(|_| Ok((from.text()?, from.text()?)));
    let table = SpreadTable::of(&entries.collect::<io::Result<_>>()?);
    let table = table.map_err(|error| nonsense(error.to_string()))?;
    Ok(table.map(Arc::new))
}

fn take_gate(from: &mut Reader<'_>) -> io::Result<GateLimits> {
    Ok(GateLimits {
        at_one: from.f64()?,
        least: from.f64()?,
        judges_420: from.u8()? != 0,
        finest_444: from.f64()?,
    })
}

/// A question as the server gets it.
pub struct Asked {
    pub x: Picture,
    pub sigma: f64,
    pub hint: Option<Hint>,
}

/// Writes a question. `hint`'s picture is of the size of `x`.
pub fn send_question(
    to: &mut impl Write,
    number: u64,
    x: &Picture,
    sigma: f64,
    hint: Option<&Hint>,
) -> io::Result<()> {
    let mut fixed = Writer::default();
    fixed.u32(side(x.width)?);
    fixed.u32(side(x.height)?);
    fixed.f64(sigma);
    fixed.u8(hint.is_some().into());
    let none = ([0; 64], [0; 64], (0, 0));
    let (luma, chroma, (h, v)) = hint.map_or(none, |h| (h.luma, h.chroma, h.subsampling));
    luma.iter().chain(&chroma).for_each(|&step| fixed.u16(step));
    fixed.u32(side(h)?);
    fixed.u32(side(v)?);
    let pictures = 1 + usize::from(hint.is_some());
    let head = Head {
        kind: Kind::Question,
        number,
        bytes: QUESTION + pictures * 4 * x.data.len(),
    };
    head.write(to)?;
    to.write_all(&fixed.0)?;
    write_samples(to, &x.data)?;
    if let Some(hint) = hint {
        write_samples(to, &hint.decoded.data)?;
    }
    to.flush()
}

fn side(side: usize) -> io::Result<u32> {
    u32::try_from(side).map_err(|_| nonsense(format!("a side of {side}")))
}

/// Reads what follows the `head` of a question.
pub fn read_question(head: Head, from: &mut impl Read) -> io::Result<Asked> {
    let fixed = read_bytes(from, QUESTION)?;
    let mut fixed = Reader(&fixed);
    let (width, height) = (fixed.u32()? as usize, fixed.u32()? as usize);
    let (sigma, hinted) = (fixed.f64()?, fixed.u8()? != 0);
    let (luma, chroma) = (take_steps(&mut fixed)?, take_steps(&mut fixed)?);
    let subsampling = (fixed.u32()? as usize, fixed.u32()? as usize);
    let pixels = width
        .checked_mul(height)
        .filter(|n| (1..=MOST_PIXELS).contains(n));
    let Some(pixels) = pixels.filter(|_| width % 8 == 0 && height % 8 == 0) else {
        return Err(nonsense(format!("a picture of {width}x{height}")));
    };
    let bytes = QUESTION + (1 + usize::from(hinted)) * 12 * pixels;
    if head.bytes != bytes {
        let found = head.bytes;
        return Err(nonsense(format!(
            "a question of {found} bytes, not {bytes}"
        )));
    }
    let mut picture = || read_picture(from, width, height);
    Ok(Asked {
        x: picture()?,
        sigma,
        hint: match hinted {
            false => None,
            true => Some(Hint {
                decoded: picture()?,
                luma,
                chroma,
                subsampling,
            }),
        },
    })
}

fn take_steps(from: &mut Reader<'_>) -> io::Result<QuantSteps> {
    let mut steps = [0; 64];
    for step in &mut steps {
        *step = from.u16()?;
    }
    Ok(steps)
}

/// A picture of three channels.
fn read_picture(from: &mut impl Read, width: usize, height: usize) -> io::Result<Picture> {
    let data = read_samples(from, 3 * width * height)?;
    Picture::from_data(3, width, height, data).map_err(|error| nonsense(error.to_string()))
}

pub fn send_answer(to: &mut impl Write, number: u64, x0: &Picture) -> io::Result<()> {
    let head = Head {
        kind: Kind::Answer,
        number,
        bytes: 4 * x0.data.len(),
    };
    head.write(to)?;
    write_samples(to, &x0.data)?;
    to.flush()
}

/// Reads what follows the `head` of the answer to a question of `width` x `height`.
pub fn read_answer(
    head: Head,
    from: &mut impl Read,
    (width, height): (usize, usize),
) -> io::Result<Picture> {
    let (found, wanted) = (head.bytes, 12 * width * height);
    if found != wanted {
        return Err(nonsense(format!(
            "an answer of {found} bytes, not {wanted}"
        )));
    }
    read_picture(from, width, height)
}

pub fn put_error(error: &Error) -> Vec<u8> {
    let (code, text) = match error {
        Error::Input(text) => (1, text.clone()),
        Error::Unsupported(text) => (2, text.clone()),
        Error::Options(wrong) => (3, wrong.to_string()),
        Error::Checkpoint(text) => (4, text.clone()),
        Error::Limits(text) => (5, text.clone()),
        Error::Backend(text) => (6, text.clone()),
        Error::Io { source, .. } => (7, source.to_string()),
        Error::Cancelled => (8, String::new()),
    };
    let mut to = Writer::default();
    to.u8(code);
    to.text(&text);
    if let Error::Io { path, .. } = error {
        to.text(&path.to_string_lossy());
    }
    to.0
}

pub fn take_error(message: &[u8]) -> io::Result<Error> {
    let mut from = Reader(message);
    let (code, text) = (from.u8()?, from.text()?);
    let error = match code {
        1 => Error::Input(text),
        2 => Error::Unsupported(text),
        3 => Error::options(text),
        4 => Error::Checkpoint(text),
        5 => Error::Limits(text),
        6 => Error::Backend(text),
        7 => Error::io(from.text()?, io::Error::other(text)),
        8 => Error::Cancelled,
        other => return Err(nonsense(format!("an error of kind {other}"))),
    };
    from.end()?;
    Ok(error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::{Device, Precision};

    #[test]
    fn options_facts_and_errors_come_over_as_they_are() {
        let options = ModelOptions::default()
            .with_model("a.pt")
            .with_config(Some("b.yml".into()))
            .with_class(Some(3))
            .with_device(Device::Cuda(1))
            .with_precision(Precision::F32)
            .with_threads(2)
            .with_max_batch(4)
            .with_max_delay_ms(0.5);
        assert_eq!(take_options(&put_options(&options)).unwrap(), options);
        let own = crate::model::registry::get("lean").unwrap();
        let metadata = own.checkpoint().unwrap();
        let metadata = crate::runtime::tensors::TensorSource::metadata(&metadata);
        let facts = ModelFacts {
            precision: Some("bf16"),
            caution: Some("!".into()),
            alpha_bar: Some([0.9, 0.5].into()),
            at_once: 8,
            ..own.facts(metadata, "x".into()).unwrap()
        };
        assert!(facts.spread.is_some());
        let (found, reach) = take_opened(&put_opened(&facts, own.reach)).unwrap();
        assert_eq!((found, reach), (facts, own.reach));
        let missing = Error::io("/a", io::ErrorKind::NotFound.into());
        for error in [Error::Backend("b".into()), missing, Error::Cancelled] {
            let found = take_error(&put_error(&error)).unwrap();
            assert_eq!(found.to_string(), error.to_string());
        }
    }

    #[test]
    fn questions_come_over_and_wrong_sizes_are_refused() {
        let mut x = Picture::new(3, 16, 8);
        x.data[5] = 0.25;
        let hint = Hint {
            decoded: x.clone(),
            luma: [3; 64],
            chroma: [4; 64],
            subsampling: (2, 1),
        };
        let mut bytes = Vec::new();
        send_question(&mut bytes, 9, &x, 0.5, Some(&hint)).unwrap();
        let read = |bytes: &[u8]| {
            let mut from = bytes;
            let head = Head::read(&mut from)?.unwrap();
            read_question(head, &mut from)
        };
        let asked = read(&bytes).unwrap();
        assert_eq!((asked.x, asked.sigma, asked.hint), (x, 0.5, Some(hint)));
        assert!(read(&bytes[..bytes.len() - 1]).is_err());
        for (at, byte) in [(17, 17), (20, 255), (9, 1)] {
            let mut wrong = bytes.clone();
            wrong[at] = byte;
            assert!(read(&wrong).is_err(), "{at}");
        }
    }
}
