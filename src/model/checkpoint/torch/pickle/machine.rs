//! The machine: a stack, a memo, and the opcodes of protocol 2 that state dicts consist of.

use std::collections::HashMap;

use crate::model::checkpoint::torch::pickle::cursor::Cursor;
use crate::model::checkpoint::torch::pickle::value::{Heap, Pickle, Value};
use crate::model::checkpoint::torch::pickle::{globals, opcode};
use crate::model::checkpoint::{Parse, limits};

/// The first and the last opcode of every pickle that is read here.
const PROTO: u8 = 0x80;
const STOP: u8 = b'.';
/// The protocol that `torch.save` writes by default.
const PROTOCOL: u8 = 2;

/// Reads the pickle at the start of `bytes`.
///
/// # Errors
/// A sentence with the position, if the pickle is cut or damaged, needs an opcode or global that is
/// not allowed, or exceeds a limit.
pub(crate) fn read(bytes: &[u8]) -> Parse<Pickle<'_>> {
    let mut machine = Machine {
        input: Cursor::new(bytes),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        heap: Heap::default(),
        copied: 0,
    };
    let root = machine
        .run()
        .map_err(|fault| format!("pickle, byte {}: {fault}", machine.input.position()))?;
    Ok(Pickle {
        root,
        used: machine.input.position(),
        heap: machine.heap,
    })
}

/// The state of a pickle being read.
pub(crate) struct Machine<'a> {
    input: Cursor<'a>,
    stack: Vec<Value<'a>>,
    /// Stack heights at the open marks.
    marks: Vec<usize>,
    memo: HashMap<u32, Value<'a>>,
    pub(crate) heap: Heap<'a>,
    /// Number of items copied out of arguments, because a single opcode can copy many.
    copied: usize,
}

