//! The part of Python's pickle format (`pickletools.py`) that a state dict is written in.
//!
//! A pickle is a program for a small stack machine. This one knows dictionaries, lists, tuples, texts and numbers, and
//! the handful of Python names with which `torch.save` writes tensors; these build descriptions and call nothing. Any
//! other name is refused. Values live side by side in one list and refer to one another by index, so nothing nests, and
//! every instruction makes at most one: time and memory are bounded by the pickle's length.

use std::collections::HashMap;
use std::ops::Range;

use super::super::cursor::Cursor;
use super::super::error::{Fault, Problem};
use crate::lm::checkpoint::Dtype;

/// A value on the stack; the indices are of [`Pickle::objects`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'a> {
    /// `None`, a float, bytes: nothing that a tensor is made of.
    Other,
    Bool(bool),
    Int(i64),
    Text(&'a str),
    Global(Global),
    /// A tuple or a list.
    Items(usize),
    Dict(usize),
    Storage(usize),
    Tensor(usize),
}

/// The Python names that are known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Global {
    Dict,
    Tensor,
    Parameter,
    Storage(Kind),
}

/// A kind of storage: the bytes of a number, and its type or the name of a type that no weight has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Kind {
    pub(super) width: usize,
    pub(super) dtype: Result<Dtype, &'static str>,
}

/// What has parts.
#[derive(Debug)]
pub(super) enum Object<'a> {
    Items(Vec<Value<'a>>),
    Dict(Vec<(Value<'a>, Value<'a>)>),
    Storage(Storage<'a>),
    View(View),
}

/// Numbers that tensors are views of.
#[derive(Debug)]
pub(super) struct Storage<'a> {
    pub(super) kind: Kind,
    pub(super) key: &'a str,
    pub(super) elements: usize,
    /// Where in the storage of this key it begins, in elements.
    pub(super) offset: usize,
}

/// A tensor: steps through a storage.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    pub(super) storage: usize,
    pub(super) offset: usize,
    pub(super) sizes: usize,
    pub(super) strides: usize,
}

/// What a pickle builds.
#[derive(Debug)]
pub(super) struct Pickle<'a> {
    pub(super) root: Value<'a>,
    pub(super) objects: Vec<Object<'a>>,
    /// The byte after it.
    pub(super) end: usize,
}

impl<'a> Pickle<'a> {
    /// The entries of the dictionary that it builds.
    pub(super) fn entries(&self) -> impl Iterator<Item = (Value<'a>, Value<'a>)> {
        let dict = match self.root {
            Value::Dict(dict) => self.objects.get(dict),
            _ => None,
        };
        match dict {
            Some(Object::Dict(entries)) => entries.as_slice(),
            _ => &[],
        }
        .iter()
        .copied()
    }

    /// The parts of a tuple or list.
    pub(super) fn items(&self, index: usize) -> &[Value<'a>] {
        match self.objects.get(index) {
            Some(Object::Items(items)) => items,
            _ => &[],
        }
    }

    /// A tuple of whole numbers.
    pub(super) fn sizes(&self, index: usize) -> Option<Vec<usize>> {
        self.items(index).iter().map(|value| size(*value)).collect()
    }
}

fn size(value: Value<'_>) -> Option<usize> {
    match value {
        Value::Int(number) => usize::try_from(number).ok(),
        _ => None,
    }
}

/// Runs the pickle that begins at the start of `range` of the file.
pub(super) fn run(file: &[u8], range: Range<usize>) -> Result<Pickle<'_>, Fault> {
    let mut cursor = Cursor::new(file.get(..range.end).unwrap_or(file));
    cursor.take(range.start)?;
    let mut machine = Machine { stack: Vec::new(), marks: Vec::new(), memo: HashMap::new(), objects: Vec::new() };
    loop {
        let at = cursor.at();
        let code = cursor.byte()?;
        match machine.step(code, &mut cursor)? {
            Step::Done => (),
            Step::Stop => {
                let root = machine.stack.pop().ok_or_else(|| Problem::NotAStateDict.at(at))?;
                return Ok(Pickle { root, objects: machine.objects, end: cursor.at() });
            }
            Step::Unfit => return Err(Problem::NotAStateDict.at(at)),
            Step::Unknown => return Err(Problem::PickleCode { found: code }.at(at)),
            Step::Refused(name) => return Err(Problem::PickleGlobal { name }.at(at)),
        }
    }
}

enum Step {
    Done,
    Stop,
    /// What it works on is not there, or is something else.
    Unfit,
    Unknown,
    Refused(String),
}

struct Machine<'a> {
    stack: Vec<Value<'a>>,
    marks: Vec<usize>,
    memo: HashMap<u64, Value<'a>>,
    objects: Vec<Object<'a>>,
}

