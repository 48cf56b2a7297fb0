//! Guests: a few instructions in ring 0, which share this image's memory. Words in quotes are headings of the AMD64
//! Architecture Programmer's Manual, volume 2.

use core::{
    arch::{asm, global_asm},
    cell::UnsafeCell,
};

use raw_cpuid::CpuId;
use x86_64::{
    instructions::{
        segmentation::{CS, Segment},
        tables::{sgdt, sidt},
    },
    registers::{
        control::{Cr0, Cr3, Cr4, Efer, EferFlags},
        model_specific::{GsBase, Msr},
    },
};

use super::{apic, base::physical, hardware_id};
use crate::{
    machine::{MAX_CPUS, known},
    platform::{Exit, GUEST_VALUE, Interrupts, Virtualization},
};

/// `VM_HSAVE_PA`: where `vmrun` keeps what `#VMEXIT` restores by itself.
const VM_HSAVE_PA: Msr = Msr::new(0xc001_0117);

/// V_INTR_MASKING: the hypervisor's `RFLAGS.IF` at `vmrun` masks interrupts while the guest runs.
const SVM: Virtualization = Virtualization {
    name: "SVM",
    guest_writes_register: true,
    interrupts: Interrupts::Unmasked,
    run: |turns| run(turns, false, false),
    run_with_nmi: Some(|turns| run(turns, false, true)),
};

/// `sti` before `vmrun`, while `clgi` holds interrupts back from the hypervisor.
const SVM_UNMASKED: Virtualization = Virtualization {
    name: "SVM, sti",
    interrupts: Interrupts::All,
    run: |turns| run(turns, true, false),
    run_with_nmi: Some(|turns| run(turns, true, true)),
    ..SVM
};

/// Those of this core.
pub(crate) fn virtualizations() -> &'static [Virtualization] {
    let features = CpuId::new().get_extended_processor_and_feature_identifiers();
    match features {
        Some(features) if features.has_svm() => &[SVM, SVM_UNMASKED],
        _ => &[],
    }
}

#[repr(C, align(4096))]
struct Page([u64; 512]);

/// A core's pages: what `vmrun` keeps, the guest's control block, and what `vmsave` keeps of the hypervisor.
struct Pages(UnsafeCell<[Page; 3]>);

// SAFETY: rule 11: each core uses its own.
unsafe impl Sync for Pages {}

static PAGES: [Pages; MAX_CPUS] =
    [const { Pages(UnsafeCell::new([const { Page([0; 512]) }; 3])) }; MAX_CPUS];

impl Page {
    fn physical(&mut self) -> usize {
        physical((&raw mut *self).expose_provenance())
    }

    fn set(&mut self, offset: usize, value: u64) {
        self.0[offset / 8] = value;
    }

    /// A segment register: selector, attributes, limit and base.
    fn set_segment(
        &mut self,
        offset: usize,
        selector: u16,
        attributes: u16,
        limit: u32,
        base: u64,
    ) {
        let first = u64::from(selector) | u64::from(attributes) << 16 | u64::from(limit) << 32;
        self.set(offset, first);
        self.set(offset + 8, base);
    }

    /// Makes it the control block of the guest, which has the hypervisor's address space ("VMCB Layout").
    fn fill(&mut self) {
        // Interrupts, `vmmcall` and `vmrun` are exits. No other MSR or instruction is.
        self.set(0x008, 1 << 32);
        self.set(0x010, 0b11);
        // The address space id.
        self.set(0x058, 1);
        // V_INTR_MASKING: RFLAGS.IF of the guest masks virtual interrupts only.
        self.set(0x060, 1 << 24);
        self.set_segment(0x410, CS::get_reg().0, 0xa9b, u32::MAX, 0);
        self.set_segment(0x420, 0, 0xc93, u32::MAX, 0);
        let (gdt, idt) = (sgdt(), sidt());
        self.set_segment(0x460, 0, 0, gdt.limit.into(), gdt.base.as_u64());
        self.set_segment(0x480, 0, 0, idt.limit.into(), idt.base.as_u64());
        self.set(0x4d0, Efer::read_raw());
        self.set(0x548, Cr4::read_raw());
        self.set(0x550, Cr3::read_raw().0.start_address().as_u64());
        self.set(0x558, Cr0::read_raw());
        self.set(0x560, 0x400);
        self.set(0x568, 0xffff_0ff0);
        self.set(0x570, 1 << 1 | 1 << 9);
        self.set(0x578, (&raw const hv_boot_guest).expose_provenance() as u64);
    }

    /// `EXITCODE`: whether it is that of an interrupt.
    fn was_interrupted(&self) -> bool {
        self.0[0x70 / 8] == 0x60
    }
}

// The guest writes GS_BASE and IA32_KERNEL_GS_BASE, and exchanges them. It writes few general registers, so that a run
// has few to save.
global_asm!(
    r#"
    .pushsection .text.guest, "ax"
hv_boot_guest:
    cli
    mov     eax, esi
    xor     edx, edx
    mov     ecx, 0xc0000101
    wrmsr
    mov     ecx, 0xc0000102
    wrmsr
    swapgs
2:  dec     rdi
    jnz     2b
    vmmcall
    .popsection
    "#
);

unsafe extern "C" {
    safe static hv_boot_guest: u8;
}

/// Runs the guest, with interrupts unmasked or as they are. With `nmi` a non-maskable interrupt is sent to this core
/// while `GS_BASE` is the guest's.
fn run(turns: usize, unmask: bool, nmi: bool) -> Exit {
    let id = hardware_id();
    let cpu = known().iter().position(|&known| known == id);
    // SAFETY: rule 11: this core's, and a run is not interrupted by another one.
    let pages = unsafe { &mut *PAGES[cpu.expect("a core of the machine")].0.get() };
    let [kept_by_vmrun, guest, host] = pages;
    let mut kept_by_vmrun_at = VM_HSAVE_PA;
    // SAFETY: rule 10, rule 12: the core has SVM, and the pages are this function's. `vmload` restores what the guest
    // changed and `#VMEXIT` does not restore. No interrupt comes from `clgi` to `stgi` but to end the run. Not `nomem`:
    // the core reads and writes the pages, and handlers run after `stgi`. The flags change.
    unsafe {
        Efer::update(|flags| flags.insert(EferFlags::SECURE_VIRTUAL_MACHINE_ENABLE));
        kept_by_vmrun_at.write(kept_by_vmrun.physical() as u64);
        guest.fill();
        asm!(
            "clgi",
            "vmsave rax",
            "mov    rax, {guest}",
            "pushfq",
            "test   {unmask:e}, {unmask:e}",
            "jz     2f",
            "sti",
            "2:",
            "vmrun  rax",
            "popfq",
            guest = in(reg) guest.physical(),
            unmask = in(reg) u32::from(unmask),
            inout("rax") host.physical() => _,
            out("rcx") _,
            out("rdx") _,
            in("rsi") GUEST_VALUE,
            inout("rdi") turns => _,
        );
    }
    // The exit, with interrupts and NMIs held back, and no variable in reach.
    let register = GsBase::read().as_u64() as usize;
    if nmi {
        apic::send_nmi(id as u32);
    }
    // SAFETY: rule 10, as above.
    unsafe {
        asm!("vmload rax", "stgi", in("rax") host.physical(), options(nostack));
    }
    Exit {
        interrupted: guest.was_interrupted(),
        register,
        guests: register,
    }
}
