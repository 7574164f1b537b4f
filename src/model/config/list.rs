//! Lists of numbers as the published YAML writes them: `"32,16,8"`, `[16, ]`, `16`, `""`.

use std::str::FromStr;

use serde::{Deserialize, Deserializer};

/// A list of numbers in any of these forms.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbers<T>(pub Vec<T>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Written<T> {
    One(T),
    Many(Vec<T>),
    Text(String),
}

impl<'de, T> Deserialize<'de> for Numbers<T>
where
    T: Deserialize<'de> + FromStr,
{
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Written::deserialize(from)? {
            Written::One(number) => Ok(Self(vec![number])),
            Written::Many(numbers) => Ok(Self(numbers)),
            Written::Text(text) => parse(&text).map_err(serde::de::Error::custom),
        }
    }
}

fn parse<T: FromStr>(text: &str) -> Result<Numbers<T>, String> {
    let parts = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    parts
        .map(|part| {
            part.parse()
                .map_err(|_| format!("{part:?} in {text:?} is not a number"))
        })
        .collect::<Result<_, _>>()
        .map(Numbers)
}
