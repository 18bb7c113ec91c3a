//! Reads the pickles that CIFAR comes as: dictionaries of numbers, text, lists and NumPy arrays of bytes.
//!
//! Nothing is ever called. The stack machine builds an arena of plain nodes; the few names on [`Callable`]'s list are
//! interpreted here, any other name is an error. Strings are slices of the input, pushes are counted, and as nodes refer
//! to each other by number there is no recursion to overflow. The files come in protocols 0 and 2 (PEP 307); what Python
//! writes by itself today, protocol 4 (PEP 3154), is read too.

use std::collections::HashMap;

/// Values that one file may push, copies included; CIFAR's largest pushes some 300,000.
const MAX_PUSHES: usize = 1 << 22;

/// Why a pickle is not read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PickleError {
    /// The stream ends inside an instruction, or its stack runs empty.
    #[error("the pickle is damaged at byte {at}")]
    Damaged {
        /// Where in the file.
        at: usize,
    },
    /// An instruction that such files do not use.
    #[error("byte {at}: instruction {opcode:#04x} has no place in a CIFAR pickle")]
    Opcode {
        /// Where in the file.
        at: usize,
        /// The instruction.
        opcode: u8,
    },
    /// The pickle wants to call something that is not allowed.
    #[error("byte {at}: the pickle wants to call `{name}`, which is not allowed (nothing was run)")]
    Forbidden {
        /// Where in the file.
        at: usize,
        /// Module and name.
        name: String,
    },
    /// More values than any CIFAR file has.
    #[error("more than {MAX_PUSHES} values")]
    TooMany,
    /// A well-formed pickle of something else.
    #[error("not a CIFAR batch: {0}")]
    Shape(&'static str),
}

/// Number of a node.
type Ref = usize;

#[derive(Debug)]
enum Node<'a> {
    Nothing,
    Int(i64),
    Bytes(&'a [u8]),
    Seq(Vec<Ref>),
    Dict(Vec<(Ref, Ref)>),
    Callable(Callable),
    /// A NumPy array: nodes of its shape and its bytes.
    Array {
        shape: Ref,
        data: Ref,
    },
    /// A dtype.
    Made,
}

/// The callables whose effect is known; each is data here.
#[derive(Clone, Copy, Debug)]
enum Callable {
    /// `numpy.core.multiarray._reconstruct(...)`: an empty array.
    Reconstruct,
    /// `numpy.ndarray`, an argument of the former.
    NdArray,
    /// `numpy.dtype('u1')`: an array with more than a byte an element fails by its length.
    DType,
}

impl Callable {
    fn named(module: &[u8], name: &[u8]) -> Option<Self> {
        Some(match (module, name) {
            (b"numpy.core.multiarray" | b"numpy._core.multiarray", b"_reconstruct") => Self::Reconstruct,
            (b"numpy", b"ndarray") => Self::NdArray,
            (b"numpy", b"dtype") => Self::DType,
            _ => return None,
        })
    }
}

/// A pickle of one dictionary.
pub(super) struct Pickle<'a> {
    nodes: Vec<Node<'a>>,
    root: Ref,
}

