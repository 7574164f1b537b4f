//! The properties: one for each option of the core, same defaults, round trip, live changes.

mod common;

use common::{init, pipeline};
use gst::glib;
use gst::prelude::*;

/// Properties that are the element's own.
const OWN: [&str; 5] = ["qf", "stats", "late-policy", "compare", "stats-interval"];
/// Options that are no property: limits are on files, which only the decoder reads.
const NO_PROPERTY: [&str; 1] = ["limits"];

fn element() -> gst::Element {
    init();
    gst::ElementFactory::make("ddrmjpeg").build().unwrap()
}

/// The names of the core's options, as `Debug` prints them one level deep, less the unit at
/// their end, and their values.
fn core_options() -> Vec<(String, String)> {
    let texts = [
        format!("{:#?}", ddrmjpeg::ModelOptions::default()),
        format!("{:#?}", ddrmjpeg::RestoreOptions::default()),
    ];
    let lines = texts.iter().flat_map(|text| text.lines());
    lines
        .filter_map(|line| line.strip_prefix("    ")?.split_once(": "))
        .filter(|(name, _)| !name.starts_with(' '))
        .map(|(name, value)| (name.trim_end_matches("_ms"), value.trim_end_matches(',')))
        .map(|(name, value)| (name.replace('_', "-"), value.into()))
        .filter(|(name, _)| !NO_PROPERTY.contains(&name.as_str()))
        .collect()
}

#[test]
fn every_option_of_the_core_is_a_property_and_none_besides() {
    let element = element();
    let mut properties: Vec<String> = element
        .list_properties()
        .iter()
        .filter(|p| p.owner_type() == element.type_())
        .map(|p| p.name().to_string())
        .filter(|name| !OWN.contains(&name.as_str()))
        .collect();
    let mut options: Vec<String> = core_options().into_iter().map(|(name, _)| name).collect();
    properties.sort();
    options.sort();
    assert_eq!(properties, options);
}

#[test]
fn defaults_are_those_of_the_core() {
    let element = element();
    for (name, expected) in core_options() {
        let pspec = element.find_property(&name).unwrap();
        let as_text = |value: &glib::Value| {
            let text = value.serialize().unwrap().to_string();
            text.trim_matches('"').to_lowercase()
        };
        // What stands for none is a number out of range, or the empty string.
        let none = match name.as_str() {
            "config" => "",
            "model" => "lean",
            "class" => "-1",
            _ => "0",
        };
        let expected = match expected.as_str() {
            "None" => none.into(),
            other => other.trim_matches('"').to_lowercase(),
        };
        let current = as_text(&element.property_value(&name));
        let declared = as_text(pspec.default_value());
        let same = |text: &str| match (text.parse::<f64>(), expected.parse::<f64>()) {
            (Ok(a), Ok(b)) => a == b,
            _ => text == expected,
        };
        assert!(same(&current), "{name}: {current} is not {expected}");
        assert!(same(&declared), "{name}: {declared} is not {expected}");
    }
}

#[test]
fn what_is_set_is_read_back() {
    let element = element();
    let values = [
        ("qf", "35"),
        ("preset", "quality"),
        ("strength", "0.25"),
        ("strict", "true"),
        ("model", "identity"),
        ("config", "imagenet_256.yml"),
        ("class", "7"),
        ("device", "cuda:1"),
        ("precision", "bf16"),
        ("seed", "18446744073709551615"),
        ("steps", "7"),
        ("samples", "3"),
        ("eta", "0.5"),
        ("eta-b", "0.75"),
        ("init-timestep", "250"),
        ("tile-size", "128"),
        ("threads", "2"),
        ("max-batch", "4"),
        ("max-delay", "7.5"),
        ("temporal", "accumulate"),
        ("late-policy", "passthrough"),
        ("compare", "side-by-side"),
        ("stats-interval", "1000000000"),
    ];
    for (name, text) in values {
        element.set_property_from_str(name, text);
    }
    for (name, text) in values {
        let value = element.property_value(name);
        assert_eq!(value.serialize().unwrap().trim_matches('"'), text, "{name}");
    }
}

