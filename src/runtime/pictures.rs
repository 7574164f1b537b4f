//! Converts pictures to tensors and back; the only place that does so.
//!
//! Called by every prior that is a network.

use tch::{Device, Kind, Tensor};

use crate::error::{Error, Result};
use crate::frame::Picture;
use crate::runtime::pinned;

/// `picture` as f32 `[1, C, H, W]` on `device`.
///
/// # Errors
/// [`Error::Backend`] from libtorch.
pub fn to_tensor(picture: &Picture, device: Device) -> Result<Tensor> {
    let size = [1, picture.channels, picture.height, picture.width].map(|n| n as i64);
    pinned::up(&picture.data, &size, device)
}

/// The picture in `tensor`, `[1, C, H, W]` or `[C, H, W]` of any kind, on any device.
///
/// # Errors
/// [`Error::Backend`] for other shapes and from libtorch.
pub fn to_picture(tensor: &Tensor) -> Result<Picture> {
    let size = tensor.size();
    match size.as_slice() {
        &[1, c, h, w] | &[c, h, w] => samples(&on_host(tensor)?, [c, h, w]),
        other => Err(Error::Backend(format!(
            "a tensor of {other:?} is not one picture"
        ))),
    }
}

/// The pictures in `tensor`, `[N, C, H, W]` of any kind, on any device.
///
/// # Errors
/// [`Error::Backend`] for other shapes and from libtorch.
pub fn to_pictures(tensor: &Tensor) -> Result<Vec<Picture>> {
    let (count, c, h, w) = tensor.size4()?;
    let all = on_host(tensor)?;
    let picture = |i| samples(&all.f_narrow(0, i, 1)?, [c, h, w]);
    (0..count).map(picture).collect()
}

/// The numbers in order, f32, on the host.
fn on_host(tensor: &Tensor) -> Result<Tensor> {
    pinned::down(&tensor.f_to_kind(Kind::Float)?.f_contiguous()?)
}

fn samples(packed: &Tensor, [c, h, w]: [i64; 3]) -> Result<Picture> {
    let mut picture = Picture::new(c as usize, w as usize, h as usize);
    let count = picture.data.len();
    packed.f_copy_data(&mut picture.data, count)?;
    Ok(picture)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::tensors::load::channels_last;

    #[test]
    fn there_and_back() {
        let data = (0..3 * 2 * 5).map(|i| i as f32 / 7.0).collect();
        let picture = Picture::from_data(3, 5, 2, data).unwrap();
        let tensor = to_tensor(&picture, Device::Cpu).unwrap();
        assert_eq!(tensor.size(), [1, 3, 2, 5]);
        assert_eq!(
            tensor.double_value(&[0, 1, 0, 2]) as f32,
            picture.plane(1)[2]
        );
        let turned = channels_last(&tensor).unwrap();
        assert_eq!(to_picture(&turned).unwrap(), picture);
        let two = Tensor::f_cat(&[&tensor, &(&tensor + 1.0)], 0).unwrap();
        assert!(to_picture(&two).is_err());
        let turned = channels_last(&two).unwrap();
        let [first, second] = <[Picture; 2]>::try_from(to_pictures(&turned).unwrap()).unwrap();
        assert_eq!(first, picture);
        assert_eq!(second.data[7], picture.data[7] + 1.0);
    }
}
