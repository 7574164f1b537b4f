//! Pointers of the caller's, checked as far as that is possible, and objects that it holds.

use std::ffi::{CStr, c_char};

use crate::status::Failure;

/// What `pointer` points to.
///
/// # Safety
/// If it is neither NULL nor unaligned, it points to a `T` that nobody writes to during the call.
pub(crate) unsafe fn borrow<'a, T>(pointer: *const T, name: &str) -> Result<&'a T, Failure> {
    check(pointer, name)?;
    // SAFETY: not NULL and aligned; the rest is the caller's word.
    Ok(unsafe { &*pointer })
}

/// The same, to be written.
///
/// # Safety
/// As [`borrow`], and nobody else uses the `T` during the call.
pub(crate) unsafe fn borrow_mut<'a, T>(pointer: *mut T, name: &str) -> Result<&'a mut T, Failure> {
    check(pointer, name)?;
    // SAFETY: as in `borrow`.
    Ok(unsafe { &mut *pointer })
}

/// `size` bytes at `data`. Of no bytes the pointer does not count.
///
/// # Safety
/// The bytes are there and nobody writes to them during the call.
pub(crate) unsafe fn bytes<'a>(
    data: *const u8,
    size: usize,
    name: &str,
) -> Result<&'a [u8], Failure> {
    if size == 0 {
        return Ok(&[]);
    }
    check(data, name)?;
    check_size(size, name)?;
    // SAFETY: not NULL, and no larger than an object can be; the rest is the caller's word.
    Ok(unsafe { std::slice::from_raw_parts(data, size) })
}

/// The same, to be written.
///
/// # Safety
/// As [`bytes`], and nobody else uses the bytes during the call.
pub(crate) unsafe fn bytes_mut<'a>(
    data: *mut u8,
    size: usize,
    name: &str,
) -> Result<&'a mut [u8], Failure> {
    if size == 0 {
        return Ok(&mut []);
    }
    check(data, name)?;
    check_size(size, name)?;
    // SAFETY: as in `bytes`.
    Ok(unsafe { std::slice::from_raw_parts_mut(data, size) })
}

/// The text that ends with a zero byte at `text`.
///
/// # Safety
/// If it is not NULL, such a text is there.
pub(crate) unsafe fn text<'a>(text: *const c_char, name: &str) -> Result<&'a str, Failure> {
    check(text, name)?;
    // SAFETY: not NULL; the rest is the caller's word.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str()
        .map_err(|_| Failure::argument(format!("{name} is not UTF-8")))
}

/// Hands `object` to the caller, through `out`.
///
/// # Safety
/// If `out` is neither NULL nor unaligned, a pointer can be written there.
pub(crate) unsafe fn give<T>(out: *mut *mut T, object: T) -> Result<(), Failure> {
    check(out, "out")?;
    // SAFETY: not NULL and aligned; the rest is the caller's word.
    unsafe { out.write(Box::into_raw(Box::new(object))) };
    Ok(())
}

/// Frees an object that `give` handed out; nothing if there is none.
///
/// # Safety
/// The object came from [`give`] and is not used any more.
pub(crate) unsafe fn free<T>(object: *mut T) {
    if !object.is_null() {
        // SAFETY: `give` made it of a box.
        drop(unsafe { Box::from_raw(object) });
    }
}

/// Refuses a pointer that cannot point to a `T`.
pub(crate) fn check<T>(pointer: *const T, name: &str) -> Result<(), Failure> {
    if pointer.is_null() {
        return Err(Failure::argument(format!("{name} is NULL")));
    }
    if !pointer.is_aligned() {
        return Err(Failure::argument(format!("{name} is not aligned")));
    }
    Ok(())
}

fn check_size(size: usize, name: &str) -> Result<(), Failure> {
    match isize::try_from(size) {
        Ok(_) => Ok(()),
        Err(_) => Err(Failure::argument(format!(
            "{name}: {size} bytes are more than there can be"
        ))),
    }
}
