//! A small coder of sequential scans, for layouts that libjpeg does not write: any sampling
//! factors, identifiers, order of scans and restart interval. Its Huffman codes all have the same
//! length, so that a table is short.

use ddrmjpeg::frame::{PixelModel, Planar8};
use ddrmjpeg::jpeg;
use ddrmjpeg::jpeg::file::Levels;
use ddrmjpeg::jpeg::grid::tables;

use crate::surgery::segment;

pub const SIZE: (usize, usize) = (92, 70);
const QUALITY: u8 = 50;
const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// A grey picture that differs by `seed`.
pub fn grey((width, height): (usize, usize), seed: usize) -> Planar8 {
    let mut out = Planar8::new(PixelModel::Grey, width, height, (1, 1));
    for (i, byte) in out.planes[0].data.iter_mut().enumerate() {
        let (x, y) = (i % width, i / width);
        let noise = ((i * 2_654_435_761) >> 9) % 24;
        *byte = (90 + (x * (3 + seed) + y * (5 - seed % 4) + x * y / 40) % 90 + noise) as u8;
    }
    out
}

/// One component: what the frame header says of it, and its levels.
#[derive(Clone)]
pub struct Part {
    pub id: u8,
    pub factors: (usize, usize),
    pub table: u8,
    pub wide: usize,
    pub high: usize,
    pub levels: Vec<Levels>,
}

/// A file to be written.
#[derive(Clone)]
pub struct Picture {
    pub size: (usize, usize),
    pub parts: Vec<Part>,
    /// Which components are in each scan, and its restart interval.
    pub scans: Vec<(Vec<usize>, usize)>,
    /// The height that the header states.
    pub stated: usize,
    /// The segments before the tables.
    pub head: Vec<u8>,
    pub process: u8,
    pub bits: u8,
}

impl Picture {
    /// All components in one scan, with these sampling factors.
    pub fn new(factors: &[(usize, usize)]) -> Self {
        Self::of(SIZE, factors)
    }

    pub fn of(size: (usize, usize), factors: &[(usize, usize)]) -> Self {
        let most = (
            factors.iter().map(|f| f.0).max().unwrap(),
            factors.iter().map(|f| f.1).max().unwrap(),
        );
        let part = |(c, &(h, v)): (usize, &(usize, usize))| {
            let size = ((size.0 * h).div_ceil(most.0), (size.1 * v).div_ceil(most.1));
            let bytes = jpeg::encode(&grey(size, c), QUALITY, (1, 1)).unwrap();
            let component = crate::read(&bytes).components.remove(0);
            Part {
                id: c as u8 + 1,
                factors: (h, v),
                table: 0,
                wide: component.blocks_wide,
                high: component.blocks_high,
                levels: component.levels,
            }
        };
        Self {
            size,
            parts: factors.iter().enumerate().map(part).collect(),
            scans: vec![((0..factors.len()).collect(), 0)],
            stated: size.1,
            head: jfif(),
            process: 0xC0,
            bits: 8,
        }
    }

    /// A scan for each component in this order.
    pub fn apart(mut self, order: &[usize], interval: usize) -> Self {
        self.scans = order.iter().map(|&c| (vec![c], interval)).collect();
        self
    }

    pub fn with_interval(mut self, interval: usize) -> Self {
        self.scans.iter_mut().for_each(|scan| scan.1 = interval);
        self
    }

    pub fn with_ids(mut self, ids: &[u8]) -> Self {
        for (part, id) in self.parts.iter_mut().zip(ids) {
            part.id = *id;
        }
        self
    }

    pub fn with_head(mut self, head: Vec<u8>) -> Self {
        self.head = head;
        self
    }

    pub fn levels(&self) -> Vec<Vec<Levels>> {
        self.parts.iter().map(|part| part.levels.clone()).collect()
    }

    pub fn header(&self) -> Vec<u8> {
        let side = |n: usize| (n as u16).to_be_bytes();
        let mut frame = vec![self.bits];
        frame.extend(side(self.stated));
        frame.extend(side(self.size.0));
        frame.push(self.parts.len() as u8);
        for part in &self.parts {
            let factors = part.factors.0 << 4 | part.factors.1;
            frame.extend([part.id, factors as u8, part.table]);
        }
        [
            &[0xFF, 0xD8][..],
            &self.head,
            &dqt(0, &steps()),
            &segment(self.process, &frame),
            &dht(),
        ]
        .concat()
    }

    /// Scan number `n`, with its restart interval.
    pub fn scan(&self, n: usize) -> Vec<u8> {
        let (members, interval) = &self.scans[n];
        let mut header = vec![members.len() as u8];
        for &c in members {
            header.extend([self.parts[c].id, 0]);
        }
        header.extend([0, 63, 0]);
        let stated = segment(0xDD, &(*interval as u16).to_be_bytes());
        [
            stated,
            segment(0xDA, &header),
            self.coded(members, *interval),
        ]
        .concat()
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut out = self.header();
        (0..self.scans.len()).for_each(|n| out.extend(self.scan(n)));
        out.extend([0xFF, 0xD9]);
        out
    }

