//! From a plan's ops to groups of ops that run as one dispatch each.
//!
//! Every op is put into the earliest group in which it may run, else it opens a group of its own. It may join a
//! group of the same grid when everything it reads exists by then (or is made in the group itself at the same
//! element), when nobody in between wants the old content of what it writes, and when the group's buffers still
//! fit into one bind group. So biases, activations, noise, derivatives, errors and updates ride on the matrix
//! product beside them, the clean and the perturbed pass through one W share a dispatch, and so do the updates of
//! a layer's W, b and B, which share its error. Nothing here knows a rule or a kernel.
//!
//! Ops may see one buffer in different shapes of equal length. Within a group every buffer has one shape; an op whose
//! elements are all for themselves takes the shape that its buffers have in the group.

use crate::plan::{Access, Buf, Layout, Lowered, Op, Points, Use, View};
use std::collections::{BTreeMap, BTreeSet};

/// Index of a buffer in the program.
pub type Id = usize;

/// A product of two matrices; several in one group have the same shape, are read the same way and share an operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Product {
    /// X or E.
    pub left: Id,
    /// W, B or H.
    pub right: Id,
}

/// One op's elementwise part, with what it works on.
#[derive(Debug, Clone)]
pub struct Statement {
    /// Index of the op in the plan.
    pub op: usize,
    /// Its expressions.
    pub points: Points,
    /// Number of the product or sum that `$z` means.
    pub z: usize,
}

/// One op's sums along rows.
#[derive(Debug, Clone)]
pub struct RowSum {
    /// Index of the op in the plan.
    pub op: usize,
    /// Summed expressions.
    pub terms: Vec<String>,
    /// Operand written, and its expression.
    pub assign: (usize, String),
}

/// What a group's dispatch is built around.
#[derive(Debug, Clone)]
pub enum Anchor {
    /// Nothing but elementwise statements.
    Points,
    /// One or two products with the inner dimension `depth`.
    Products {
        /// Transposition.
        layout: Layout,
        /// How left and right operands are read.
        views: [View; 2],
        /// Inner dimension.
        depth: usize,
        /// The products.
        products: Vec<Product>,
    },
    /// Column sums of one (N, m) matrix, on a grid of (m, 1).
    Columns {
        /// The matrix.
        of: Id,
        /// N.
        depth: usize,
    },
    /// Sums along rows.
    Rows(Vec<RowSum>),
    /// A shader of its own.
    Own {
        /// Index of the op in the plan.
        op: usize,
        /// WGSL statements.
        body: &'static str,
        /// Operand whose shape they want.
        shape: usize,
        /// Workgroups.
        groups: u32,
    },
}

/// Ops that run as one dispatch.
#[derive(Debug, Clone)]
pub struct Group {
    /// Rows of the grid.
    pub rows: usize,
    /// Columns of the grid.
    pub cols: usize,
    /// What it is built around.
    pub anchor: Anchor,
    /// Elementwise parts, in order.
    pub statements: Vec<Statement>,
    /// Elementwise parts on the column sums of the (shared) left operand of E^T H: a bias beside its weights.
    pub sums: Vec<Statement>,
    /// Indices of all ops in it, in order.
    pub ops: Vec<usize>,
    /// Buffers that must be in memory; others live in registers only.
    pub bound: BTreeSet<Id>,
    /// The shape of every buffer.
    pub shapes: BTreeMap<Id, Buf>,
    /// Read otherwise than at its own element.
    whole: BTreeSet<Id>,
    /// Read or written at its own element.
    element: BTreeSet<Id>,
    writes: BTreeSet<Id>,
}

impl Group {
    fn new(rows: usize, cols: usize, anchor: Anchor) -> Self {
        Self {
            rows,
            cols,
            anchor,
            statements: Vec::new(),
            sums: Vec::new(),
            ops: Vec::new(),
            bound: BTreeSet::new(),
            shapes: BTreeMap::new(),
            whole: BTreeSet::new(),
            element: BTreeSet::new(),
            writes: BTreeSet::new(),
        }
    }

