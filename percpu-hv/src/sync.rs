//! What state.rs is made of; tests/loom has the same names for it.

pub(crate) use core::hint::spin_loop;
pub(crate) use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
