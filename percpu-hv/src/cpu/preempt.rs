//! The guard that the safe accessors hold during an access: it keeps the context on its CPU.

#[cfg(all(feature = "preempt-hook", feature = "preempt"))]
compile_error!(
    "percpu-hv: the features `preempt` and `preempt-hook` exclude each other; keep `preempt` if the \
     kernel implements `kernel_guard::KernelGuardIf`, and `preempt-hook` if it calls \
     `percpu_hv::preempt_hook!`"
);

#[cfg(feature = "preempt")]
pub use kernel_guard::NoPreempt as NoPreemptGuard;
#[cfg(not(feature = "preempt"))]
pub use own::NoPreemptGuard;

/// The guard for builds without kernel_guard.
#[cfg(not(feature = "preempt"))]
mod own {
    use core::marker::PhantomData;

    /// Keeps preemption disabled. Does nothing if the kernel is not preemptible.
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

/// Registers the functions with which this kernel disables and enables preemption, for the feature
/// `preempt-hook`.
///
/// A safe accessor of this CPU's copy calls `disable` before it determines the current CPU, and `enable`
/// after the access, once each. A guard calls them when it is made and dropped. (An operation that is one
/// instruction calls neither.) The compiler moves no access out of the section in between.
///
/// One crate of the image invokes the macro, once, outside of functions. Without it the image does not link:
/// `_percpu_hv_preempt_hook_disable` is undefined.
///
/// # Safety
///
/// The safe accessors rely on these functions (rule 13 of docs/safety.md):
///
/// * From the return of `disable` until the matching `enable`, the context does not migrate, and no other
///   context runs on its CPU, except handlers.
/// * Calls nest: preemption is enabled again after as many calls of `enable` as of `disable`.
/// * Neither function uses a safe accessor or a guard, directly or in what it calls. (`current_ptr` and the
///   methods that end in `_raw` hold no guard.)
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
/// // In this example a thread is a CPU, and never migrates.
/// percpu_hv::preempt_hook! { unsafe { disable = disable, enable = enable } }
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
    (unsafe { disable = $disable:expr, enable = $enable:expr $(,)? }) => {
        const _: () = {
            const __PERCPU_DISABLE: fn() = $disable;
            const __PERCPU_ENABLE: fn() = $enable;

            // An inlined hook that counts is an increment and a decrement, which the compiler may cancel out.
            // The fences keep the accesses between them.
            #[unsafe(no_mangle)]
            extern "Rust" fn _percpu_hv_preempt_hook_disable() {
                __PERCPU_DISABLE();
                $crate::__core::sync::atomic::compiler_fence($crate::__core::sync::atomic::Ordering::SeqCst);
            }

            #[unsafe(no_mangle)]
            extern "Rust" fn _percpu_hv_preempt_hook_enable() {
                $crate::__core::sync::atomic::compiler_fence($crate::__core::sync::atomic::Ordering::SeqCst);
                __PERCPU_ENABLE();
            }
        };
    };
    ($($hook:tt)*) => {
        $crate::__core::compile_error!(
            "write `percpu_hv::preempt_hook! { unsafe { disable = f, enable = g } }`: every safe accessor \
             relies on these functions to keep its context on its CPU; the documentation of \
             `preempt_hook` says what they promise"
        );
    };
}

/// Registers the functions with which this kernel disables and enables preemption. Needs the feature
/// `preempt-hook`.
#[cfg(not(feature = "preempt-hook"))]
#[macro_export]
macro_rules! preempt_hook {
    ($($hook:tt)*) => {
        $crate::__core::compile_error!(
            "`preempt_hook` needs the feature `preempt-hook` of percpu-hv"
        );
    };
}