    fn touches(&self, id: Id) -> bool {
        self.whole.contains(&id) || self.element.contains(&id)
    }

    /// Every buffer it reads or writes.
    pub fn buffers(&self) -> BTreeSet<Id> {
        self.whole.union(&self.element).copied().collect()
    }

    /// Is the buffer written here?
    pub fn writes(&self, id: Id) -> bool {
        self.writes.contains(&id)
    }
}

/// What an op reads and writes, and how.
#[derive(Default, Clone)]
struct Effects {
    whole: BTreeSet<Id>,
    element: BTreeSet<Id>,
    writes: BTreeSet<Id>,
    shapes: BTreeMap<Id, Buf>,
}

/// Operands that an expression names.
fn named(text: &str) -> impl Iterator<Item = usize> + '_ {
    text.match_indices('$').filter_map(|(at, _)| {
        let digits = text[at + 1..].bytes().take_while(u8::is_ascii_digit).count();
        text[at + 1..at + 1 + digits].parse().ok()
    })
}

/// Operands read by the expressions' function.
fn near(points: &Points) -> impl Iterator<Item = usize> + '_ {
    points.uses.iter().enumerate().filter(|(_, way)| **way == Use::Near).map(|(i, _)| i)
}

/// Operands that the expressions read or write.
pub fn operands(points: &Points) -> BTreeSet<usize> {
    let assigned = points.assign.iter().map(|(i, _)| *i);
    let named = points.assign.iter().flat_map(|(_, text)| named(text));
    assigned.chain(named).chain(near(points)).collect()
}

/// Is every element for itself, whatever the shape?
fn shapeless(points: &Points) -> bool {
    let plain = |text: &String| !text.contains("ROW") && !text.contains("COL");
    points.uses.iter().all(|way| *way == Use::Element)
        && points.assign.iter().all(|(_, text)| plain(text))
}

fn point_effects(op: &Op, points: &Points, effects: &mut Effects) {
    for i in operands(points) {
        let mut shape = op.bufs[i];
        if points.uses[i] == Use::Element {
            (shape.rows, shape.cols) = (points.rows, points.cols);
        }
        effects.shapes.insert(shape.index(), shape);
    }
    effects.whole.extend(near(points).map(|i| op.bufs[i].index()));
    for (target, text) in &points.assign {
        for i in named(text) {
            let id = op.bufs[i].index();
            if points.uses[i] == Use::Element { &mut effects.element } else { &mut effects.whole }
                .insert(id);
        }
        let id = op.bufs[*target].index();
        effects.element.insert(id);
        effects.writes.insert(id);
    }
}

fn effects(op: &Op, lowered: &Lowered) -> Effects {
    let mut effects = Effects::default();
    match lowered {
        Lowered::Points(points) => point_effects(op, points, &mut effects),
        Lowered::Product { left, right, points, .. } => {
            for i in [*left, *right] {
                effects.whole.insert(op.bufs[i].index());
                effects.shapes.insert(op.bufs[i].index(), op.bufs[i]);
            }
            point_effects(op, points, &mut effects);
        }
        Lowered::Columns { of, points } => {
            effects.whole.insert(op.bufs[*of].index());
            effects.shapes.insert(op.bufs[*of].index(), op.bufs[*of]);
            point_effects(op, points, &mut effects);
        }
        Lowered::Rows { terms, assign, .. } => {
            for i in terms.iter().flat_map(|t| named(t)) {
                effects.element.insert(op.bufs[i].index());
            }
            effects.shapes.extend(op.bufs.iter().map(|b| (b.index(), *b)));
            let id = op.bufs[assign.0].index();
            effects.whole.insert(id);
            effects.writes.insert(id);
        }
        Lowered::Own { .. } | Lowered::Host => {
            effects.whole.extend(op.bufs.iter().map(|b| b.index()));
            effects.shapes.extend(op.bufs.iter().map(|b| (b.index(), *b)));
            effects.writes.extend(written(op));
        }
    }
    effects
}

