//! The functions of `kernels/wgsl/math.wgsl`, called by a shader of our own, and what they do at the edges.

use super::bench::{Bench, Scalars};
use super::say;
use crate::common::words;
use credit_lab::base::{Error, Result};
use credit_lab::exec::gpu::Gpu;
use credit_lab::kernels::activation::Activation;
use credit_lab::kernels::loss::Loss;
use credit_lab::kernels::{dense, loss};
use std::rc::Rc;

pub const MATH: &str = include_str!("../../src/kernels/wgsl/math.wgsl");

/// Runs `body` once for each of `count` invocations, with its number as `i`, `IN` and `OUT` as arrays of u32.
pub async fn compute(
    gpu: &Rc<Gpu>,
    functions: &str,
    body: &str,
    count: usize,
    (input, output): (&[u32], usize),
) -> Result<Vec<u32>> {
    let source = format!(
        "{functions}
@group(0) @binding(0) var<storage, read> IN: array<u32>;
@group(0) @binding(1) var<storage, read_write> OUT: array<u32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {{
  let i = id.x;
  if (i >= {count}u) {{ return; }}
  {body}
}}"
    );
    let (device, queue) = gpu.raw();
    let staging = gpu
        .checked(|| {
            use wgpu::BufferUsages as Usage;
            let buffer = |size: usize, usage| {
                device.create_buffer(&wgpu::BufferDescriptor {
                    label: None,
                    size: 4 * size as u64,
                    usage,
                    mapped_at_creation: false,
                })
            };
            let given = buffer(input.len(), Usage::STORAGE | Usage::COPY_DST);
            let found = buffer(output, Usage::STORAGE | Usage::COPY_SRC);
            let staging = buffer(output, Usage::COPY_DST | Usage::MAP_READ);
            let bytes: Vec<u8> = input.iter().flat_map(|w| w.to_le_bytes()).collect();
            queue.write_buffer(&given, 0, &bytes);
            let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
                label: None,
                source: wgpu::ShaderSource::Wgsl(source.into()),
            });
            let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: None,
                layout: None,
                module: &module,
                entry_point: Some("main"),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                cache: None,
            });
            let entries = [(0, &given), (1, &found)].map(|(binding, buffer)| {
                wgpu::BindGroupEntry { binding, resource: buffer.as_entire_binding() }
            });
            let layout = pipeline.get_bind_group_layout(0);
            let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: None,
                layout: &layout,
                entries: &entries,
            });
            let mut encoder =
                device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            {
                let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
                pass.set_pipeline(&pipeline);
                pass.set_bind_group(0, &group, &[]);
                pass.dispatch_workgroups(count.div_ceil(64) as u32, 1, 1);
            }
            encoder.copy_buffer_to_buffer(&found, 0, &staging, 0, 4 * output as u64);
            queue.submit([encoder.finish()]);
            Ok(staging)
        })
        .await?;
    let (send, answer) = futures_channel::oneshot::channel();
    staging.slice(..).map_async(wgpu::MapMode::Read, move |result| send.send(result).unwrap());
    answer.await.unwrap().map_err(|_| Error::gpu("reading back"))?;
    let view = staging.slice(..).get_mapped_range().unwrap();
    Ok(view.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
}

/// 2^16 numbers from `low` to `high`, evenly or by uniform exponents.
fn samples(low: f64, high: f64, by_exponent: bool) -> Vec<f32> {
    (0..1 << 16)
        .map(|i| {
            let t = f64::from(i) / f64::from((1 << 16) - 1);
            let x = if by_exponent { low * (high / low).powf(t) } else { low + (high - low) * t };
            x as f32
        })
        .collect()
}

/// Largest error of a WGSL expression in `x` in units of the last place of the true value (or of `floor`, if larger).
async fn worst(
    gpu: &Rc<Gpu>,
    expression: &str,
    xs: &[f32],
    floor: f64,
    truth: impl Fn(f64) -> f64,
) -> f64 {
    let bits: Vec<u32> = xs.iter().map(|x| x.to_bits()).collect();
    let body = format!("let x = bitcast<f32>(IN[i]); OUT[i] = bitcast<u32>({expression});");
    let ys = compute(gpu, MATH, &body, xs.len(), (&bits, xs.len())).await.unwrap();
    let mut worst = (0.0f64, 0.0f32);
    for (x, y) in xs.iter().zip(ys) {
        let t = truth(f64::from(*x));
        let ulp = f64::exp2(t.abs().max(floor).log2().floor() - 23.0);
        let error = (f64::from(f32::from_bits(y)) - t).abs() / ulp;
        assert!(error.is_finite(), "{expression} at {x}: {}", f32::from_bits(y));
        if error > worst.0 {
            worst = (error, *x);
        }
    }
    say!("{expression}: {:.2} ulp, at {:e}", worst.0, worst.1);
    worst.0
}

