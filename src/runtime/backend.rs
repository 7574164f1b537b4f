//! Converts libtorch's errors, and chooses the device and arithmetic that the options ask for.
//!
//! libtorch_cuda is opened at run time, only if it is needed: that keeps start-up short, and the
//! same binary runs on machines with and without a GPU. Called by `worker` and networks.

use std::sync::OnceLock;

use tch::{Device as TorchDevice, Kind, TchError};

use crate::error::{Error, Result};
use crate::options::{Device, Precision};
use crate::runtime::arithmetic::race::bf16_pays;
use crate::runtime::native::device::convolves_bf16;

#[doc(hidden)]
impl From<TchError> for Error {
    fn from(error: TchError) -> Self {
        // The C++ stack trace after the first line does not help users.
        let text = error.to_string();
        Self::Backend(text.lines().next().unwrap_or("libtorch").to_owned())
    }
}

/// Opens libtorch_cuda, once, with its symbols visible to libtorch. The error says why it failed.
fn open_cuda() -> std::result::Result<(), &'static str> {
    static OPENED: OnceLock<std::result::Result<(), String>> = OnceLock::new();
    let opened = OPENED.get_or_init(|| {
        use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
        // SAFETY: libtorch_cuda's initialisers register its kernels and do nothing else.
        let library = unsafe { Library::open(Some("libtorch_cuda.so"), RTLD_NOW | RTLD_GLOBAL) };
        // Kept open for good: libtorch holds pointers into it.
        library.map(std::mem::forget).map_err(|e| e.to_string())
    });
    opened.as_ref().copied().map_err(String::as_str)
}

/// The device to compute on.
///
/// # Errors
/// [`Error::Options`] if CUDA is requested but not available.
pub fn device(wanted: Device) -> Result<TorchDevice> {
    match wanted {
        Device::Cpu => Ok(TorchDevice::Cpu),
        Device::Auto => Ok(match open_cuda() {
            Ok(()) if tch::Cuda::is_available() => TorchDevice::Cuda(0),
            _ => TorchDevice::Cpu,
        }),
        Device::Cuda(n) => {
            open_cuda().map_err(|why| {
                Error::options(format!("device = cuda:{n}: no CUDA libtorch: {why}"))
            })?;
            let count = tch::Cuda::device_count();
            if (n as i64) < count {
                Ok(TorchDevice::Cuda(n))
            } else {
                Err(Error::options(format!(
                    "device = cuda:{n}: this machine has {count} CUDA devices"
                )))
            }
        }
    }
}

/// The element type of weights and activations: on CUDA bf16, or f16 on cards older than Ampere.
/// Must be called on the torch thread.
pub fn kind(wanted: Precision, device: TorchDevice) -> Kind {
    match wanted {
        Precision::F32 => Kind::Float,
        Precision::Bf16 => Kind::BFloat16,
        // Eight bits are for the engine on a CPU.
        Precision::Auto | Precision::Int8 => match device {
            TorchDevice::Cuda(index) => match convolves_bf16(index) {
                Ok(false) => Kind::Half,
                // If that is unknown, what all recent cards support.
                Ok(true) | Err(_) => Kind::BFloat16,
            },
            _ if bf16_pays() => Kind::BFloat16,
            _ => Kind::Float,
        },
    }
}