/// How many groups an op may be fused into depends on these.
pub struct Rules<'a> {
    /// Storage buffers a shader may use.
    pub bindings: usize,
    /// Buffers that hold something before the plan or are read after it: any other that is used in one group only
    /// never gets to memory.
    pub observed: &'a dyn Fn(Id) -> bool,
    /// False: every op a dispatch of its own (to compare with).
    pub fuse: bool,
}

/// Builds groups.
struct Fuser<'a> {
    ops: &'a [&'a Op],
    rules: &'a Rules<'a>,
    groups: Vec<Group>,
    /// Ops that use a buffer.
    users: BTreeMap<Id, BTreeSet<usize>>,
}

/// The ops that run on the host after the step's others; `None` where a later op could not do without their result.
pub fn host_ops(ops: &[&Op]) -> Option<Vec<usize>> {
    let mut hosts = Vec::new();
    for (i, op) in ops.iter().enumerate() {
        if (op.kernel.gpu)(op).contains(&Lowered::Host) {
            hosts.push(i);
            continue;
        }
        let waits = |host: &usize| {
            ops[*host].bufs.iter().any(|buf| {
                let same = op.bufs.iter().zip(op.kernel.access).find(|(b, _)| b.id == buf.id);
                same.is_some_and(|(_, access)| {
                    *access != Access::Read || written(ops[*host]).any(|id| id == buf.index())
                })
            })
        };
        if hosts.iter().any(waits) {
            return None;
        }
    }
    Some(hosts)
}

fn written(op: &Op) -> impl Iterator<Item = Id> + '_ {
    let operands = op.bufs.iter().zip(op.kernel.access);
    operands.filter(|(_, access)| **access != Access::Read).map(|(b, _)| b.index())
}

/// Groups the ops, which are those of one plan that run in one step. Those of [`host_ops`] are in no group.
pub fn fuse(ops: &[&Op], rules: &Rules<'_>) -> Vec<Group> {
    let mut users: BTreeMap<Id, BTreeSet<usize>> = BTreeMap::new();
    for (i, op) in ops.iter().enumerate() {
        for buf in &op.bufs {
            users.entry(buf.index()).or_default().insert(i);
        }
    }
    let mut fuser = Fuser { ops, rules, groups: Vec::new(), users };
    for (i, op) in ops.iter().enumerate() {
        let parts = (op.kernel.gpu)(op);
        if parts.contains(&Lowered::Host) {
            // its operands must be in memory
            for buf in &op.bufs {
                fuser.users.entry(buf.index()).or_default().insert(usize::MAX);
            }
            continue;
        }
        if parts.len() > 1 {
            // one part hands its result to the next through memory
            for buf in &op.bufs {
                fuser.users.entry(buf.index()).or_default().insert(usize::MAX);
            }
        }
        parts.into_iter().for_each(|lowered| fuser.add(i, lowered));
    }
    for at in 0..fuser.groups.len() {
        let together = fuser.groups[at].ops.iter().copied().collect();
        let bound = fuser.groups[at].buffers().into_iter();
        fuser.groups[at].bound = bound.filter(|id| fuser.bound(*id, &together)).collect();
    }
    fuser.groups
}

