//! The stack machine, as `pickletools` describes it. Each opcode is one byte.

use super::{BadPickle, Id, MAX_VALUES, Node, Pickle};

/// Reads one pickle.
pub(super) struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    nodes: Vec<Node>,
    stack: Vec<Id>,
    /// Where on the stack the open groups begin.
    marks: Vec<usize>,
    memo: Vec<Option<Id>>,
    /// How many memo entries were made, which numbers the next.
    memoized: usize,
    /// Bytes of all names that were made of texts.
    named_bytes: usize,
}

type Step = Result<(), BadPickle>;

impl<'a> Machine<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            nodes: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: Vec::new(),
            memoized: 0,
            named_bytes: 0,
        }
    }

    pub(super) fn run(mut self) -> Result<Pickle, BadPickle> {
        loop {
            match self.byte()? {
                b'.' => break,
                opcode => self.step(opcode)?,
            }
        }
        let root = self.pop()?;
        Ok(Pickle {
            nodes: self.nodes,
            root,
        })
    }

    fn step(&mut self, opcode: u8) -> Step {
        match opcode {
            0x80 => match self.byte()? {
                2..=5 => Ok(()),
                _ => Err(self.bad("the protocol is not one of 2 to 5")),
            },
            // FRAME only helps to read ahead.
            0x95 => self.take(8).map(drop),
            b'(' => {
                self.room(self.marks.len())?;
                self.marks.push(self.stack.len());
                Ok(())
            }
            b'0' => self.pop().map(drop),
            b'N' => self.push(Node::None),
            0x88 => self.push(Node::Bool(true)),
            0x89 => self.push(Node::Bool(false)),
            b'K' | b'M' | b'J' | b'G' | 0x8a => self.number(opcode),
            0x8c | b'X' | 0x8d => self.text(opcode),
            b']' => self.push(Node::List(Vec::new())),
            b'}' => self.push(Node::Dict(Vec::new())),
            b')' | 0x85 | 0x86 | 0x87 | b't' => self.tuple(opcode),
            b'a' | b'e' => self.append(opcode),
            b's' | b'u' => self.set(opcode),
            0x94 | b'q' | b'r' => self.memoize(opcode),
            b'h' | b'j' => self.recall(opcode),
            b'c' | 0x93 => self.name(opcode),
            0x81 | b'R' => self.object(),
            b'b' => self.build(),
            _ => Err(self.bad("it asks for something that is not known here")),
        }
    }

    fn number(&mut self, opcode: u8) -> Step {
        let node = match opcode {
            b'K' => Node::Int(self.byte()?.into()),
            b'M' => Node::Int(u16::from_le_bytes(self.array()?).into()),
            b'J' => Node::Int(i32::from_le_bytes(self.array()?).into()),
            b'G' => Node::Float(f64::from_be_bytes(self.array()?)),
            // LONG1: two's complement of any length, little end first.
            _ => {
                let len = self.byte()?.into();
                let digits = self.take(len)?;
                let sign = digits.last().is_some_and(|last| last & 0x80 != 0);
                let mut whole = [if sign { 0xff } else { 0 }; 8];
                match whole.get_mut(..digits.len()) {
                    Some(part) => part.copy_from_slice(digits),
                    None => return Err(self.bad("a number is too large")),
                }
                Node::Int(i64::from_le_bytes(whole))
            }
        };
        self.push(node)
    }

    fn text(&mut self, opcode: u8) -> Step {
        let len = match opcode {
            0x8c => self.byte()?.into(),
            b'X' => u32::from_le_bytes(self.array()?).into(),
            _ => u64::from_le_bytes(self.array()?),
        };
        let bytes = self.take(usize::try_from(len).unwrap_or(usize::MAX))?;
        let text = std::str::from_utf8(bytes).map_err(|_| self.bad("a text is not UTF-8"))?;
        self.push(Node::Text(text.to_owned()))
    }

    fn tuple(&mut self, opcode: u8) -> Step {
        let elements = match opcode {
            b')' => Vec::new(),
            b't' => self.group()?,
            _ => {
                let from = self.stack.len().checked_sub(usize::from(opcode - 0x84));
                let from = from.filter(|&from| from >= self.floor());
                match from {
                    Some(from) => self.stack.split_off(from),
                    None => return Err(self.bad("the stack is empty")),
                }
            }
        };
        self.push(Node::Tuple(elements))
    }

    fn append(&mut self, opcode: u8) -> Step {
        let mut new = match opcode {
            b'a' => vec![self.pop()?],
            _ => self.group()?,
        };
        match self.top()? {
            Node::List(elements) => elements.append(&mut new),
            _ => return Err(self.bad("only a list grows")),
        }
        Ok(())
    }

    fn set(&mut self, opcode: u8) -> Step {
        let new = match opcode {
            b's' => {
                let value = self.pop()?;
                vec![self.pop()?, value]
            }
            _ => self.group()?,
        };
        if !new.len().is_multiple_of(2) {
            return Err(self.bad("a key has no value"));
        }
        match self.top()? {
            Node::Dict(entries) => {
                entries.extend(new.chunks_exact(2).map(|pair| (pair[0], pair[1])));
            }
            _ => return Err(self.bad("only a dict has keys")),
        }
        Ok(())
    }

    fn memoize(&mut self, opcode: u8) -> Step {
        let Some(&top) = self.stack.last() else {
            return Err(self.bad("the stack is empty"));
        };
        let index = self.index(opcode == b'q', opcode == b'r')?;
        let index = index.unwrap_or(self.memoized);
        self.room(index)?;
        if self.memo.len() <= index {
            self.memo.resize(index + 1, None);
        }
        self.memo[index] = Some(top);
        self.memoized += 1;
        Ok(())
    }

    fn recall(&mut self, opcode: u8) -> Step {
        let index = self.index(opcode == b'h', opcode == b'j')?.unwrap_or(0);
        match self.memo.get(index) {
            Some(&Some(id)) => self.push_id(id),
            _ => Err(self.bad("it refers to nothing")),
        }
    }

    /// The number of a memo entry where the opcode carries one.
    fn index(&mut self, is_short: bool, is_long: bool) -> Result<Option<usize>, BadPickle> {
        Ok(if is_short {
            Some(self.byte()?.into())
        } else if is_long {
            let index = u32::from_le_bytes(self.array()?);
            Some(usize::try_from(index).unwrap_or(usize::MAX))
        } else {
            None
        })
    }

    fn name(&mut self, opcode: u8) -> Step {
        let name = if opcode == b'c' {
            let (module, name) = (self.line()?, self.line()?);
            format!("{module} {name}")
        } else {
            let (name, module) = (self.pop()?, self.pop()?);
            let (Node::Text(module), Node::Text(name)) = (&self.nodes[module], &self.nodes[name])
            else {
                return Err(self.bad("a class has no name"));
            };
            // A text is referred to in two bytes: the names of a few classes are no longer than the
            // input, those of one class over and over would be.
            self.named_bytes += module.len() + name.len();
            if self.named_bytes > self.bytes.len() {
                return Err(self.bad("it holds too much"));
            }
            format!("{module} {name}")
        };
        self.push(Node::Name(name))
    }

    /// What is called with which arguments is noted, as far as the name goes; nothing is called.
    fn object(&mut self) -> Step {
        let (_arguments, name) = (self.pop()?, self.pop()?);
        self.push(Node::Object { name, state: None })
    }

    fn build(&mut self) -> Step {
        let given = self.pop()?;
        match self.top()? {
            Node::Object { state, .. } => *state = Some(given),
            _ => return Err(self.bad("only an object has a state")),
        }
        Ok(())
    }

    fn push(&mut self, node: Node) -> Step {
        self.room(self.nodes.len())?;
        self.nodes.push(node);
        self.push_id(self.nodes.len() - 1)
    }

    fn push_id(&mut self, id: Id) -> Step {
        self.room(self.stack.len())?;
        self.stack.push(id);
        Ok(())
    }

    /// Where the innermost open group begins: nothing below it can be taken.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn pop(&mut self) -> Result<Id, BadPickle> {
        let is_there = self.stack.len() > self.floor();
        let top = is_there.then(|| self.stack.pop()).flatten();
        top.ok_or_else(|| self.bad("the stack is empty"))
    }

    fn top(&mut self) -> Result<&mut Node, BadPickle> {
        let empty = self.bad("the stack is empty");
        let top = self.stack.last().ok_or(empty)?;
        self.nodes.get_mut(*top).ok_or(empty)
    }

    /// Everything since the last mark.
    fn group(&mut self) -> Result<Vec<Id>, BadPickle> {
        let empty = self.bad("a group was not begun");
        let from = self.marks.pop().ok_or(empty)?;
        if from > self.stack.len() {
            return Err(empty);
        }
        Ok(self.stack.split_off(from))
    }

    fn room(&self, used: usize) -> Step {
        if used < MAX_VALUES {
            Ok(())
        } else {
            Err(self.bad("it holds too much"))
        }
    }

    fn byte(&mut self) -> Result<u8, BadPickle> {
        Ok(u8::from_le_bytes(self.array()?))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], BadPickle> {
        let cut = self.bad("it is cut off");
        self.take(N)?.try_into().map_err(|_| cut)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], BadPickle> {
        let end = self.at.checked_add(len);
        let bytes = end.and_then(|end| self.bytes.get(self.at..end));
        let bytes = bytes.ok_or_else(|| self.bad("it is cut off"))?;
        self.at += len;
        Ok(bytes)
    }

    fn line(&mut self) -> Result<&'a str, BadPickle> {
        let rest = &self.bytes[self.at..];
        let len = rest.iter().position(|&byte| byte == b'\n');
        let len = len.ok_or_else(|| self.bad("it is cut off"))?;
        let line = self.take(len)?;
        self.at += 1;
        std::str::from_utf8(line).map_err(|_| self.bad("a text is not UTF-8"))
    }

    fn bad(&self, why: &'static str) -> BadPickle {
        BadPickle { at: self.at, why }
    }
}
