//! Checks of the GPU path that both hosts run: natively from `gpu.rs`, in a browser from `web_gpu.rs`.
//!
//! A check is an `async fn(&Rc<Gpu>)` that panics when something is wrong. [`checks`] lists all of them once, so that
//! no host can forget one.
//!
//! Bounds are derived, not tuned. `U` = 2^-24 is the rounding of one addition or multiplication to nearest, one unit
//! of the last place (ulp) is up to 2 U of a value. What WGSL leaves open is allowed for: a division is off by up to
//! 2.5 ulp = 5 U of its result, a square root (1 / inverseSqrt) by 4.5 ulp = 9 U, sums may be in any order and
//! products may be contracted with them, subnormals may be lost.

#![allow(clippy::unwrap_used, reason = "tests may unwrap")]

pub mod bench;
pub mod faults;
pub mod functions;
pub mod host;
pub mod images;
pub mod kernels;
pub mod random;
pub mod runs;
pub mod sessions;
pub mod steps;

/// Unit roundoff of f32. Bounds are of first order; the second is K u times smaller still.
pub const U: f64 = 1.0 / 16_777_216.0;
/// Smallest normal f32: what may be lost to underflow.
pub const TINY: f64 = f32::MIN_POSITIVE as f64;
/// Of a division.
pub const DIVISION: f64 = 5.0 * U;
/// Of a square root.
pub const ROOT: f64 = 9.0 * U;

/// Writes a line where the host's test runner shows it.
macro_rules! say {
    ($($part:tt)*) => {{
        #[cfg(target_arch = "wasm32")]
        wasm_bindgen_test::console_log!($($part)*);
        #[cfg(not(target_arch = "wasm32"))]
        println!($($part)*);
    }};
}
pub(crate) use say;

/// Hands every check to a macro that makes the host's test of it; `lost` are those that give the GPU up.
macro_rules! checks {
    ($make:ident) => {
        $make! {
            functions::elementary_functions_stay_within_their_stated_errors,
            functions::nothing_that_is_not_finite_passes_unseen,
            functions::huge_finite_values_saturate,
            kernels::every_kernel_matches_its_reference_within_the_rounding_of_f32,
            kernels::every_tuning_gives_the_same_results,
            images::a_buffer_may_be_seen_in_several_shapes,
            random::philox_words_are_the_processors_bit_for_bit,
            random::noise_is_the_processors_to_a_few_units_of_the_last_place,
            random::more_workgroups_than_one_dimension_holds_fill_every_element,
            random::batches_are_the_processors_samples_in_its_order,
            steps::fusing_changes_nothing_but_rounding,
            runs::every_rule_learns_along_the_processors_curve,
            runs::convolutional_networks_learn_along_the_processors_curve,
            runs::the_papers_networks_learn_along_the_processors_curve,
            sessions::a_run_that_moves_between_devices_loses_and_repeats_no_step,
            sessions::steps_of_one_part_stand_between_others,
            sessions::runs_share_a_gpu,
            sessions::a_run_saved_on_the_gpu_goes_on_on_the_processor,
            sessions::a_run_on_the_gpu_is_laid_open,
            sessions::rates_change_between_submissions,
            sessions::a_warm_up_ends_inside_a_submission,
            sessions::advancing_never_waits_and_never_piles_up,
            sessions::answers_are_of_the_step_of_their_question,
            sessions::answers_wait_for_the_end_of_a_step,
            sessions::activities_and_buffers_are_the_processors,
            sessions::calibration_leaves_the_run_alone,
            faults::what_does_not_fit_is_refused_in_a_sentence,
            faults::a_broken_shader_is_an_error,
            faults::divergence_names_the_step;
            lost
            faults::a_lost_gpu_costs_the_steps_since_the_last_checkpoint,
            faults::questions_to_a_lost_gpu_are_answered_with_an_error,
            faults::runs_move_off_a_lost_gpu,
            faults::a_lost_gpu_takes_no_run,
        }
    };
}
pub(crate) use checks;