impl Fuser<'_> {
    fn add(&mut self, op: usize, lowered: Lowered) {
        let effects = effects(self.ops[op], &lowered);
        let own = (lowered, effects);
        let places = if self.rules.fuse { 0..self.groups.len() } else { 0..0 };
        for group in places {
            let other = self.reshaped(group, &own.0, &own.1);
            let (lowered, effects) = other.as_ref().unwrap_or(&own);
            let fits = self.fits(group, op, lowered, effects);
            if fits && self.may_run_in(group, op, effects) {
                let (lowered, effects) = other.unwrap_or(own);
                return self.join(group, op, lowered, effects);
            }
        }
        self.groups.push(self.open(op, &own.0));
        self.join(self.groups.len() - 1, op, own.0, own.1);
    }

    /// The op in the shape that its buffers have in a group, where that is another one and does not matter to it.
    /// Numbers drawn from nothing suit any group.
    fn reshaped(
        &self,
        group: usize,
        lowered: &Lowered,
        effects: &Effects,
    ) -> Option<(Lowered, Effects)> {
        let group = &self.groups[group];
        let Lowered::Points(points) = lowered else { return None };
        let (rows, cols) = (group.rows, group.cols);
        let shared =
            |id: &Id| group.shapes.get(id).is_some_and(|s| (s.rows, s.cols) == (rows, cols));
        let drawn = effects.element.iter().all(|id| effects.writes.contains(id));
        let other = (points.rows, points.cols) != (rows, cols)
            && points.rows * points.cols == rows * cols
            && shapeless(points)
            && (drawn || effects.element.iter().any(shared));
        other.then(|| {
            let mut effects = effects.clone();
            for shape in effects.shapes.values_mut() {
                (shape.rows, shape.cols) = (rows, cols);
            }
            (Lowered::Points(Points { rows, cols, ..points.clone() }), effects)
        })
    }

    fn open(&self, op: usize, lowered: &Lowered) -> Group {
        let recorded = self.ops[op];
        match lowered {
            Lowered::Points(p) => Group::new(p.rows, p.cols, Anchor::Points),
            Lowered::Product { layout, views, depth, points, .. } => Group::new(
                points.rows,
                points.cols,
                Anchor::Products {
                    layout: *layout,
                    views: *views,
                    depth: *depth,
                    products: Vec::new(),
                },
            ),
            Lowered::Columns { of, points } => {
                let of = recorded.bufs[*of];
                Group::new(points.rows, 1, Anchor::Columns { of: of.index(), depth: of.rows })
            }
            Lowered::Rows { rows, cols, .. } => Group::new(*rows, *cols, Anchor::Rows(Vec::new())),
            Lowered::Own { body, shape, groups } => {
                Group::new(0, 0, Anchor::Own { op, body, shape: *shape, groups: *groups })
            }
            Lowered::Host => unreachable!("host ops are taken off before"),
        }
    }

    /// Does the group's grid and anchor suit the op?
    fn fits(&self, group: usize, op: usize, lowered: &Lowered, effects: &Effects) -> bool {
        let (group, recorded) = (&self.groups[group], self.ops[op]);
        let grid = (group.rows, group.cols);
        match (lowered, &group.anchor) {
            (Lowered::Points(p), Anchor::Points | Anchor::Products { .. } | Anchor::Rows(_)) => {
                (p.rows, p.cols) == grid || self.beside_sums(group, p, effects)
            }
            (Lowered::Points(p), Anchor::Columns { .. }) => {
                (p.rows, p.cols) == grid && effects.element.iter().any(|id| group.writes(*id))
            }
            (
                Lowered::Product { layout, left, right, views, depth, points },
                Anchor::Products { layout: own, views: own_views, depth: own_depth, products },
            ) => {
                let (left, right) = (recorded.bufs[*left].index(), recorded.bufs[*right].index());
                (layout, views, depth) == (own, own_views, own_depth)
                    && (points.rows, points.cols) == grid
                    && products.len() == 1
                    && (products[0].left == left || products[0].right == right)
            }
            (
                Lowered::Columns { of, points },
                Anchor::Products { layout: Layout::Tn, views: [View::Plain, _], products, .. },
            ) => {
                let of = recorded.bufs[*of].index();
                points.rows == group.rows
                    && group.sums.is_empty()
                    && products.iter().all(|p| p.left == of)
            }
            (Lowered::Rows { rows, cols, .. }, Anchor::Rows(_)) => (*rows, *cols) == grid,
            _ => false,
        }
    }

    /// An update of a bias whose column sum is in the group.
    fn beside_sums(&self, group: &Group, points: &Points, effects: &Effects) -> bool {
        let made = |id: &Id| {
            group.sums.iter().any(|s| {
                s.points.assign.iter().any(|(i, _)| self.ops[s.op].bufs[*i].index() == *id)
            })
        };
        points.cols == 1 && points.rows == group.rows && effects.element.iter().any(made)
    }

    /// Is everything there that the op reads, and does nobody miss what it overwrites?
    fn may_run_in(&self, at: usize, op: usize, effects: &Effects) -> bool {
        let group = &self.groups[at];
        let read_whole = |id: &Id| self.groups[at..].iter().all(|g| !g.writes(*id));
        let read_element = |id: &Id| {
            let later = &self.groups[at + 1..];
            later.iter().all(|g| !g.writes(*id))
                // made here as something else than an element (a row's sum, a bias): not at hand
                && (!group.writes(*id) || group.element.contains(id) && !group.whole.contains(id))
        };
        let write = |id: &Id| {
            !group.whole.contains(id) && self.groups[at + 1..].iter().all(|g| !g.touches(*id))
        };
        // sums along rows may be kept step by step, in one buffer more
        let kept = usize::from(matches!(group.anchor, Anchor::Rows(_)));
        let one_shape = |(id, shape): (&Id, &Buf)| group.shapes.get(id).is_none_or(|s| s == shape);
        let mut together: BTreeSet<usize> = group.ops.iter().copied().collect();
        together.insert(op);
        let mut buffers = group.buffers();
        buffers.extend(effects.whole.iter().chain(&effects.element));
        let bound = buffers.iter().filter(|id| self.bound(**id, &together));
        effects.whole.iter().all(|id| effects.writes.contains(id) || read_whole(id))
            && effects.element.iter().all(read_element)
            && effects.writes.iter().all(write)
            && bound.count() <= self.rules.bindings - kept
            && effects.shapes.iter().all(one_shape)
    }

    /// Must the buffer be in memory, given that these ops run together? What nobody else uses stays in registers.
    fn bound(&self, id: Id, together: &BTreeSet<usize>) -> bool {
        (self.rules.observed)(id) || !self.users[&id].iter().all(|user| together.contains(user))
    }

    fn join(&mut self, at: usize, op: usize, lowered: Lowered, effects: Effects) {
        let recorded = self.ops[op];
        let beside = match &lowered {
            Lowered::Points(p) => self.beside_sums(&self.groups[at], p, &effects),
            _ => false,
        };
        let group = &mut self.groups[at];
        match (lowered, &mut group.anchor) {
            (Lowered::Product { left, right, points, .. }, Anchor::Products { products, .. }) => {
                let [left, right] = [left, right].map(|i| recorded.bufs[i].index());
                products.push(Product { left, right });
                group.statements.push(Statement { op, points, z: products.len() - 1 });
            }
            (Lowered::Columns { points, .. }, Anchor::Products { .. }) => {
                group.sums.push(Statement { op, points, z: 0 });
            }
            (Lowered::Points(points), _) if beside => {
                group.sums.push(Statement { op, points, z: 0 });
            }
            (Lowered::Columns { points, .. } | Lowered::Points(points), _) => {
                group.statements.push(Statement { op, points, z: 0 });
            }
            (Lowered::Rows { terms, assign, .. }, Anchor::Rows(sums)) => {
                sums.push(RowSum { op, terms, assign });
            }
            _ => {}
        }
        if group.ops.last() != Some(&op) {
            group.ops.push(op);
        }
        group.shapes.extend(effects.shapes);
        group.whole.extend(effects.whole);
        group.element.extend(effects.element);
        group.writes.extend(effects.writes);
    }
}
