//! Random decisions, from bytes that a property test makes and shrinks: fewer and smaller bytes, plainer documents.

/// Decisions that are used up one by one; where there are none left, the answer is the plainest.
pub struct Choices<'a>(std::slice::Iter<'a, u8>);

impl<'a> Choices<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes.iter())
    }

    /// One of so many, the first being the plainest.
    pub fn of(&mut self, count: usize) -> usize {
        usize::from(*self.0.next().unwrap_or(&0)) % count.max(1)
    }

    /// One of these.
    pub fn pick<'b, T>(&mut self, from: &'b [T]) -> &'b T {
        &from[self.of(from.len())]
    }

    /// Once in so many.
    pub fn one_in(&mut self, count: usize) -> bool {
        self.of(count) == count - 1
    }

    /// Whether everything was decided.
    pub fn is_over(&self) -> bool {
        self.0.as_slice().is_empty()
    }
}
