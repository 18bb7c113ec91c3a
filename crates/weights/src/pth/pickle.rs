//! A machine for the part of Python's pickle format that PyTorch writes. It builds plain values and calls nothing: a
//! name of Python code is either on the list of `torch.rs` or an error.

use std::collections::HashMap;
use std::rc::Rc;

use super::PthFault;
use super::torch::{Global, Storage, View, call, lookup, persistent};
use crate::Dtype;

/// Most steps of one pickle; a checkpoint of a thousand tensors with its optimizer takes about fifty thousand.
pub(super) const MAX_STEPS: usize = 1 << 20;

/// What a pickle builds. Containers are indices into the [`Heap`], so that neither cycles nor depth can hurt.
#[derive(Clone, Debug)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i64),
    Str(Rc<str>),
    Global(Global),
    Tuple(usize),
    List(usize),
    /// Keys and values in turn.
    Dict(usize),
    Storage(Rc<Storage>),
    Tensor(Rc<View>),
    /// Something known to be harmless and of no interest: a number, an option, a device.
    Inert,
}

/// The containers of a pickle.
#[derive(Debug, Default)]
pub(super) struct Heap(Vec<Vec<Value>>);

impl Heap {
    fn add(&mut self, items: Vec<Value>) -> usize {
        self.0.push(items);
        self.0.len() - 1
    }

    pub(super) fn new_dict(&mut self, items: Vec<Value>) -> Value {
        Value::Dict(self.add(items))
    }

    /// Items of a tuple or list, keys and values of a dict; nothing for anything else.
    pub(super) fn items(&self, value: &Value) -> &[Value] {
        match value {
            Value::Tuple(at) | Value::List(at) | Value::Dict(at) => &self.0[*at],
            _ => &[],
        }
    }

    /// Value of a dict under a text key.
    pub(super) fn get(&self, dict: &Value, key: &str) -> Option<&Value> {
        let Value::Dict(at) = dict else { return None };
        let found = self.0[*at].chunks_exact(2).rev().find(|pair| matches!(&pair[0], Value::Str(k) if **k == *key));
        found.map(|pair| &pair[1])
    }
}

/// What one pickle gave.
pub(super) struct Loaded {
    pub(super) value: Value,
    pub(super) heap: Heap,
    /// Element type of every storage that it mentions, by key.
    pub(super) storages: HashMap<Rc<str>, Dtype>,
    /// Bytes that it took.
    pub(super) consumed: usize,
}

/// Runs the pickle at the start of `input`; what follows its end is not looked at.
pub(super) fn load(input: &[u8]) -> Result<Loaded, PthFault> {
    let mut machine = Machine { input, ..Machine::default() };
    for _ in 0..MAX_STEPS {
        if let Some(value) = machine.step()? {
            return Ok(Loaded { value, heap: machine.heap, storages: machine.storages, consumed: machine.at });
        }
    }
    Err(PthFault::TooManySteps { limit: MAX_STEPS })
}

#[derive(Default)]
struct Machine<'a> {
    input: &'a [u8],
    at: usize,
    stack: Vec<Value>,
    /// Heights of the stack at which a mark lies.
    marks: Vec<usize>,
    memo: HashMap<u32, Value>,
    heap: Heap,
    storages: HashMap<Rc<str>, Dtype>,
}

