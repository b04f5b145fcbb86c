//! Sizes of blocks and workgroups, by kind of adapter.
//!
//! Invocations of a quad that share the rows they load make a product 1.3 to 1.7 times as fast on `SwiftShader`, where a
//! load is what costs; wgpu 30 has to be helped to ask a browser for that (`subgroups`).

/// How operands of a product get into registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// Every invocation loads what it needs.
    Direct,
    /// Through workgroup memory.
    Tiled,
}

/// Sizes that suit an adapter. Largest blocks: a product takes smaller ones where its result is smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tuning {
    /// How operands of a product get into registers.
    pub path: Path,
    /// Rows of a product's register block, in fours.
    pub rm4: u32,
    /// Columns of a product's register block, in fours.
    pub rn4: u32,
    /// Both are doubled for products of at least so many multiply-adds: larger blocks load less and take longer to
    /// compile.
    pub large: usize,
    /// Invocations of a product's workgroup along columns.
    pub wx: u32,
    /// Invocations of a product's workgroup along rows.
    pub wy: u32,
    /// Invocations of a row's workgroup; at most 64.
    pub width: u32,
    /// Workgroups up to which a product `E^T H` is cut along its depth into parts, which a second dispatch adds up: a
    /// convolution's few kernels learn from very many pixels.
    pub split: u32,
    /// Least depth of a part.
    pub part: usize,
    /// The four invocations of a workgroup hand each other the rows of the left operand: each loads a quarter.
    pub quads: bool,
}

impl Tuning {
    /// For processors that run shaders (`SwiftShader`, llvmpipe), where a load costs as much as 40 multiply-adds and a
    /// barrier as much as 20 loads: large register blocks, no workgroup memory.
    pub const SOFTWARE: Self = Self {
        path: Path::Direct,
        rm4: 2,
        rn4: 2,
        large: 1 << 25,
        wx: 4,
        wy: 1,
        width: 8,
        split: 0,
        part: 512,
        quads: false,
    };
    /// For processors that run shaders, with subgroups: rows of the left operand cost a quarter, so blocks are higher. None
    /// are doubled: `SwiftShader` dies of some with 32 rows.
    pub const QUADS: Self = Self { rm4: 4, large: usize::MAX, quads: true, ..Self::SOFTWARE };
    /// For hardware: 64 x 64 tiles by 256 invocations of 4 x 4 results each. By reasoning (30 registers an
    /// invocation, two tiles in 8 KiB): there was none to measure on.
    pub const HARDWARE: Self = Self {
        path: Path::Tiled,
        rm4: 1,
        rn4: 1,
        large: usize::MAX,
        wx: 16,
        wy: 16,
        width: 64,
        split: 128,
        part: 512,
        quads: false,
    };
    /// Quick to compile, for plans that run seldom.
    pub const SMALL: Self = Self {
        path: Path::Direct,
        rm4: 1,
        rn4: 1,
        large: usize::MAX,
        wx: 4,
        wy: 4,
        width: 8,
        split: 0,
        part: 512,
        quads: false,
    };
}
