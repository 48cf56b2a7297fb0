//! From the boot loader in protected mode, and from INIT-SIPI-SIPI in real mode, to Rust in long mode on a stack.

use core::{
    arch::{global_asm, naked_asm},
    cell::UnsafeCell,
    ptr,
    sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering},
};

use raw_cpuid::CpuId;
use x86_64::registers::{
    control::{Cr0Flags, Cr4, Cr4Flags},
    model_specific::EferFlags,
};

use super::{
    PAGE, apic,
    base::BASE,
    exceptions, interrupts, paging,
    power::POWER,
    pvh::{self, Description},
    segments, uart,
};
use crate::{
    machine::Machine,
    platform::{
        common::stacks::{STACKS, Stack},
        run_image, serve,
    },
};

unsafe extern "C" {
    safe static hv_boot_trampoline: u8;
    safe static hv_boot_trampoline_end: u8;
}

/// The page below 1 MiB where the other cores start in real mode, by its number.
pub(super) static TRAMPOLINE: AtomicU8 = AtomicU8::new(0);
/// The CPU id of the core that starts: one at a time does.
pub(super) static STARTING: AtomicUsize = AtomicUsize::new(0);
/// Whether that core has taken its CPU id.
pub(super) static ARRIVED: AtomicBool = AtomicBool::new(false);

/// The identity map of the first 4 GiB, and the first GiB once more at [`BASE`], with pages of 2 MiB, which the entry
/// code fills: the root, the second level of the identity map and that of the other, and the third level. All of
/// it may be executed; [`paging`] is stricter.
#[repr(C, align(4096))]
struct EntryTables(UnsafeCell<[[u64; 512]; 3 + 4]>);

// SAFETY: rule 11: only the entry code writes them, on one core.
unsafe impl Sync for EntryTables {}

static ENTRY_TABLES: EntryTables = EntryTables(UnsafeCell::new([[0; 512]; 7]));

/// A table, or a large page, that may be written ("4-Level Paging and 5-Level Paging").
const TABLE: u32 = 0b11;
const LARGE_PAGE: u32 = 1 << 7 | 0b11;
/// Which entry of the root, and of the table below it, leads to [`BASE`].
const BASE_ENTRIES: [usize; 2] = [BASE >> 39 & 0x1ff, BASE >> 30 & 0x1ff];

/// Segments of 4 GiB from 0 ("Segment Descriptors"): code of 32 bits, data, code of 64 bits. They are marked as
/// accessed, so that the CPU does not write them.
static ENTRY_SEGMENTS: [u64; 4] = [
    0,
    0x00cf_9b00_0000_ffff,
    0x00cf_9300_0000_ffff,
    0x00af_9b00_0000_ffff,
];
const CODE_32: u32 = 1 << 3;
const DATA: u32 = 2 << 3;
const CODE_64: u32 = 3 << 3;

/// Paging, no writes to read-only pages, no emulation of a floating point unit ("Control Registers").
const CR0: u64 = Cr0Flags::PROTECTED_MODE_ENABLE.bits()
    | Cr0Flags::EXTENSION_TYPE.bits()
    | Cr0Flags::NUMERIC_ERROR.bits()
    | Cr0Flags::WRITE_PROTECT.bits()
    | Cr0Flags::PAGING.bits();
/// Page tables with 64 bits per entry.
const CR4: u64 = Cr4Flags::PHYSICAL_ADDRESS_EXTENSION.bits();
/// Long mode, and pages without execution; every CPU that QEMU has with long mode has these.
const EFER: u64 = EferFlags::LONG_MODE_ENABLE.bits() | EferFlags::NO_EXECUTE_ENABLE.bits();
const IA32_EFER: u32 = 0xc000_0080;

// The note by which a boot loader finds the entry point: XEN_ELFNOTE_PHYS32_ENTRY (Xen, public/elfnote.h).
global_asm!(
    r#"
    .pushsection .note.Xen, "a", @note
    .balign 4
    .long   4, 8, 18
    .asciz  "Xen"
    .quad   _start - {base}
    .popsection
    "#,
    base = const BASE,
);

