//! From SBI to Rust on a stack.

use core::arch::naked_asm;

use super::{device_tree, power, timer};
use crate::{
    cores,
    machine::Machine,
    platform::{
        common::{
            ns16550,
            stacks::{STACKS, Stack},
        },
        run_image,
    },
};

/// `stvec.MODE` = Vectored: each interrupt has an entry of its own ("Supervisor Trap Vector Base Address (`stvec`)
/// Register").
const STVEC_VECTORED: usize = 1;
/// `sstatus.FS` = Initial: compiled code may use floating-point registers ("Extension Context Status in `mstatus`
/// Register").
const SSTATUS_FS_INITIAL: usize = 1 << 13;
/// `sstatus.SIE`: interrupts are taken.
const SSTATUS_SIE: usize = 1 << 1;
/// `sie.SSIE`: interrupts from other cores end `wfi` ("Supervisor Interrupt (`sip` and `sie`) Registers").
const SIE_SSIE: usize = 1 << 1;

/// Where SBI starts the boot core, with its hart id in a0 and the device tree in a1.
#[unsafe(naked)]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".text.entry")]
extern "C" fn _start() -> ! {
    naked_asm!(
        "mv     s0, a1",
        "li     a1, 0",
        "call   {prepare}",
        "la     t0, __bss_start",
        "la     t1, __bss_end",
        "2:",
        "sw     zero, 0(t0)",
        "addi   t0, t0, 4",
        "bltu   t0, t1, 2b",
        "mv     a0, s0",
        "call   {boot}",
        prepare = sym prepare,
        boot = sym boot,
    )
}

/// Where SBI starts the other cores, with the hart id in a0 and the CPU id in a1.
#[unsafe(naked)]
pub(super) extern "C" fn secondary_start() -> ! {
    naked_asm!(
        "mv     s0, a1",
        "call   {prepare}",
        "mv     a0, s0",
        "call   {serve}",
        prepare = sym prepare,
        serve = sym cores::serve,
    )
}

/// For the hart id in a0 and the CPU id in a1: `tp`, `gp`, the stacks, the trap entry, interrupts masked. Uses t0 and
/// t1, and no memory.
#[unsafe(naked)]
extern "C" fn prepare() {
    naked_asm!(
        "mv     tp, a0",
        // The per-CPU register: whatever is left there is no area of this hart.
        "mv     gp, zero",
        "la     t0, hv_boot_traps + {vectored}",
        "csrw   stvec, t0",
        "li     t0, {sie}",
        "csrc   sstatus, t0",
        "li     t0, {fs}",
        "csrs   sstatus, t0",
        "li     t0, {ssie}",
        "csrw   sie, t0",
        "la     t0, {stacks}",
        "slli   t1, a1, {size_bits}",
        "add    t0, t0, t1",
        "li     t1, {exception_top}",
        "add    t1, t1, t0",
        "csrw   sscratch, t1",
        "li     t1, {size}",
        "add    sp, t1, t0",
        "ret",
        vectored = const STVEC_VECTORED,
        sie = const SSTATUS_SIE,
        fs = const SSTATUS_FS_INITIAL,
        ssie = const SIE_SSIE,
        stacks = sym STACKS,
        size_bits = const Stack::SIZE_BITS,
        size = const Stack::SIZE,
        exception_top = const Stack::EXCEPTION_TOP,
    )
}

/// The boot core in Rust.
extern "C" fn boot(tree: usize) -> ! {
    ns16550::enable();
    // SAFETY: rule 11, rule 12: this is the boot core, alone, once; SBI passed `tree`.
    unsafe { run_image(device_tree::read(tree), use_devices) }
}

/// Goes over to the devices that the device tree names.
fn use_devices(machine: &'static Machine) {
    ns16550::move_to(machine.platform.uart);
    ns16550::enable();
    power::move_to(machine.platform.test);
    timer::set_frequency(machine.platform.timebase);
}
