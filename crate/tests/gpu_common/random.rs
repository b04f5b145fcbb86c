//! Random numbers and batches: the same integers as on the processor.

use super::bench::{Bench, Scalars};
use super::functions::{MATH, any_words, compute};
use super::{DIVISION, say};
use crate::common::random_data_of;
use credit_lab::base::rng::{Purpose, philox, stream};
use credit_lab::exec::gpu::Gpu;
use credit_lab::exec::gpu::assemble::RANDOM;
use credit_lab::kernels::{gather, noise};
use credit_lab::plan::Source;
use std::rc::Rc;

/// Stands for the uniform block of a step.
const STEP: &str = "struct Step { key: vec2u, step: vec2u } var<private> STEP: Step;\n";

pub async fn philox_words_are_the_processors_bit_for_bit(gpu: &Rc<Gpu>) {
    const COUNT: usize = 4096;
    let input = any_words(1, 6 * COUNT);
    let body = "
  let counter = vec4u(IN[6u * i], IN[6u * i + 1u], IN[6u * i + 2u], IN[6u * i + 3u]);
  let found = philox(counter, vec2u(IN[6u * i + 4u], IN[6u * i + 5u]));
  for (var k = 0u; k < 4u; k++) { OUT[4u * i + k] = found[k]; }";
    let functions = format!("{STEP}{MATH}{RANDOM}");
    let found = compute(gpu, &functions, body, COUNT, (&input, 4 * COUNT)).await.unwrap();
    for (given, found) in input.chunks(6).zip(found.chunks(4)) {
        let wanted = philox([given[0], given[1], given[2], given[3]], [given[4], given[5]]);
        assert_eq!(found, wanted, "philox of {given:x?}");
    }
}

/// Units of the last place between two numbers of one sign.
fn apart(a: f32, b: f32) -> u32 {
    let ordered = |x: f32| {
        let bits = x.to_bits().cast_signed();
        if bits < 0 { i32::MIN - bits } else { bits }
    };
    ordered(a).abs_diff(ordered(b))
}

/// Most ulps between the processor's normal numbers and those of a GPU that rounds roots and divisions as WGSL
/// demands: each of the two is within 2 ulp of ln u (halved by the root), 2.5 of sine or cosine and 1 of the product
/// and, on the GPU only, 4.5 of the root: 4.5 + 9, each perhaps of a number with twice as large units as the product.
const NOISE_ULPS: u32 = 27;

/// Checks drawn numbers against the processor's; the most ulps between them.
fn compare_noise(found: &[f32], wanted: &[f32], what: &str) -> u32 {
    assert_eq!(found.len(), wanted.len());
    let mut most = 0;
    for (at, (a, b)) in found.iter().zip(wanted).enumerate() {
        // near the roots of ln and sine only the absolute error is bounded; nobody notices 1e-7 of noise
        let ulps = if (a - b).abs() < 1e-7 { 0 } else { apart(*a, *b) };
        assert!(ulps <= NOISE_ULPS, "{what}, element {at}: {a}, on the processor {b}: {ulps} ulp");
        most = most.max(ulps);
    }
    most
}

pub async fn noise_is_the_processors_to_a_few_units_of_the_last_place(gpu: &Rc<Gpu>) {
    let mut most = 0;
    let grids =
        [(64, 200), (31, 7), (7, 31), (16, 2), (1, 1), (1000, 1), (3, 1001), (1, 6), (13, 9)];
    let steps = [0, 1, u64::from(u32::MAX), 1 << 32, (7 << 32) + 12_345, (1 << 48) - 1];
    for (i, (n, m)) in grids.into_iter().enumerate() {
        let mut b = Bench::new(Scalars(0.0, 0.0));
        b.env.step = steps[i % steps.len()];
        b.env.seed = [5, (1 << 53) - 1, 1 << 32][i % 3];
        b.unwritten(n, m);
        let purpose = [Purpose::Activity, Purpose::Input, Purpose::Mirror, Purpose::Probe][i % 4];
        let o = b
            .run(gpu, &|tape, bufs, _| {
                noise::record(tape, "xi", bufs[0], stream(purpose, i as u32));
            })
            .await;
        most = most.max(compare_noise(&o.gpu[0], &o.cpu[0], &format!("noise {n}x{m}")));
    }
    say!("normal numbers are at most {most} ulp from the processor's");
}