    /// The blocks of each MCU: component, row and column.
    fn mcus(&self, members: &[usize]) -> Vec<Vec<(usize, usize, usize)>> {
        if let [c] = *members {
            let part = &self.parts[c];
            let places = (0..part.high).flat_map(|y| (0..part.wide).map(move |x| (y, x)));
            return places.map(|(y, x)| vec![(c, y, x)]).collect();
        }
        let most = |pick: fn(&Part) -> usize| self.parts.iter().map(pick).max().unwrap();
        let columns = self.size.0.div_ceil(8 * most(|part| part.factors.0));
        let rows = self.size.1.div_ceil(8 * most(|part| part.factors.1));
        let mcu = |row: usize, column: usize| {
            let blocks = members.iter().flat_map(move |&c| {
                let (h, v) = self.parts[c].factors;
                let places = (0..v).flat_map(move |y| (0..h).map(move |x| (y, x)));
                places.map(move |(y, x)| (c, row * v + y, column * h + x))
            });
            blocks.collect()
        };
        (0..rows)
            .flat_map(|row| (0..columns).map(move |column| (row, column)))
            .map(|(row, column)| mcu(row, column))
            .collect()
    }

    fn coded(&self, members: &[usize], interval: usize) -> Vec<u8> {
        let (mut bits, mut last) = (Bits::default(), vec![0i32; self.parts.len()]);
        for (n, mcu) in self.mcus(members).into_iter().enumerate() {
            if interval > 0 && n > 0 && n.is_multiple_of(interval) {
                bits.fill();
                let number = (n / interval - 1) % 8;
                bits.out.extend([0xFF, 0xD0 + number as u8]);
                last.fill(0);
            }
            for (c, y, x) in mcu {
                let part = &self.parts[c];
                // Blocks that fill up the MCU repeat the last one.
                let at = y.min(part.high - 1) * part.wide + x.min(part.wide - 1);
                bits.block(&part.levels[at], &mut last[c]);
            }
        }
        bits.fill();
        bits.out
    }
}

pub fn steps() -> [u16; 64] {
    tables::ijg_pair(QUALITY).0
}

pub fn jfif() -> Vec<u8> {
    segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0")
}

pub fn adobe(transform: u8) -> Vec<u8> {
    segment(
        0xEE,
        &[b"Adobe\0d\0\0\0\0".as_slice(), &[transform]].concat(),
    )
}

pub fn dqt(number: u8, steps: &[u16; 64]) -> Vec<u8> {
    let bytes = ZIGZAG.map(|at| steps[at] as u8);
    segment(0xDB, &[&[number][..], &bytes].concat())
}

/// DC: sizes 0 to 11 in four bits. AC: all symbols in eight.
pub fn dht() -> Vec<u8> {
    let dc: Vec<u8> = (0..12).collect();
    [table(0x00, 4, &dc), table(0x10, 8, &symbols())].concat()
}

/// A table whose symbols have codes of `length` bits.
pub fn table(head: u8, length: usize, symbols: &[u8]) -> Vec<u8> {
    let mut counts = [0; 16];
    counts[length - 1] = symbols.len() as u8;
    segment(0xC4, &[&[head][..], &counts, symbols].concat())
}

fn symbols() -> Vec<u8> {
    let sizes = (0..16u8).flat_map(|run| (1..=10u8).map(move |size| run << 4 | size));
    [0x00, 0xF0].into_iter().chain(sizes).collect()
}

#[derive(Default)]
struct Bits {
    out: Vec<u8>,
    held: u32,
    count: u32,
}

impl Bits {
    fn put(&mut self, value: u32, bits: u32) {
        self.held = self.held << bits | value;
        self.count += bits;
        while self.count >= 8 {
            self.count -= 8;
            let byte = (self.held >> self.count) as u8;
            self.out.push(byte);
            if byte == 0xFF {
                self.out.push(0);
            }
        }
        self.held &= (1 << self.count) - 1;
    }

    /// Ones up to the end of the byte.
    fn fill(&mut self) {
        let left = (8 - self.count) % 8;
        self.put((1 << left) - 1, left);
    }

    fn number(&mut self, value: i32, size: u32) {
        let bits = if value < 0 { value - 1 } else { value };
        self.put(bits as u32 & ((1 << size) - 1), size);
    }

    fn block(&mut self, levels: &Levels, last: &mut i32) {
        let size = |value: i32| 32 - value.unsigned_abs().leading_zeros();
        let symbols = symbols();
        let code = |run: u32, size: u32| {
            let symbol = (run << 4 | size) as u8;
            symbols.iter().position(|&s| s == symbol).unwrap() as u32
        };
        let (dc, mut run) = (i32::from(levels[0]) - *last, 0);
        *last = i32::from(levels[0]);
        self.put(size(dc), 4);
        self.number(dc, size(dc));
        for at in &ZIGZAG[1..] {
            let level = i32::from(levels[*at]);
            if level == 0 {
                run += 1;
                continue;
            }
            while run > 15 {
                self.put(code(15, 0), 8);
                run -= 16;
            }
            self.put(code(run, size(level)), 8);
            self.number(level, size(level));
            run = 0;
        }
        if run > 0 {
            self.put(code(0, 0), 8);
        }
    }
}
