//! Kernels on given operands: on the GPU in f32, and by the slow reference in f64 on the same f32 numbers.

use super::TINY;
use crate::common::{small_data, uniform};
use credit_lab::data::Dataset;
use credit_lab::exec::gpu::Gpu;
use credit_lab::exec::{self, gpu};
use credit_lab::plan::{
    Access, Arithmetic, Buf, Clock, Env, Hyper, Init, Moment, PlanId, Program, Role, Scalar,
    Source, Tape, Task,
};
use std::rc::Rc;
use std::sync::Arc;

/// Rows that every operand has below its own on the GPU. No kernel may write there, and nothing read there may
/// matter.
const GUARD: usize = 3;
/// What is in them: a NaN of our own, which no arithmetic makes.
const UNTOUCHED: u32 = 0x7fc0_c0de;

/// Values of the two scalars that kernels under test are given, exact in f32; through rates a `ScalarFn` can see.
#[derive(Debug, Clone, Copy)]
pub struct Scalars(pub f64, pub f64);

/// An operand.
struct Operand {
    rows: usize,
    cols: usize,
    values: Vec<f32>,
}

/// Kernels on given operands.
pub struct Bench {
    operands: Vec<Operand>,
    scalars: Scalars,
    /// Seed, step, source.
    pub env: Env,
    /// What gathers read.
    pub data: Arc<Dataset>,
}

/// Operand contents after a run.
pub struct Outcome {
    /// On the GPU.
    pub gpu: Vec<Vec<f32>>,
    /// By the reference.
    pub exact: Vec<Vec<f64>>,
    /// By the fast kernels of the processor.
    pub cpu: Vec<Vec<f32>>,
    /// Before the run.
    pub before: Vec<Vec<f32>>,
}

/// Records what is to run on operands in order of declaration, with both scalars.
pub type Record<'a> = &'a dyn Fn(&mut Tape, &[Buf], [Scalar; 2]);

impl Bench {
    pub fn new(scalars: Scalars) -> Self {
        let env = Env { seed: 5, step: 3, source: Source::Shuffled, offset: 0 };
        Self { operands: Vec::new(), scalars, env, data: small_data() }
    }

    pub fn operand(&mut self, rows: usize, cols: usize, values: Vec<f32>) -> &mut Self {
        assert_eq!(values.len(), rows * cols);
        self.operands.push(Operand { rows, cols, values });
        self
    }

    /// Numbers in [-1, 1), then changed one by one.
    pub fn mapped(&mut self, rows: usize, cols: usize, change: impl Fn(f32) -> f32) -> &mut Self {
        let sequence = self.operands.len() as u32 + 10;
        let values = uniform((rows * 1000 + cols) as u64, sequence, rows * cols);
        let values = values.iter().map(|u| change((2.0 * u - 1.0) as f32)).collect();
        self.operand(rows, cols, values)
    }

    /// Numbers in [-1, 1).
    pub fn random(&mut self, rows: usize, cols: usize) -> &mut Self {
        self.mapped(rows, cols, |x| x)
    }

    /// To be written: nothing may be left as it is.
    pub fn unwritten(&mut self, rows: usize, cols: usize) -> &mut Self {
        self.operand(rows, cols, vec![f32::NAN; rows * cols])
    }

    /// The values of the operand that was declared last.
    pub fn last(&mut self) -> &mut [f32] {
        &mut self.operands.last_mut().unwrap().values
    }

    /// A program of one plan on operands with `guard` rows more than they are recorded with.
    pub fn program(&self, guard: usize, record: Record<'_>) -> (Arc<Program>, PlanId, Vec<Buf>) {
        let mut tape = Tape::new();
        let whole: Vec<Buf> = (self.operands.iter().enumerate())
            .map(|(i, o)| {
                let label = format!("operand {i}");
                tape.declare(label, o.rows + guard, o.cols, Role::Weight, Init::Zero)
            })
            .collect();
        let own: Vec<Buf> = (whole.iter().zip(&self.operands))
            .map(|(buf, o)| {
                let mut own = *buf;
                own.rows = o.rows;
                own
            })
            .collect();
        let scalars = [tape.scalar("first", |h, _| h.eta_w), tape.scalar("second", |h, _| h.eta_b)];
        record(&mut tape, &own, scalars);
        let plan = tape.end_plan();
        (Arc::new(tape.finish().unwrap()), plan, whole)
    }

