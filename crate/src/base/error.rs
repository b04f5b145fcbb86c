//! The crate's error: one enum whose messages say what was wrong, where, and what to do about it.
//!
//! The page receives [`Error::code`] (stable, for programs) and the display text (one or two
//! sentences, for people).

/// Result of everything fallible in this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting is out of its range or two settings contradict each other.
    #[error("{field}: {message}")]
    Config {
        /// The setting, as written in the configuration.
        field: String,
        /// What was expected and what was found.
        message: String,
    },
    /// A data file is not what it should be.
    #[error("{file}: {message}")]
    Data {
        /// The file's name.
        file: String,
        /// What was expected and what was found.
        message: String,
    },
    /// Two shapes in a recorded operation do not fit. A defect in a rule or a layer, never user input.
    #[error("{op}: {message}")]
    Shape {
        /// The operation's label.
        op: String,
        /// Both shapes.
        message: String,
    },
    /// Training produced a value that is not finite.
    #[error(
        "training diverged at step {step}: {what} is no longer a finite number; lower the learning \
         rates (eta_W, and eta_B for learned feedback) or the noise, then reset"
    )]
    Diverged {
        /// The step (counted from 1) whose result is not finite.
        step: u64,
        /// The first layer in forward order that is not finite, e.g. `layer 2 (activity h2)`.
        what: String,
    },
    /// A saved run cannot be read.
    #[error("this saved run cannot be used: {message}")]
    Snapshot {
        /// What was expected and what was found.
        message: String,
    },
    /// The operating system refused to read or write a file.
    #[error("{path}: {message}")]
    Io {
        /// The file or folder.
        path: String,
        /// The system's reason.
        message: String,
    },
    /// The GPU path cannot be used, or not any more. The processor path always can.
    #[error("{message}")]
    Gpu {
        /// One sentence for the reader.
        message: String,
    },
    /// A defect of this program.
    #[error("internal error, please report it: {message}")]
    Internal {
        /// What did not hold.
        message: String,
    },
}

impl Error {
    /// A setting that cannot be used.
    pub fn config(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Config { field: field.into(), message: message.into() }
    }

    /// A file that cannot be used.
    pub fn data(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Data { file: file.into(), message: message.into() }
    }

    /// A saved run that cannot be used.
    pub fn snapshot(message: impl Into<String>) -> Self {
        Self::Snapshot { message: message.into() }
    }

    /// A file that could not be read or written.
    pub fn io(path: impl Into<String>, error: &std::io::Error) -> Self {
        Self::Io { path: path.into(), message: error.to_string() }
    }

    /// The GPU path cannot be used.
    pub fn gpu(message: impl Into<String>) -> Self {
        Self::Gpu { message: message.into() }
    }

    /// A defect of this program.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::Internal { message: message.into() }
    }

    /// A stable name for programs: the page switches on it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Config { .. } => "config",
            Self::Data { .. } => "data",
            Self::Shape { .. } => "shape",
            Self::Diverged { .. } => "diverged",
            Self::Snapshot { .. } => "snapshot",
            Self::Io { .. } => "io",
            Self::Gpu { .. } => "gpu",
            Self::Internal { .. } => "internal",
        }
    }
}
