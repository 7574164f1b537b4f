//! How much memory is free, where the system says so.

/// Bytes that the system could still give to processes; `None` where it does not tell.
pub(crate) fn free_bytes() -> Option<u64> {
    free_in(&std::fs::read_to_string("/proc/meminfo").ok()?)
}

/// The entry MemAvailable, in kB.
fn free_in(meminfo: &str) -> Option<u64> {
    let line = meminfo
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kilobytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_is_found() {
        let text = "MemTotal:  24 kB\nMemAvailable:   21338472 kB\nBuffers: 1 kB\n";
        assert_eq!(free_in(text), Some(21_338_472 * 1024));
        assert_eq!(free_in("MemTotal: 24 kB"), None);
    }
}
