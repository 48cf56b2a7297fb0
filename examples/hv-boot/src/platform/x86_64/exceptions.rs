//! The interrupt descriptor table: the timer's interrupt is handled, any exception is reported and stops the machine.

use core::arch::global_asm;

use x86_64::{
    VirtAddr,
    registers::control::Cr2,
    structures::idt::{ExceptionVector, InterruptDescriptorTable, InterruptStackFrameValue},
};

use super::{apic, interrupts, nmi, privilege, segments};
use crate::{
    boot_cell::BootCell,
    exit_code::ExitCode,
    platform::{common::stacks::Stack, fail, give_up},
};

/// The distance between two entries of the code below.
const ENTRY_SIZE: usize = 16;

// The vectors of exceptions are the first 32 ("Exception and Interrupt Vectors"). All switch to the exception stack, so
// that an overflown stack can be reported. The CPU pushes an error code for some vectors, of which 29 and 30 are only
// AMD's; this code pushes 0 for the others.
global_asm!(
    r#"
    .pushsection .text.exceptions, "ax"
    .balign 16
hv_boot_exceptions:
    .irp number, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    .balign {entry_size}
    .if (0x60227d00 >> \number) & 1 == 0
    push    0
    .endif
    push    \number
    jmp     9f
    .endr
9:  cld
    mov     rdi, rsp
    and     rsp, -16
    call    {report}
    .popsection
    "#,
    entry_size = const ENTRY_SIZE,
    report = sym report,
);

unsafe extern "C" {
    safe static hv_boot_exceptions: u8;
}

/// What the code above leaves on the exception stack.
#[repr(C)]
struct Trap {
    vector: u64,
    error_code: u64,
    frame: InterruptStackFrameValue,
}

static TABLE: BootCell<Option<InterruptDescriptorTable>> = BootCell::new(None);

/// Loads the table, which the boot core fills.
///
/// # Safety
///
/// Called once by each core, by the boot core before all others, with the segments loaded.
pub(super) unsafe fn load() {
    let table = TABLE.kept().unwrap_or_else(|| {
        // SAFETY: rule 11: the boot core comes here first, while it is alone.
        unsafe { TABLE.keep(table()) }
    });
    // SAFETY: rule 10: the table is a static, and its entries lead to the code above.
    unsafe { table.load_unsafe() };
}

fn table() -> InterruptDescriptorTable {
    let first = (&raw const hv_boot_exceptions).addr();
    let handler = |vector: usize| VirtAddr::new((first + vector * ENTRY_SIZE) as u64);
    let mut table = InterruptDescriptorTable::new();
    macro_rules! set {
        ($($vector:literal $name:ident,)*) => {
            // SAFETY: rule 10: the code for this vector, and a stack that every task state has.
            $(unsafe {
                let options = table.$name.set_handler_addr(handler($vector));
                options.set_stack_index(segments::EXCEPTION_STACK);
            })*
        };
    }
    set! {
        0 divide_error, 1 debug, 3 breakpoint, 4 overflow, 5 bound_range_exceeded,
        6 invalid_opcode, 7 device_not_available, 8 double_fault, 10 invalid_tss, 11 segment_not_present,
        12 stack_segment_fault, 13 general_protection_fault, 14 page_fault, 16 x87_floating_point,
        17 alignment_check, 18 machine_check, 19 simd_floating_point, 20 virtualization,
        21 cp_protection_exception, 28 hv_injection_exception, 29 vmm_communication_exception,
        30 security_exception,
    }
    let non_maskable = VirtAddr::from_ptr(nmi::nmi as *const ());
    let timer = VirtAddr::from_ptr(interrupts::timer as *const ());
    let spurious = VirtAddr::from_ptr(interrupts::spurious as *const ());
    // SAFETY: rule 10: the code for these vectors, which needs no other stack.
    unsafe {
        table.non_maskable_interrupt.set_handler_addr(non_maskable);
        table[apic::TIMER_INTERRUPT].set_handler_addr(timer);
        table[apic::SPURIOUS_INTERRUPT].set_handler_addr(spurious);
    }
    table
}

/// Reports an exception; the running core is on its exception stack.
extern "C" fn report(trap: &Trap) -> ! {
    let frame = &trap.frame;
    if Stack::is_for_exceptions(frame.stack_pointer.as_u64() as usize) {
        give_up();
    }
    let vector = u8::try_from(trap.vector).ok();
    let vector = vector.and_then(|vector| ExceptionVector::try_from(vector).ok());
    let name = vector.map_or("reserved vector", name);
    let (level, number, error_code) = (privilege(), trap.vector, trap.error_code);
    let (rip, rsp) = (frame.instruction_pointer, frame.stack_pointer);
    let (flags, address) = (frame.cpu_flags.bits(), Cr2::read_raw());
    fail(
        ExitCode::EXCEPTION,
        format_args!(
            "exception {number} at {level}: {name}\n  error code {error_code:#x}  RIP {rip:#018x}  CR2 {address:#018x}  RSP {rsp:#018x}  RFLAGS {flags:#010x}"
        ),
    )
}

/// The name of an exception ("Exception and Interrupt Vectors"), as far as an image meets it.
fn name(vector: ExceptionVector) -> &'static str {
    match vector {
        ExceptionVector::Division => "division",
        ExceptionVector::Debug => "debug",
        ExceptionVector::Breakpoint => "breakpoint instruction",
        ExceptionVector::InvalidOpcode => "undefined instruction",
        ExceptionVector::DeviceNotAvailable => "floating point is off",
        ExceptionVector::Double => "double fault",
        ExceptionVector::SegmentNotPresent => "segment or vector not present",
        ExceptionVector::Stack => "stack segment",
        ExceptionVector::GeneralProtection => "general protection",
        ExceptionVector::Page => "page fault",
        ExceptionVector::AlignmentCheck => "misaligned address",
        ExceptionVector::MachineCheck => "machine check",
        _ => "see its number",
    }
}