impl<'a> Pickle<'a> {
    /// Parses `bytes`, the whole of a file.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, PickleError> {
        let mut machine = Machine { bytes, ..Machine::default() };
        loop {
            if let Some(root) = machine.step()? {
                return Ok(Self { nodes: machine.nodes, root });
            }
        }
    }

    fn get(&self, key: &str) -> Option<&Node<'a>> {
        let Node::Dict(entries) = &self.nodes[self.root] else { return None };
        let is_key = |r: &Ref| matches!(self.nodes[*r], Node::Bytes(b) if b == key.as_bytes());
        entries.iter().find(|(k, _)| is_key(k)).map(|(_, v)| &self.nodes[*v])
    }

    /// The array of bytes under `key`: its bytes and its row length.
    pub(super) fn array(&self, key: &str) -> Result<(&'a [u8], usize), PickleError> {
        let Some(Node::Array { shape, data }) = self.get(key) else {
            return Err(PickleError::Shape("there is no array `data`"));
        };
        let (Node::Seq(shape), Node::Bytes(data)) = (&self.nodes[*shape], &self.nodes[*data]) else {
            return Err(PickleError::Shape("its array has no state"));
        };
        let sides: Vec<i64> = shape.iter().filter_map(|r| self.int(*r)).collect();
        let [rows, row] = sides[..] else { return Err(PickleError::Shape("its array does not have two dimensions")) };
        let wanted = rows.checked_mul(row).and_then(|n| usize::try_from(n).ok());
        match usize::try_from(row) {
            Ok(row) if wanted == Some(data.len()) => Ok((data, row)),
            _ => Err(PickleError::Shape("its array's shape is not that of its bytes")),
        }
    }

    /// The list of integers under the first of `keys` that exists.
    pub(super) fn ints(&self, keys: &[&str]) -> Result<Vec<i64>, PickleError> {
        let Some(Node::Seq(items)) = keys.iter().find_map(|key| self.get(key)) else {
            return Err(PickleError::Shape("there is no list of labels"));
        };
        items.iter().map(|r| self.int(*r).ok_or(PickleError::Shape("a label is no integer"))).collect()
    }

    /// The list of names under the first of `keys` that exists.
    pub(super) fn names(&self, keys: &[&str]) -> Result<Vec<String>, PickleError> {
        let Some(Node::Seq(items)) = keys.iter().find_map(|key| self.get(key)) else {
            return Err(PickleError::Shape("there is no list of class names"));
        };
        let text = |r: &Ref| match self.nodes[*r] {
            Node::Bytes(b) => Ok(String::from_utf8_lossy(b).into_owned()),
            _ => Err(PickleError::Shape("a class name is no text")),
        };
        items.iter().map(text).collect()
    }

    fn int(&self, r: Ref) -> Option<i64> {
        if let Node::Int(n) = self.nodes[r] { Some(n) } else { None }
    }
}

#[derive(Default)]
struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    nodes: Vec<Node<'a>>,
    stack: Vec<Ref>,
    pushes: usize,
    marks: Vec<usize>,
    memo: HashMap<u64, Ref>,
}

impl<'a> Machine<'a> {
    /// Runs one instruction; gives the root at `STOP`.
    fn step(&mut self) -> Result<Option<Ref>, PickleError> {
        let at = self.at;
        let opcode = self.take(1)?[0];
        match opcode {
            b'.' => return self.pop().map(Some),
            0x80 => drop(self.take(1)?), // PROTO
            0x95 => drop(self.take(8)?), // FRAME
            b'(' => self.mark()?,
            b'0' => drop(self.pop()?),
            b'N' | 0x88 | 0x89 => self.push(Node::Nothing)?, // None, True, False
            b'G' => self.float()?,                           // its value is of no use here
            b'J' | b'K' | b'M' | 0x8a | b'I' | b'L' => self.int(opcode)?,
            b'U' | b'T' | b'X' | 0x8c | 0x8d | b'C' | b'B' | 0x8e => self.string(opcode)?,
            b'S' | b'V' => self.quoted()?,
            b'}' => self.push(Node::Dict(Vec::new()))?,
            b']' | b')' => self.push(Node::Seq(Vec::new()))?,
            0x85..=0x87 => self.tuple(usize::from(opcode - 0x84))?, // TUPLE1, 2, 3
            b't' | b'l' => self.tuple_from_mark()?,
            b'd' => self.dict_from_mark()?,
            b'a' => {
                let item = self.pop()?;
                self.append(vec![item])?;
            }
            b'e' => {
                let items = self.pop_to_mark()?;
                self.append(items)?;
            }
            b's' => {
                let items = self.pop_many(2)?;
                self.set(&items)?;
            }
            b'u' => {
                let items = self.pop_to_mark()?;
                self.set(&items)?;
            }
            b'p' | b'q' | b'r' | 0x94 => self.put(opcode)?,
            b'g' | b'h' | b'j' => self.get(opcode)?,
            b'c' | 0x93 => self.global(opcode)?,
            b'R' => self.reduce()?,
            b'b' => self.build()?,
            _ => return Err(PickleError::Opcode { at, opcode }),
        }
        Ok(None)
    }

