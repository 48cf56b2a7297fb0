//! From the boot protocol, and from QEMU's stub, to Rust on a stack.

use core::{arch::naked_asm, ops::Range};

use super::{boot_tables, device_tree, ipi, windows};
use crate::{
    cores,
    exit::{ExitCode, fail},
    machine::Machine,
    platform::{
        common::{
            image, ns16550,
            stacks::{STACKS, Stack},
        },
        run_image,
    },
};

/// The image, and all that is below it: there the boot protocol's tables are.
pub(super) fn image() -> Range<usize> {
    0..image::whole().end
}

/// The entry point: a2 is the EFI system table (Linux, Documentation/arch/loongarch/booting.rst).
#[unsafe(naked)]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".text.entry")]
extern "C" fn _start() -> ! {
    naked_asm!(
        "la.pcrel $t0, __bss_start",
        "la.pcrel $t1, __bss_end",
        "2:",
        "st.d   $zero, $t0, 0",
        "st.d   $zero, $t0, 8",
        "addi.d $t0, $t0, 16",
        "bltu   $t0, $t1, 2b",
        "move   $a0, $zero",
        "bl     {prepare}",
        "move   $a0, $a2",
        "b      {boot}",
        prepare = sym prepare,
        boot = sym boot,
    )
}

/// Where QEMU's stub jumps on the other cores; the CPU id is in mailbox 1.
#[unsafe(naked)]
pub(super) extern "C" fn secondary_start() -> ! {
    naked_asm!(
        "li.w   $t0, {mailbox}",
        "iocsrrd.d $a0, $t0",
        "bl     {prepare}",
        "b      {serve}",
        mailbox = const loongArch64::consts::LOONGARCH_CSR_MAIL_BUF1,
        prepare = sym prepare,
        serve = sym serve,
    )
}

/// Puts the core into a known state for the CPU id in a0: direct mapping windows, exceptions to their entry,
/// inter-processor interrupts able to end `idle`, stack pointers. Uses t0 and t1, and no memory.
#[unsafe(naked)]
extern "C" fn prepare() {
    naked_asm!(
        // CSR.DMW0 to DMW3, then CSR.CRMD. The image is at its own address in both translations.
        "li.d   $t0, {memory}",
        "csrwr  $t0, 0x180",
        "li.d   $t0, {devices}",
        "csrwr  $t0, 0x181",
        "csrwr  $zero, 0x182",
        "csrwr  $zero, 0x183",
        "li.w   $t0, {crmd}",
        "csrwr  $t0, 0x0",
        // CSR.EENTRY, then TLBRENTRY and MERRENTRY.
        "la.pcrel $t0, hv_boot_exception",
        "csrwr  $t0, 0xc",
        "la.pcrel $t0, hv_boot_error",
        "move   $t1, $t0",
        "csrwr  $t1, 0x88",
        "csrwr  $t0, 0x93",
        // CSR.ECFG: only inter-processor interrupts, all with the same entry; IOCSR IPI_Enable: all of them.
        "li.w   $t0, 1 << 12",
        "csrwr  $t0, 0x4",
        "li.w   $t0, -1",
        "li.w   $t1, {ipi_enable}",
        "iocsrwr.w $t0, $t1",
        // CSR.SAVE0 and SAVE1 are the exception stack.
        "la.pcrel $t0, {stacks}",
        "slli.d $t1, $a0, {size_bits}",
        "add.d  $t0, $t0, $t1",
        "li.w   $t1, {exception_top}",
        "add.d  $t1, $t0, $t1",
        "move   $sp, $t1",
        "csrwr  $t1, 0x30",
        "csrwr  $sp, 0x31",
        "li.w   $t1, {size}",
        "add.d  $sp, $t0, $t1",
        "ret",
        memory = const windows::MEMORY,
        devices = const windows::DEVICES,
        crmd = const windows::CRMD,
        ipi_enable = const loongArch64::consts::LOONGARCH_IOCSR_IPI_EN,
        stacks = sym STACKS,
        size_bits = const Stack::SIZE_BITS,
        exception_top = const Stack::EXCEPTION_TOP,
        size = const Stack::SIZE,
    )
}

/// The boot core in Rust.
extern "C" fn boot(system_table: usize) -> ! {
    ns16550::enable();
    // SAFETY: rule 11, rule 12: this is the boot core, alone; the boot protocol passed the table.
    let tree = unsafe { boot_tables::device_tree(system_table) };
    let Some(tree) = tree else {
        let reason = format_args!("the boot loader names no device tree in an EFI system table");
        fail(ExitCode::BOOT, reason);
    };
    // SAFETY: rule 11, rule 12: as above; this core comes here once.
    unsafe { run_image(device_tree::read(tree), use_console) }
}

/// Goes over to the console that the device tree names.
fn use_console(machine: &'static Machine) {
    ns16550::move_to(machine.platform.uart);
    ns16550::enable();
}

/// A secondary core in Rust.
extern "C" fn serve(cpu: usize) -> ! {
    ipi::arrive(cpu);
    cores::serve(cpu)
}
