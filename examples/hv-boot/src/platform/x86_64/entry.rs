//! From the boot loader in protected mode, and from INIT-SIPI-SIPI in real mode, to Rust in long mode on a stack.

use core::{
    arch::{global_asm, naked_asm},
    cell::UnsafeCell,
    ops::Range,
    slice,
};

use x86_64::registers::{
    control::{Cr0Flags, Cr4Flags},
    model_specific::EferFlags,
};

use super::{
    base::{BASE, physical},
    interrupts, paging, pvh, secondary, uart,
};
use crate::{
    machine::Machine,
    platform::{
        common::{
            image,
            stacks::{STACKS, Stack},
        },
        run_image,
    },
};

/// On this platform the main stack has a guard page, too, above the exception stack.
impl Stack {
    const MAIN_GUARD_END: usize = Self::EXCEPTION_TOP + Self::GUARD;

    /// The top of CPU `cpu`'s exception stack.
    pub(super) fn exception_top(cpu: usize) -> usize {
        Self::guard(cpu) + Self::EXCEPTION_TOP
    }

    /// Whether an address is in the page below one of the stacks.
    pub(super) fn is_guard(address: usize) -> bool {
        Self::offset(address).is_some_and(|offset| {
            (0..Self::GUARD).contains(&offset)
                || (Self::EXCEPTION_TOP..Self::MAIN_GUARD_END).contains(&offset)
        })
    }

    /// Whether a stack pointer is that of an exception stack in use, or of an overflown one.
    pub(super) fn is_for_exceptions(pointer: usize) -> bool {
        Self::offset(pointer).is_some_and(|offset| offset < Self::EXCEPTION_TOP)
    }

    /// The distance of an address from the start of the stacks of its CPU.
    fn offset(address: usize) -> Option<usize> {
        let offset = address.wrapping_sub(STACKS.as_ptr().addr());
        (offset < size_of_val(&STACKS)).then_some(offset % Self::SIZE)
    }
}

unsafe extern "C" {
    safe static hv_boot_trampoline: u8;
    safe static hv_boot_trampoline_end: u8;
}

/// Where the image is in memory.
pub(super) fn image() -> Range<usize> {
    let linked = image::whole();
    physical(linked.start)..physical(linked.end)
}

/// The code that runs at the start of a page below 1 MiB.
pub(super) fn trampoline() -> &'static [u8] {
    let start = &raw const hv_boot_trampoline;
    let length = (&raw const hv_boot_trampoline_end).addr() - start.addr();
    // SAFETY: rule 8: read-only bytes between two labels of the code below.
    unsafe { slice::from_raw_parts(start, length) }
}

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
        "call   {serve}",
        data = const DATA,
        base = const BASE,
        tables = sym paging::ROOT,
        enter_long_mode = sym enter_long_mode,
        starting = sym secondary::STARTING,
        size_bits = const Stack::SIZE_BITS,
        stacks = sym STACKS,
        stack_size = const Stack::SIZE,
        serve = sym secondary::serve,
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
        super::prepare(0);
        interrupts::mask_firmware();
        pvh::read(start_info)
    };
    // SAFETY: rule 11: this core runs alone, and comes here once.
    unsafe { run_image(machine, prepare_for_others) }
}

fn prepare_for_others(machine: &'static Machine) {
    // SAFETY: rule 11: the boot core runs alone, and comes here once; what the boot loader left was read.
    unsafe {
        paging::enable(machine);
        machine.platform.trampoline.write();
    }
}
