//! Numbers between the host and a device. For CUDA through pinned memory, which the card reads and
//! writes by itself; elsewhere by libtorch's plain copy.
//!
//! Pinned memory is the CUDA allocator's own, which keeps it for the next call and lends it out
//! again only when the copies from it are done. The CUDA half has never been run. Called by
//! `convert` for pictures and by what tells networks their numbers, on the torch thread.

use tch::{Device, Kind, Tensor};

use crate::error::Result;
use crate::runtime::native;

/// `values` as an f32 tensor of `size` on `device`. On CUDA the copy may still be under way,
/// and the device's later work waits for it.
///
/// # Errors
/// [`crate::Error::Backend`] from libtorch.
pub(crate) fn up(values: &[f32], size: &[i64], device: Device) -> Result<Tensor> {
    if !device.is_cuda() {
        let flat = Tensor::f_from_slice(values)?;
        return Ok(flat.f_reshape(size)?.f_to_device(device)?);
    }
    let count = values.len() as i64;
    // SAFETY: as many numbers as it says lie there, and the view of them is read by the next
    // statement alone, which returns when it has copied them.
    let view = unsafe {
        let data = values.as_ptr().cast::<u8>();
        Tensor::f_from_blob(data, &[count], &[1], Kind::Float, Device::Cpu)?
    };
    // Not `f_pin_memory`: it warns on stderr that naming a device is deprecated, and tch names one.
    let pinned = view.f_internal_pin_memory(device)?.f_reshape(size)?;
    Ok(pinned.f_to_device_(device, Kind::Float, true, false)?)
}

/// `x` on the host, its numbers there to be read.
///
/// # Errors
/// [`crate::Error::Backend`] from libtorch.
pub(crate) fn down(x: &Tensor) -> Result<Tensor> {
    let Device::Cuda(number) = x.device() else {
        return Ok(x.f_to_device(Device::Cpu)?);
    };
    // A copy to the host that nobody waits for goes to pinned memory by itself.
    let host = x.f_to_device_(Device::Cpu, x.kind(), true, false)?;
    native::device::wait(number)?;
    Ok(host)
}