impl<'a> Machine<'a> {
    fn run(&mut self) -> Parse<Value<'a>> {
        if self.input.byte()? != PROTO {
            return Err("does not begin with its protocol".to_owned());
        }
        match self.input.byte()? {
            PROTOCOL => {}
            other => return Err(format!("protocol {other}, only {PROTOCOL} is read")),
        }
        for _ in 0..limits::OPCODES {
            match self.input.byte()? {
                STOP => return self.pop(),
                code => self.step(code)?,
            }
        }
        Err(format!("more than {} opcodes", limits::OPCODES))
    }

    /// Runs one opcode.
    fn step(&mut self, code: u8) -> Parse<()> {
        match code {
            b'N' => self.push(Value::None),
            0x88 => self.push(Value::Bool(true)),
            0x89 => self.push(Value::Bool(false)),
            b'J' | b'K' | b'M' | 0x8a | b'G' => self.number(code)?,
            b'X' | b'T' | b'U' => self.text(code)?,
            b'c' => self.global()?,
            b'(' => self.mark()?,
            b'}' => self.push_dict(Vec::new()),
            b']' => self.push_list(),
            b')' => self.push_tuple(Vec::new()),
            0x85..=0x87 => self.short_tuple(usize::from(code - 0x84))?,
            b't' => {
                let items = self.pop_to_mark()?;
                self.push_tuple(items);
            }
            b'a' | b'e' => self.append(code)?,
            b's' | b'u' => self.set_items(code)?,
            b'q' | b'r' => self.memoize(code)?,
            b'h' | b'j' => self.recall(code)?,
            b'R' => self.reduce()?,
            b'b' => self.build()?,
            b'Q' => self.storage()?,
            refused => return Err(opcode::refusal(refused)),
        }
        Ok(())
    }

    pub(crate) fn push(&mut self, value: Value<'a>) {
        self.stack.push(value);
    }

    /// Takes the top of the stack, which must not be below an open mark.
    pub(crate) fn pop(&mut self) -> Parse<Value<'a>> {
        let floor = self.marks.last().copied().unwrap_or(0);
        let value = self.stack.pop().filter(|_| self.stack.len() >= floor);
        value.ok_or_else(|| "the stack is empty".to_owned())
    }

    /// The top of the stack, left there.
    fn top(&mut self) -> Parse<Value<'a>> {
        let value = self.pop()?;
        self.push(value);
        Ok(value)
    }

    fn mark(&mut self) -> Parse<()> {
        if self.marks.len() >= limits::MARKS {
            return Err(format!("marks nested deeper than {}", limits::MARKS));
        }
        self.marks.push(self.stack.len());
        Ok(())
    }

    fn pop_to_mark(&mut self) -> Parse<Vec<Value<'a>>> {
        let mark = self.marks.pop().ok_or("no mark is open")?;
        // Not split_off, because at 0 it gives away the whole capacity and allocates it again.
        Ok(self.stack.drain(mark..).collect())
    }

    fn push_list(&mut self) {
        self.push(Value::List(self.heap.sequences.len()));
        self.heap.sequences.push(Vec::new());
    }

    pub(crate) fn push_tuple(&mut self, items: Vec<Value<'a>>) {
        self.push(Value::Tuple(self.heap.sequences.len()));
        self.heap.sequences.push(items);
    }

    pub(crate) fn push_dict(&mut self, entries: Vec<(Value<'a>, Value<'a>)>) {
        self.push(Value::Dict(self.heap.dicts.len()));
        self.heap.dicts.push(entries);
    }

    /// Accounts for copying `count` items.
    pub(crate) fn copies(&mut self, count: usize) -> Parse<()> {
        self.copied = self.copied.saturating_add(count);
        match self.copied {
            n if n <= limits::OPCODES => Ok(()),
            _ => Err(format!("more than {} items copied", limits::OPCODES)),
        }
    }

    fn short_tuple(&mut self, count: usize) -> Parse<()> {
        let mut items = (0..count).map(|_| self.pop()).collect::<Parse<Vec<_>>>()?;
        items.reverse();
        self.push_tuple(items);
        Ok(())
    }

    fn number(&mut self, code: u8) -> Parse<()> {
        let value = match code {
            b'J' => Value::Int(i32::from_le_bytes(self.input.array()?).into()),
            b'K' => Value::Int(self.input.byte()?.into()),
            b'M' => Value::Int(u16::from_le_bytes(self.input.array()?).into()),
            b'G' => {
                self.input.take(8)?;
                Value::Float
            }
            _ => {
                let length = self.input.byte()?;
                long(self.input.take(length.into())?)
            }
        };
        self.push(value);
        Ok(())
    }

    fn text(&mut self, code: u8) -> Parse<()> {
        let length = match code {
            b'U' => u32::from(self.input.byte()?),
            _ => u32::from_le_bytes(self.input.array()?),
        };
        let text = self.input.text(length as usize)?;
        self.push(Value::Str(text));
        Ok(())
    }

    fn global(&mut self) -> Parse<()> {
        let (module, name) = (self.input.line()?, self.input.line()?);
        self.push(Value::Global(globals::lookup(module, name)?));
        Ok(())
    }

    fn append(&mut self, code: u8) -> Parse<()> {
        let items = match code {
            b'a' => vec![self.pop()?],
            _ => self.pop_to_mark()?,
        };
        match self.top()? {
            Value::List(at) => self.heap.sequences[at].extend(items),
            other => return Err(format!("APPEND to {}", other.kind())),
        }
        Ok(())
    }

    fn set_items(&mut self, code: u8) -> Parse<()> {
        let items = match code {
            b's' => {
                let value = self.pop()?;
                vec![self.pop()?, value]
            }
            _ => self.pop_to_mark()?,
        };
        let (pairs, []) = items.as_chunks::<2>() else {
            return Err("a key without a value".to_owned());
        };
        match self.top()? {
            Value::Dict(at) => {
                self.heap.dicts[at].extend(pairs.iter().map(|&[key, value]| (key, value)))
            }
            other => return Err(format!("SETITEM on {}", other.kind())),
        }
        Ok(())
    }

    fn memo_slot(&mut self, is_long: bool) -> Parse<u32> {
        match is_long {
            true => Ok(u32::from_le_bytes(self.input.array()?)),
            false => Ok(self.input.byte()?.into()),
        }
    }

    fn memoize(&mut self, code: u8) -> Parse<()> {
        let slot = self.memo_slot(code == b'r')?;
        let value = self.top()?;
        self.memo.insert(slot, value);
        match self.memo.len() {
            n if n <= limits::MEMO => Ok(()),
            _ => Err(format!("more than {} memo slots", limits::MEMO)),
        }
    }

    fn recall(&mut self, code: u8) -> Parse<()> {
        let slot = self.memo_slot(code == b'j')?;
        let value = *self
            .memo
            .get(&slot)
            .ok_or_else(|| format!("memo slot {slot} is empty"))?;
        self.push(value);
        Ok(())
    }

    /// Attributes on a dictionary (torch keeps module versions there) are dropped.
    fn build(&mut self) -> Parse<()> {
        self.pop()?;
        match self.top()? {
            Value::Dict(_) => Ok(()),
            other => Err(format!("BUILD on {}", other.kind())),
        }
    }
}

