//! A network on its device in the arithmetic that was asked for: the plain one, or, in bf16 on
//! a CPU, the fast one beside the f32 network that it was built from.
//!
//! Before the fast one is used it must agree with f32 on this machine; if it does not, f32
//! stays in use and `caution` says so. Lives on the torch thread.

use tch::{Device, Kind};

use super::config::Config;
use super::edge::{self, Weights};
use super::fast::Fast;
use super::network::Network;
use crate::error::{Error, Result};
use crate::frame::Picture;
use crate::prior::convert::{to_picture, to_tensor};
use crate::prior::edm::{self, Case, Core, Scales};
use crate::prior::load::Loader;
use crate::prior::tables;
use crate::prior::tensors::TensorSource;

/// Relative L2 between bf16 and f32 that a working machine keeps: half a percent was seen, and
/// a kernel that is wrong misses by tens of percent.
const AGREEMENT: f64 = 3e-2;

/// Noise levels at which the two are compared.
const TRIAL_SIGMAS: [f64; 2] = [0.4, 20.0];

/// Side of the picture on which they are.
const TRIAL_SIDE: usize = 48;

/// The network, and its fast form where it has one.
pub(super) struct Engine {
    plain: Network,
    fast: Option<Fast>,
    caution: Option<String>,
    device: Device,
}

impl Engine {
    /// Loads every tensor of `source`.
    ///
    /// # Errors
    /// [`Error::Checkpoint`] when it does not fit, [`Error::Backend`].
    pub fn load(
        config: &Config,
        source: &dyn TensorSource,
        device: Device,
        kind: Kind,
    ) -> Result<Self> {
        let fast = kind == Kind::BFloat16 && device == Device::Cpu;
        let kind = if fast { Kind::Float } else { kind };
        let mut loader = Loader::new(source, device, Kind::Float);
        let plain = Network::load(config, &mut loader, kind);
        loader.finish()?;
        let mut engine = Self {
            plain: plain?,
            fast: None,
            caution: None,
            device,
        };
        if fast {
            let tried = Fast::of(&engine.plain).and_then(|fast| engine.try_out(fast));
            engine.caution = tried.err().map(|why| format!("bf16 is not used: {why}"));
        }
        Ok(engine)
    }

    /// Why the arithmetic that was asked for is not used, if it is not.
    pub fn caution(&self) -> Option<&str> {
        self.caution.as_deref()
    }

    /// The estimate of x0; `y` and the case's tables are the hint, or none and zeros.
    ///
    /// # Errors
    /// [`Error::Backend`].
    pub fn estimate(&self, x: &Picture, y: Option<&Picture>, case: Case) -> Result<Picture> {
        let Some(fast) = &self.fast else {
            return self.plainly(x, y, case);
        };
        let scales = Scales::of(&case, self.plain.one_call_sigma());
        let input = edge::enter(x, scales.input as f32, y)?;
        let f = fast.forward(&self.plain, &input, case)?;
        let weights = Weights {
            x: scales.skip as f32,
            y: scales.hint as f32,
            f: scales.output as f32,
        };
        edge::leave(weights, x, y, &f)
    }

    fn plainly(&self, x: &Picture, y: Option<&Picture>, case: Case) -> Result<Picture> {
        let x = to_tensor(x, self.device)?;
        let y = match y {
            Some(y) => to_tensor(y, self.device)?,
            None => x.f_zeros_like()?,
        };
        to_picture(&edm::estimate(&self.plain, &x, &y, &[case])?)
    }

    /// Keeps `fast` if it agrees with the plain network.
    fn try_out(&mut self, fast: Fast) -> Result<()> {
        let (x, y) = (trial_picture(1), trial_picture(2));
        let mut tables = [0.5; tables::LENGTH];
        tables[0] = 1.0;
        let cases = TRIAL_SIGMAS.map(|sigma| Case { sigma, tables });
        let wanted = cases.map(|case| self.plainly(&x, Some(&y), case));
        self.fast = Some(fast);
        let far = cases.into_iter().zip(wanted).find_map(|(case, wanted)| {
            let found = self.estimate(&x, Some(&y), case);
            agree(&found, &wanted).err()
        });
        match far {
            None => Ok(()),
            Some(why) => {
                self.fast = None;
                Err(why)
            }
        }
    }
}

fn agree(found: &Result<Picture>, wanted: &Result<Picture>) -> Result<()> {
    let (found, wanted) = match (found, wanted) {
        (Ok(found), Ok(wanted)) => (found, wanted),
        (Err(why), _) | (_, Err(why)) => return Err(Error::Backend(why.to_string())),
    };
    let square = |x: f32| f64::from(x).powi(2);
    let pairs = found.data.iter().zip(&wanted.data);
    let apart: f64 = pairs.map(|(a, b)| square(a - b)).sum();
    let size: f64 = wanted.data.iter().map(|&b| square(b)).sum();
    let distance = (apart / size).sqrt();
    // Written so that NaN does not pass.
    match distance < AGREEMENT {
        true => Ok(()),
        false => Err(Error::Backend(format!(
            "it differs from f32 by {distance:.3}, at most {AGREEMENT} is allowed"
        ))),
    }
}

/// A picture with something at every frequency, and no randomness.
fn trial_picture(seed: usize) -> Picture {
    let mut picture = Picture::new(3, TRIAL_SIDE, TRIAL_SIDE);
    for (i, sample) in picture.data.iter_mut().enumerate() {
        let hash = (i + seed * 7919).wrapping_mul(0x9e37_79b9) % 1000;
        *sample = hash as f32 / 1000.0 - 0.5 + 0.5 * (i as f32 / 300.0).sin();
    }
    picture
}