// Where the other cores start: real mode, CS is the page, so the code finds its operand there; it leaves the page
// by its first far jump.
global_asm!(
    r#"
    .pushsection .rodata.trampoline, "a"
    .code16
hv_boot_trampoline:
    cli
    movw    %cs, %ax
    movw    %ax, %ds
    lgdtl   2f - hv_boot_trampoline
    movl    %cr0, %eax
    orl     $1, %eax
    movl    %eax, %cr0
    ljmpl   ${code}, ${start} - {base}
2:  .word   {limit}
    .long   {segments} - {base}
hv_boot_trampoline_end:
    .code64
    .popsection
    "#,
    code = const CODE_32,
    start = sym secondary_start,
    limit = const size_of_val(&ENTRY_SEGMENTS) - 1,
    segments = sym ENTRY_SEGMENTS,
    base = const BASE,
    options(att_syntax)
);

/// The entry point: 32-bit protected mode without paging, flat segments, and the start info in EBX (Xen,
/// docs/misc/pvh.pandoc).
#[unsafe(naked)]
#[unsafe(no_mangle)]
#[unsafe(link_section = ".text.entry")]
extern "C" fn _start() -> ! {
    naked_asm!(
        ".code32",
        "cli",
        "cld",
        "movl   $__bss_start - {base}, %edi",
        "movl   $__bss_end - {base}, %ecx",
        "subl   %edi, %ecx",
        "shrl   $2, %ecx",
        "xorl   %eax, %eax",
        "rep stosl",
        // The lowest level has four tables in a row, hence 2048 entries.
        "movl   ${tables} - {base} + 3 * 4096, %edi",
        "movl   ${large_page}, %eax",
        "movl   $2048, %ecx",
        "2:",
        "movl   %eax, (%edi)",
        "addl   $0x200000, %eax",
        "addl   $8, %edi",
        "loop   2b",
        "movl   ${tables} - {base} + 2 * 4096, %edi",
        "movl   %edi, %eax",
        "orl    ${table}, %eax",
        "movl   %eax, {tables} - {base} + {base_entry} * 8",
        "addl   $4096, %eax",
        "movl   %eax, {base_entry_below} * 8(%edi)",
        // After the other, whose entry of the root it takes if the base is 0.
        "movl   ${tables} - {base} + 4096, %edi",
        "movl   %edi, %eax",
        "orl    ${table}, %eax",
        "movl   %eax, {tables} - {base}",
        "addl   $4096, %eax",
        "movl   $4, %ecx",
        "2:",
        "addl   $4096, %eax",
        "movl   %eax, (%edi)",
        "addl   $8, %edi",
        "loop   2b",
        "lgdtl  3f - {base}",
        "movl   ${tables} - {base}, %eax",
        "movl   $4f - {base}, %esi",
        "jmp    {enter_long_mode}",
        "3:",
        ".word  {limit}",
        ".long  {segments} - {base}",
        ".code64",
        "4:",
        "leaq   {stacks} + {stack_size}(%rip), %rsp",
        "xorl   %ebp, %ebp",
        "movl   %ebx, %edi",
        "call   {boot}",
        tables = sym ENTRY_TABLES,
        large_page = const LARGE_PAGE,
        table = const TABLE,
        base = const BASE,
        base_entry = const BASE_ENTRIES[0],
        base_entry_below = const BASE_ENTRIES[1],
        limit = const size_of_val(&ENTRY_SEGMENTS) - 1,
        segments = sym ENTRY_SEGMENTS,
        enter_long_mode = sym enter_long_mode,
        stacks = sym STACKS,
        stack_size = const Stack::SIZE,
        boot = sym boot,
        options(att_syntax)
    )
}

/// Where the trampoline jumps: 32-bit protected mode without paging, flat code, and any other segment.
#[unsafe(naked)]
extern "C" fn secondary_start() -> ! {
    naked_asm!(
        ".code32",
        "cld",
        "movl   ${data}, %eax",
        "movl   %eax, %ds",
        "movl   %eax, %es",
        "movl   %eax, %ss",
        "movl   ${tables} - {base}, %eax",
        "movl   $2f - {base}, %esi",
        "jmp    {enter_long_mode}",
        ".code64",
        "2:",
        "movq   {starting}(%rip), %rdi",
        "movq   %rdi, %rax",
        "shlq   ${size_bits}, %rax",
        "leaq   {stacks} + {stack_size}(%rip), %rsp",
        "addq   %rax, %rsp",
        "xorl   %ebp, %ebp",
        "call   {arrive}",
        data = const DATA,
        base = const BASE,
        tables = sym paging::ROOT,
        enter_long_mode = sym enter_long_mode,
        starting = sym STARTING,
        size_bits = const Stack::SIZE_BITS,
        stacks = sym STACKS,
        stack_size = const Stack::SIZE,
        arrive = sym arrive,
        options(att_syntax)
    )
}

