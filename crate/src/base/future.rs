//! Futures where nothing else drives them.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Asks a future again and again, with `between` in between.
pub fn drive<T>(future: impl Future<Output = T>, between: impl Fn()) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        between();
    }
}

/// The value of a future that waits for nothing but itself: natively, a request for a GPU, or a run on the
/// processor.
pub fn ready<T>(future: impl Future<Output = T>) -> T {
    drive(future, std::thread::yield_now)
}