impl<'a> Machine<'a> {
    /// One instruction.
    fn step(&mut self, code: u8, cursor: &mut Cursor<'a>) -> Result<Step, Fault> {
        let value = match code {
            b'.' => return Ok(Step::Stop),
            // PROTO and FRAME say nothing that is needed.
            0x80 => {
                cursor.byte()?;
                return Ok(Step::Done);
            }
            0x95 => {
                cursor.u64()?;
                return Ok(Step::Done);
            }
            b'N' => Value::Other,
            0x88 => Value::Bool(true),
            0x89 => Value::Bool(false),
            b'K' => Value::Int(i64::from(cursor.byte()?)),
            b'M' => Value::Int(i64::from(cursor.u16()?)),
            b'J' => Value::Int(i64::from(cursor.u32()?.cast_signed())),
            0x8a => {
                let length = usize::from(cursor.byte()?);
                long(cursor.take(length)?)
            }
            b'G' => {
                cursor.u64()?;
                Value::Other
            }
            b'X' | b'T' | b'B' | b'U' | b'C' | 0x8c | 0x8d | 0x8e => {
                let length = match code {
                    b'X' | b'T' | b'B' => u64::from(cursor.u32()?),
                    b'U' | b'C' | 0x8c => u64::from(cursor.byte()?),
                    _ => cursor.u64()?,
                };
                let bytes = cursor.take(usize::try_from(length).unwrap_or(usize::MAX))?;
                std::str::from_utf8(bytes).map_or(Value::Other, Value::Text)
            }
            b'c' => {
                let (module, name) = (cursor.line()?, cursor.line()?);
                match global(module, name) {
                    Ok(global) => Value::Global(global),
                    Err(name) => return Ok(Step::Refused(name)),
                }
            }
            0x93 => {
                let name = self.stack.pop();
                let (Some(Value::Text(module)), Some(Value::Text(name))) = (self.stack.pop(), name) else {
                    return Ok(Step::Unfit);
                };
                match global(module.as_bytes(), name.as_bytes()) {
                    Ok(global) => Value::Global(global),
                    Err(name) => return Ok(Step::Refused(name)),
                }
            }
            b'h' => return Ok(self.recall(u64::from(cursor.byte()?))),
            b'j' => return Ok(self.recall(u64::from(cursor.u32()?))),
            b'q' => return Ok(self.remember(u64::from(cursor.byte()?))),
            b'r' => return Ok(self.remember(u64::from(cursor.u32()?))),
            0x94 => return Ok(self.remember(self.memo.len() as u64)),
            _ => return Ok(self.build(code)),
        };
        self.stack.push(value);
        Ok(Step::Done)
    }

    /// An instruction that works on the stack alone.
    fn build(&mut self, code: u8) -> Step {
        let built = match code {
            b'(' => {
                self.marks.push(self.stack.len());
                return Step::Done;
            }
            b')' | b']' => Some(self.items(Vec::new())),
            b'}' => Some(self.dict()),
            b't' | b'l' => self.since_mark().map(|items| self.items(items)),
            0x85..=0x87 => self.last(usize::from(code - 0x84)).map(|items| self.items(items)),
            b's' => {
                let entry = self.last(2);
                return self.extend_dict(entry);
            }
            b'u' => {
                let entries = self.since_mark();
                return self.extend_dict(entries);
            }
            b'a' => {
                let item = self.pop().map(|item| vec![item]);
                return self.extend_list(item);
            }
            b'e' => {
                let items = self.since_mark();
                return self.extend_list(items);
            }
            b'0' => return if self.pop().is_some() { Step::Done } else { Step::Unfit },
            // BUILD gives an ordered dictionary its attributes, of which none is needed.
            b'b' => return if self.pop().is_some() && !self.stack.is_empty() { Step::Done } else { Step::Unfit },
            b'R' => {
                let arguments = self.pop();
                self.pop().zip(arguments).and_then(|(function, arguments)| self.call(function, arguments))
            }
            b'Q' => self.pop().and_then(|id| self.storage(id)),
            _ => return Step::Unknown,
        };
        match built {
            Some(value) => {
                self.stack.push(value);
                Step::Done
            }
            None => Step::Unfit,
        }
    }

    fn remember(&mut self, index: u64) -> Step {
        match self.stack.last() {
            Some(value) => {
                self.memo.insert(index, *value);
                Step::Done
            }
            None => Step::Unfit,
        }
    }

    fn recall(&mut self, index: u64) -> Step {
        match self.memo.get(&index) {
            Some(value) => {
                self.stack.push(*value);
                Step::Done
            }
            None => Step::Unfit,
        }
    }