/// From 32-bit protected mode with the entry segments to long mode ("Initializing IA-32e Mode"), with the tables at
/// EAX, and on to what is at ESI in memory, where it is linked. Uses EAX, ECX and EDX, and no stack.
#[unsafe(naked)]
extern "C" fn enter_long_mode() -> ! {
    naked_asm!(
        ".code32",
        "movl   %eax, %cr3",
        "movl   ${cr4}, %eax",
        "movl   %eax, %cr4",
        "movl   ${ia32_efer}, %ecx",
        "movl   ${efer}, %eax",
        "xorl   %edx, %edx",
        "wrmsr",
        "movl   ${cr0}, %eax",
        "movl   %eax, %cr0",
        "ljmpl  ${code}, $2f - {base}",
        ".code64",
        "2:",
        // The upper halves are undefined after the change of mode.
        "movl   %esi, %esi",
        "movabsq ${base}, %rax",
        "addq   %rax, %rsi",
        "jmpq   *%rsi",
        cr4 = const CR4,
        ia32_efer = const IA32_EFER,
        efer = const EFER,
        cr0 = const CR0,
        code = const CODE_64,
        base = const BASE,
        options(att_syntax)
    )
}

/// The boot core in Rust.
extern "C" fn boot(start_info: u64) -> ! {
    uart::enable();
    // SAFETY: rule 11, rule 12: this is the boot core, alone; `start_info` is what the boot protocol passed.
    let machine = unsafe {
        prepare(0);
        interrupts::mask_firmware();
        pvh::read(start_info)
    };
    // SAFETY: rule 11: this core runs alone, and comes here once.
    unsafe { run_image(machine, prepare_for_others) }
}

fn prepare_for_others(machine: &'static Machine, description: Description) {
    let Description { power, trampoline } = description;
    // SAFETY: rule 11: the boot core runs alone, and comes here once; what the boot loader left was read.
    unsafe {
        paging::enable(machine);
        POWER.keep(power);
        write_trampoline(trampoline);
    }
    TRAMPOLINE.store(trampoline, Ordering::Relaxed);
}

/// Puts the code where the other cores start into page number `page`.
///
/// # Safety
///
/// Called by the boot core, before any other core runs, when what the boot loader left in memory is not needed any
/// more.
unsafe fn write_trampoline(page: u8) {
    let start = &raw const hv_boot_trampoline;
    let length = (&raw const hv_boot_trampoline_end).addr() - start.addr();
    let page = ptr::with_exposed_provenance_mut(usize::from(page) * PAGE);
    // SAFETY: rule 8, rule 9: bytes between two labels of the code above; mapped memory that `LOW` of `pvh` reserves,
    // hence nobody else's.
    unsafe { ptr::copy_nonoverlapping(start, page, length) };
}

/// A secondary core in Rust.
extern "C" fn arrive(cpu: usize) -> ! {
    // SAFETY: rule 11: this core comes here once, with the id that `start_core` gave it.
    unsafe { prepare(cpu) };
    ARRIVED.store(true, Ordering::Release);
    serve(cpu)
}

/// Puts the core that calls into the state that Rust code runs in, as CPU `cpu`.
///
/// # Safety
///
/// Called by each core first of all, once, with a CPU id of its own; by the boot core before all others.
unsafe fn prepare(cpu: usize) {
    // SAFETY: rule 11: the caller's promise.
    unsafe {
        segments::load(cpu);
        exceptions::load();
    }
    let features = CpuId::new().get_extended_feature_info();
    if features.is_some_and(|features| features.has_fsgsbase()) {
        // SAFETY: rule 10: the core has the instructions, and nothing here loads a selector into `fs` or `gs`.
        unsafe { Cr4::update(|cr4| cr4.insert(Cr4Flags::FSGSBASE)) };
    }
    apic::enable();
}
