//! A fixed-length `f32` buffer whose first element sits on a cache line.
//!
//! Vector loads that straddle two cache lines cost twice; `Vec<f32>` promises 4 bytes of alignment,
//! so the storage is made of whole lines and seen as a slice of floats.

use std::ops::{Deref, DerefMut};

/// One cache line of 16 floats.
#[derive(Clone, Copy, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C, align(64))]
struct Line([f32; 16]);

/// `len` floats, zero at first, aligned to 64 bytes. Dereferences to `[f32]`.
#[derive(Clone, Default)]
pub struct Floats {
    lines: Vec<Line>,
    len: usize,
}

impl Floats {
    /// `len` zeros.
    pub fn zeros(len: usize) -> Self {
        Self { lines: vec![Line::default(); len.div_ceil(16)], len }
    }
}

impl Deref for Floats {
    type Target = [f32];

    #[inline]
    fn deref(&self) -> &[f32] {
        &bytemuck::cast_slice(&self.lines)[..self.len]
    }
}

impl DerefMut for Floats {
    #[inline]
    fn deref_mut(&mut self) -> &mut [f32] {
        &mut bytemuck::cast_slice_mut(&mut self.lines)[..self.len]
    }
}
