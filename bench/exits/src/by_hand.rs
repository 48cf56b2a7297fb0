//! No library: `TPIDR_EL2` holds the address of a struct, an exit reads it once and passes it on.

use core::{mem::offset_of, ptr};

use aarch64_cpu::registers::{TPIDR_EL2, Writeable};
use tock_registers::interfaces::Readable;

use crate::{
    cores::{CPUS, ForEachCore},
    exit::{self, HYPERCALL, Vcpu},
};

struct Core {
    vcpu: *mut Vcpu,
    exits: u64,
    pending: bool,
    reasons: [u64; exit::REASONS],
}

static CORES: ForEachCore<Core> = ForEachCore::new(
    [const {
        Core {
            vcpu: ptr::null_mut(),
            exits: 0,
            pending: false,
            reasons: [0; exit::REASONS],
        }
    }; CPUS],
);

extern "C" fn handle(core: &mut Core) -> *mut Vcpu {
    exit::handle(
        |reason| core.reasons[reason] += 1,
        || core.vcpu,
        || core.pending,
    )
}

fn start(cpu: usize, vcpu: *mut Vcpu) {
    let core = CORES.of(cpu);
    // SAFETY: rule 9, this core's.
    unsafe { (*core).vcpu = vcpu };
    TPIDR_EL2.set(core.expose_provenance() as u64);
}

fn counts() -> (u64, u64) {
    let core = ptr::with_exposed_provenance::<Core>(TPIDR_EL2.get() as usize);
    // SAFETY: rule 9, this core's, and its guest does not run.
    let core = unsafe { &*core };
    (core.exits, core.reasons[HYPERCALL])
}

exit::variant! {
    "by-hand",
    find "mrs x0, tpidr_el2\nldr x1, [x0, #{vcpu}]",
    count "ldr x2, [x0, #{exits}]\nadd x2, x2, #1\nstr x2, [x0, #{exits}]",
    handle handle,
    start start,
    counts counts,
    vcpu = const offset_of!(Core, vcpu),
    exits = const offset_of!(Core, exits),
}