impl Machine<'_> {
    /// One opcode; the result at the end. Letters are those of Python's `pickletools`.
    fn step(&mut self) -> Result<Option<Value>, PthFault> {
        let op = self.take(1)?[0];
        match op {
            0x80 => drop(self.take(1)?), // PROTO
            0x95 => drop(self.take(8)?), // FRAME
            b'(' => self.marks.push(self.stack.len()),
            b'.' => return self.pop().map(Some),
            // BUILD is no more than a pop: it gives an object attributes, and no tensor is among them.
            b'0' | b'b' => drop(self.pop()?),
            b'1' => drop(self.take_to_mark()?),
            b'2' => self.push(self.top()?.clone()),
            b'q' | b'r' | 0x94 => self.store(op)?,
            b'h' | b'j' => self.recall(op)?,
            b']' | b'l' | b'}' | b'd' | b')' | b't' | 0x85..=0x87 => self.container(op)?,
            b'a' | b'e' | b's' | b'u' => self.fill(op)?,
            b'c' | 0x93 => self.global(op)?,
            b'Q' => self.persistent()?,
            b'R' | 0x81 => self.call()?,
            _ => self.scalar(op)?,
        }
        Ok(None)
    }

    fn scalar(&mut self, op: u8) -> Result<(), PthFault> {
        let value = match op {
            b'N' => Value::None,
            0x88 => Value::Bool(true),
            0x89 => Value::Bool(false),
            b'K' => Value::Int(i64::from(self.take(1)?[0])),
            b'M' => Value::Int(self.unsigned(2)? as i64),
            b'J' => Value::Int(i64::from(self.unsigned(4)? as u32 as i32)),
            0x8a => self.long()?,
            b'G' => self.take(8).map(|_| Value::Inert)?, // BINFLOAT
            0x8c | b'U' => self.text(1)?,
            b'X' | b'T' => self.text(4)?,
            0x8d => self.text(8)?,
            b'C' => self.opaque(1)?,
            b'B' => self.opaque(4)?,
            0x8f => Value::Inert, // EMPTY_SET
            _ => return Err(PthFault::Opcode { op, at: self.at - 1 }),
        };
        self.push(value);
        Ok(())
    }

    fn container(&mut self, op: u8) -> Result<(), PthFault> {
        let items = match op {
            b']' | b'}' | b')' => Vec::new(),
            b'l' | b'd' | b't' => self.take_to_mark()?,
            _ => self.split(self.stack.len().checked_sub(usize::from(op - 0x84)))?,
        };
        let at = self.heap.add(items);
        self.push(match op {
            b']' | b'l' => Value::List(at),
            b'}' | b'd' => Value::Dict(at),
            _ => Value::Tuple(at),
        });
        Ok(())
    }

    /// Adds to the list, dict or object below.
    fn fill(&mut self, op: u8) -> Result<(), PthFault> {
        let items = match op {
            b'a' => self.split(self.stack.len().checked_sub(1))?,
            b's' => self.split(self.stack.len().checked_sub(2))?,
            _ => self.take_to_mark()?,
        };
        match (self.top()?.clone(), op) {
            (Value::List(at), b'a' | b'e') => self.heap.0[at].extend(items),
            (Value::Dict(at), b's' | b'u') if items.len().is_multiple_of(2) => self.heap.0[at].extend(items),
            (Value::Inert, _) => {}
            _ => return Err(self.malformed("items for something that holds none")),
        }
        Ok(())
    }

    fn store(&mut self, op: u8) -> Result<(), PthFault> {
        let at = match op {
            b'q' => self.unsigned(1)? as u32,
            b'r' => self.unsigned(4)? as u32,
            _ => self.memo.len() as u32,
        };
        let value = self.top()?.clone();
        self.memo.insert(at, value);
        Ok(())
    }

    fn recall(&mut self, op: u8) -> Result<(), PthFault> {
        let at = self.unsigned(if op == b'h' { 1 } else { 4 })? as u32;
        let value = self.memo.get(&at).cloned().ok_or_else(|| self.malformed("a reference to nothing"))?;
        self.push(value);
        Ok(())
    }

    fn global(&mut self, op: u8) -> Result<(), PthFault> {
        let global = if op == b'c' {
            let (module, name) = (self.line()?, self.line()?);
            lookup(&module, &name)?
        } else {
            match (self.pop()?, self.pop()?) {
                (Value::Str(name), Value::Str(module)) => lookup(&module, &name)?,
                _ => return Err(self.malformed("a name that is not text")),
            }
        };
        self.push(Value::Global(global));
        Ok(())
    }

    fn persistent(&mut self) -> Result<(), PthFault> {
        let id = self.pop()?;
        let storage = persistent(self.heap.items(&id)).ok_or_else(|| self.malformed("not the id of a storage"))?;
        self.storages.insert(storage.key.clone(), storage.dtype);
        self.push(Value::Storage(Rc::new(storage)));
        Ok(())
    }

    fn call(&mut self) -> Result<(), PthFault> {
        let (arguments, callee) = (self.pop()?, self.pop()?);
        let Value::Global(global) = callee else { return Err(self.malformed("a call of something that is no name")) };
        let value =
            call(global, &arguments, &mut self.heap).ok_or_else(|| self.malformed("arguments that do not fit"))?;
        self.push(value);
        Ok(())
    }

    fn push(&mut self, value: Value) {
        self.stack.push(value);
    }

    /// Pops, but never through a mark.
    fn pop(&mut self) -> Result<Value, PthFault> {
        let floor = self.marks.last().copied().unwrap_or(0);
        match self.stack.pop() {
            Some(value) if self.stack.len() >= floor => Ok(value),
            _ => Err(self.malformed("an empty stack")),
        }
    }

    fn top(&self) -> Result<&Value, PthFault> {
        self.stack.last().ok_or_else(|| self.malformed("an empty stack"))
    }

    fn take_to_mark(&mut self) -> Result<Vec<Value>, PthFault> {
        let mark = self.marks.pop();
        self.split(mark)
    }

    fn split(&mut self, at: Option<usize>) -> Result<Vec<Value>, PthFault> {
        match at {
            Some(at) if at <= self.stack.len() => Ok(self.stack.split_off(at)),
            _ => Err(self.malformed("an empty stack")),
        }
    }

    fn malformed(&self, what: &'static str) -> PthFault {
        PthFault::Malformed { what, at: self.at }
    }

    fn take(&mut self, count: usize) -> Result<&[u8], PthFault> {
        let rest = self.input.get(self.at..).unwrap_or_default();
        let taken = rest.get(..count).ok_or(PthFault::Ended { at: self.input.len() })?;
        self.at += count;
        Ok(taken)
    }

    fn unsigned(&mut self, bytes: usize) -> Result<u64, PthFault> {
        Ok(self.take(bytes)?.iter().rev().fold(0, |n, &byte| n << 8 | u64::from(byte)))
    }

    fn counted(&mut self, prefix: usize) -> Result<&[u8], PthFault> {
        let count = self.unsigned(prefix)?;
        self.take(usize::try_from(count).unwrap_or(usize::MAX))
    }

    fn text(&mut self, prefix: usize) -> Result<Value, PthFault> {
        let bytes = self.counted(prefix)?;
        Ok(std::str::from_utf8(bytes).map_or(Value::Inert, |text| Value::Str(text.into())))
    }

    fn opaque(&mut self, prefix: usize) -> Result<Value, PthFault> {
        self.counted(prefix).map(|_| Value::Inert)
    }

    /// LONG1; longer than 64 bits is a magic number or a hash.
    fn long(&mut self) -> Result<Value, PthFault> {
        let bytes = self.counted(1)?;
        if bytes.len() > 8 {
            return Ok(Value::Inert);
        }
        let fill = if bytes.last().is_some_and(|b| b & 0x80 != 0) { 0xff } else { 0 };
        let mut whole = [fill; 8];
        whole[..bytes.len()].copy_from_slice(bytes);
        Ok(Value::Int(i64::from_le_bytes(whole)))
    }

    fn line(&mut self) -> Result<String, PthFault> {
        let rest = self.input.get(self.at..).unwrap_or_default();
        let end = rest.iter().position(|&b| b == b'\n').ok_or(PthFault::Ended { at: self.input.len() })?;
        let line = String::from_utf8_lossy(&rest[..end]).into_owned();
        self.at += end + 1;
        Ok(line)
    }
}
