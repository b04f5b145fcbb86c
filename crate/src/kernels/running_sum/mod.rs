//! `sum += term` over millions of steps: what an addition rounds off is kept and added with the next term (Kahan 1965,
//! the error of a sum by Knuth), so that the sum stays good to an ulp however many terms it has. Ridge regression
//! needs it: it divides by the smallest directions of a sum that others dominate.
//!
//! Buffers: sum, rest and term read and written, all of one shape; term comes out as term + rest. A GPU whose compiler
//! reorders additions, as WGSL allows, has a plain sum.

use super::elementwise::{map, update};
use super::lanes::{Lanes, WithLanes, dispatch};
use crate::plan::{Access, Buf, Kernel, Lowered, Op, Points, Run, Tape};

/// The kernel.
pub static KERNEL: Kernel = Kernel {
    name: "running_sum",
    access: &[Access::ReadWrite, Access::ReadWrite, Access::ReadWrite],
    cpu,
    reference,
    gpu,
    flops: |op| 8 * op.bufs[0].len() as u64,
    scratch: |_| 0,
};

/// Records `sum += term`.
#[track_caller]
pub fn record(tape: &mut Tape, label: &str, sum: Buf, rest: Buf, term: Buf) {
    tape.require([rest, term].iter().all(|b| b.len() == sum.len()), label, || {
        format!("running_sum: sum {sum:?}, rest {rest:?}, term {term:?}")
    });
    tape.push(&KERNEL, label, &[sum, rest, term], &[], &[]);
}

struct RunningSum<'a> {
    sum: &'a mut [f32],
    rest: &'a mut [f32],
    term: &'a mut [f32],
}

impl WithLanes for RunningSum<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        update!(L, self.term, as term; left = self.rest => term.add(left));
        map!(L, self.rest; sum = self.sum, term = self.term => {
            let total = sum.add(term);
            let added = total.sub(sum);
            sum.sub(total.sub(added)).add(term.sub(added))
        });
        update!(L, self.sum, as sum; term = self.term => sum.add(term));
    }
}

fn gpu(op: &Op) -> Vec<Lowered> {
    let steps = [(2, "$2 + $1"), (1, "rounded_off($0, $2)"), (0, "$0 + $2")];
    vec![Lowered::Points(Points::elementwise(op, &steps))]
}

fn cpu(run: &mut Run<'_, f32>) {
    let (mut sum, mut rest, mut term) = (run.take(0), run.take(1), run.take(2));
    let op = RunningSum { sum: &mut sum, rest: &mut rest, term: &mut term };
    dispatch(run.arithmetic, op);
    run.put(0, sum);
    run.put(1, rest);
    run.put(2, term);
}

fn reference(run: &mut Run<'_, f64>) {
    let (mut sum, mut rest, mut term) = (run.take(0), run.take(1), run.take(2));
    for i in 0..sum.len() {
        term[i] += rest[i];
        // the larger one first, then the error is exact
        let (large, small) =
            if sum[i].abs() >= term[i].abs() { (sum[i], term[i]) } else { (term[i], sum[i]) };
        let total = large + small;
        rest[i] = small - (total - large);
        sum[i] = total;
    }
    run.put(0, sum);
    run.put(1, rest);
    run.put(2, term);
}