// 65,535 workgroups of 64 groups of four: from here on they lie in two dimensions.
pub async fn more_workgroups_than_one_dimension_holds_fill_every_element(gpu: &Rc<Gpu>) {
    let (rows, cols) = (4099, 4095);
    let mut b = Bench::new(Scalars(0.0, 0.0));
    b.unwritten(rows, cols);
    let from = stream(Purpose::Activity, 1);
    let found = b.on_gpu(gpu, &|tape, bufs, _| noise::record(tape, "xi", bufs[0], from)).await;
    // the last row begins inside a block; comparing all of it would take longer than drawing it
    assert!(found[0].iter().all(|x| x.is_finite()), "left unwritten");
    let (seed, step) = (b.env.seed, b.env.step);
    for at in (0..rows * cols).step_by(1009).chain(rows * cols - 9..rows * cols) {
        let counter = [(at / 4) as u32, from, step as u32, (step >> 32) as u32];
        let words = philox(counter, credit_lab::base::rng::key(seed));
        let pair = at % 4 / 2;
        let u = f64::from((words[2 * pair] >> 8) + 1) / 16_777_216.0;
        let v = f64::from(words[2 * pair + 1] >> 8) / 16_777_216.0;
        let angle = std::f64::consts::TAU * v;
        let part = if at % 2 == 0 { angle.cos() } else { angle.sin() };
        let wanted = (-2.0 * u.ln()).sqrt() * part;
        assert!((f64::from(found[0][at]) - wanted).abs() < 1e-5, "element {at}");
    }
}

// Passes of 97 (or 13) samples end inside batches, and there are batches longer than a pass. A pixel is a quotient,
// which WGSL rounds by up to 2.5 ulp (lavapipe 0.5, SwiftShader 1); its byte is exact.
pub async fn batches_are_the_processors_samples_in_its_order(gpu: &Rc<Gpu>) {
    let sets = [
        random_data_of(3, 4, 5, (97, 31), 3),
        random_data_of(3, 3, 10, (97, 31), 4),
        random_data_of(1, 7, 3, (13, 5), 5),
        random_data_of(28, 28, 10, (257, 64), 6),
        random_data_of(1, 1, 2, (2, 1), 7),
    ];
    let steps = [0, 1, 7, 12, 96, 1 << 20, (1 << 33) + 5, (1 << 48) - 1];
    for (k, data) in sets.iter().enumerate() {
        for (i, step) in steps.into_iter().enumerate() {
            // of 28 x 28 pixels only some: they are many
            let rows = [8, 1, 33, 64, 100][(i + k) % 5];
            for source in [Source::Shuffled, Source::Train, Source::Test] {
                if source != Source::Shuffled && i > 3 {
                    continue;
                }
                let mut b = Bench::new(Scalars(0.0, 0.0));
                b.data = data.clone();
                (b.env.step, b.env.source, b.env.offset) = (step, source, [0, 3, 20, 30][i % 4]);
                b.env.seed = 1 + k as u64;
                b.unwritten(rows, data.pixels()).unwritten(rows, data.classes);
                let o = b
                    .run(gpu, &|tape, bufs, _| {
                        gather::record_images(tape, "x", bufs[0]);
                        gather::record_labels(tape, "y", bufs[1]);
                    })
                    .await;
                let what =
                    format!("{} pixels, step {step}, {source:?}, {rows} rows", data.pixels());
                assert_eq!(o.gpu[1], o.cpu[1], "labels, {what}");
                o.within(0, &what, |at| DIVISION * o.size(0, at));
                let bytes = |x: &[f32]| x.iter().map(|x| (x * 255.0).round()).collect::<Vec<_>>();
                assert_eq!(bytes(&o.gpu[0]), bytes(&o.cpu[0]), "images, {what}");
            }
        }
    }
}
