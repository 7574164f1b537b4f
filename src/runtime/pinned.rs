//! Copies numbers between the host and a device: for CUDA through pinned memory, which the card
//! reads and writes directly, otherwise by libtorch's plain copy.
//!
//! Pinned memory comes from the CUDA allocator, which keeps it for the next call and reuses it only
//! when the copies from it are done. The CUDA path has never been run. Called by `pictures`, and by
//! networks for their other inputs, on the torch thread.

use tch::{Device, Kind, Tensor};

use crate::error::Result;
use crate::runtime::native;

/// `values` as an f32 tensor of `size` on `device`. On CUDA the copy may not be finished yet; later
/// work on the device waits for it.
///
/// # Errors
/// [`crate::Error::Backend`] from libtorch.
pub(crate) fn up(values: &[f32], size: &[i64], device: Device) -> Result<Tensor> {
    if !device.is_cuda() {
        let flat = Tensor::f_from_slice(values)?;
        return Ok(flat.f_reshape(size)?.f_to_device(device)?);
    }
    let count = values.len() as i64;
    // SAFETY: there are as many numbers as stated, and the view is read only by the next statement,
    // which returns after copying them.
    let view = unsafe {
        let data = values.as_ptr().cast::<u8>();
        Tensor::f_from_blob(data, &[count], &[1], Kind::Float, Device::Cpu)?
    };
    // Not `f_pin_memory`: it warns on stderr that naming a device is deprecated, and tch names one.
    let pinned = view.f_internal_pin_memory(device)?.f_reshape(size)?;
    Ok(pinned.f_to_device_(device, Kind::Float, true, false)?)
}

/// `x` on the host, ready to be read.
///
/// # Errors
/// [`crate::Error::Backend`] from libtorch.
pub(crate) fn down(x: &Tensor) -> Result<Tensor> {
    let Device::Cuda(number) = x.device() else {
        return Ok(x.f_to_device(Device::Cpu)?);
    };
    // A non-blocking copy to the host automatically uses pinned memory.
    let host = x.f_to_device_(Device::Cpu, x.kind(), true, false)?;
    native::device::wait(number)?;
    Ok(host)
}
