//! What differs between the hosts: how time passes.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

/// Lets callbacks run. Natively [`credit_lab::exec::gpu::Gpu::wait`] then waits for what is under way; in a browser
/// the event loop has a turn.
pub async fn pause() {
    #[cfg(target_arch = "wasm32")]
    timeout(0).await;
    #[cfg(not(target_arch = "wasm32"))]
    {
        let mut waited = false;
        poll_fn(
            |_| if std::mem::replace(&mut waited, true) { Poll::Ready(()) } else { Poll::Pending },
        )
        .await;
    }
}

/// Lets so many milliseconds pass.
pub async fn sleep(ms: u32) {
    #[cfg(target_arch = "wasm32")]
    timeout(ms).await;
    #[cfg(not(target_arch = "wasm32"))]
    {
        let end = std::time::Instant::now() + std::time::Duration::from_millis(u64::from(ms));
        poll_fn(|_| {
            std::thread::sleep(std::time::Duration::from_millis(1));
            if std::time::Instant::now() < end { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
    }
}

#[cfg(target_arch = "wasm32")]
async fn timeout(ms: u32) {
    let set = js_sys::Function::new_with_args("done, ms", "setTimeout(done, ms)");
    let promise = js_sys::Promise::new(&mut |done, _| {
        set.call2(&wasm_bindgen::JsValue::NULL, &done, &ms.into()).unwrap();
    });
    wasm_bindgen_futures::JsFuture::from(promise).await.unwrap();
}

/// Waits for all, which go on side by side.
pub async fn together<T, const N: usize>(futures: [impl Future<Output = T>; N]) -> [T; N] {
    let mut futures = futures.map(Box::pin);
    let mut values: [Option<T>; N] = std::array::from_fn(|_| None);
    poll_fn(|context| {
        for (future, value) in futures.iter_mut().zip(&mut values) {
            if value.is_none()
                && let Poll::Ready(found) = future.as_mut().poll(context)
            {
                *value = Some(found);
            }
        }
        if values.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    values.map(Option::unwrap)
}

/// Milliseconds after which a promise that ought to be kept counts as broken.
const PATIENCE: u32 = 20_000;

/// Waits for what must come to an end by itself; a promise that is never kept fails the test and does not hang it.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    let (mut future, mut end) = (pin!(future), pin!(sleep(PATIENCE)));
    poll_fn(|context| {
        if let Poll::Ready(value) = future.as_mut().poll(context) {
            return Poll::Ready(value);
        }
        assert!(end.as_mut().poll(context).is_pending(), "{what} never came to an end");
        Poll::Pending
    })
    .await
}
