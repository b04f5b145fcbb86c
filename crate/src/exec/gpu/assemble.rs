//! From a group of ops to the WGSL of its dispatch: declarations, loads and stores for its buffers, the
//! expressions of its ops on values in registers, and the loop of its family around them.

use super::fuse::{Anchor, Group, Id, RowSum, Statement};
use super::grid::{Grid, Slot, accessors};
use super::template::{Names, expand};
pub use super::tuning::{Path, Tuning};
use super::view;
use crate::plan::{Layout, Op, Use, View};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Stands for the buffer that keeps a row sum of every step of a submission; see [`Assembly::history`].
pub const HISTORY: Id = Id::MAX;
/// Stands for a buffer in which parts of a product wait to be added up; see [`Shader::partial`].
pub const PARTIAL: Id = Id::MAX - 1;

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
    /// Floats that it needs in [`PARTIAL`].
    pub partial: usize,
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
const PARTS: &str = include_str!("wgsl/parts.wgsl");
const COLUMNS: &str = include_str!("wgsl/columns.wgsl");
const ROWS: &str = include_str!("wgsl/rows.wgsl");
const OWN: &str = include_str!("wgsl/own.wgsl");
/// Characters of an epilogue that is written out for every result of a block, unless it calls one of [`SLOW`].
const SHORT: usize = 700;
const SLOW: [&str; 2] = ["activate(", "normal4("];
/// Columns, in fours, from which a block is more than four wide.
const NARROW: u32 = 24;
/// Groups of columns that an invocation gathers of one row.
const STRIP: usize = 16;
/// Inner indices of a tile in workgroup memory; half as many where there are two products.
const DEEP: u32 = 16;
/// Deepest product in one part: lavapipe ends a shader's loops after 65,535 rounds.
const DEEPEST: usize = 1 << 15;
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
    /// The dispatches of a group: one, or two where a product is computed in parts.
    pub fn shaders(&self, group: &Group) -> Vec<Shader> {
        let parts = self.parts(group);
        if parts.0 < 2 {
            return vec![self.shader(group, Stage::Whole)];
        }
        vec![self.shader(group, Stage::Parts(parts)), self.shader(group, Stage::Sum(parts))]
    }

    fn shader(&self, group: &Group, stage: Stage) -> Shader {
        let mut bindings: Vec<(Id, bool)> = group
            .bound
            .iter()
            .filter(|id| stage.uses(self.ops, group, **id))
            .map(|id| (*id, group.writes(*id) && !matches!(stage, Stage::Parts(_))))
            .collect();
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
        let fours = self.fours(group);
        let slots: BTreeMap<Id, Slot> = bindings
            .iter()
            .enumerate()
            .map(|(binding, (id, _))| {
                (*id, Slot { binding, shape: group.shapes[id], fours: fours.contains(id) })
            })
            .collect();
        let records = self.records(group);
        if records {
            bindings.push((HISTORY, true));
        }
        let partial = stage.partial(group);
        if partial > 0 {
            bindings.push((PARTIAL, matches!(stage, Stage::Parts(_))));
        }
        let body = self.body(group, &slots, records.then_some(bindings.len() - 1), stage);
        let random = body.contains("normal4(") || body.contains("dropout4(");
        let data = is_gather(&body);
        let mut source = String::new();
        if body.contains("quadBroadcast(") {
            source.push_str("enable subgroups;\n");
        }
        if random || data || records || body.contains("STEP.") {
            source.push_str(&STEP.replace("SCALARS", &self.scalars.max(1).to_string()));
        }
        for (binding, (id, written)) in bindings.iter().enumerate() {
            let access = if *written { "read_write" } else { "read" };
            let four = *id == PARTIAL || slots.get(id).is_some_and(|slot| slot.fours);
            let kind = if four { "vec4f" } else { "f32" };
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
        let (workgroups, constants) = self.size(group, stage);
        Shader { source, bindings, workgroups, constants, data, partial }
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
    fn fours(&self, group: &Group) -> BTreeSet<Id> {
        let shapes = &group.shapes;
        let mut fours: BTreeSet<Id> = shapes.keys().copied().collect();
        let whole = |id: Id| shapes[&id].cols.is_multiple_of(4);
        let upright = Self::upright(group);
        let mut refuse = |id: Id, fits: bool| {
            if !fits {
                fours.remove(&id);
            }
        };
        match &group.anchor {
            Anchor::Own { .. } => return BTreeSet::new(),
            Anchor::Rows(sums) => {
                for sum in sums {
                    let op = self.ops[sum.op];
                    op.bufs.iter().for_each(|b| refuse(b.index(), whole(b.index())));
                    refuse(op.bufs[sum.assign.0].index(), false);
                }
            }
            Anchor::Products { products, views, .. } => {
                for product in products {
                    for (id, view) in [product.left, product.right].into_iter().zip(views) {
                        refuse(id, view::columns(*view, shapes[&id]).is_multiple_of(4));
                    }
                }
            }
            Anchor::Columns { of, .. } => refuse(*of, whole(*of)),
            Anchor::Points => {}
        }
        for (statements, upright) in [(&group.statements, upright), (&group.sums, true)] {
            for statement in statements {
                let op = self.ops[statement.op];
                let named = super::fuse::operands(&statement.points);
                for i in named {
                    let id = op.bufs[i].index();
                    let fits = match statement.points.uses[i] {
                        Use::Row => false,
                        Use::Column => shapes[&id].len().is_multiple_of(4),
                        Use::Element if upright => shapes[&id].len().is_multiple_of(4),
                        Use::Element | Use::Near => whole(id),
                    };
                    refuse(id, fits);
                }
            }
        }
        if let Anchor::Products { products, views, .. } = &group.anchor {
            // one way to find neighbours in all operands
            for (side, view) in views.iter().enumerate() {
                let ids = products.iter().map(|p| [p.left, p.right][side]);
                if matches!(view, View::Patches(_)) && !ids.clone().all(|id| fours.contains(&id)) {
                    fours.retain(|known| !ids.clone().any(|id| id == *known));
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

    /// The functions by which statements read elsewhere.
    fn near(&self, group: &Group, slots: &BTreeMap<Id, Slot>) -> String {
        let mut text = String::new();
        for statement in &group.statements {
            let Some(near) = &statement.points.near else { continue };
            let mut own = near.replace("NEAR", &format!("near{}", statement.op));
            for (i, buf) in self.ops[statement.op].bufs.iter().enumerate() {
                if let Some(slot) = slots.get(&buf.index()) {
                    own = own.replace(&format!("LOAD{i}"), &format!("load{}", slot.binding));
                }
            }
            text.push_str(&own);
        }
        text
    }

    fn body(
        &self,
        group: &Group,
        slots: &BTreeMap<Id, Slot>,
        history: Option<usize>,
        stage: Stage,
    ) -> String {
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
        text.push_str(&self.near(group, slots));
        match &group.anchor {
            Anchor::Points => {
                let mut grid = self.grid(group, slots, upright);
                group.statements.iter().for_each(|s| grid.statement(s, ""));
                let _ = write!(text, "fn finish(row: u32, col: u32) {{\n{}}}\n", grid.finish());
                constant(&mut text, "LANES", cols.div_ceil(4).div_ceil(strip(group)));
                text.push_str(&gathering(POINTS, &text));
            }
            Anchor::Products { layout, views, depth, products } => {
                constant(&mut text, "DEPTH", *depth);
                constant(&mut text, "DEPTH4", depth.div_ceil(4));
                self.product(&mut text, group, slots, (*layout, *views, products), stage);
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
        (layout, views, products): (Layout, [View; 2], &[super::fuse::Product]),
        stage: Stage,
    ) {
        let Tuning { path, rm4, rn4, wx, wy, quads, .. } = self.blocks(group);
        let two = products.len() > 1;
        let sums = !group.sums.is_empty();
        let short = self.epilogue(text, group, slots, two, stage);
        let is = |yes: bool| u32::from(yes);
        if let Stage::Sum((parts, _)) = stage {
            let names: Names<'_> = &[
                ("products", products.len() as u32),
                ("one", is(!two)),
                ("two", is(two)),
                ("sums", is(sums)),
            ];
            let _ = write!(text, "const PARTS = {parts}u;\nconst COUNT = {}u;\n", products.len());
            let from = slots.len();
            text.push_str(&expand(PARTS, names).replace("PARTIAL", &format!("b{from}")));
            return;
        }
        let constants = [
            ("RM4", rm4),
            ("RN4", rn4),
            ("BLOCK", 4 * rm4 * rn4),
            ("HIGH", 4 * rm4 * wy),
            ("WIDE", 4 * rn4 * wx),
            ("DEEP", if two { DEEP / 2 } else { DEEP }),
            ("RUN", if quads { 4 } else { 1 }),
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
            let sides = [("left", product.left, views[0]), ("right", product.right, views[1])];
            for (side, id, view) in sides {
                text.push_str(&view::loader(&format!("{side}{p}"), p == 0, view, slots[&id]));
            }
        }
        let near = views.map(|view| matches!(view, View::Patches(_)));
        let split = matches!(stage, Stage::Parts(_));
        let names: Names<'_> = &[
            ("products", products.len() as u32),
            ("lefts", if shared_left { 1 } else { products.len() as u32 }),
            ("rights", if shared_right { 1 } else { products.len() as u32 }),
            ("shared_left", is(shared_left)),
            ("shared_right", is(shared_right)),
            ("near_left", is(near[0])),
            ("plain_left", is(!near[0])),
            ("near_right", is(near[1])),
            ("plain_right", is(!near[1])),
            ("split", is(split)),
            ("entire", is(!split)),
            ("quads", is(quads)),
            ("run", if quads { 4 } else { 1 }),
            ("alone", is(!quads)),
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
            ("sums", is(sums)),
            ("unrolled", is(short)),
            ("looped", is(!short)),
        ];
        let inner = if path == Path::Tiled { TILED } else { DIRECT };
        text.push_str(&expand(&PRODUCT.replace("LOOP\n", inner), names));
    }

    /// `finish` and `finish_sums`: what follows a product, or the storing of a part of it. True where it is short.
    fn epilogue(
        &self,
        text: &mut String,
        group: &Group,
        slots: &BTreeMap<Id, Slot>,
        two: bool,
        stage: Stage,
    ) -> bool {
        let (body, sums) = if let Stage::Parts((parts, span)) = stage {
            let n = 1 + usize::from(two);
            let b = slots.len();
            let _ = write!(text, "var<private> PART: u32;\nconst SPAN = {span}u;\n");
            let at =
                format!("  let at = (PART * {n}u * ROWS + row) * COLS4 + col;\n  b{b}[at] = z0;\n");
            let other = format!("  b{b}[at + ROWS * COLS4] = z1;\n");
            let sums = format!("  b{b}[{}u * ROWS * COLS4 + PART * ROWS4 + col] = z;\n", parts * n);
            (if two { at + &other } else { at }, sums)
        } else {
            let mut grid = self.grid(group, slots, false);
            group.statements.iter().for_each(|s| grid.statement(s, &format!("z{}", s.z)));
            let mut upright = self.grid(group, slots, true);
            group.sums.iter().for_each(|s| upright.statement(s, "z"));
            (grid.finish(), upright.finish())
        };
        let arguments = if two { "z0: vec4f, z1: vec4f" } else { "z0: vec4f" };
        let sample = if is_gather(&body) { "  SAMPLE = find_sample(row);\n" } else { "" };
        let _ = write!(text, "fn finish(row: u32, col: u32, {arguments}) {{\n{sample}{body}}}\n");
        if !group.sums.is_empty() {
            let _ = write!(text, "fn finish_sums(col: u32, z: vec4f) {{\n{sums}}}\n");
        }
        // copies of it do not lengthen compilation
        body.len() < SHORT && !SLOW.iter().any(|name| body.contains(name))
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
        text.push_str(&gathering(ROWS, text));
    }

    /// Register blocks no larger than the result, and narrow where there are two products or few columns.
    fn blocks(&self, group: &Group) -> Tuning {
        let (products, depth, plain) = match &group.anchor {
            Anchor::Products { products, depth, views, .. } => {
                (products.len(), *depth, views.iter().all(|view| matches!(view, View::Plain)))
            }
            _ => (0, 0, false),
        };
        let two = products > 1;
        // neighbouring rows of patches have no rows to hand each other
        let own = if self.tuning.quads && !plain { Tuning::SOFTWARE } else { self.tuning };
        let Tuning { mut rm4, mut rn4, large, wx, wy, .. } = own;
        // SwiftShader does not live to compile two products of patches with doubled blocks
        if group.rows * group.cols * depth >= large && (plain || !two) {
            (rm4, rn4) = (2 * rm4, 2 * rn4);
        }
        if two && rn4 > 2 {
            rn4 /= 2;
        }
        let rows4 = (group.rows.div_ceil(4) as u32).max(1);
        let cols4 = (group.cols.div_ceil(4) as u32).max(1);
        let narrow = two && self.tuning.path == Path::Tiled || cols4 < NARROW;
        let rm4 = rm4.min(rows4);
        let rn4 = if narrow { 1 } else { rn4 };
        let (across, down) = (cols4.div_ceil(rn4), rows4.div_ceil(rm4));
        // a workgroup must be one quad of invocations on the same rows
        let quads = self.tuning.quads && plain && down <= MAX_GROUPS && (wx, wy) == (4, 1);
        let (wx, wy) = if quads {
            (wx, wy)
        } else if self.tuning.path == Path::Tiled {
            // no more invocations than there are blocks, in powers of two
            (wx.min(cols4.next_power_of_two()), wy.min(down.next_power_of_two()))
        } else {
            // as many invocations, the way that leaves the fewest without a block
            let shapes = (0..).map(|i| (wx >> i, wy << i)).take_while(|(wx, _)| *wx > 0);
            let idle = |(wx, wy): &(u32, u32)| {
                let many = down.div_ceil(*wy) > MAX_GROUPS;
                (
                    many,
                    u64::from(across.next_multiple_of(*wx)) * u64::from(down.next_multiple_of(*wy)),
                )
            };
            shapes.min_by_key(idle).unwrap_or((wx, wy))
        };
        Tuning { rm4, rn4, wx, wy, quads, ..self.tuning }
    }

    /// Into how many parts of what depth a group's products are cut.
    fn parts(&self, group: &Group) -> (usize, usize) {
        let Anchor::Products { layout: Layout::Tn, depth, .. } = group.anchor else {
            return (1, 0);
        };
        let ([x, y, _], _) = self.size(group, Stage::Whole);
        let wished = (self.tuning.split / (x * y)) as usize;
        let parts = wished.min(depth / self.tuning.part).max(depth.div_ceil(DEEPEST)).max(1);
        let span = depth.div_ceil(parts).next_multiple_of(DEEP as usize);
        (depth.div_ceil(span), span)
    }

    /// Workgroups, and the sizes that the pipeline is specialised to.
    fn size(&self, group: &Group, stage: Stage) -> ([u32; 3], Vec<(&'static str, f64)>) {
        let width = self.tuning.width;
        let flat = |invocations: usize| {
            let groups = (invocations as u32).div_ceil(64);
            let y = groups.div_ceil(MAX_GROUPS);
            [groups.div_ceil(y), y, 1]
        };
        let constant = |width: u32| vec![("WIDTH", f64::from(width))];
        match &group.anchor {
            Anchor::Products { .. } if matches!(stage, Stage::Sum(_)) => {
                let sums = if group.sums.is_empty() { 0 } else { group.rows.div_ceil(4) };
                (flat(group.rows * group.cols.div_ceil(4) + sums), constant(64))
            }
            Anchor::Products { .. } => {
                let Tuning { path, rm4, rn4, wx, wy, .. } = self.blocks(group);
                let x = (group.cols.div_ceil(4) as u32).div_ceil(rn4 * wx);
                let y = (group.rows as u32).div_ceil(4 * rm4 * wy);
                let sizes = vec![("WX", f64::from(wx)), ("WY", f64::from(wy))];
                let z = if let Stage::Parts((parts, _)) = stage { parts as u32 } else { 1 };
                ([x, y, z], if path == Path::Tiled { Vec::new() } else { sizes })
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
                (flat(fours), constant(64))
            }
        }
    }
}

/// What a dispatch of a group does; with the number of parts and their depth.
#[derive(Clone, Copy)]
enum Stage {
    /// Everything.
    Whole,
    /// Products, in parts.
    Parts((usize, usize)),
    /// Adds the parts up and does what follows.
    Sum((usize, usize)),
}

impl Stage {
    /// Does it use a buffer of the group?
    fn uses(self, ops: &[&Op], group: &Group, id: Id) -> bool {
        let Anchor::Products { products, .. } = &group.anchor else { return true };
        match self {
            Self::Whole => true,
            Self::Parts(_) => products.iter().any(|p| p.left == id || p.right == id),
            Self::Sum(_) => group.statements.iter().chain(&group.sums).any(|s| {
                super::fuse::operands(&s.points).iter().any(|i| ops[s.op].bufs[*i].index() == id)
            }),
        }
    }

    /// Floats of the parts.
    fn partial(self, group: &Group) -> usize {
        let (Self::Parts((parts, _)) | Self::Sum((parts, _)), Anchor::Products { products, .. }) =
            (self, &group.anchor)
        else {
            return 0;
        };
        let product = group.rows * group.cols.next_multiple_of(4);
        let sums = if group.sums.is_empty() { 0 } else { group.rows.next_multiple_of(4) };
        parts * (products.len() * product + sums)
    }
}

/// Groups of columns that an invocation of an elementwise dispatch does.
fn strip(group: &Group) -> usize {
    let reads = |s: &Statement| s.points.assign.iter().any(|(_, text)| is_gather(text));
    if group.statements.iter().any(reads) { STRIP } else { 1 }
}

/// The shader's frame, which finds a row's sample if what it calls reads the data set.
fn gathering(frame: &str, called: &str) -> String {
    expand(frame, &[("gathers", u32::from(is_gather(called)))])
}

/// Does the text read the data set?
fn is_gather(text: &str) -> bool {
    text.contains("pixels(") || text.contains("one_hot(")
}
