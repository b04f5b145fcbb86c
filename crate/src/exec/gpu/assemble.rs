//! From a group of ops to the WGSL of its dispatch: declarations, loads and stores for its buffers, the
//! expressions of its ops on values in registers, and the loop of its family around them.

use super::fuse::{Anchor, Group, Id, RowSum, Statement};
use super::grid::{Grid, Slot, accessors};
use super::template::{Names, expand};
pub use super::tuning::{Path, Tuning};
use crate::plan::{Buf, Layout, Op, Use};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Stands for the buffer that keeps a row sum of every step of a submission; see [`Assembly::history`].
pub const HISTORY: Id = Id::MAX;

/// A dispatch, ready to compile.
#[derive(Debug, Clone)]
pub struct Shader {
    /// WGSL.
    pub source: String,
    /// Storage buffers in order of binding, with whether they are written.
    pub bindings: Vec<(Id, bool)>,
    /// Workgroups.
    pub workgroups: [u32; 3],
    /// Values of the pipeline's override constants.
    pub constants: Vec<(&'static str, f64)>,
    /// Does it read the data set?
    pub data: bool,
}

/// Functions that expressions use.
const MATH: &str = include_str!("../../kernels/wgsl/math.wgsl");
/// Counter-based random numbers.
pub const RANDOM: &str = include_str!("../../kernels/wgsl/random.wgsl");
const GATHER: &str = include_str!("../../kernels/wgsl/gather.wgsl");
const PRODUCT: &str = include_str!("wgsl/product.wgsl");
const DIRECT: &str = include_str!("wgsl/product_direct.wgsl");
const TILED: &str = include_str!("wgsl/product_tiled.wgsl");
const POINTS: &str = include_str!("wgsl/points.wgsl");
const COLUMNS: &str = include_str!("wgsl/columns.wgsl");
const ROWS: &str = include_str!("wgsl/rows.wgsl");
const OWN: &str = include_str!("wgsl/own.wgsl");
/// Characters of an epilogue that is written out for every result of a block, unless it calls one of [`SLOW`].
const SHORT: usize = 700;
const SLOW: [&str; 2] = ["activate(", "normal4("];
/// Columns, in fours, from which a block is more than four wide.
const NARROW: u32 = 24;
/// Groups of columns that an invocation gathers: finding a row's sample costs more than reading its pixels.
const STRIP: usize = 16;
/// Inner indices of a tile in workgroup memory; half as many where there are two products.
const DEEP: u32 = 16;
/// Most workgroups in one dimension (WebGPU's default limit).
const MAX_GROUPS: u32 = 65_535;

/// What differs from step to step and is not in a buffer; `scalars` of a program follow.
pub const STEP: &str = "struct Step {
  key: vec2u,
  step: vec2u,
  epoch: vec2u,
  first: u32,
  count: u32,
  half_bits: u32,
  shuffled: u32,
  slot: u32,
  unused: u32,
  scalars: array<vec4f, SCALARS>,
}
@group(1) @binding(0) var<uniform> STEP: Step;
";

/// Assembles the groups of one plan.
pub struct Assembly<'a> {
    /// The ops that the groups' indices mean.
    pub ops: &'a [&'a Op],
    /// Sizes of blocks and workgroups.
    pub tuning: Tuning,
    /// A (N, 1) row sum that is also kept step by step, at `slot * N + n` of the buffer [`HISTORY`].
    pub history: Option<Id>,
    /// Four-number groups of scalars in a step.
    pub scalars: usize,
}

