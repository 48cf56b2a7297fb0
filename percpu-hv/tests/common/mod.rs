//! Threads that play CPUs.

use std::{panic, thread};

/// How many CPUs the process plays.
pub(crate) const CPUS: usize = if cfg!(feature = "sp-naive") { 1 } else { 4 };

/// Runs `f` on a thread of its own that plays a CPU.
pub(crate) fn on_cpu<R: Send>(cpu: usize, f: impl FnOnce() -> R + Send) -> R {
    percpu_hv::init_hosted(CPUS).unwrap();
    thread::scope(|scope| {
        let run = || {
            percpu_hv::init_percpu_reg(cpu);
            f()
        };
        scope
            .spawn(run)
            .join()
            .unwrap_or_else(|panic| panic::resume_unwind(panic))
    })
}

/// What `f` says as it panics, on a thread of its own.
#[track_caller]
pub(crate) fn panic_text(f: impl FnOnce() + Send) -> String {
    let refused = thread::scope(|scope| scope.spawn(f).join()).unwrap_err();
    match refused.downcast::<String>() {
        Ok(text) => *text,
        Err(other) => (*other.downcast::<&str>().unwrap()).to_string(),
    }
}

/// Checks that `f` panics on a CPU, and says all the parts.
#[track_caller]
pub(crate) fn refused(cpu: usize, parts: &[&str], f: impl FnOnce() + Send) {
    let text = panic_text(|| on_cpu(cpu, f));
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
}
