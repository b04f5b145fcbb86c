//! How a GPU computes a kernel: data from which the GPU executor assembles shaders and fuses neighbours.
//!
//! A kernel does not write whole shaders. It says which *family* its loop belongs to (a product of matrices, a
//! sum along rows, one element at a time, ...) and gives the few WGSL expressions that are its own. So what
//! follows a product elementwise (bias, activation, noise, derivative, update) runs in the product's registers,
//! whichever rule recorded it.
//!
//! Expressions are WGSL on four neighbouring columns of one row (`vec4f`). In them `$i` is operand i of the op,
//! `%i` its scalar i, `$z` the result of the product or sum; `ROW`, `COL4`, `COLS` are the row, the group of
//! four columns and the number of columns, `ELEMENT` the number of the first of the four in the buffer, counted row by
//! row. Functions come from `kernels/wgsl/*.wgsl`.

/// How an expression reads an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// The same row and columns as the result: (N, m).
    Element,
    /// One number a row: (N, 1).
    Row,
    /// One number a column: (m, 1).
    Column,
    /// Anywhere, by the function that the expressions call as `NEAR`; see [`Points::near`].
    Near,
}

/// Assignments `operand = expression`, in order, at every element of a (rows, cols) grid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Points {
    /// Rows of the grid.
    pub rows: usize,
    /// Columns of the grid.
    pub cols: usize,
    /// How each operand of the op is read; operands of a product itself are not listed in `assign`.
    pub uses: Vec<Use>,
    /// (operand, expression).
    pub assign: Vec<(usize, String)>,
    /// WGSL of a function `NEAR` that reads operands used as [`Use::Near`]: `LOADi(row, col)` are four neighbouring
    /// columns of operand i.
    pub near: Option<String>,
}

/// How a product reads an operand as a matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// As it lies.
    Plain,
    /// Pixels (N H W, C) as a matrix (N H W, k k C): row n is the k x k neighbourhood of pixel n, column
    /// `(ky k + kx) C + c`, with zeros outside of the image.
    Patches(Image),
    /// Kernels (m, k k C) transposed and turned by half a turn, (k k m, C):
    /// entry `((ky k + kx) m + o, c)` is `W[o, ((k - 1 - ky) k + k - 1 - kx) C + c]`.
    Turned(Image),
}

/// Images that kernels of odd size slide over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Image {
    /// Rows of pixels, H.
    pub height: usize,
    /// Pixels in a row, W.
    pub width: usize,
    /// Side of the kernel, k.
    pub size: usize,
}

/// Which operand of a product is transposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layout {
    /// `Z = X W^T`: X (M, K), W (N, K).
    Nt,
    /// `Z = E B`: E (M, K), B (K, N).
    Nn,
    /// `Z = E^T H`: E (K, M), H (K, N).
    Tn,
}

/// What one op becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lowered {
    /// One element at a time.
    Points(Points),
    /// A product of operands `left` and `right` to which `points` is applied as `$z`.
    Product {
        /// Transposition.
        layout: Layout,
        /// Operand index of X or E.
        left: usize,
        /// Operand index of W, B or H.
        right: usize,
        /// How the two are read.
        views: [View; 2],
        /// Inner dimension.
        depth: usize,
        /// What follows, on the product's grid.
        points: Points,
    },
    /// Column sums of operand `of` (N, m), to which `points` is applied as `$z`, on a grid of (m, 1).
    Columns {
        /// Operand index.
        of: usize,
        /// What follows.
        points: Points,
    },
    /// Sums along each row of a (rows, cols) grid: expressions that are 0 where their operands are, then one
    /// assignment a row with the sums as `$z.x`, `$z.y`, `$z.z`.
    Rows {
        /// Rows of the grid.
        rows: usize,
        /// Columns of the grid.
        cols: usize,
        /// Summed expressions, at most three.
        terms: Vec<String>,
        /// Operand written, (rows, 1), and its expression, a f32.
        assign: (usize, String),
    },
    /// A shader of its own: a function body that sees the op's operands as `b0, b1, ...: array<f32>`, the
    /// workgroup's number `GROUP`, the invocation's number in it `LANE`, their number `WIDTH`, `ROWS` and `COLS`
    /// of operand `shape`, and `SHARED`, one `vec4f` an invocation in workgroup memory.
    Own {
        /// WGSL statements.
        body: &'static str,
        /// Operand whose shape the body wants.
        shape: usize,
        /// Workgroups.
        groups: u32,
    },
    /// Runs on the host, between submissions.
    Host,
}

impl Points {
    /// Assignments with every operand read at its own element.
    pub fn elementwise(op: &super::Op, assign: &[(usize, &str)]) -> Self {
        Self {
            rows: op.bufs[0].rows,
            cols: op.bufs[0].cols,
            uses: vec![Use::Element; op.bufs.len()],
            assign: assign.iter().map(|(i, e)| (*i, (*e).to_string())).collect(),
            near: None,
        }
    }

    /// With operands read elsewhere than at their own element, by a function; see [`Points::near`].
    pub fn near(mut self, operands: &[usize], function: String) -> Self {
        operands.iter().for_each(|i| self.uses[*i] = Use::Near);
        self.near = Some(function);
        self
    }

    /// With operand `i` read as `way`.
    pub fn reading(mut self, i: usize, way: Use) -> Self {
        self.uses[i] = way;
        self
    }
}