    /// Below this no instruction reaches until the mark is taken away.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn pop(&mut self) -> Option<Value<'a>> {
        if self.stack.len() > self.floor() { self.stack.pop() } else { None }
    }

    fn last(&mut self, count: usize) -> Option<Vec<Value<'a>>> {
        let start = self.stack.len().checked_sub(count).filter(|start| *start >= self.floor())?;
        Some(self.stack.split_off(start))
    }

    fn since_mark(&mut self) -> Option<Vec<Value<'a>>> {
        let mark = self.marks.pop().filter(|mark| *mark <= self.stack.len())?;
        Some(self.stack.split_off(mark))
    }

    fn object(&mut self, object: Object<'a>) -> usize {
        self.objects.push(object);
        self.objects.len() - 1
    }

    fn items(&mut self, items: Vec<Value<'a>>) -> Value<'a> {
        Value::Items(self.object(Object::Items(items)))
    }

    fn dict(&mut self) -> Value<'a> {
        Value::Dict(self.object(Object::Dict(Vec::new())))
    }

    fn extend_dict(&mut self, new: Option<Vec<Value<'a>>>) -> Step {
        let target = match self.stack.last() {
            Some(Value::Dict(dict)) => self.objects.get_mut(*dict),
            _ => None,
        };
        let (Some(new), Some(Object::Dict(entries))) = (new, target) else { return Step::Unfit };
        let pairs = new.chunks_exact(2);
        if !pairs.remainder().is_empty() {
            return Step::Unfit;
        }
        entries.extend(pairs.map(|pair| (pair[0], pair[1])));
        Step::Done
    }

    fn extend_list(&mut self, new: Option<Vec<Value<'a>>>) -> Step {
        let target = match self.stack.last() {
            Some(Value::Items(list)) => self.objects.get_mut(*list),
            _ => None,
        };
        let (Some(new), Some(Object::Items(items))) = (new, target) else { return Step::Unfit };
        items.extend(new);
        Step::Done
    }

    fn parts(&self, value: Value<'a>) -> Option<&[Value<'a>]> {
        match value {
            Value::Items(items) => match self.objects.get(items) {
                Some(Object::Items(items)) => Some(items),
                _ => None,
            },
            _ => None,
        }
    }

    /// What the function would make of these arguments.
    fn call(&mut self, function: Value<'a>, arguments: Value<'a>) -> Option<Value<'a>> {
        let Value::Global(function) = function else { return None };
        match (function, self.parts(arguments)?) {
            (Global::Dict, []) => Some(self.dict()),
            (Global::Parameter, [tensor @ Value::Tensor(_), ..]) => Some(*tensor),
            (Global::Tensor, [Value::Storage(storage), offset, Value::Items(sizes), Value::Items(strides), ..]) => {
                let view = View { storage: *storage, offset: size(*offset)?, sizes: *sizes, strides: *strides };
                Some(Value::Tensor(self.object(Object::View(view))))
            }
            _ => None,
        }
    }

    /// `("storage", kind, key, device, elements)`, and in the older form a view of it: `(key, offset, elements)` or `None`.
    fn storage(&mut self, id: Value<'a>) -> Option<Value<'a>> {
        let [Value::Text("storage"), Value::Global(Global::Storage(kind)), Value::Text(key), _, elements, view @ ..] =
            self.parts(id)?
        else {
            return None;
        };
        let (elements, offset) = match view {
            [view @ Value::Items(_), ..] => match self.parts(*view)? {
                [_, offset, elements] => (size(*elements)?, size(*offset)?),
                _ => return None,
            },
            _ => (size(*elements)?, 0),
        };
        let storage = Storage { kind: *kind, key, elements, offset };
        Some(Value::Storage(self.object(Object::Storage(storage))))
    }
}

/// A whole number, the least byte first; one that does not fit 64 bits is no size.
fn long(bytes: &[u8]) -> Value<'static> {
    if bytes.len() > 8 {
        return Value::Other;
    }
    let sign = if bytes.last().is_some_and(|byte| byte & 0x80 != 0) { 0xff } else { 0 };
    let mut wide = [sign; 8];
    wide[..bytes.len()].copy_from_slice(bytes);
    Value::Int(i64::from_le_bytes(wide))
}

/// A Python name, if it is one of those that tensors are written with; its full name if not.
fn global(module: &[u8], name: &[u8]) -> Result<Global, String> {
    let kind = |width, dtype| Ok(Global::Storage(Kind { width, dtype }));
    match (module, name) {
        (b"collections", b"OrderedDict") => Ok(Global::Dict),
        (b"torch._utils", b"_rebuild_tensor_v2" | b"_rebuild_tensor") => Ok(Global::Tensor),
        (b"torch._utils", b"_rebuild_parameter") => Ok(Global::Parameter),
        (b"torch", b"FloatStorage") => kind(4, Ok(Dtype::F32)),
        (b"torch", b"HalfStorage") => kind(2, Ok(Dtype::F16)),
        (b"torch", b"BFloat16Storage") => kind(2, Ok(Dtype::BF16)),
        (b"torch", b"DoubleStorage") => kind(8, Err("F64")),
        (b"torch", b"LongStorage") => kind(8, Err("I64")),
        (b"torch", b"IntStorage") => kind(4, Err("I32")),
        (b"torch", b"ShortStorage") => kind(2, Err("I16")),
        (b"torch", b"CharStorage") => kind(1, Err("I8")),
        (b"torch", b"ByteStorage") => kind(1, Err("U8")),
        (b"torch", b"BoolStorage") => kind(1, Err("BOOL")),
        _ => Err(format!("{}.{}", String::from_utf8_lossy(module), String::from_utf8_lossy(name))),
    }
}
