//! A program with its memory on a GPU.

use super::assemble::{Assembly, HISTORY, PARTIAL, Path, Shader, Tuning};
use super::device::{Gpu, Images, Pipeline};
use super::fuse::{Id, Rules, fuse, host_ops};
use super::reading::{Mapping, Reading, floats};
use crate::base::rng::half_bits;
use crate::base::{Error, Result};
use crate::data::Dataset;
use crate::plan::{Access, Buf, Hyper, Moment, Op, PlanId, Program, Role, Source, Task, When};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;
use web_time::Instant;

/// Most steps of one submission.
pub const MAX_STEPS: usize = 256;
/// Most bytes of losses that one submission brings back.
const MAX_HISTORY: usize = 1 << 20;
/// Bytes of the step's own part of its uniform block; see `assemble::STEP`.
const HEAD: usize = 48;
/// Uniform blocks begin at multiples of this (WebGPU's default limit).
const ALIGNMENT: usize = 256;

/// Steps that were submitted and have not come back.
pub struct Flight {
    /// Number of the first step.
    pub first: u64,
    /// How many.
    pub steps: usize,
    mapping: Mapping,
    size: u64,
    submitted: Instant,
}

/// Steps that came back.
pub struct Landing {
    /// Sum of the losses of each step's batch.
    pub losses: Vec<f64>,
    /// Milliseconds of GPU time, where the GPU measures it.
    pub gpu_ms: Option<f64>,
    /// When they were submitted.
    pub submitted: Instant,
}

/// One dispatch with its buffers.
struct Dispatch {
    pipeline: Rc<Pipeline>,
    group: wgpu::BindGroup,
    workgroups: [u32; 3],
}

/// Uniform blocks of steps, one a slot.
struct Steps {
    buffer: wgpu::Buffer,
    group: wgpu::BindGroup,
    stride: usize,
}

/// The time stamps of a submission.
struct Stopwatch {
    queries: wgpu::QuerySet,
    resolved: wgpu::Buffer,
}

/// A program with its memory on a GPU.
pub struct Executor {
    gpu: Rc<Gpu>,
    program: Arc<Program>,
    images: Rc<Images>,
    counts: (usize, usize),
    buffers: Vec<wgpu::Buffer>,
    observed: BTreeSet<Id>,
    losses: Option<Buf>,
    history: wgpu::Buffer,
    /// Parts of products, for each compiled plan that has any.
    partial: Vec<wgpu::Buffer>,
    slots: usize,
    steps: Steps,
    single: Steps,
    stopwatch: Option<Stopwatch>,
    schedules: HashMap<(usize, usize), Rc<Vec<Dispatch>>>,
    /// The plans that run often, which get the shaders that are slow to compile.
    hot: BTreeSet<usize>,
    fused: bool,
}

