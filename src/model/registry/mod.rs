//! The networks of our own: one row each, and what can be asked of a row.
//!
//! A checkpoint says in its metadata which of them it is. Called by `open`, `config` and `catalog`,
//! by the laboratory's training, and by the plugin for a lesser model.

mod rows;

use std::collections::BTreeMap;
use std::fmt;

use crate::contract::Reach;
use crate::error::{Error, Result};
use crate::model::{lean, nano};
use crate::runtime::conv_net::net::Net;

/// Every network of our own, the default first.
pub static NETWORKS: [Own; 2] = [
    Own {
        name: "lean",
        // The receptive field ends at 112, where tiles are the whole picture's bit for bit; at 64
        // the shipped weights differ by at most 4e-5 of the [-1, 1] range (four pictures, quality
        // 10 to 60, σ 0.15 and 20), at 48 by 2e-3.
        reach: halo(64),
        finest_444: 0.0,
        lesser: Some(Lesser {
            name: "nano",
            work: 1.0 / 7.0,
        }),
        weights: include_bytes!("../../../models/lean.safetensors"),
        net: lean::net,
    },
    Own {
        name: "nano",
        // Ten 3x3 convolutions at 1/4 of the resolution reach 40 pixels, and tiles begin on
        // multiples of 16.
        reach: halo(48),
        // Between libjpeg's quality 94 (2.43) and 95 (2.16).
        finest_444: 2.3,
        lesser: None,
        weights: include_bytes!("../../../models/nano.safetensors"),
        net: nano::net,
    },
];

/// A network of our own.
pub struct Own {
    /// What it is called: as a model, in the metadata of its checkpoints, as `model.type` of a
    /// config and as `family` in the catalogue.
    pub name: &'static str,
    /// How far it looks.
    pub reach: Reach,
    /// Mean log2 of the luma steps below which it gains nothing where chroma is not subsampled; 0
    /// where it always gains.
    pub finest_444: f64,
    /// The model that takes its place where there is too little time for it.
    pub lesser: Option<Lesser>,
    /// The checkpoint that ships with the library, f16.
    weights: &'static [u8],
    /// The network that a checkpoint's metadata describe.
    net: fn(&BTreeMap<String, String>) -> Result<Net>,
}

/// A network that takes another's place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lesser {
    /// Its row.
    pub name: &'static str,
    /// The share of the other's work that a frame takes, from bytes to pixels.
    pub work: f64,
}

/// Convolutions only, tiles on multiples of an MCU.
const fn halo(halo_px: usize) -> Reach {
    Reach::Halo {
        halo_px,
        align_px: 16,
    }
}

/// The row of that name.
pub fn find(name: &str) -> Option<&'static Own> {
    NETWORKS.iter().find(|own| own.name == name)
}

/// The row of that name, which has to be there.
///
/// # Errors
/// [`Error::Options`] with every name there is.
pub fn get(name: &str) -> Result<&'static Own> {
    let unknown = || Error::options(format!("network {name:?}: must be {}", names()));
    find(name).ok_or_else(unknown)
}

/// Every name, as a message has them.
pub(crate) fn names() -> String {
    let names: Vec<&str> = NETWORKS.iter().map(|own| own.name).collect();
    names.join(" or ")
}

impl PartialEq for Own {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Own {}

impl fmt::Debug for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Own").field(&self.name).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::ModelName;

    #[test]
    fn names_are_of_one_row_each_and_a_lesser_model_is_there() {
        for own in &NETWORKS {
            assert_eq!(find(own.name), Some(own));
            let count = NETWORKS.iter().filter(|other| *other == own).count();
            assert_eq!(count, 1, "{}", own.name);
            let lesser = own.lesser.map(|lesser| (find(lesser.name), lesser.work));
            assert!(
                lesser.is_none_or(|(row, work)| {
                    row.is_some_and(|row| row != own) && work > 0.0 && work < 1.0
                }),
                "{}",
                own.name
            );
        }
        assert_eq!(NETWORKS[0].name, ModelName::DEFAULT);
        let message = get("huge").unwrap_err().to_string();
        assert!(
            message.contains("\"huge\": must be lean or nano"),
            "{message}"
        );
    }
}
