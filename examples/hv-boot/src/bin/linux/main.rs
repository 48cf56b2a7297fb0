//! A small partitioning hypervisor: it runs at EL2, and starts an unmodified Linux at EL1 on all cores.
//!
//! Linux has the machine for itself, interrupts and timers included, but for three things. Stage 2 of its address
//! translation leaves out the hypervisor's memory, and devices that write to any memory. Its calls of the firmware
//! (PSCI) come here: each core passes through the hypervisor before Linux has it, and the firmware gets only harmless
//! ones. And a few instructions are trapped, so that there are exits to count.
//!
//! Both print on the same UART, and nothing keeps their lines apart: a real hypervisor gives its guest another one.
//!
//! | file in `hypervisor` | |
//! |---|---|
//! | `mod.rs` | the boot core's `main`, and what each core does |
//! | `guest.rs` | what Linux is given: its kernel, its device tree, its memory |
//! | `stage2.rs` | the translation that keeps it there |
//! | `traps.rs` | what it does not do alone |
//! | `vcpu.rs` | a core that changes between hypervisor and guest: registers, and the vector in assembly |
//! | `exits.rs` | what an exit is for |
//! | `psci.rs` | cores that come and go |
//! | `el1.rs` | the guest's system registers, and exceptions for it |
//! | `counters.rs` | what each core counts, and what must hold on it |
//! | `report.rs` | the table at the end, and whether it shows what it should |
//!
//! `scripts/qemu-virt.sh --bin linux` fetches Linux, and boots it on this.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(all(target_os = "none", target_arch = "aarch64"))]
mod hypervisor;

#[cfg(all(target_os = "none", target_arch = "aarch64"))]
hv_boot::main!(hypervisor::main);

#[cfg(not(all(target_os = "none", target_arch = "aarch64")))]
hv_boot::main!(|_| {
    hv_boot::println!("hv-boot: this image runs a guest on AArch64 only");
    hv_boot::ExitCode::FAILURE
});
