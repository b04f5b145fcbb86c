//! What a page or a command line shows of a rule.

use serde::Serialize;

/// A rate with its range, for a slider.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HyperInfo {
    /// Name in the configuration.
    pub key: &'static str,
    /// Short name in the field's notation.
    pub label: &'static str,
    /// Unit, or empty.
    pub unit: &'static str,
    /// Smallest useful value.
    pub min: f64,
    /// Largest useful value.
    pub max: f64,
    /// Logarithmic slider.
    pub log: bool,
    /// One sentence.
    pub help: &'static str,
}

/// `eta_W`
pub const ETA_W: HyperInfo = HyperInfo {
    key: "eta_w",
    label: "\u{3b7}_W",
    unit: "per summed batch",
    min: 1e-7,
    max: 1e-1,
    log: true,
    help: "Learning rate of the forward weights W. It multiplies sums over the batch, not means.",
};

/// `eta_B`
pub const ETA_B: HyperInfo = HyperInfo {
    key: "eta_b",
    label: "\u{3b7}_B",
    unit: "per summed batch",
    min: 1e-7,
    max: 1e-1,
    log: true,
    help: "Learning rate of the feedback weights B.",
};

/// `c_h`
pub const C_H: HyperInfo = HyperInfo {
    key: "c_h",
    label: "c_h",
    unit: "standard deviation",
    min: 1e-4,
    max: 1.0,
    log: true,
    help: "Standard deviation of the noise each hidden unit adds to its activity.",
};

/// `kappa`
pub const KAPPA: HyperInfo = HyperInfo {
    key: "kappa",
    label: "\u{3ba}",
    unit: "per step",
    min: 1e-7,
    max: 1e-1,
    log: true,
    help: "Weight decay of W and B; the paper gives no value, this one is our choice.",
};

/// What a rule is called, where it comes from and what it needs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(clippy::struct_excessive_bools, reason = "independent traits of a rule")]
pub struct RuleInfo {
    /// Stable id: configuration, URL, command line.
    pub id: &'static str,
    /// Full name.
    pub label: &'static str,
    /// Abbreviation for legends.
    pub short: &'static str,
    /// Who introduced it.
    pub citation: &'static str,
    /// Its error signal and feedback update, as plain text.
    pub equation: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// Its rates.
    pub hypers: Vec<HyperInfo>,
    /// B changes during training.
    pub learns_feedback: bool,
    /// Feedback comes from the output error, not from the layer above.
    pub direct: bool,
    /// Hidden activities are perturbed to estimate gradients.
    pub perturbs: bool,
    /// B is fitted to a target by regression, so ridge is possible.
    pub regresses: bool,
    /// B is a matrix of its own (false where W itself, or nothing, sends the error).
    pub has_feedback: bool,
}

impl RuleInfo {
    /// A rule with everything optional switched off.
    pub fn new(
        id: &'static str,
        short: &'static str,
        label: &'static str,
        citation: &'static str,
    ) -> Self {
        Self {
            id,
            label,
            short,
            citation,
            equation: "",
            summary: "",
            hypers: vec![ETA_W],
            learns_feedback: false,
            direct: false,
            perturbs: false,
            regresses: false,
            has_feedback: false,
        }
    }
}
