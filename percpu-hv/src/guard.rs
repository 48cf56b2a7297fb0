//! What the safe accessors hold while they touch a variable: it keeps this context on its CPU.

#[cfg(all(
    feature = "preempt-hook",
    any(feature = "preempt", feature = "preempt-kernel-guard-0-1")
))]
compile_error!(
    "percpu-hv: the features `preempt` and `preempt-hook` exclude each other; keep `preempt` if the \
     kernel implements `kernel_guard::KernelGuardIf`, and `preempt-hook` if it calls \
     `percpu_hv::preempt_hook!`"
);

#[cfg(feature = "preempt")]
pub use kernel_guard::NoPreempt as NoPreemptGuard;
// Both versions call the same two functions of the kernel, so one guard is enough for users of both.
#[cfg(all(feature = "preempt-kernel-guard-0-1", not(feature = "preempt")))]
pub use kernel_guard_0_1::NoPreempt as NoPreemptGuard;

#[cfg(not(any(feature = "preempt", feature = "preempt-kernel-guard-0-1")))]
pub use own::NoPreemptGuard;

/// The guard without kernel_guard.
#[cfg(not(any(feature = "preempt", feature = "preempt-kernel-guard-0-1")))]
mod own {
    use core::marker::PhantomData;

    /// Keeps preemption off; where the kernel is not preemptible, there is nothing to do.
    #[derive(Debug)]
    pub struct NoPreemptGuard(PhantomData<*mut ()>);

    #[cfg(feature = "preempt-hook")]
    unsafe extern "Rust" {
        safe fn _percpu_hv_preempt_hook_disable();
        safe fn _percpu_hv_preempt_hook_enable();
    }

    impl NoPreemptGuard {
        /// Disables preemption until the guard is dropped.
        #[inline(always)]
        #[allow(clippy::new_without_default)]
        pub fn new() -> Self {
            #[cfg(feature = "preempt-hook")]
            _percpu_hv_preempt_hook_disable();
            Self(PhantomData)
        }
    }

    #[cfg(feature = "preempt-hook")]
    impl Drop for NoPreemptGuard {
        #[inline(always)]
        fn drop(&mut self) {
            _percpu_hv_preempt_hook_enable();
        }
    }
}

/// Registers how this kernel disables and enables preemption, for the feature `preempt-hook`.
///
/// `with_current`, `reset_to_init`, `read_current` and `write_current` then call `disable` before
/// they touch the variable and `enable` afterwards, once each; calls nest. `disable` returns with
/// the context bound to its CPU, and neither may use such an accessor itself (`current_ptr` and
/// the methods that end in `_raw` hold nothing).
///
/// One crate of the image says it, once, outside of functions. An image without it does not link:
/// `_percpu_hv_preempt_hook_disable` is undefined.
///
#[cfg_attr(all(target_os = "linux", feature = "preempt-hook"), doc = "```")]
#[cfg_attr(
    not(all(target_os = "linux", feature = "preempt-hook")),
    doc = "```ignore"
)]
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// static DEPTH: AtomicUsize = AtomicUsize::new(0);
///
/// fn disable() {
///     DEPTH.fetch_add(1, Ordering::Relaxed);
/// }
///
/// fn enable() {
///     DEPTH.fetch_sub(1, Ordering::Relaxed);
/// }
///
/// percpu_hv::preempt_hook! { disable = disable, enable = enable }
///
/// #[percpu_hv::def_percpu]
/// static EXITS: u64 = 0;
///
/// fn main() {
///     percpu_hv::init_hosted(1).unwrap();
///     percpu_hv::init_percpu_reg(0);
///     assert_eq!(EXITS.with_current(|_| DEPTH.load(Ordering::Relaxed)), 1);
///     assert_eq!(DEPTH.load(Ordering::Relaxed), 0);
/// }
/// ```
#[cfg(feature = "preempt-hook")]
#[macro_export]
macro_rules! preempt_hook {
    (disable = $disable:expr, enable = $enable:expr $(,)?) => {
        const _: () = {
            const DISABLE: fn() = $disable;
            const ENABLE: fn() = $enable;

            #[unsafe(no_mangle)]
            extern "Rust" fn _percpu_hv_preempt_hook_disable() {
                DISABLE();
            }

            #[unsafe(no_mangle)]
            extern "Rust" fn _percpu_hv_preempt_hook_enable() {
                ENABLE();
            }
        };
    };
}

/// Registers how this kernel disables and enables preemption; needs the feature `preempt-hook`.
#[cfg(not(feature = "preempt-hook"))]
#[macro_export]
macro_rules! preempt_hook {
    ($($hook:tt)*) => {
        ::core::compile_error!("`preempt_hook` needs the feature `preempt-hook` of percpu-hv");
    };
}
