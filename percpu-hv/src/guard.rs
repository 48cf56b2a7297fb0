//! What the safe accessors hold while they touch a variable.

/// Keeps this context on its CPU: feature `preempt` disables preemption, otherwise the kernel is
/// not preemptible and there is nothing to do.
#[cfg(feature = "preempt")]
pub use kernel_guard::NoPreempt as NoPreemptGuard;

/// The guard of a kernel that is not preemptible.
#[cfg(not(feature = "preempt"))]
#[derive(Debug)]
pub struct NoPreemptGuard(core::marker::PhantomData<*mut ()>);

#[cfg(not(feature = "preempt"))]
impl NoPreemptGuard {
    /// A guard that costs nothing.
    #[inline(always)]
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(core::marker::PhantomData)
    }
}
