//! What the tests share: a crate that offers percpu to others, and its areas.

pub use percpu_0_4 as percpu;

/// The CPUs of every test.
pub const CPUS: usize = 4;

/// Makes the areas if need be, and runs `f` on a thread that is CPU `cpu`.
pub fn on_cpu<R: Send>(cpu: usize, f: impl FnOnce() -> R + Send) -> R {
    percpu_0_2::init();
    std::thread::scope(|scope| {
        let run = || {
            percpu::init_percpu_reg(cpu);
            f()
        };
        scope
            .spawn(run)
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}
