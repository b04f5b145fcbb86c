//! Dropout on a GPU: the processor's bits, drawn where they are used.

use crate::plan::{Lowered, Op, Points};

/// `in / keep` where the mask keeps it, else 0.
pub fn mask(op: &Op) -> Vec<Lowered> {
    let value = format!("dropout4($1, {}u, ELEMENT, %0)", op.ints[0]);
    vec![Lowered::Points(Points::elementwise(op, &[(0, &value)]))]
}