#[test]
fn null_strings_are_the_defaults() {
    let element = element();
    for (name, default) in [("model", "lean"), ("config", ""), ("device", "auto")] {
        element.set_property(name, "else");
        element.set_property(name, None::<String>);
        assert_eq!(element.property::<String>(name), default);
    }
}

/// What the decoder has no use for: its tables are the file's, and its input is JPEG.
const NOT_OF_THE_DECODER: [&str; 2] = ["qf", "degradation"];
/// What the filter has no use for: the size of its frames is negotiated.
const OF_THE_DECODER_ALONE: [&str; 1] = ["max-megapixels"];

/// Name, type, range, default, texts and mutability of every property of an element's own.
fn described(name: &str) -> Vec<(String, String)> {
    let element = gst::ElementFactory::make(name).build().unwrap();
    let own = element.list_properties();
    let own = own.iter().filter(|p| p.owner_type() == element.type_());
    let described = own.filter(|p| p.name() != "stats").map(|p| {
        let text = format!(
            "{:?} {:?} {:?} {:?} {:?} {:?}",
            p.value_type(),
            p.default_value(),
            p.flags(),
            p.nick(),
            p.blurb(),
            range(p),
        );
        (p.name().to_string(), text)
    });
    let mut described: Vec<_> = described.collect();
    described.sort();
    described
}

fn range(pspec: &glib::ParamSpec) -> String {
    let f64s = pspec.downcast_ref::<glib::ParamSpecDouble>();
    let u32s = pspec.downcast_ref::<glib::ParamSpecUInt>();
    let i32s = pspec.downcast_ref::<glib::ParamSpecInt>();
    format!(
        "{:?} {:?} {:?}",
        f64s.map(|p| (p.minimum(), p.maximum())),
        u32s.map(|p| (p.minimum(), p.maximum())),
        i32s.map(|p| (p.minimum(), p.maximum()))
    )
}

#[test]
fn filter_and_decoder_have_the_same_properties_but_for_a_few() {
    init();
    let mut filter = described("ddrmjpeg");
    filter.retain(|(name, _)| !NOT_OF_THE_DECODER.contains(&name.as_str()));
    let mut decoder = described("ddrmjpegdec");
    decoder.retain(|(name, _)| !OF_THE_DECODER_ALONE.contains(&name.as_str()));
    assert_eq!(decoder, filter);
}

/// Blurbs are the manual: whole sentences, with a stop at the end.
#[test]
fn every_property_has_a_nick_and_a_sentence() {
    let element = element();
    for pspec in element.list_properties() {
        if pspec.owner_type() == element.type_() {
            let blurb = pspec.blurb().unwrap_or_default();
            assert!(blurb.ends_with('.') && blurb.len() > 20, "{}", pspec.name());
            assert_ne!(pspec.nick(), pspec.name());
        }
    }
}

#[test]
fn properties_change_from_another_thread_while_playing() {
    let pipeline = pipeline(
        "videotestsrc num-buffers=200 ! video/x-raw,format=GRAY8,width=16,height=16 \
         ! ddrmjpeg name=d qf=20 model=identity ! fakesink",
    );
    let element = pipeline.by_name("d").unwrap();
    let writer = std::thread::spawn(move || {
        for n in 0..500u32 {
            element.set_property("strength", f64::from(n % 3) / 2.0);
            element.set_property("qf", n % 101);
            element.set_property("seed", u64::from(n));
            element.set_property("strict", n % 2 == 0);
            element.set_property_from_str("preset", ["fast", "sample"][n as usize % 2]);
            let _ = element.property::<gst::Structure>("stats");
        }
        element
    });
    let outcome = common::play(&pipeline);
    let element = writer.join().unwrap();
    assert!(outcome.error.is_none(), "{outcome:?}");
    let through = common::stat(&element, "restored") + common::stat(&element, "passed-through");
    assert_eq!(through, 200);
}
