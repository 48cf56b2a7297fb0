//! Hooks: pairs of functions of the image that run on each CPU as it comes and goes.

use core::iter::successors;

use super::id::CpuId;
use crate::area::records::{functions, of_hooks};

/// Registers what a part of the image does on each CPU that comes online, and on each that goes: for a timer, an interrupt
/// controller, or a queue. Any crate of the image may register hooks, by an item.
///
/// | argument | type | |
/// |---|---|---|
/// | a name | identifier | for [`BringUpError`](crate::BringUpError) |
/// | `order` | `u32` | hooks of equal order run as the linker placed them |
/// | `up` | `fn(CpuId) -> Result<(), &'static str>` | runs on a CPU that [comes](crate::bring_up), in ascending order; may refuse the CPU, with a reason |
/// | `down` | `fn(CpuId)` | runs on a CPU that [goes](crate::retire), and after a refusal, in descending order |
///
/// All four are needed, in this order. A function that does nothing is `|_| Ok(())` for `up`, and `|_| ()` for `down`.
///
/// Both run on the CPU itself, which has its area and is not online, with preemption disabled. They do not panic: hooks
/// that ran before would not be taken back.
///
/// ```
/// # #[cfg(target_os = "linux")] {
/// use percpu_hv::{CpuId, cpu_hook, def_percpu};
///
/// #[def_percpu]
/// static TIMER_RUNS: bool = false;
///
/// cpu_hook!(timer, order = 10, up = start_timer, down = stop_timer);
///
/// fn start_timer(_: CpuId) -> Result<(), &'static str> {
///     TIMER_RUNS.write_current(true);
///     Ok(())
/// }
///
/// fn stop_timer(_: CpuId) {
///     TIMER_RUNS.write_current(false);
/// }
///
/// // Only refuses a CPU.
/// cpu_hook!(limit, order = 0, up = |cpu| if cpu.index() < 4 { Ok(()) } else { Err("no more") }, down = |_| ());
///
/// percpu_hv::init_hosted(4).unwrap();
/// let cpu = percpu_hv::bring_up(0).unwrap();
/// assert!(cpu.is_online() && TIMER_RUNS.read_current());
/// percpu_hv::retire();
/// assert!(!cpu.is_online() && !TIMER_RUNS.read_current());
/// # }
/// ```
#[macro_export]
macro_rules! cpu_hook {
    ($name:ident, order = $order:expr, up = $up:expr, down = $down:expr $(,)?) => {
        const _: () = {
            fn __percpu_hook() -> &'static $crate::__priv::CpuHook {
                static __PERCPU_HOOK: $crate::__priv::CpuHook = $crate::__priv::CpuHook::new(
                    $crate::__core::stringify!($name),
                    $order,
                    $up,
                    $down,
                );
                &__PERCPU_HOOK
            }
            $crate::__record! { unsafe hook, __percpu_hook }
        };
    };
    ($($hook:tt)*) => {
        $crate::__core::compile_error!(
            "write `percpu_hv::cpu_hook!(name, order = 10, up = f, down = g)`: all four are needed, in this order; a \
             function that does nothing is `|_| Ok(())` for `up`, and `|_| ()` for `down`"
        );
    };
}

/// What [`cpu_hook!`](crate::cpu_hook) registers.
#[derive(Debug)]
pub struct CpuHook {
    pub(super) name: &'static str,
    order: u32,
    pub(super) up: fn(CpuId) -> Result<(), &'static str>,
    pub(super) down: fn(CpuId),
}

impl CpuHook {
    /// Creates a hook. Only the expansion of `cpu_hook!` calls this function.
    pub const fn new(
        name: &'static str,
        order: u32,
        up: fn(CpuId) -> Result<(), &'static str>,
        down: fn(CpuId),
    ) -> Self {
        Self {
            name,
            order,
            up,
            down,
        }
    }

    /// Returns what hooks are sorted by.
    fn key(&self) -> (u32, usize) {
        (self.order, (&raw const *self).addr())
    }
}

/// Returns the hooks in ascending order. There are few of them, and none has memory to sort them in.
pub(super) fn in_order() -> impl Iterator<Item = &'static CpuHook> {
    let next = |last: &CpuHook| {
        hooks()
            .filter(|hook| hook.key() > last.key())
            .min_by_key(|hook| hook.key())
    };
    successors(hooks().min_by_key(|hook| hook.key()), move |&last| {
        next(last)
    })
}

/// Returns the last hook.
pub(super) fn last() -> Option<&'static CpuHook> {
    hooks().max_by_key(|hook| hook.key())
}

/// Returns the hooks in descending order, from `first`.
pub(super) fn back_from(first: Option<&'static CpuHook>) -> impl Iterator<Item = &'static CpuHook> {
    let next = |last: &CpuHook| {
        hooks()
            .filter(|hook| hook.key() < last.key())
            .max_by_key(|hook| hook.key())
    };
    successors(first, move |&last| next(last))
}

/// Returns the registered hooks.
fn hooks() -> impl Iterator<Item = &'static CpuHook> {
    // SAFETY: rule 20, `cpu_hook!` puts functions of this type there, and nothing else does.
    unsafe { functions::<fn() -> &'static CpuHook>(of_hooks()) }.map(|hook| hook())
}
