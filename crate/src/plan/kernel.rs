//! The kernel descriptor, and what a kernel sees while it runs.
//!
//! A kernel is a static value with function pointers: a fast f32 version, a slow f64 version that says what it
//! means, and the description from which a GPU's shader is assembled ([`super::Lowered`]). An executor holds no list of kernels and never grows an arm for a new one.

use super::{Arithmetic, Buf, Env, Lowered, Op};
use crate::base::Floats;
use crate::base::team::Team;
use crate::data::Dataset;
use ndarray::ArrayView2;
use std::fmt;
use std::ops::{Deref, DerefMut};

/// How a kernel uses one of its buffers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Only reads.
    Read,
    /// Overwrites without reading.
    Write,
    /// Reads, then overwrites.
    ReadWrite,
}

/// A number type with its storage: `f32` in aligned lines, `f64` in a plain vector.
pub trait Element: Copy + 'static {
    /// A buffer of this type.
    type Store: Default + Deref<Target = [Self]> + DerefMut;
    /// `len` zeros.
    fn zeros(len: usize) -> Self::Store;
    /// From f64, rounded.
    fn from_f64(x: f64) -> Self;
    /// To f64, exactly.
    fn to_f64(self) -> f64;
}

impl Element for f32 {
    type Store = Floats;
    fn zeros(len: usize) -> Floats {
        Floats::zeros(len)
    }
    fn from_f64(x: f64) -> f32 {
        x as f32
    }
    fn to_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Element for f64 {
    type Store = Vec<f64>;
    fn zeros(len: usize) -> Vec<f64> {
        vec![0.0; len]
    }
    fn from_f64(x: f64) -> f64 {
        x
    }
    fn to_f64(self) -> f64 {
        self
    }
}

/// What a kernel is.
pub struct Kernel {
    /// Short name, e.g. `dense`.
    pub name: &'static str,
    /// Use of each buffer, in order. Ops may leave out trailing optional buffers.
    pub access: &'static [Access],
    /// The fast version.
    pub cpu: fn(&mut Run<'_, f32>),
    /// The slow version in f64, written to be read.
    pub reference: fn(&mut Run<'_, f64>),
    /// The version for a GPU.
    pub gpu: fn(&Op) -> Vec<Lowered>,
    /// Floating point operations of one op, a multiply-add counted as two.
    pub flops: fn(&Op) -> u64,
    /// Scratch floats the fast version needs, on each thread.
    pub scratch: fn(&Op) -> usize,
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kernel({})", self.name)
    }
}

/// One op in execution: its operands, scalars and surroundings.
///
/// A kernel *takes* the buffers it writes (a swap with an empty one: no copy, no allocation), reads
/// the others, and *puts* back what it took.
pub struct Run<'a, T: Element> {
    /// The recorded op.
    pub op: &'a Op,
    /// All buffers of the program.
    pub buffers: &'a mut [T::Store],
    /// Current value of every recorded scalar.
    pub scalars: &'a [f64],
    /// Seed, step, source.
    pub env: &'a Env,
    /// The data set.
    pub data: &'a Dataset,
    /// At least as many elements as the kernel's `scratch` asked for, for each thread of the team.
    pub scratch: &'a mut T::Store,
    /// Rounding of products and sums.
    pub arithmetic: Arithmetic,
    /// The threads that share the op.
    pub team: &'a Team,
}

impl<T: Element> Run<'_, T> {
    /// Shape of operand `i`.
    pub fn shape(&self, i: usize) -> Buf {
        self.op.bufs[i]
    }

    /// Is there an operand `i`?
    pub fn has(&self, i: usize) -> bool {
        i < self.op.bufs.len()
    }

    /// Content of operand `i`, to read.
    pub fn read(&self, i: usize) -> &[T] {
        &self.buffers[self.op.bufs[i].index()]
    }

    /// Content of operand `i` as a matrix of its recorded shape, to read.
    pub fn matrix(&self, i: usize) -> ArrayView2<'_, T> {
        let Buf { rows, cols, .. } = self.shape(i);
        // The tape declared the buffer with this shape and the executor allocated rows * cols elements.
        ArrayView2::from_shape((rows, cols), self.read(i)).unwrap_or_else(|_| unreachable!())
    }

    /// Takes operand `i` out, to write.
    pub fn take(&mut self, i: usize) -> T::Store {
        std::mem::take(&mut self.buffers[self.op.bufs[i].index()])
    }

    /// Puts a taken operand back.
    pub fn put(&mut self, i: usize, store: T::Store) {
        self.buffers[self.op.bufs[i].index()] = store;
    }

    /// Scalar operand `i`, rounded to the element type.
    pub fn scalar(&self, i: usize) -> T {
        T::from_f64(self.scalars[self.op.scalars[i].0 as usize])
    }

    /// Whole-number operand `i`.
    pub fn int(&self, i: usize) -> u32 {
        self.op.ints[i]
    }
}
