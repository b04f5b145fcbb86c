//! Runs plans on the processor: in f32 with the fast kernels, or in f64 with the reference ones.
//!
//! All memory is allocated when the executor is made or given more threads; running a plan on one thread allocates
//! nothing.

use crate::base::rng::InitRng;
use crate::base::team::Team;
use crate::data::Dataset;
use crate::plan::{
    Arithmetic, Buf, Clock, Element, Env, Hyper, Init, Kernel, Op, Plan, PlanId, Program, Run,
};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// A number type that kernels run in.
pub trait Precision: Element {
    /// The version of a kernel for this type.
    fn version(kernel: &Kernel) -> fn(&mut Run<'_, Self>);
}

impl Precision for f32 {
    fn version(kernel: &Kernel) -> fn(&mut Run<'_, f32>) {
        kernel.cpu
    }
}

impl Precision for f64 {
    fn version(kernel: &Kernel) -> fn(&mut Run<'_, f64>) {
        kernel.reference
    }
}

/// Floats of draws that are kept.
const KEPT: usize = 1 << 20;

/// Draws by seed, distribution and number.
type Draws = Vec<((u64, Init, usize), Rc<[f32]>)>;

thread_local! {
    /// Rules that are compared start from the same draws, which take longer than anything else when a page opens.
    static DRAWN: RefCell<Draws> = const { RefCell::new(Vec::new()) };
}

/// Fills `store` with what `draw` gives from this seed, or with what it gave before. Large layers are not kept, nor copied.
fn fill<T: Precision>(store: &mut [T], (seed, init): (u64, Init), mut draw: impl FnMut() -> f64) {
    // f32 first: the reference starts from the same numbers as the fast path
    let mut draw = move || draw() as f32;
    let value = |v: f32| T::from_f64(f64::from(v));
    let key = (seed, init, store.len());
    if store.len() > KEPT {
        return store.iter_mut().for_each(|x| *x = value(draw()));
    }
    DRAWN.with_borrow_mut(|drawn| {
        let known = drawn.iter().find(|(known, _)| *known == key).map(|(_, values)| values.clone());
        let values = known.unwrap_or_else(|| {
            let values: Rc<[f32]> = (0..store.len()).map(|_| draw()).collect();
            if drawn.iter().map(|(_, values)| values.len()).sum::<usize>() + values.len() > KEPT {
                drawn.clear();
            }
            drawn.push((key, values.clone()));
            values
        });
        store.iter_mut().zip(&*values).for_each(|(x, v)| *x = value(*v));
    });
}

/// A program with its memory.
pub struct Executor<T: Precision> {
    program: Arc<Program>,
    data: Arc<Dataset>,
    buffers: Vec<T::Store>,
    scratch: T::Store,
    scalars: Vec<f64>,
    arithmetic: Arithmetic,
    team: Team,
}

impl<T: Precision> Executor<T> {
    /// Allocates all buffers and draws their first content from `seed`.
    pub fn new(
        program: Arc<Program>,
        data: Arc<Dataset>,
        seed: u64,
        arithmetic: Arithmetic,
    ) -> Self {
        let mut executor = Self {
            buffers: program.buffers.iter().map(|b| T::zeros(b.buf.len())).collect(),
            scratch: T::Store::default(),
            scalars: vec![0.0; program.scalars.len()],
            program,
            data,
            arithmetic,
            team: Team::default(),
        };
        executor.set_team(Team::default());
        executor.initialise(seed);
        executor
    }

    /// Draws every buffer's first content.
    pub fn initialise(&mut self, seed: u64) {
        for (decl, store) in self.program.buffers.iter().zip(&mut self.buffers) {
            match decl.init {
                Init::Zero => store.fill(T::from_f64(0.0)),
                Init::Constant(value) => store.fill(T::from_f64(f64::from(value))),
                Init::Diagonal(value) => {
                    store.fill(T::from_f64(0.0));
                    let diagonal = store.iter_mut().step_by(decl.buf.cols + 1);
                    diagonal.for_each(|x| *x = T::from_f64(f64::from(value)));
                }
                init @ Init::Normal { std, stream } => {
                    let mut rng = InitRng::new(seed, stream);
                    fill(store, (seed, init), || f64::from(std) * rng.normal());
                }
                init @ Init::TruncatedNormal { std, stream } => {
                    let mut rng = InitRng::new(seed, stream);
                    fill(store, (seed, init), || f64::from(std) * rng.truncated_normal());
                }
                init @ Init::Magnitude { std, stream } => {
                    let mut rng = InitRng::new(seed, stream);
                    fill(store, (seed, init), || (f64::from(std) * rng.normal()).abs());
                }
            }
        }
    }

    /// The threads that share the large ops of a plan; their number changes no bit of any result.
    pub fn team(&self) -> &Team {
        &self.team
    }

    /// Shares the large ops of a plan among these threads; each has its own scratch.
    pub fn set_team(&mut self, team: Team) {
        let plans = self.program.plans.iter();
        // whole cache lines, so that no two threads write to one
        let each = plans.map(Plan::scratch).max().unwrap_or(0).next_multiple_of(16);
        self.scratch = T::zeros(each * team.threads());
        self.team = team;
    }

    /// How products and sums are rounded.
    pub fn arithmetic(&self) -> Arithmetic {
        self.arithmetic
    }

    /// The program it runs.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Content of a buffer.
    pub fn read(&self, buf: Buf) -> &[T] {
        &self.buffers[buf.index()]
    }

    /// Content of a buffer, to change between runs.
    pub fn write(&mut self, buf: Buf) -> &mut [T] {
        &mut self.buffers[buf.index()]
    }

    /// Runs one plan once; ops for which `skip` is true are left out (their buffers keep what was
    /// written to them).
    pub fn run(
        &mut self,
        plan: PlanId,
        env: &Env,
        hyper: &Hyper,
        clock: &Clock,
        skip: impl Fn(&Op) -> bool,
    ) {
        for (value, scalar) in self.scalars.iter_mut().zip(&self.program.scalars) {
            *value = (scalar.value)(hyper, clock);
        }
        let program = &*self.program;
        for op in &program.plans[plan.0].ops {
            if !op.when.runs(env.step) || skip(op) {
                continue;
            }
            let mut run = Run {
                op,
                buffers: &mut self.buffers,
                scalars: &self.scalars,
                env,
                data: &self.data,
                scratch: &mut self.scratch,
                arithmetic: self.arithmetic,
                team: &self.team,
            };
            T::version(op.kernel)(&mut run);
        }
    }
}
