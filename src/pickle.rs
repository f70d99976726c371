//! Python's pickles as inert data.
//!
//! ModelScope's clients keep their index of files and their cookies so. A pickle is a program for a
//! small stack machine which can call any function of Python. This machine knows no functions: a
//! class or function is a name, what would be made of it is a pair of that name and a state. It reads
//! what Python 3 writes of lists, dicts, tuples, texts, numbers and plain objects (`pickletools`,
//! protocols 2 to 5) and refuses everything else.
//!
//! **Bounds.** Every value costs at least a byte of input, there are at most [`MAX_VALUES`] of them,
//! and values refer to each other by number: no input nests deep enough, or doubles often enough, to
//! hurt. A value can contain itself, so nobody may walk one to its end without counting.

use machine::Machine;

mod machine;

/// More than any of these files has: room for an index of two hundred thousand files.
pub const MAX_VALUES: usize = 1 << 20;

/// Why some bytes are no pickle that is read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("at byte {at}: {why}")]
pub struct BadPickle {
    /// Where in the input.
    pub at: usize,
    /// What is wrong there.
    pub why: &'static str,
}

/// The number of a value.
type Id = usize;

/// A value; what it contains is told by number.
#[derive(Clone, Debug, PartialEq)]
enum Node {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Id>),
    Tuple(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    /// The name of a class or function, `module name`.
    Name(String),
    /// What Python would make by calling `name`.
    Object {
        name: Id,
        state: Option<Id>,
    },
}

/// What a pickle holds.
#[derive(Clone, Debug)]
pub struct Pickle {
    nodes: Vec<Node>,
    root: Id,
}

impl Pickle {
    /// Reads `bytes`.
    ///
    /// # Errors
    /// When they are cut off or malformed, use what is not known here, or hold more than
    /// [`MAX_VALUES`] values. What follows the end of the pickle is not looked at.
    pub fn read(bytes: &[u8]) -> Result<Self, BadPickle> {
        Machine::new(bytes).run()
    }

    /// The value that the pickle stands for.
    pub fn root(&self) -> Value<'_> {
        Value {
            pickle: self,
            id: self.root,
        }
    }
}

/// A value in a pickle.
#[derive(Clone, Copy)]
pub struct Value<'a> {
    pickle: &'a Pickle,
    id: Id,
}

impl<'a> Value<'a> {
    fn node(self) -> &'a Node {
        self.pickle.nodes.get(self.id).unwrap_or(&Node::None)
    }

    fn other(self, id: Id) -> Self {
        Self { id, ..self }
    }

    /// The text, if it is one.
    pub fn text(self) -> Option<&'a str> {
        match self.node() {
            Node::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if it is one; fractions are cut off.
    pub fn number(self) -> Option<i64> {
        match *self.node() {
            Node::Int(number) => Some(number),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "a cast of floats saturates"
            )]
            Node::Float(number) => Some(number as i64),
            _ => None,
        }
    }

    /// Whether it is Python's `None`.
    pub fn is_none(self) -> bool {
        matches!(self.node(), Node::None)
    }

    /// Whether it is Python's `True`, if it is that or `False`.
    pub fn truth(self) -> Option<bool> {
        match *self.node() {
            Node::Bool(truth) => Some(truth),
            _ => None,
        }
    }

    /// What a list or tuple holds; nothing for any other value.
    pub fn elements(self) -> impl Iterator<Item = Self> {
        let elements: &[Id] = match self.node() {
            Node::List(elements) | Node::Tuple(elements) => elements,
            _ => &[],
        };
        elements.iter().map(move |&id| self.other(id))
    }

    /// Whether it is a list.
    pub fn is_list(self) -> bool {
        matches!(self.node(), Node::List(_))
    }

    /// The keys of a dict, and what they lead to; nothing for any other value.
    pub fn entries(self) -> impl Iterator<Item = (Self, Self)> {
        let entries: &[(Id, Id)] = match self.node() {
            Node::Dict(entries) => entries,
            _ => &[],
        };
        entries
            .iter()
            .map(move |&(key, value)| (self.other(key), self.other(value)))
    }

    /// What the key `key` of a dict leads to: the last one, as in Python.
    pub fn get(self, key: &str) -> Option<Self> {
        let found = self
            .entries()
            .filter(|(known, _)| known.text() == Some(key))
            .last();
        found.map(|(_, value)| value)
    }

    /// The name of the class of an object, `module name`.
    pub fn class(self) -> Option<&'a str> {
        let Node::Object { name, .. } = self.node() else {
            return None;
        };
        match self.other(*name).node() {
            Node::Name(name) => Some(name),
            _ => None,
        }
    }

    /// The state of an object.
    pub fn state(self) -> Option<Self> {
        match self.node() {
            Node::Object { state, .. } => state.map(|id| self.other(id)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
