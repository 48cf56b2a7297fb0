//! Runs all variants on all cores, one core after the other.

use core::sync::atomic::{AtomicUsize, Ordering};

use aarch64_cpu::{
    asm::{barrier, sev, wfe},
    registers::{CNTFRQ_EL0, CNTPCT_EL0, SCTLR_EL1, TPIDR_EL2, VBAR_EL2},
};
use hv_boot::{ExitCode, Machine, println};
use tock_registers::interfaces::{Readable, Writeable};

use crate::{
    by_hand,
    cores::{CPUS, ForEachCore},
    exit::{Variant, Vcpu},
    guest::{self, Guest},
    with_percpu, with_percpu_hv,
};

hv_boot::main!(main);

/// How many hypercalls a guest does.
const HYPERCALLS: u64 = 100_000;

/// `SCTLR_EL1` with everything off, RES1 bits set (Arm ARM, "SCTLR_EL1").
const SCTLR_EL1_OFF: u64 = 0x30d0_0800;

static VCPUS: ForEachCore<Vcpu> = ForEachCore::new([const { Vcpu::new() }; CPUS]);

/// The core that measures. The others sleep: the counter counts the instructions of all.
static TURN: AtomicUsize = AtomicUsize::new(0);

fn main(machine: &'static Machine) -> ExitCode {
    assert_eq!(
        CNTFRQ_EL0.get(),
        1_000_000_000,
        "the counter counts nanoseconds with `-cpu max`"
    );
    assert_eq!(machine.cpu_count(), CPUS, "run with `-smp {CPUS}`");
    percpu_hv::init_in_place().expect("the areas of percpu.x");
    // percpu needs no more: it has the same register and the same areas.
    machine.run_on_all(|cpu| percpu_hv::init_percpu_reg(cpu.id()));
    machine.run_on_all(|cpu| {
        while TURN.load(Ordering::Acquire) != cpu.id() {
            wfe();
        }
        measure(cpu.id());
        TURN.store(cpu.id() + 1, Ordering::Release);
        sev();
        while TURN.load(Ordering::Acquire) != CPUS {
            wfe();
        }
    });
    ExitCode::SUCCESS
}

fn measure(cpu: usize) {
    SCTLR_EL1.set(SCTLR_EL1_OFF);
    // Its only exit is the last, which reaches no variable.
    let nothing = run(Guest::without_hypercalls(), (by_hand::VARIANT.assembly)());
    println!("{cpu} nothing {nothing}");
    let variants = [
        with_percpu_hv::hot::VARIANT,
        with_percpu_hv::one_struct::VARIANT,
        with_percpu_hv::ordinary::VARIANT,
        with_percpu::VARIANT,
        by_hand::VARIANT,
    ];
    for variant in variants {
        let Variant {
            name,
            start,
            counts,
            ..
        } = variant;
        let base = TPIDR_EL2.get();
        start(cpu, VCPUS.of(cpu));
        let assembly = run(Guest::with_hypercalls(), (variant.assembly)());
        let counted = counts();
        let handler = run(Guest::with_hypercalls(), (variant.handler)());
        let counted = (counted, counts());
        // Rule 2: what init_percpu_reg wrote.
        TPIDR_EL2.set(base);
        assert_eq!(
            counted,
            ((HYPERCALLS, 0), (2 * HYPERCALLS, HYPERCALLS)),
            "{name}"
        );
        println!("{cpu} {name}.assembly {assembly}");
        println!("{cpu} {name}.handler {handler}");
    }
}

/// Runs a guest under a vector table; gives the instructions at both levels.
fn run(guest: Guest, vectors: u64) -> u64 {
    let now = || {
        barrier::isb(barrier::SY);
        CNTPCT_EL0.get()
    };
    let own = VBAR_EL2.get();
    VBAR_EL2.set(vectors);
    let start = now();
    let sum = guest::run(guest, HYPERCALLS);
    let end = now();
    VBAR_EL2.set(own);
    assert_eq!(sum, guest::SUM, "an exit changed a register of the guest");
    end - start
}
