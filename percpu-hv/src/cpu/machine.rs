//! Tests in a process: a thread runs as a CPU for the time of a call, and a test has CPUs of its own.

use core::fmt::Display;

use super::id::CpuId;
use super::lifecycle::check_built;
use crate::arch;
use crate::area::{Home, home_for};

/// What a thread was before a call.
struct Before {
    home: Home,
    register: Option<usize>,
}

impl Before {
    /// Makes this thread a CPU until the drop.
    fn enter(cpu: CpuId) -> Self {
        Self {
            home: cpu.home().enter(),
            // SAFETY: rule 2, the register of that CPU, which threads may share.
            register: unsafe { arch::replace_register(Some(cpu.register())) },
        }
    }
}

impl Drop for Before {
    fn drop(&mut self) {
        self.home.enter();
        // SAFETY: rule 2, what this thread had.
        unsafe { arch::replace_register(self.register) };
    }
}

/// Calls `f` on this thread as a CPU: for tests in a process. `cpu` is an index or a [`CpuId`]. Afterwards, also after
/// a panic, this thread is what it was before: another CPU or none. Calls nest.
///
/// An index is one of the CPUs that this thread sees: inside of [`with_cpus`] those of the test, else those of
/// [`init_hosted`](crate::init_hosted). A thread that a test starts sees the latter, so give it a [`CpuId`].
///
/// Guards and borrows stay those of the CPU on which they were made, as long as they live. A thread that holds an
/// [`IrqOff`](crate::IrqOff) of one CPU, or is inside of `with_current`, may wait here for its turn on another one.
///
/// ```
/// # #[cfg(all(target_os = "linux", not(feature = "sp-naive")))] {
/// use percpu_hv::{as_cpu, current_cpu, with_cpus};
///
/// with_cpus(2, || {
///     let inside = as_cpu(1, || current_cpu().index());
///     assert_eq!((inside, current_cpu().index()), (1, 0));
/// });
/// # }
/// ```
///
/// # Panics
///
/// If there is no such CPU, or its area is [poisoned](crate::poison_percpu_area) or just rebuilt.
#[track_caller]
pub fn as_cpu<R>(cpu: impl TryInto<CpuId, Error: Display>, f: impl FnOnce() -> R) -> R {
    let cpu = match cpu.try_into() {
        Ok(cpu) => cpu,
        Err(error) => panic!("{error}"),
    };
    if let Err(error) = check_built(cpu) {
        panic!("{error}");
    }
    let _before = Before::enter(cpu);
    f()
}

/// Calls `f` on this thread as CPU 0 of `cpu_count` CPUs that nothing else has: for tests in a process, at the same
/// time as other tests. [`as_cpu`] runs code as another one of them, on this thread or on one that `f` starts.
///
/// Each of these CPUs has an area with the initial values, and an id that no CPU has claimed. [`CpuId::all`], sums,
/// iterators and the totals of counters are about these CPUs alone. Afterwards, also after a panic, this thread is what
/// it was before. Calls nest.
///
/// The areas are never freed: a [`CpuId`] and a reference to a variable may outlive the call, and still are those of
/// these CPUs. What the variables own is not dropped.
///
/// ```
/// # #[cfg(all(target_os = "linux", not(feature = "sp-naive")))] {
/// use percpu_hv::{CpuId, as_cpu, def_percpu, with_cpus};
///
/// #[def_percpu]
/// static EXITS: u64 = 0;
///
/// with_cpus(4, || {
///     std::thread::scope(|scope| {
///         for cpu in CpuId::all() {
///             scope.spawn(move || as_cpu(cpu, || EXITS.inc_current()));
///         }
///     });
///     assert_eq!(EXITS.sum::<u64>(), 4);
/// });
/// # }
/// ```
///
/// With the feature `sp-naive` a variable is a plain global, which no test can have for itself: a call is an error of
/// the compiler.
///
/// # Panics
///
/// If `cpu_count` is 0, or the areas exceed the address space.
#[track_caller]
pub fn with_cpus<R>(cpu_count: usize, f: impl FnOnce() -> R) -> R {
    const {
        assert!(
            !arch::ONE_CPU,
            "percpu-hv: with the feature `sp-naive` there is one CPU, whose variables are plain globals, so \
             no test has CPUs of its own; run such tests without this feature, or one at a time without \
             `with_cpus`"
        )
    };
    let home = match home_for(cpu_count) {
        Ok(home) => home,
        Err(error) => panic!("{error}"),
    };
    as_cpu(CpuId::first(home), f)
}
