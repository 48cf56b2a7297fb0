//! Tests in a process with a register of the processor. Replaces machine.rs, and refuses its functions: a thread cannot
//! become no CPU again, and threads of one CPU take no turns.

use core::fmt::Display;

use super::id::CpuId;

const REFUSAL: &str = "percpu-hv: `as_cpu` and `with_cpus` need CPUs that are threads, which the feature `linux-gs` \
                       (of a crate called `percpu`: `non-zero-vma`) replaces by the register GS; run such tests \
                       without this feature";

/// Refuses to compile.
pub fn as_cpu<R>(_cpu: impl TryInto<CpuId, Error: Display>, _f: impl FnOnce() -> R) -> R {
    const { panic!("{}", REFUSAL) }
}

/// Refuses to compile.
pub fn with_cpus<R>(_cpu_count: usize, _f: impl FnOnce() -> R) -> R {
    const { panic!("{}", REFUSAL) }
}
