//! numpy's legacy shuffle, with which the published program splits CelebA-HQ.
//!
//! The 32-bit Mersenne Twister (Matsumoto, Nishimura 1998) seeded by one number, and the
//! shuffle of `numpy.random.RandomState`, which numpy promises never to change.

const N: usize = 624;
const M: usize = 397;

/// The generator's state, and how much of it has been used.
struct Twister {
    state: [u32; N],
    used: usize,
}

impl Twister {
    fn new(seed: u32) -> Self {
        let mut state = [seed; N];
        for i in 1..N {
            let before = state[i - 1];
            state[i] = (before ^ (before >> 30))
                .wrapping_mul(1_812_433_253)
                .wrapping_add(i as u32);
        }
        Self { state, used: N }
    }

    fn twist(&mut self) {
        for i in 0..N {
            let joined = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % N] & 0x7FFF_FFFF);
            let odd = if joined & 1 == 1 { 0x9908_B0DF } else { 0 };
            self.state[i] = self.state[(i + M) % N] ^ (joined >> 1) ^ odd;
        }
        self.used = 0;
    }

    fn next(&mut self) -> u32 {
        if self.used == N {
            self.twist();
        }
        let mut y = self.state[self.used];
        self.used += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9D2C_5680;
        y ^= (y << 15) & 0xEFC6_0000;
        y ^ (y >> 18)
    }

    /// Uniform in 0..=`max`: draws as many low bits as `max` has, until they are not above it.
    fn up_to(&mut self, max: u32) -> u32 {
        let mask = u32::MAX.checked_shr(max.leading_zeros()).unwrap_or(0);
        loop {
            let value = self.next() & mask;
            if value <= max {
                return value;
            }
        }
    }
}

/// The list 0..`count` after `numpy.random.seed(seed)` and `numpy.random.shuffle`.
pub(crate) fn shuffled(seed: u32, count: usize) -> Vec<usize> {
    let mut twister = Twister::new(seed);
    let mut order: Vec<usize> = (0..count).collect();
    for i in (1..count).rev() {
        let max = u32::try_from(i).unwrap_or(u32::MAX);
        order.swap(i, twister.up_to(max) as usize);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The 10,000th number of the default seed 5489, from the authors' reference (and C++'s
    /// standard, [rand.predef]).
    #[test]
    fn the_generator_is_the_reference() {
        let mut twister = Twister::new(5489);
        let last = (0..10_000).map(|_| twister.next()).last();
        assert_eq!(last, Some(4_123_659_995));
    }

    /// Computed by numpy 2.4.
    #[test]
    fn the_shuffle_is_numpys() {
        let order = shuffled(2019, 1000);
        let expected = [268, 575, 58, 934, 22, 45, 760, 625, 529, 301];
        assert_eq!(order[900..910], expected);
        assert_eq!(order[995..], [728, 805, 159, 370, 72]);
        assert!(shuffled(2019, 0).is_empty());
    }
}
