//! The threads that share the work of one run. A team of one, the default, is the caller alone.
//!
//! With several, [`Team::install`] hands over to a pool that the team owns: its queue is a list of blocks, so now and then
//! (once in some 60 calls) a call allocates. A team of one allocates nothing.

use crate::base::{Error, Result};
#[cfg(feature = "threads")]
use std::sync::Arc;

/// Most threads of a team: far beyond what the pieces of a product feed.
pub const MOST: usize = 256;

/// Threads that share work; a clone shares the threads too.
#[derive(Debug, Clone, Default)]
pub struct Team {
    #[cfg(feature = "threads")]
    pool: Option<Arc<rayon::ThreadPool>>,
}

impl Team {
    /// A team of `threads`, 1 to [`MOST`]. More than one need the feature `threads`.
    #[cfg(feature = "threads")]
    pub fn new(threads: usize) -> Result<Self> {
        check(threads)?;
        if threads == 1 {
            return Ok(Self::default());
        }
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|i| format!("credit-lab {i}"))
            .build()
            .map_err(|e| Error::config("threads", e.to_string()))?;
        Ok(Self { pool: Some(Arc::new(pool)) })
    }

    /// A team of `threads`, 1 to [`MOST`]. More than one need the feature `threads`.
    #[cfg(not(feature = "threads"))]
    pub fn new(threads: usize) -> Result<Self> {
        check(threads)?;
        if threads > 1 {
            return Err(Error::config("threads", "this build has one thread a run"));
        }
        Ok(Self::default())
    }

    /// Its threads, at least 1.
    pub fn threads(&self) -> usize {
        #[cfg(feature = "threads")]
        return self.pool.as_ref().map_or(1, |pool| pool.current_num_threads());
        #[cfg(not(feature = "threads"))]
        1
    }

    /// Calls `work` on one of the team's threads, where [`join`] finds the others, and waits for it.
    pub fn install(&self, work: impl FnOnce() + Send) {
        #[cfg(feature = "threads")]
        if let Some(pool) = &self.pool {
            return pool.install(work);
        }
        work();
    }
}

fn check(threads: usize) -> Result<()> {
    if (1..=MOST).contains(&threads) {
        return Ok(());
    }
    Err(Error::config("threads", format!("{threads} threads; expected 1 to {MOST}")))
}

/// Does both, side by side inside [`Team::install`] of several threads. Allocates nothing.
pub fn join(a: impl FnOnce() + Send, b: impl FnOnce() + Send) {
    #[cfg(feature = "threads")]
    rayon::join(a, b);
    #[cfg(not(feature = "threads"))]
    {
        a();
        b();
    }
}
