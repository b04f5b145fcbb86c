//! The expressions of a grid's elements as WGSL statements: operands are loaded once, values pass from op to op in
//! variables, and what others need is stored at the end. `row` and `col` are the row and the group of four columns.

use super::fuse::{Id, RowSum, Statement};
use crate::plan::{Buf, Op, Use};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// How a buffer lies in memory in one shader.
#[derive(Clone, Copy)]
pub(super) struct Slot {
    pub(super) binding: usize,
    pub(super) shape: Buf,
    /// Declared as `array<vec4f>`: every row is a whole number of fours.
    pub(super) fours: bool,
}

/// Writes the expressions of one grid.
pub(super) struct Grid<'a> {
    pub(super) ops: &'a [&'a Op],
    pub(super) slots: &'a BTreeMap<Id, Slot>,
    pub(super) cols: usize,
    /// (m, 1) buffers are read and written along m.
    pub(super) upright: bool,
    /// Variables that hold a buffer's value here.
    pub(super) known: BTreeMap<Id, String>,
    pub(super) dirty: Vec<Id>,
    pub(super) text: String,
    pub(super) count: usize,
}

impl Grid<'_> {
    fn variable(&mut self, value: &str) -> String {
        let name = format!("v{}", self.count);
        self.count += 1;
        let _ = writeln!(self.text, "  let {name} = {value};");
        name
    }

    fn load(&mut self, buf: Buf, way: Use) -> String {
        let id = buf.index();
        if let Some(name) = self.known.get(&id).filter(|_| way == Use::Element) {
            return name.clone();
        }
        let Some(slot) = self.slots.get(&id) else {
            // Only in registers, and nothing has been put there yet: by contract nobody minds what it holds.
            return "vec4f()".into();
        };
        let b = slot.binding;
        let value = match way {
            Use::Row => format!("b{b}[row]"),
            Use::Column => format!("vector{b}(col)"),
            Use::Element if self.upright => format!("vector{b}(col)"),
            Use::Element | Use::Near => format!("load{b}(row, col)"),
        };
        let name = self.variable(&value);
        if way == Use::Element {
            self.known.insert(id, name.clone());
        }
        name
    }

    /// An expression with its operands, scalars and names filled in.
    pub(super) fn fill(&mut self, op: &Op, uses: &[Use], text: &str, z: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['$', '%']) {
            out.push_str(&rest[..at]);
            let mark = rest.as_bytes()[at];
            rest = &rest[at + 1..];
            if mark == b'$' && rest.starts_with('z') {
                out.push_str(z);
                rest = &rest[1..];
                continue;
            }
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let i: usize = rest[..digits].parse().unwrap_or(0);
            rest = &rest[digits..];
            if mark == b'$' {
                let way = uses.get(i).copied().unwrap_or(Use::Element);
                out.push_str(&self.load(op.bufs[i], way));
            } else {
                let scalar = op.scalars[i].index();
                let _ = write!(out, "STEP.scalars[{}][{}]", scalar / 4, scalar % 4);
            }
        }
        out.push_str(rest);
        // in this order: names are parts of others
        out.replace("ELEMENT", &format!("row * {}u + 4u * col", self.cols))
            .replace("COL4", "col")
            .replace("COLS", &format!("{}u", self.cols))
            .replace("ROW", "row")
    }

    pub(super) fn statement(&mut self, statement: &Statement, z: &str) {
        let op = self.ops[statement.op];
        for (target, text) in &statement.points.assign {
            let text = text.replace("NEAR", &format!("near{}", statement.op));
            let value = self.fill(op, &statement.points.uses, &text, z);
            let name = self.variable(&value);
            let id = op.bufs[*target].index();
            self.known.insert(id, name);
            if !self.dirty.contains(&id) {
                self.dirty.push(id);
            }
        }
    }

    /// Adds a row sum's terms to `sums[first..]`.
    pub(super) fn terms(&mut self, sum: &RowSum, first: usize) {
        let op = self.ops[sum.op];
        for (i, term) in sum.terms.iter().enumerate() {
            let value = self.fill(op, &[], term, "");
            let _ = writeln!(self.text, "  (*sums)[{}] += {value};", first + i);
        }
    }

    /// The text, with what was assigned stored.
    pub(super) fn finish(mut self) -> String {
        for id in &self.dirty {
            if let Some(slot) = self.slots.get(id) {
                let (b, value) = (slot.binding, &self.known[id]);
                let place = if self.upright {
                    format!("put{b}(col, {value})")
                } else {
                    format!("store{b}(row, col, {value})")
                };
                let _ = writeln!(self.text, "  {place};");
            }
        }
        self.text
    }
}

/// `loadN(row, col)`, `storeN(row, col, value)`: four neighbouring columns of a matrix; `vectorN(col)`,
/// `putN(col, value)`: four neighbouring entries of a vector. Past the end zeros are loaded and nothing is stored.
pub(super) fn accessors(slot: Slot, written: bool) -> String {
    let Slot { binding: b, shape, fours } = slot;
    let mut text = String::new();
    let parameters = "row: u32, col: u32";
    for (load, store, parameters, start, end) in [
        ("load", "store", parameters, format!("row * {}u + 4u * col", shape.cols), shape.cols),
        ("vector", "put", "col: u32", "4u * col".to_string(), shape.len()),
    ] {
        if fours {
            let at = if load == "vector" {
                "col".into()
            } else {
                format!("row * {}u + col", shape.cols / 4)
            };
            let _ = writeln!(text, "fn {load}{b}({parameters}) -> vec4f {{ return b{b}[{at}]; }}");
            if written {
                let _ =
                    writeln!(text, "fn {store}{b}({parameters}, v: vec4f) {{ b{b}[{at}] = v; }}");
            }
            continue;
        }
        let lane = |i: u32| format!("select(0.0, b{b}[at + {i}u], 4u * col + {i}u < {end}u)");
        let _ = writeln!(
            text,
            "fn {load}{b}({parameters}) -> vec4f {{\n  let at = {start};\n  return vec4f({}, {}, {}, {});\n}}",
            lane(0),
            lane(1),
            lane(2),
            lane(3)
        );
        if written {
            let put = |i: u32| {
                format!("  if (4u * col + {i}u < {end}u) {{ b{b}[at + {i}u] = v[{i}]; }}\n")
            };
            let _ = writeln!(
                text,
                "fn {store}{b}({parameters}, v: vec4f) {{\n  let at = {start};\n{}}}",
                (0..4).map(put).collect::<String>()
            );
        }
    }
    text
}
