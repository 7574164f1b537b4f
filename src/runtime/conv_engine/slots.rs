//! Which maps of a network may use the same memory: a map's memory is free once the last layer that
//! needs it has run, and a layer that adds to a map nobody else needs writes into it.
//!
//! Integers only. Called by `engine`.

use crate::runtime::conv_engine::region::Link;

/// The number of the memory of each map, the input first.
pub(crate) fn shared(links: &[Link]) -> Vec<usize> {
    let last = last_uses(links);
    let mut slots = vec![0];
    let mut free = Vec::new();
    let mut count = 1;
    for (index, link) in links.iter().enumerate() {
        let ends = |map: usize| last[map] == index;
        let slot = match link.onto {
            Some(map) if ends(map) => slots[map],
            _ => free.pop().unwrap_or_else(|| {
                count += 1;
                count - 1
            }),
        };
        // A layer's input is only free after it.
        if ends(link.from) && slots[link.from] != slot {
            free.push(slots[link.from]);
        }
        slots.push(slot);
    }
    slots
}

/// Memory of its own for each map.
pub(crate) fn apart(links: &[Link]) -> Vec<usize> {
    (0..=links.len()).collect()
}

/// Bytes of each memory for maps of `bytes` bytes in `slots`.
pub(crate) fn sizes(slots: &[usize], bytes: &[usize]) -> Vec<usize> {
    let count = slots.iter().max().map_or(0, |last| last + 1);
    let mut sizes = vec![0; count];
    for (&slot, &bytes) in slots.iter().zip(bytes) {
        sizes[slot] = sizes[slot].max(bytes);
    }
    sizes
}

/// The last layer that uses each map; the last map is never free.
fn last_uses(links: &[Link]) -> Vec<usize> {
    let mut last = vec![usize::MAX; links.len() + 1];
    for (index, link) in links.iter().enumerate() {
        last[link.from] = index;
        if let Some(map) = link.onto {
            last[map] = index;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::conv_engine::region::Scale;

    fn link(from: usize, onto: Option<usize>) -> Link {
        Link {
            from,
            onto,
            scale: Scale::Same,
            channels: 1,
            pixel_macs: 1,
        }
    }

    /// A head, two blocks and a tail, with a map that is needed once more at the end.
    #[test]
    fn memory_is_used_again_and_never_too_soon() {
        let links = [
            link(0, None),
            link(1, None),
            link(2, Some(1)),
            link(3, None),
            link(4, Some(3)),
            link(5, Some(3)),
            link(6, None),
        ];
        let slots = shared(&links);
        // The second block's sum is needed afterwards, so it is not written into.
        assert_eq!(slots[3], slots[1]);
        assert_eq!(slots[6], slots[3]);
        assert_ne!(slots[5], slots[3]);
        let last = last_uses(&links);
        for (index, link) in links.iter().enumerate() {
            let made = slots[index + 1];
            assert_ne!(made, slots[link.from], "layer {index}");
            for map in (0..=index).filter(|&map| last[map] > index) {
                assert_ne!(made, slots[map], "layer {index} overwrites map {map}");
            }
        }
        assert!(slots.iter().max().unwrap() < &4);
        assert_eq!(sizes(&slots, &[5, 9, 1, 1, 1, 1, 1, 1])[slots[1]], 9);
        assert_eq!(apart(&links).len(), links.len() + 1);
    }
}