impl Executor {
    /// Allocates all buffers. Persistent ones are to be written before the first run. `losses` is the (N, 1) buffer
    /// of the training step's losses, which [`Executor::submit`] brings back; `observed` are the temporary buffers
    /// that are read after some plan.
    ///
    /// # Errors
    /// [`Error::Gpu`]: a buffer or the data set does not fit, or an op has no shader.
    pub fn new(
        gpu: Rc<Gpu>,
        program: Arc<Program>,
        data: &Arc<Dataset>,
        losses: Option<Buf>,
        observed: &[Buf],
    ) -> Result<Self> {
        let usage = wgpu::BufferUsages::STORAGE
            | wgpu::BufferUsages::COPY_DST
            | wgpu::BufferUsages::COPY_SRC;
        let buffers = program
            .buffers
            .iter()
            .map(|b| gpu.buffer(&b.label, 4 * b.buf.len() as u64, usage))
            .collect::<Result<Vec<_>>>()?;
        let rows = losses.map_or(0, Buf::len);
        let slots = (MAX_HISTORY / (4 * rows.max(1))).clamp(1, MAX_STEPS);
        let history = gpu.buffer("losses", (4 * rows * slots) as u64, usage)?;
        let persistent = program.persistent().map(|b| b.buf.index());
        let observed =
            observed.iter().chain(&losses).map(|b| b.index()).chain(persistent).collect();
        let stride =
            (HEAD + 16 * program.scalars.len().div_ceil(4).max(1)).next_multiple_of(ALIGNMENT);
        let steps = |slots: usize| -> Result<Steps> {
            let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
            let buffer = gpu.buffer("steps", (stride * slots) as u64, usage)?;
            let binding = wgpu::BufferBinding {
                buffer: &buffer,
                offset: 0,
                size: wgpu::BufferSize::new(stride as u64),
            };
            let group = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: None,
                layout: &gpu.step_layout,
                entries: &[wgpu::BindGroupEntry {
                    binding: 0,
                    resource: wgpu::BindingResource::Buffer(binding),
                }],
            });
            Ok(Steps { buffer, group, stride })
        };
        let stopwatch = gpu.timestamps().then(|| Stopwatch {
            queries: gpu.device.create_query_set(&wgpu::QuerySetDescriptor {
                label: None,
                ty: wgpu::QueryType::Timestamp,
                count: 2,
            }),
            resolved: gpu.device.create_buffer(&wgpu::BufferDescriptor {
                label: None,
                size: 16,
                usage: wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: false,
            }),
        });
        Ok(Self {
            images: gpu.images(data)?,
            counts: (data.train.labels.len(), data.test.labels.len()),
            buffers,
            observed,
            losses,
            history,
            partial: Vec::new(),
            slots,
            steps: steps(slots)?,
            single: steps(1)?,
            stopwatch,
            schedules: HashMap::new(),
            hot: BTreeSet::new(),
            fused: true,
            gpu,
            program,
        })
    }

    /// Every op a dispatch of its own, for plans not yet run: to find out what fusing changes.
    pub fn unfused(mut self) -> Self {
        self.fused = false;
        self
    }

    /// The GPU it runs on.
    pub fn gpu(&self) -> &Rc<Gpu> {
        &self.gpu
    }

    /// Most steps of one submission.
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// Overwrites a buffer before whatever is submitted next.
    pub fn write(&self, buf: Buf, values: &[f32]) {
        self.gpu.queue.write_buffer(&self.buffers[buf.index()], 0, bytemuck::cast_slice(values));
    }

    /// Compiles a plan for all phases of a run; a `hot` one, which runs often, into shaders that take longer to
    /// compile and less to run.
    pub fn prepare(&mut self, plan: PlanId, hot: bool) -> Result<()> {
        if hot {
            self.hot.insert(plan.0);
        }
        let mut begins = vec![0];
        begins.extend(self.program.plans[plan.0].ops.iter().filter_map(|op| match op.when {
            When::Always => None,
            When::From(first) => Some(first),
        }));
        for step in begins {
            self.schedule(plan, step)?;
        }
        Ok(())
    }

    /// What the ops that the host runs after a step read and what they write, each buffer once; empty for nearly all
    /// plans.
    pub fn host_operands(&self, plan: PlanId, step: u64) -> (Vec<Buf>, Vec<Buf>) {
        let ops: Vec<&Op> =
            self.program.plans[plan.0].ops.iter().filter(|op| op.when.runs(step)).collect();
        let (mut read, mut written) = (Vec::new(), Vec::new());
        for op in host_ops(&ops).unwrap_or_default() {
            for (buf, access) in ops[op].bufs.iter().zip(ops[op].kernel.access) {
                if *access != Access::Write && !read.contains(buf) {
                    read.push(*buf);
                }
                if *access != Access::Read && !written.contains(buf) {
                    written.push(*buf);
                }
            }
        }
        (read, written)
    }

    /// Dispatches of one run of a plan at a step.
    pub fn dispatches(&mut self, plan: PlanId, step: u64) -> Result<usize> {
        Ok(self.schedule(plan, step)?.len())
    }

    fn schedule(&mut self, plan: PlanId, step: u64) -> Result<Rc<Vec<Dispatch>>> {
        let ops: Vec<&Op> =
            self.program.plans[plan.0].ops.iter().filter(|op| op.when.runs(step)).collect();
        // Ops only ever begin to run, so their number names the phase.
        let key = (plan.0, ops.len());
        if let Some(known) = self.schedules.get(&key) {
            return Ok(known.clone());
        }
        let rules = Rules {
            bindings: self.gpu.bindings(),
            observed: &|id| self.observed.contains(&id),
            fuse: self.fused,
        };
        let groups = fuse(&ops, &rules);
        let tuning = self.gpu.tuning();
        let cold = !self.hot.contains(&plan.0) && tuning.path == Path::Direct;
        let assembly = Assembly {
            ops: &ops,
            tuning: if cold { Tuning::SMALL } else { tuning },
            history: self.losses.map(Buf::index),
            scalars: self.program.scalars.len().div_ceil(4),
        };
        let mut schedule = Vec::new();
        if host_ops(&ops).is_none() {
            return Err(Error::gpu(
                "this rule needs a computation of the processor in the middle of a step; it trains there",
            ));
        }
        let shaders: Vec<Shader> = groups.iter().flat_map(|g| assembly.shaders(g)).collect();
        let partial = shaders.iter().map(|s| s.partial).max().unwrap_or(0);
        if partial > 0 {
            let usage = wgpu::BufferUsages::STORAGE;
            self.partial.push(self.gpu.buffer("parts", 4 * partial as u64, usage)?);
        }
        for shader in &shaders {
            schedule.push(self.dispatch(shader));
        }
        let schedule = Rc::new(schedule);
        self.schedules.insert(key, schedule.clone());
        Ok(schedule)
    }

    /// Samples of a training step.
    fn rows(&self) -> usize {
        self.losses.map_or(0, Buf::len)
    }

    fn dispatch(&self, shader: &Shader) -> Dispatch {
        let pipeline = self.gpu.pipeline(shader);
        let buffers: Vec<&wgpu::Buffer> = shader
            .bindings
            .iter()
            .map(|(id, _)| match *id {
                HISTORY => &self.history,
                // the plan's own, made last
                PARTIAL => self.partial.last().unwrap_or(&self.history),
                id => &self.buffers[id],
            })
            .collect();
        let group = self.gpu.group(&pipeline.layout, &buffers);
        Dispatch { pipeline, group, workgroups: shader.workgroups }
    }

    /// The uniform block of one step.
    fn block(&self, moment: &Moment, hyper: &Hyper, slot: usize, out: &mut Vec<u8>) {
        let begin = out.len();
        let Moment { env, clock } = moment;
        let count = if env.source == Source::Test { self.counts.1 } else { self.counts.0 };
        let shuffled = env.source == Source::Shuffled;
        let first = env.step * clock.batch as u64;
        let (epoch, first) = if shuffled {
            (first / count as u64, first % count as u64)
        } else {
            (0, env.offset as u64)
        };
        let [key, high] = env.key();
        let words = [
            key,
            high,
            env.step as u32,
            (env.step >> 32) as u32,
            epoch as u32,
            (epoch >> 32) as u32,
            first as u32,
            count as u32,
            half_bits(count as u32),
            u32::from(shuffled),
            slot as u32,
            0,
        ];
        out.extend(words.iter().flat_map(|w| w.to_le_bytes()));
        for scalar in &self.program.scalars {
            out.extend(((scalar.value)(hyper, clock) as f32).to_le_bytes());
        }
        out.resize(begin + self.steps.stride, 0);
    }

    fn encode(&self, pass: &mut wgpu::ComputePass<'_>, plan: &[Dispatch], source: Source) {
        let images = if source == Source::Test { &self.images.test } else { &self.images.train };
        pass.set_bind_group(2, images, &[]);
        for dispatch in plan {
            pass.set_pipeline(&dispatch.pipeline.pipeline);
            pass.set_bind_group(0, &dispatch.group, &[]);
            let [x, y, z] = dispatch.workgroups;
            pass.dispatch_workgroups(x, y, z);
        }
    }

    /// Submits consecutive steps, at most [`Executor::slots`], as one pass; returns at once.
    pub fn submit(&mut self, plan: PlanId, steps: &[Moment], hyper: &Hyper) -> Result<Flight> {
        let steps = &steps[..steps.len().min(self.slots)];
        let mut blocks = Vec::with_capacity(steps.len() * self.steps.stride);
        let mut schedules = Vec::with_capacity(steps.len());
        for (slot, moment) in steps.iter().enumerate() {
            self.block(moment, hyper, slot, &mut blocks);
            schedules.push(self.schedule(plan, moment.env.step)?);
        }
        self.gpu.queue.write_buffer(&self.steps.buffer, 0, &blocks);
        let mut encoder =
            self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let stamps = self.stopwatch.as_ref().map(|watch| wgpu::ComputePassTimestampWrites {
            query_set: &watch.queries,
            beginning_of_pass_write_index: Some(0),
            end_of_pass_write_index: Some(1),
        });
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: None,
                timestamp_writes: stamps,
            });
            for (slot, (schedule, moment)) in schedules.iter().zip(steps).enumerate() {
                pass.set_bind_group(1, &self.steps.group, &[(slot * self.steps.stride) as u32]);
                self.encode(&mut pass, schedule, moment.env.source);
            }
        }
        let losses = (4 * self.rows() * steps.len()) as u64;
        let stamped = losses.next_multiple_of(8);
        let size = stamped + if self.stopwatch.is_some() { 16 } else { 0 };
        let staging = self.gpu.staging(size);
        encoder.copy_buffer_to_buffer(&self.history, 0, &staging, 0, losses);
        if let Some(watch) = &self.stopwatch {
            encoder.resolve_query_set(&watch.queries, 0..2, &watch.resolved, 0);
            encoder.copy_buffer_to_buffer(&watch.resolved, 0, &staging, stamped, 16);
        }
        self.gpu.queue.submit([encoder.finish()]);
        Ok(Flight {
            first: steps.first().map_or(0, |m| m.env.step),
            steps: steps.len(),
            mapping: Mapping::begin(staging, size),
            size,
            submitted: Instant::now(),
        })
    }

    /// The steps of a flight, if they have come back.
    pub fn land(&self, flight: &mut Flight) -> Option<Result<Landing>> {
        self.gpu.poll();
        let bytes = flight.mapping.poll(&self.gpu, flight.size)?;
        Some(bytes.map(|bytes| self.unpack(&bytes, flight.steps, flight.submitted)))
    }

    /// Waits for the steps of a flight.
    pub async fn landed(&self, flight: Flight) -> Result<Landing> {
        let Flight { mapping, size, steps, submitted, .. } = flight;
        let bytes = mapping.wait(&self.gpu, size).await?;
        Ok(self.unpack(&bytes, steps, submitted))
    }

    fn unpack(&self, bytes: &[u8], steps: usize, submitted: Instant) -> Landing {
        let rows = self.rows();
        let end = 4 * rows * steps;
        let losses = floats(&bytes[..end])
            .chunks_exact(rows.max(1))
            .map(|step| step.iter().map(|l| f64::from(*l)).sum())
            .collect();
        let stamps: Vec<u64> = bytes[end.next_multiple_of(8)..]
            .chunks_exact(8)
            .map(|b| b.iter().rev().fold(0, |sum, b| sum << 8 | u64::from(*b)))
            .collect();
        let gpu_ms = (stamps.len() == 2 && stamps[1] > stamps[0]).then(|| {
            let period = f64::from(self.gpu.queue.get_timestamp_period());
            (stamps[1] - stamps[0]) as f64 * period / 1e6
        });
        Landing { losses, gpu_ms, submitted }
    }

    /// Runs plans one after another and asks for what they leave behind; returns at once. The floats arrive in
    /// the order of the tasks and of their lists.
    pub fn perform(&mut self, tasks: &[Task], hyper: &Hyper) -> Result<Reading> {
        let size: usize = tasks.iter().flat_map(|t| &t.read).map(|(_, count)| 4 * count).sum();
        let staging = self.gpu.staging(size as u64);
        let mut at = 0;
        for task in tasks {
            let mut block = Vec::new();
            self.block(&task.moment, hyper, 0, &mut block);
            self.gpu.queue.write_buffer(&self.single.buffer, 0, &block);
            if let Some((buf, values)) = &task.given {
                self.write(*buf, values);
            }
            let schedule = self.schedule(task.plan, task.moment.env.step)?;
            let mut encoder =
                self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            {
                let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
                pass.set_bind_group(1, &self.single.group, &[0]);
                self.encode(&mut pass, &schedule, task.moment.env.source);
            }
            self.copy(&mut encoder, &task.read, &staging, &mut at);
            self.gpu.queue.submit([encoder.finish()]);
        }
        Ok(Reading::begin(self.gpu.clone(), staging, size as u64))
    }

    /// Asks for the content of buffers as it is after everything submitted so far.
    pub fn read(&self, bufs: &[Buf]) -> Reading {
        let list: Vec<(Buf, usize)> = bufs.iter().map(|b| (*b, b.len())).collect();
        let size: usize = list.iter().map(|(_, count)| 4 * count).sum();
        let staging = self.gpu.staging(size as u64);
        let mut encoder =
            self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        self.copy(&mut encoder, &list, &staging, &mut 0);
        self.gpu.queue.submit([encoder.finish()]);
        Reading::begin(self.gpu.clone(), staging, size as u64)
    }

    fn copy(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        list: &[(Buf, usize)],
        staging: &wgpu::Buffer,
        at: &mut u64,
    ) {
        for (buf, count) in list {
            let bytes = 4 * *count as u64;
            encoder.copy_buffer_to_buffer(&self.buffers[buf.index()], 0, staging, *at, bytes);
            *at += bytes;
        }
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        // In a browser memory is free only when a collector comes by, unless told.
        self.buffers
            .iter()
            .chain([&self.history])
            .chain(&self.partial)
            .for_each(wgpu::Buffer::destroy);
        self.steps.buffer.destroy();
        self.single.buffer.destroy();
    }
}

/// The dispatches of a plan at a step as a table for people: the ops of each in a line. Needs no GPU.
pub fn describe(program: &Program, plan: PlanId, step: u64, observed: &[Buf]) -> String {
    use std::fmt::Write as _;
    let ops: Vec<&Op> = program.plans[plan.0].ops.iter().filter(|op| op.when.runs(step)).collect();
    let persistent = program.buffers.iter().filter(|b| b.role != Role::Temporary);
    let observed: BTreeSet<Id> =
        observed.iter().map(|b| b.index()).chain(persistent.map(|b| b.buf.index())).collect();
    let rules = Rules { bindings: 8, observed: &|id| observed.contains(&id), fuse: true };
    let mut text = String::new();
    for (i, group) in fuse(&ops, &rules).iter().enumerate() {
        let labels: Vec<&str> = group.ops.iter().map(|op| ops[*op].label.as_str()).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{i:3}  {:2} buffers  {}", group.bound.len(), labels.join("; "));
    }
    text
}