impl Assembly<'_> {
    /// The dispatch of a group.
    pub fn shader(&self, group: &Group) -> Shader {
        let shapes = self.shapes(group);
        let mut bindings: Vec<(Id, bool)> =
            group.bound.iter().map(|id| (*id, group.writes(*id))).collect();
        if let Anchor::Own { op, .. } = group.anchor {
            // its body names them by operand
            bindings.clear();
            for buf in &self.ops[op].bufs {
                let id = buf.index();
                if bindings.iter().all(|(known, _)| *known != id) {
                    bindings.push((id, group.writes(id)));
                }
            }
        }
        let scalars = self.scalar_users(group);
        let fours = self.fours(group, &shapes);
        let slots: BTreeMap<Id, Slot> = bindings
            .iter()
            .enumerate()
            .map(|(binding, (id, _))| {
                (*id, Slot { binding, shape: shapes[id], fours: fours.contains(id) })
            })
            .collect();
        let records = self.records(group);
        if records {
            bindings.push((HISTORY, true));
        }
        let body = self.body(group, &slots, records.then_some(bindings.len() - 1));
        let random = body.contains("normal4(");
        let data = is_gather(&body);
        let mut source = String::new();
        if random || data || scalars || records {
            source.push_str(&STEP.replace("SCALARS", &self.scalars.max(1).to_string()));
        }
        for (binding, (id, written)) in bindings.iter().enumerate() {
            let access = if *written { "read_write" } else { "read" };
            let slot = slots.get(id).filter(|slot| slot.fours);
            let kind = if slot.is_some() { "vec4f" } else { "f32" };
            let _ = writeln!(
                source,
                "@group(0) @binding({binding}) var<storage, {access}> b{binding}: array<{kind}>;"
            );
        }
        for slot in slots.values() {
            let written = bindings[slot.binding].1;
            source.push_str(&accessors(*slot, written));
        }
        source.push_str(MATH);
        if random || data {
            source.push_str(RANDOM);
        }
        if data {
            source.push_str(GATHER);
        }
        source.push_str(&body);
        let (workgroups, constants) = self.size(group);
        Shader { source, bindings, workgroups, constants, data }
    }

    fn shapes(&self, group: &Group) -> BTreeMap<Id, Buf> {
        let ops = group.ops.iter().flat_map(|op| &self.ops[*op].bufs);
        ops.map(|b| (b.index(), *b)).collect()
    }

    fn scalar_users(&self, group: &Group) -> bool {
        group.ops.iter().any(|op| !self.ops[*op].scalars.is_empty())
    }

    fn records(&self, group: &Group) -> bool {
        self.history.is_some_and(|id| group.writes(id)) && matches!(group.anchor, Anchor::Rows(_))
    }

    /// Is the grid one column that can be walked along its rows?
    fn upright(group: &Group) -> bool {
        let plain = |s: &Statement| {
            s.points.uses.iter().all(|way| *way == Use::Element)
                && s.points
                    .assign
                    .iter()
                    .all(|(_, text)| !text.contains("ROW") && !text.contains("COL"))
        };
        match group.anchor {
            Anchor::Columns { .. } => true,
            Anchor::Points => group.cols == 1 && group.statements.iter().all(plain),
            _ => false,
        }
    }

    /// The buffers whose every use in this group is in whole, aligned fours.
    fn fours(&self, group: &Group, shapes: &BTreeMap<Id, Buf>) -> BTreeSet<Id> {
        let mut fours: BTreeSet<Id> = shapes.keys().copied().collect();
        let whole = |buf: Buf| buf.cols.is_multiple_of(4);
        let upright = Self::upright(group);
        let mut refuse = |buf: Buf, fits: bool| {
            if !fits {
                fours.remove(&buf.index());
            }
        };
        match &group.anchor {
            Anchor::Own { .. } => return BTreeSet::new(),
            Anchor::Rows(sums) => {
                for sum in sums {
                    let op = self.ops[sum.op];
                    op.bufs.iter().for_each(|b| refuse(*b, whole(*b)));
                    refuse(op.bufs[sum.assign.0], false);
                }
            }
            Anchor::Products { products, .. } => {
                let ids = products.iter().flat_map(|p| [p.left, p.right]);
                ids.for_each(|id| refuse(shapes[&id], whole(shapes[&id])));
            }
            Anchor::Columns { of, .. } => refuse(shapes[of], whole(shapes[of])),
            Anchor::Points => {}
        }
        for (statements, upright) in [(&group.statements, upright), (&group.sums, true)] {
            for statement in statements {
                let op = self.ops[statement.op];
                let named = super::fuse::operands(&statement.points);
                for i in named {
                    let buf = op.bufs[i];
                    let fits = match statement.points.uses[i] {
                        Use::Row => false,
                        Use::Column => buf.len().is_multiple_of(4),
                        Use::Element if upright => buf.len().is_multiple_of(4),
                        Use::Element => whole(buf),
                    };
                    refuse(buf, fits);
                }
            }
        }
        fours
    }

    fn grid<'b>(&'b self, group: &Group, slots: &'b BTreeMap<Id, Slot>, upright: bool) -> Grid<'b> {
        Grid {
            ops: self.ops,
            slots,
            cols: group.cols,
            upright,
            known: BTreeMap::new(),
            dirty: Vec::new(),
            text: String::new(),
            count: 0,
        }
    }

    fn body(&self, group: &Group, slots: &BTreeMap<Id, Slot>, history: Option<usize>) -> String {
        let upright = Self::upright(group);
        let (rows, cols) = if upright { (1, group.rows) } else { (group.rows, group.cols) };
        let mut text = format!(
            "const ROWS = {rows}u;\nconst COLS = {cols}u;\nconst ROWS4 = {}u;\nconst COLS4 = {}u;\n",
            group.rows.div_ceil(4),
            cols.div_ceil(4)
        );
        let constant = |text: &mut String, name: &str, value: usize| {
            let _ = writeln!(text, "const {name} = {value}u;");
        };
        match &group.anchor {
            Anchor::Points => {
                let mut grid = self.grid(group, slots, upright);
                group.statements.iter().for_each(|s| grid.statement(s, ""));
                let _ = write!(text, "fn finish(row: u32, col: u32) {{\n{}}}\n", grid.finish());
                constant(&mut text, "LANES", cols.div_ceil(4).div_ceil(strip(group)));
                text.push_str(POINTS);
            }
            Anchor::Products { layout, depth, products } => {
                constant(&mut text, "DEPTH", *depth);
                constant(&mut text, "DEPTH4", depth.div_ceil(4));
                self.product(&mut text, group, slots, (*layout, products));
            }
            Anchor::Columns { of, depth } => {
                constant(&mut text, "DEPTH", *depth);
                let _ = writeln!(
                    text,
                    "fn matrix(row: u32, col: u32) -> vec4f {{ return load{}(row, col); }}",
                    slots[of].binding
                );
                let mut grid = self.grid(group, slots, true);
                group.statements.iter().for_each(|s| grid.statement(s, "z"));
                let body = grid.finish();
                let _ = write!(text, "fn finish(row: u32, col: u32, z: vec4f) {{\n{body}}}\n");
                text.push_str(COLUMNS);
            }
            Anchor::Rows(sums) => self.rows(&mut text, group, slots, sums, history),
            Anchor::Own { op, body, shape, .. } => {
                let bufs = &self.ops[*op].bufs;
                let shape = bufs[*shape];
                text = format!("const ROWS = {}u;\nconst COLS = {}u;\n", shape.rows, shape.cols);
                // an operand given twice has one binding
                let body = bufs.iter().enumerate().fold((*body).to_string(), |body, (i, buf)| {
                    body.replace(&format!("b{i}["), &format!("b{}[", slots[&buf.index()].binding))
                });
                text.push_str(&OWN.replace("BODY", &body));
            }
        }
        text
    }

    fn product(
        &self,
        text: &mut String,
        group: &Group,
        slots: &BTreeMap<Id, Slot>,
        (layout, products): (Layout, &[super::fuse::Product]),
    ) {
        let Tuning { path, rm4, rn4, wx, wy, .. } = self.blocks(group);
        let two = products.len() > 1;
        let constants = [
            ("RM4", rm4),
            ("RN4", rn4),
            ("BLOCK", 4 * rm4 * rn4),
            ("HIGH", 4 * rm4 * wy),
            ("WIDE", 4 * rn4 * wx),
            ("DEEP", if two { DEEP / 2 } else { DEEP }),
        ];
        for (name, value) in constants {
            let _ = writeln!(text, "const {name} = {value}u;");
        }
        let shared_left = two && products[0].left == products[1].left;
        let shared_right = two && products[0].right == products[1].right;
        if path == Path::Tiled {
            // sizes of workgroup memory must be constants everywhere
            let _ = write!(text, "const WX = {wx}u;\nconst WY = {wy}u;\n");
            let sides = [("LEFT", "HIGH", shared_left), ("RIGHT", "WIDE", shared_right)];
            for (p, (name, size, shared)) in
                (0..products.len()).flat_map(|p| sides.map(|side| (p, side)))
            {
                if p == 0 || !shared {
                    let _ = writeln!(
                        text,
                        "var<workgroup> {name}{p}: array<f32, DEEP * ({size} + 1u)>;"
                    );
                }
            }
        } else {
            text.push_str("override WX: u32 = 4;\noverride WY: u32 = 1;\n");
        }
        for (p, product) in products.iter().enumerate() {
            for (side, id) in [("left", product.left), ("right", product.right)] {
                let _ = writeln!(
                    text,
                    "fn {side}{p}(row: u32, col: u32) -> vec4f {{ return load{}(row, col); }}",
                    slots[&id].binding
                );
            }
        }
        let mut grid = self.grid(group, slots, false);
        group.statements.iter().for_each(|s| grid.statement(s, &format!("z{}", s.z)));
        let (arguments, body) =
            (if two { "z0: vec4f, z1: vec4f" } else { "z0: vec4f" }, grid.finish());
        // copies of it do not lengthen compilation
        let short = body.len() < SHORT && !SLOW.iter().any(|name| body.contains(name));
        let _ = write!(text, "fn finish(row: u32, col: u32, {arguments}) {{\n{body}}}\n");
        if !group.sums.is_empty() {
            let mut grid = self.grid(group, slots, true);
            group.sums.iter().for_each(|s| grid.statement(s, "z"));
            let body = grid.finish();
            let _ = write!(text, "fn finish_sums(col: u32, z: vec4f) {{\n{body}}}\n");
        }
        let is = |yes: bool| u32::from(yes);
        let names: Names<'_> = &[
            ("products", products.len() as u32),
            ("lefts", if shared_left { 1 } else { products.len() as u32 }),
            ("rights", if shared_right { 1 } else { products.len() as u32 }),
            ("shared_left", is(shared_left)),
            ("shared_right", is(shared_right)),
            ("rm4", rm4),
            ("rn4", rn4),
            ("four", 4),
            ("nt", is(layout == Layout::Nt)),
            ("nn", is(layout == Layout::Nn)),
            ("tn", is(layout == Layout::Tn)),
            // inner index along the rows of the left operand; rows of the right operand along the inner index
            ("along", is(layout != Layout::Tn)),
            ("across", is(layout != Layout::Nt)),
            ("one", is(!two)),
            ("two", is(two)),
            ("sums", is(!group.sums.is_empty())),
            ("unrolled", is(short)),
            ("looped", is(!short)),
        ];
        let inner = if path == Path::Tiled { TILED } else { DIRECT };
        text.push_str(&expand(&PRODUCT.replace("LOOP\n", inner), names));
    }

    fn rows(
        &self,
        text: &mut String,
        group: &Group,
        slots: &BTreeMap<Id, Slot>,
        sums: &[RowSum],
        history: Option<usize>,
    ) {
        let total: usize = sums.iter().map(|s| s.terms.len()).sum();
        let _ = writeln!(text, "const TERMS = {total}u;");
        let mut grid = self.grid(group, slots, false);
        let mut finish = String::new();
        let mut first = 0;
        // a statement may use what a sum reads, and the other way round: both are walked in order of recording
        let mut statements = group.statements.iter().peekable();
        for sum in sums {
            while let Some(s) = statements.next_if(|s| s.op < sum.op) {
                grid.statement(s, "");
            }
            grid.terms(sum, first);
            let at = |i: usize| {
                if i < sum.terms.len() { format!("total[{}]", first + i) } else { "0.0".into() }
            };
            let z = format!("vec4f({}, {}, {}, 0.0)", at(0), at(1), at(2));
            let mut own = self.grid(group, slots, false);
            let value = own.fill(self.ops[sum.op], &[], &sum.assign.1, "z");
            let id = self.ops[sum.op].bufs[sum.assign.0].index();
            let _ = write!(finish, "  {{\n  let z = {z};\n  let value = {value};\n");
            if let Some(slot) = slots.get(&id) {
                let _ = writeln!(finish, "  b{}[row] = value;", slot.binding);
            }
            if let Some(binding) = history.filter(|_| self.history == Some(id)) {
                let _ = writeln!(finish, "  b{binding}[STEP.slot * ROWS + row] = value;");
            }
            finish.push_str("  }\n");
            first += sum.terms.len();
        }
        statements.for_each(|s| grid.statement(s, ""));
        let body = grid.finish();
        let _ = write!(
            text,
            "fn visit(row: u32, col: u32, sums: ptr<function, array<vec4f, TERMS>>) {{\n{body}}}\nfn finish(row: u32, total: array<f32, TERMS>) {{\n{finish}}}\n"
        );
        text.push_str(ROWS);
    }

    /// Register blocks no larger than the result, and narrow where there are two products or few columns.
    fn blocks(&self, group: &Group) -> Tuning {
        let Tuning { mut rm4, mut rn4, large, wx, wy, .. } = self.tuning;
        let (products, depth) = match &group.anchor {
            Anchor::Products { products, depth, .. } => (products.len(), *depth),
            _ => (0, 0),
        };
        if group.rows * group.cols * depth >= large {
            (rm4, rn4) = (2 * rm4, 2 * rn4);
        }
        let two = products > 1;
        if two && rn4 > 2 {
            rn4 /= 2;
        }
        let rows4 = (group.rows.div_ceil(4) as u32).max(1);
        let cols4 = (group.cols.div_ceil(4) as u32).max(1);
        let narrow = two && self.tuning.path == Path::Tiled || cols4 < NARROW;
        let rm4 = rm4.min(rows4);
        let rn4 = if narrow { 1 } else { rn4 };
        let (across, down) = (cols4.div_ceil(rn4), rows4.div_ceil(rm4));
        let (wx, wy) = if self.tuning.path == Path::Tiled {
            // no more invocations than there are blocks, in powers of two
            (wx.min(cols4.next_power_of_two()), wy.min(down.next_power_of_two()))
        } else {
            // as many invocations, the way that leaves the fewest without a block
            let shapes = (0..).map(|i| (wx >> i, wy << i)).take_while(|(wx, _)| *wx > 0);
            let idle =
                |(wx, wy): &(u32, u32)| across.next_multiple_of(*wx) * down.next_multiple_of(*wy);
            shapes.min_by_key(idle).unwrap_or((wx, wy))
        };
        Tuning { rm4, rn4, wx, wy, ..self.tuning }
    }

    /// Workgroups, and the sizes that the pipeline is specialised to.
    fn size(&self, group: &Group) -> ([u32; 3], Vec<(&'static str, f64)>) {
        let width = self.tuning.width;
        let constant = |width: u32| vec![("WIDTH", f64::from(width))];
        match &group.anchor {
            Anchor::Products { .. } => {
                let Tuning { path, rm4, rn4, wx, wy, .. } = self.blocks(group);
                let x = (group.cols.div_ceil(4) as u32).div_ceil(rn4 * wx);
                let y = (group.rows as u32).div_ceil(4 * rm4 * wy);
                let sizes = vec![("WX", f64::from(wx)), ("WY", f64::from(wy))];
                ([x, y, 1], if path == Path::Tiled { Vec::new() } else { sizes })
            }
            Anchor::Columns { .. } => {
                ([(group.rows.div_ceil(4) as u32).div_ceil(64), 1, 1], constant(64))
            }
            Anchor::Rows(_) => ([group.rows as u32, 1, 1], constant(width)),
            Anchor::Own { groups, .. } => ([*groups, 1, 1], constant(width)),
            Anchor::Points => {
                let fours = if Self::upright(group) {
                    group.rows.div_ceil(4)
                } else {
                    group.rows * group.cols.div_ceil(4).div_ceil(strip(group))
                };
                let groups = (fours as u32).div_ceil(64);
                let y = groups.div_ceil(MAX_GROUPS);
                ([groups.div_ceil(y), y, 1], constant(64))
            }
        }
    }
}

/// Groups of columns that an invocation of an elementwise dispatch does.
fn strip(group: &Group) -> usize {
    let reads = |s: &Statement| s.points.assign.iter().any(|(_, text)| is_gather(text));
    if group.statements.iter().any(reads) { STRIP } else { 1 }
}

/// Does the text read the data set?
fn is_gather(text: &str) -> bool {
    text.contains("pixels(") || text.contains("one_hot(")
}
