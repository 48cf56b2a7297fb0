//! Types that cannot be a `Scalar`, as far as the compiler can check. Each is one error, at the variable.

use std::sync::atomic::AtomicU8;

use percpu_hv::{Scalar, def_percpu};

/// Another context on the CPU reads it.
#[derive(Clone, Copy)]
#[repr(transparent)]
struct NotSend(*const u8);
// SAFETY: not by rule 14: it is not `Send`, and no address by itself.
unsafe impl Scalar for NotSend {}

/// No load moves 3 bytes.
#[derive(Clone, Copy)]
struct ThreeBytes([u8; 3]);
// SAFETY: not by rule 14: no integer has its size.
unsafe impl Scalar for ThreeBytes {}

/// An access across two cache lines is two.
#[derive(Clone, Copy)]
#[repr(packed)]
struct Packed(u32);
// SAFETY: not by rule 14: no integer has its alignment.
unsafe impl Scalar for Packed {}

/// Its references would keep the old value.
#[derive(Clone, Copy)]
#[repr(transparent)]
struct Both(&'static AtomicU8);
// SAFETY: rule 14: an address, which is `Send`.
unsafe impl Scalar for Both {}
impl percpu_hv::Shared for Both {}

static BYTE: AtomicU8 = AtomicU8::new(0);

#[def_percpu]
static NOT_SEND: NotSend = NotSend(std::ptr::null());
#[def_percpu]
static THREE_BYTES: ThreeBytes = ThreeBytes([0; 3]);
#[def_percpu]
static PACKED: Packed = Packed(0);
#[def_percpu]
static BOTH: Both = Both(&BYTE);

fn main() {
    // What they can do is no other error.
    let _ = NOT_SEND.read_current();
    THREE_BYTES.write_current(ThreeBytes([1; 3]));
    PACKED.with_current(|packed| *packed = Packed(1));
    let _ = BOTH.get(&percpu_hv::CpuPin::new());
}
