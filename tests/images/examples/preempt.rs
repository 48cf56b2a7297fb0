//! A preemptible kernel that counts, per CPU, how often kernel_guard, or the hook, disables and enables preemption.
#![cfg_attr(target_os = "none", no_std)]
#![cfg(target_os = "none")]

use core::sync::atomic::{AtomicUsize, Ordering};

use hv_boot::{ExitCode, Machine, println};
use percpu_hv::{CpuPin, def_percpu};

hv_boot::main!(main);

#[def_percpu]
static DISABLED: AtomicUsize = AtomicUsize::new(0);
#[def_percpu]
static ENABLED: AtomicUsize = AtomicUsize::new(0);
#[def_percpu]
static VALUE: u64 = 1;

fn disable() {
    // SAFETY: rules 2 and 5, contexts stay on their CPU here, and the counter is atomic.
    unsafe { DISABLED.current_ref_raw() }.fetch_add(1, Ordering::Relaxed);
}

fn enable() {
    // SAFETY: rules 2 and 5, as in `disable`.
    unsafe { ENABLED.current_ref_raw() }.fetch_add(1, Ordering::Relaxed);
}

// Contexts stay on their CPU here.
#[cfg(feature = "preempt-hook")]
percpu_hv::preempt_hook! { unsafe { disable = disable, enable = enable } }

#[cfg(any(feature = "kernel-guard", feature = "preempt-kernel-guard-0-1"))]
struct Kernel;

#[cfg(feature = "preempt-kernel-guard-0-1")]
#[crate_interface_0_1::impl_interface]
impl kernel_guard_0_1::KernelGuardIf for Kernel {
    fn disable_preempt() {
        disable();
    }

    fn enable_preempt() {
        enable();
    }
}

#[cfg(feature = "kernel-guard")]
#[crate_interface::impl_interface]
impl kernel_guard::KernelGuardIf for Kernel {
    fn disable_preempt() {
        disable();
    }

    fn enable_preempt() {
        enable();
    }
}

/// How often preemption was disabled and enabled on this CPU.
fn counts() -> (usize, usize) {
    // SAFETY: rules 2 and 5, as in `disable`.
    unsafe {
        (
            DISABLED.current_ref_raw().load(Ordering::Relaxed),
            ENABLED.current_ref_raw().load(Ordering::Relaxed),
        )
    }
}

fn main(machine: &'static Machine) -> ExitCode {
    println!("init: {:?}", percpu_hv::init_in_place());
    machine.run_on_all(|cpu| {
        percpu_hv::init_percpu_reg(cpu.id());
        let accessors: [fn(); 5] = [
            || VALUE.with_current(|_| assert_eq!(counts().0, counts().1 + 1)),
            || VALUE.reset_to_init(),
            || assert_eq!(VALUE.read_current(), 1),
            || VALUE.write_current(1),
            || drop(CpuPin::new()),
        ];
        for (done, accessor) in accessors.iter().enumerate() {
            assert_eq!(counts(), (done, done));
            accessor();
        }
        // SAFETY: rules 2 and 5, as above.
        unsafe { VALUE.write_current_raw(VALUE.read_current_raw()) };
        assert_eq!(counts(), (accessors.len(), accessors.len()));
    });
    println!("{} CPUs: ok", machine.cpu_count());
    ExitCode::SUCCESS
}