    fn damaged<T>(&self) -> Result<T, PickleError> {
        Err(PickleError::Damaged { at: self.at })
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8], PickleError> {
        match self.bytes[self.at..].get(..n) {
            Some(slice) => {
                self.at += n;
                Ok(slice)
            }
            None => self.damaged(),
        }
    }

    /// A little-endian number of `n` bytes; nothing that such files hold needs more than 63 bits.
    fn number(&mut self, n: usize) -> Result<usize, PickleError> {
        let value = self.take(n)?.iter().rev().fold(0_u64, |v, b| (v << 8) | u64::from(*b));
        usize::try_from(value).or_else(|_| self.damaged())
    }

    fn line(&mut self) -> Result<&'a [u8], PickleError> {
        let Some(end) = self.bytes[self.at..].iter().position(|b| *b == b'\n') else { return self.damaged() };
        let line = self.take(end + 1)?;
        Ok(&line[..end])
    }

    fn decimal(&mut self) -> Result<i64, PickleError> {
        let text = std::str::from_utf8(self.line()?).unwrap_or("");
        text.trim_end_matches('L').parse().or_else(|_| self.damaged())
    }

    fn push(&mut self, node: Node<'a>) -> Result<(), PickleError> {
        self.nodes.push(node);
        self.push_ref(self.nodes.len() - 1)
    }

    fn push_ref(&mut self, r: Ref) -> Result<(), PickleError> {
        self.pushes += 1;
        if self.pushes > MAX_PUSHES {
            return Err(PickleError::TooMany);
        }
        self.stack.push(r);
        Ok(())
    }

    fn mark(&mut self) -> Result<(), PickleError> {
        if self.marks.len() >= MAX_PUSHES {
            return Err(PickleError::TooMany);
        }
        self.marks.push(self.stack.len());
        Ok(())
    }

    /// The stack above the last mark is all that an instruction may reach.
    fn pop_many(&mut self, n: usize) -> Result<Vec<Ref>, PickleError> {
        let floor = self.marks.last().copied().unwrap_or(0);
        match self.stack.len().checked_sub(n).filter(|start| *start >= floor) {
            Some(start) => Ok(self.stack.split_off(start)),
            None => self.damaged(),
        }
    }

    fn pop(&mut self) -> Result<Ref, PickleError> {
        self.pop_many(1).map(|refs| refs[0])
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Ref>, PickleError> {
        let Some(mark) = self.marks.pop() else { return self.damaged() };
        Ok(self.stack.split_off(mark))
    }

    fn top(&self) -> Result<Ref, PickleError> {
        self.stack.last().copied().map_or_else(|| self.damaged(), Ok)
    }

    fn int(&mut self, opcode: u8) -> Result<(), PickleError> {
        let value = match opcode {
            b'J' => i64::from(self.number(4)? as u32 as i32),
            b'K' => self.number(1)? as i64,
            b'M' => self.number(2)? as i64,
            0x8a => {
                let n = self.number(1)?;
                let bytes = self.take(n)?;
                if n > 8 {
                    return self.damaged();
                }
                let fill = if bytes.last().is_some_and(|b| *b >= 0x80) { 0xff } else { 0 };
                let mut whole = [fill; 8];
                whole[..n].copy_from_slice(bytes);
                i64::from_le_bytes(whole)
            }
            _ => self.decimal()?,
        };
        self.push(Node::Int(value))
    }

    fn float(&mut self) -> Result<(), PickleError> {
        self.take(8)?;
        self.push(Node::Nothing)
    }

    fn string(&mut self, opcode: u8) -> Result<(), PickleError> {
        let width = match opcode {
            b'U' | 0x8c | b'C' => 1,
            b'T' | b'X' | b'B' => 4,
            _ => 8,
        };
        let length = self.number(width)?;
        let bytes = self.take(length)?;
        self.push(Node::Bytes(bytes))
    }

    /// Protocol 0's text; its escapes do not occur in names of keys and classes.
    fn quoted(&mut self) -> Result<(), PickleError> {
        let line = self.line()?;
        let inner = match line {
            [b'\'', inner @ .., b'\''] | [b'"', inner @ .., b'"'] => inner,
            _ => line,
        };
        self.push(Node::Bytes(inner))
    }

    fn tuple(&mut self, n: usize) -> Result<(), PickleError> {
        let items = self.pop_many(n)?;
        self.push(Node::Seq(items))
    }

    fn tuple_from_mark(&mut self) -> Result<(), PickleError> {
        let items = self.pop_to_mark()?;
        self.push(Node::Seq(items))
    }

    fn dict_from_mark(&mut self) -> Result<(), PickleError> {
        let items = self.pop_to_mark()?;
        self.push(Node::Dict(Vec::new()))?;
        self.set(&items)
    }

    fn append(&mut self, items: Vec<Ref>) -> Result<(), PickleError> {
        let top = self.top()?;
        match &mut self.nodes[top] {
            Node::Seq(list) => list.extend(items),
            _ => return self.damaged(),
        }
        Ok(())
    }

    fn set(&mut self, items: &[Ref]) -> Result<(), PickleError> {
        let top = self.top()?;
        match &mut self.nodes[top] {
            Node::Dict(entries) if items.len().is_multiple_of(2) => {
                entries.extend(items.chunks_exact(2).map(|pair| (pair[0], pair[1])));
                Ok(())
            }
            _ => self.damaged(),
        }
    }

    fn put(&mut self, opcode: u8) -> Result<(), PickleError> {
        let key = match opcode {
            b'p' => self.decimal()? as u64,
            b'q' => self.number(1)? as u64,
            b'r' => self.number(4)? as u64,
            _ => self.memo.len() as u64,
        };
        let top = self.top()?;
        self.memo.insert(key, top);
        Ok(())
    }

    fn get(&mut self, opcode: u8) -> Result<(), PickleError> {
        let key = match opcode {
            b'g' => self.decimal()? as u64,
            b'h' => self.number(1)? as u64,
            _ => self.number(4)? as u64,
        };
        match self.memo.get(&key) {
            Some(&r) => self.push_ref(r),
            None => self.damaged(),
        }
    }

    fn global(&mut self, opcode: u8) -> Result<(), PickleError> {
        let at = self.at - 1;
        let (module, name) = if opcode == b'c' {
            (self.line()?, self.line()?)
        } else {
            let pair = self.pop_many(2)?;
            match (&self.nodes[pair[0]], &self.nodes[pair[1]]) {
                (Node::Bytes(module), Node::Bytes(name)) => (*module, *name),
                _ => return self.damaged(),
            }
        };
        let Some(callable) = Callable::named(module, name) else {
            let name = format!("{}.{}", String::from_utf8_lossy(module), String::from_utf8_lossy(name));
            return Err(PickleError::Forbidden { at, name });
        };
        self.push(Node::Callable(callable))
    }

    /// The effect of a call on the allow-list.
    fn reduce(&mut self) -> Result<(), PickleError> {
        let pair = self.pop_many(2)?;
        let (Node::Callable(callable), Node::Seq(_)) = (&self.nodes[pair[0]], &self.nodes[pair[1]]) else {
            return self.damaged();
        };
        let node = match callable {
            Callable::Reconstruct => Node::Array { shape: pair[0], data: pair[0] }, // neither a shape nor bytes
            Callable::DType => Node::Made,
            Callable::NdArray => return self.damaged(),
        };
        self.push(node)
    }

    /// An array's state is (version, shape, dtype, Fortran order, bytes).
    fn build(&mut self) -> Result<(), PickleError> {
        let state = self.pop()?;
        let top = self.top()?;
        let parts = match &self.nodes[state] {
            Node::Seq(items) => <[Ref; 5]>::try_from(&items[..]).ok(),
            _ => None,
        };
        match (&mut self.nodes[top], parts) {
            (Node::Array { shape, data }, Some([_, sides, _, _, bytes])) => (*shape, *data) = (sides, bytes),
            (Node::Made, _) => {}
            _ => return self.damaged(),
        }
        Ok(())
    }
}