// The bounds of math.wgsl, and of kernels/math.rs, whose polynomials they are, where a division follows with 2.5 ulp
// more: sigmoid 4 + 2.5; tanh 3 + 2.5 / 2, since the quotient is below a half of the result where there is one. ln_1p:
// what a logarithm has, of the result's own unit, twice, since that may be half as large.
pub async fn elementary_functions_stay_within_their_stated_errors(gpu: &Rc<Gpu>) {
    let even = |low, high| samples(low, high, false);
    let tiny = f64::from(f32::MIN_POSITIVE);
    let exp = even(-87.0, 88.0);
    assert!(worst(gpu, "exp_(vec4f(x)).y", &exp, 0.0, f64::exp).await <= 2.0);
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    assert!(worst(gpu, "sigmoid_(vec4f(x)).z", &even(-80.0, 80.0), 0.0, sigmoid).await <= 6.5);
    for xs in [even(-12.0, 12.0), even(-0.7, 0.7), samples(1e-20, 1.0, true)] {
        assert!(worst(gpu, "tanh_(vec4f(x)).w", &xs, 0.0, f64::tanh).await <= 4.25);
    }
    for xs in [even(1e-30, 1.0), even(0.5, 2.0), even(0.5, 1e6), samples(tiny, 3e38, true)] {
        assert!(worst(gpu, "ln_(vec4f(x)).x", &xs, 0.5, f64::ln).await <= 2.0);
    }
    for xs in [even(-0.25, 0.25), samples(1e-30, 0.25, true), samples(-0.25, -1e-30, true)] {
        assert!(worst(gpu, "ln_1p_near(vec4f(x), vec4f()).x", &xs, 0.0, f64::ln_1p).await <= 4.0);
    }
    // absolute, 1e-6 in units of the last place of a number in [1/2, 1)
    let most = 1e-6 / f64::exp2(-24.0);
    for xs in [even(-1.0, 1.0), even(0.999, 1.0), even(-1.0, -0.999)] {
        let found = worst(gpu, "acos_(x)", &xs, 0.5, f64::acos).await;
        // the unit is that of the result, which goes up to pi: four times as large
        assert!(found <= most, "{found} of {most}");
    }
}

/// One dense layer with a single weight 1: h = act(x).
async fn activate(gpu: &Rc<Gpu>, act: Activation, x: &[f32]) -> Vec<f32> {
    let mut b = Bench::new(Scalars(0.0, 0.0));
    b.unwritten(x.len(), 1).operand(x.len(), 1, x.to_vec());
    b.operand(1, 1, vec![1.0]).operand(1, 1, vec![0.0]);
    b.on_gpu(gpu, &|tape, bufs, _| {
        dense::record(tape, "act", (bufs[0], bufs[1]), (bufs[2], bufs[3]), act, None);
    })
    .await
    .swap_remove(0)
}

// A saturating function that hid a NaN would let a diverged run look healthy; and shaders may be compiled as if there
// were none.
pub async fn nothing_that_is_not_finite_passes_unseen(gpu: &Rc<Gpu>) {
    use Activation::{Identity, Relu, Sigmoid, Softmax, Tanh};
    for act in [Identity, Sigmoid, Tanh, Relu, Softmax] {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let h = activate(gpu, act, &[0.5, bad, -0.5]).await;
            assert!(!h[1].is_finite(), "{act:?}({bad}) = {}", h[1]);
            assert!(h[0].is_finite() && h[2].is_finite(), "{act:?}");
        }
    }
    for kind in [Loss::SquaredError, Loss::CrossEntropy] {
        for bad in [f32::NAN, f32::INFINITY] {
            let mut b = Bench::new(Scalars(0.0, 0.0));
            b.unwritten(3, 1).operand(3, 2, vec![0.5, 0.5, 0.25, bad, 0.5, 0.5]);
            b.operand(3, 2, [0.0, 1.0].repeat(3)).unwritten(3, 1);
            b.operand(3, 2, vec![0.5; 6]);
            let found = b
                .on_gpu(gpu, &|tape, bufs, _| {
                    loss::record_sample(tape, "L", bufs[0], bufs[1], bufs[2], kind);
                    let pair = (bufs[1], bufs[4]);
                    loss::record_difference(tape, "L~ - L", bufs[3], pair, bufs[2], kind);
                })
                .await;
            for losses in [&found[0], &found[3]] {
                assert!(!losses[1].is_finite(), "{kind:?}({bad}) = {}", losses[1]);
                assert!(losses[0].is_finite() && losses[2].is_finite(), "{kind:?}");
            }
        }
    }
}

pub async fn huge_finite_values_saturate(gpu: &Rc<Gpu>) {
    assert_eq!(activate(gpu, Activation::Tanh, &[1e30, -1e30]).await, [1.0, -1.0]);
    let h = activate(gpu, Activation::Sigmoid, &[1e30, -1e30]).await;
    assert!(h[0] == 1.0 && (0.0..1e-37).contains(&h[1]), "{h:?}");
    assert_eq!(activate(gpu, Activation::Relu, &[1e30, -1e30]).await, [1e30, 0.0]);
}

/// Bits that no generator has thought of, with the edges in front.
pub fn any_words(sequence: u32, count: usize) -> Vec<u32> {
    let edges = [0, u32::MAX, 1, 0x8000_0000, 0xffff, 0x1_0000];
    edges.into_iter().chain(words(21, sequence, count)).take(count).collect()
}
