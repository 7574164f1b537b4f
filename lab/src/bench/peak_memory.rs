//! Resident memory of this process at its peak, as Linux tells it.

use std::fs;

/// Most memory held since the process began or [`forget_peak`] was called, in bytes; none
/// where there is no `/proc`.
pub fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

/// Lets the peak begin again from what is held now, where the system can.
pub fn forget_peak() {
    // Without it the peak stays that of the whole process, which is what it then says.
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