    fn surroundings(&self) -> (Moment, Hyper) {
        let Scalars(eta_w, eta_b) = self.scalars;
        let hyper = Hyper { eta_w, eta_b, c_h: 0.0, kappa: 0.0, input_noise: 0.0 };
        let batch = self.operands.first().map_or(1, |o| o.rows);
        let clock = Clock { step: self.env.step, updates: 0, batch };
        (Moment { env: self.env, clock }, hyper)
    }

    /// Runs on all paths.
    pub async fn run(&self, gpu: &Rc<Gpu>, record: Record<'_>) -> Outcome {
        Outcome {
            gpu: self.on_gpu(gpu, record).await,
            exact: self.on_cpu::<f64>(record),
            cpu: self.on_cpu::<f32>(record),
            before: self.operands.iter().map(|o| o.values.clone()).collect(),
        }
    }

    fn on_cpu<T: exec::Precision>(&self, record: Record<'_>) -> Vec<Vec<T>> {
        let (program, plan, bufs) = self.program(0, record);
        let data = self.data.clone();
        let mut exec = exec::Executor::<T>::new(program, data, 1, Arithmetic::Reproducible);
        for (buf, operand) in bufs.iter().zip(&self.operands) {
            let target = exec.write(*buf).iter_mut();
            target.zip(&operand.values).for_each(|(x, v)| *x = T::from_f64(f64::from(*v)));
        }
        let (Moment { env, clock }, hyper) = self.surroundings();
        exec.run(plan, &env, &hyper, &clock, |_| false);
        bufs.iter().map(|buf| exec.read(*buf).to_vec()).collect()
    }

    /// Runs on the GPU; also checks that nothing but the operands to be written has changed by a bit.
    pub async fn on_gpu(&self, gpu: &Rc<Gpu>, record: Record<'_>) -> Vec<Vec<f32>> {
        let (program, plan, bufs) = self.program(GUARD, record);
        let (moment, hyper) = self.surroundings();
        let read = bufs.iter().map(|buf| (*buf, buf.len())).collect();
        let (exec, reading) = gpu
            .checked(|| {
                let mut exec =
                    gpu::Executor::new(gpu.clone(), program.clone(), &self.data, None, &[])?;
                exec.prepare(plan, true)?;
                for (buf, operand) in bufs.iter().zip(&self.operands) {
                    let mut values = operand.values.clone();
                    values.resize(buf.len(), f32::from_bits(UNTOUCHED));
                    exec.write(*buf, &values);
                }
                let task = Task { plan, moment, given: None, read };
                let reading = exec.perform(&[task], &hyper)?;
                Ok((exec, reading))
            })
            .await
            .unwrap();
        let values = reading.wait().await.unwrap();
        drop(exec);
        let mut rest = &values[..];
        let mut found = Vec::new();
        for (i, (buf, operand)) in bufs.iter().zip(&self.operands).enumerate() {
            let (all, others) = rest.split_at(buf.len());
            rest = others;
            let (own, guard) = all.split_at(operand.values.len());
            let what = || program.describe(plan);
            let spilt = guard.iter().position(|x| x.to_bits() != UNTOUCHED);
            assert_eq!(spilt, None, "written beyond operand {i}\n{}", what());
            let written = program.plans[0].ops.iter().any(|op| {
                let mut uses = op.bufs.iter().zip(op.kernel.access);
                uses.any(|(b, access)| b.index() == buf.index() && *access != Access::Read)
            });
            let same = own.iter().zip(&operand.values).all(|(a, b)| a.to_bits() == b.to_bits());
            assert!(written || same, "operand {i} is only read, but has changed\n{}", what());
            found.push(own.to_vec());
        }
        found
    }
}

impl Outcome {
    /// Every entry of operand `i` within its own bound of the reference; the largest share of a bound that was used.
    pub fn within(&self, i: usize, what: &str, bound: impl Fn(usize) -> f64) -> f64 {
        let mut worst = 0.0f64;
        for (at, (a, b)) in self.gpu[i].iter().zip(&self.exact[i]).enumerate() {
            let (error, bound) = ((f64::from(*a) - b).abs(), bound(at) + TINY);
            assert!(
                error <= bound,
                "{what}, operand {i}, entry {at}: {a}, exactly {b}, bound {bound:.1e}"
            );
            worst = worst.max(error / bound);
        }
        worst
    }

    /// |a| of operand `i` at `at`, by the reference.
    pub fn size(&self, i: usize, at: usize) -> f64 {
        self.exact[i][at].abs()
    }
}
