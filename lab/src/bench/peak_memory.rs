//! Peak resident memory of this process, as Linux reports it.

use std::fs;

/// Most memory held since the process started or [`forget_peak`] was called, in bytes; `None`
/// without `/proc`.
pub fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

/// Resets the peak to what is held now, if the system can.
pub fn forget_peak() {
    // If this fails, the peak is that of the whole process.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_large_vector_is_seen() {
        let before = peak().unwrap();
        let held = vec![1u8; 256 << 20];
        assert!(peak().unwrap() >= before.min(256 << 20));
        assert!(peak().unwrap() >= held.len() as u64);
    }
}