/// A two's-complement integer of any length up to 255 bytes.
fn long(bytes: &[u8]) -> Value<'_> {
    let negative = bytes.last().is_some_and(|&b| b >= 0x80);
    let mut filled = [if negative { 0xff } else { 0 }; 8];
    match filled.get_mut(..bytes.len()) {
        Some(low) => low.copy_from_slice(bytes),
        None => return Value::Long(bytes),
    }
    Value::Int(i64::from_le_bytes(filled))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(pickle: &[u8]) -> Parse<Value<'_>> {
        read(pickle).map(|found| found.root)
    }

    #[test]
    fn numbers_and_text() {
        for (pickle, value) in [
            (&b"\x80\x02K\xff."[..], Value::Int(255)),
            (b"\x80\x02M\x01\x02.", Value::Int(513)),
            (b"\x80\x02J\xff\xff\xff\xff.", Value::Int(-1)),
            (b"\x80\x02\x8a\x00.", Value::Int(0)),
            (b"\x80\x02\x8a\x02\x00\x80.", Value::Int(-32768)),
            (
                b"\x80\x02\x8a\x05\x00\x00\x00\x00\x01.",
                Value::Int(1 << 32),
            ),
            (
                b"\x80\x02\x8a\x09\0\0\0\0\0\0\0\0\x01.",
                Value::Long(b"\0\0\0\0\0\0\0\0\x01"),
            ),
            (b"\x80\x02X\x02\0\0\0\xc3\xa9.", Value::Str("é")),
            (b"\x80\x02U\x01a.", Value::Str("a")),
            (b"\x80\x02G\0\0\0\0\0\0\0\0.", Value::Float),
        ] {
            assert_eq!(root(pickle), Ok(value));
        }
    }

    #[test]
    fn containers_share_through_the_memo() {
        let found = read(b"\x80\x02}q\0(K\x01]q\x01(K\x02K\x03eK\x04h\x01u.").unwrap();
        let entries = found.entries(found.root);
        assert_eq!(entries[0].1, entries[1].1);
        assert_eq!(found.items(entries[0].1), [Value::Int(2), Value::Int(3)]);
        assert_eq!(found.used, 23);
    }

    #[test]
    fn values_below_a_mark_are_out_of_reach() {
        for pickle in [
            &b"\x80\x02K\x01(."[..],
            b"\x80\x02K\x01(\x85.",
            b"\x80\x02](K\x01a.",
            b"\x80\x02.",
        ] {
            assert!(
                root(pickle).unwrap_err().contains("stack is empty")
                    || root(pickle).unwrap_err().contains("APPEND")
            );
        }
    }

    #[test]
    fn refused_opcodes_are_named() {
        for (pickle, name) in [
            (&b"\x80\x02cos\nsystem\n."[..], "os.system"),
            (b"\x80\x02cbuiltins\neval\n.", "builtins.eval"),
            (b"\x80\x02(ios\nsystem\n.", "INST"),
            (b"\x80\x02)\x81.", "NEWOBJ"),
            (b"\x80\x02\x8b\xff\xff\xff\x7f.", "LONG4"),
            (b"\x80\x02\x95\0\0\0\0\0\0\0\0.", "FRAME"),
            (b"\x80\x02\xfe.", "0xfe"),
            (b"\x80\x04N.", "protocol 4"),
        ] {
            let fault = root(pickle).unwrap_err();
            assert!(fault.contains(name), "{fault}");
        }
    }
}
