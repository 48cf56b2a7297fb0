//! The table at the end, and whether it shows what it should.

use core::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
};

use aarch64_cpu::asm;
use hv_boot::{ExitCode, Machine, print, println, wait_until};
use percpu_hv::CpuId;

use super::{
    counters::{
        AREA, DEVICE, GUEST_TPIDR_EL1, HYPERVISOR, MPIDR, OTHER, PSCI, REASONS, REGISTER, STARTS,
        TPIDR_EL0_CHANGES, WFI, by_reason,
    },
    vcpu::EXITS,
};

/// Whether the guest has ended: its cores stop at their next wait.
static OVER: AtomicBool = AtomicBool::new(false);

/// Stops this core if the guest has ended on another one.
pub(super) fn stop_if_over() {
    while OVER.load(Ordering::Relaxed) {
        asm::wfi();
    }
}

/// Ends the machine: prints the table of all cores on this one, and checks it.
pub(super) fn finish(end: Result<(), &'static str>) -> ! {
    OVER.store(true, Ordering::Relaxed);
    let machine = Machine::get();
    for cpu in cpus(machine) {
        // A core that is about to stop counts the exit first, and then its reason.
        wait_until(format_args!("the exits of cpu {cpu} to add up"), || {
            by_reason(cpu).iter().sum::<u64>() == EXITS.read_remote(cpu)
        });
    }
    print_table(machine);
    if let Err(reason) = end {
        println!("hv-boot: {reason}");
        ExitCode::FAILURE.exit()
    }
    if !is_right(machine) {
        ExitCode::FAILURE.exit()
    }
    let (cpus, exits) = (machine.cpu_count(), EXITS.sum());
    println!("hv-boot: Linux ran on {cpus} CPUs at EL1, {exits} exits, ok");
    ExitCode::SUCCESS.exit()
}

/// The cores of the machine. More areas are reserved than it has.
fn cpus(machine: &Machine) -> impl Iterator<Item = CpuId> {
    CpuId::all().take(machine.cpu_count())
}

fn print_table(machine: &Machine) {
    print!("\ncpu  starts    exits");
    for column in REASONS {
        print!(" {column:>8}");
    }
    println!("  TPIDR_EL0 changed  TPIDR_EL1");
    for cpu in cpus(machine) {
        let (starts, exits) = (STARTS.read_remote(cpu), EXITS.read_remote(cpu));
        print!("{:>3}  {starts:>6} {exits:>8}", cpu.index());
        for count in by_reason(cpu) {
            print!(" {count:>8}");
        }
        let (changes, el1) = (
            TPIDR_EL0_CHANGES.read_remote(cpu),
            GUEST_TPIDR_EL1.read_remote(cpu),
        );
        println!("  {changes:>17}  {el1:#018x}");
    }
}

/// The fields of MPIDR_EL1 that tell cores apart.
const AFFINITY: u64 = 0xff_00ff_ffff;

/// Whether the table is that of a guest on all cores, which kept to what it was given; says what is wrong.
fn is_right(machine: &Machine) -> bool {
    let mut right = true;
    let mut must = |holds: bool, otherwise: fmt::Arguments<'_>| {
        if !holds {
            println!("hv-boot: wrong: {otherwise}");
            right = false;
        }
    };
    let mut restarted = 0;
    for cpu in cpus(machine) {
        let starts = STARTS.read_remote(cpu);
        restarted += u64::from(starts == 3);
        must(
            starts == 1 || starts == 3,
            format_args!("cpu {cpu} started {starts} times"),
        );
        must(
            WFI.read_remote(cpu) > 0,
            format_args!("cpu {cpu} never waited"),
        );
        must(
            REGISTER.read_remote(cpu) > 0,
            format_args!("cpu {cpu} read no trapped register"),
        );
        let (written, here) = (MPIDR.read_remote(cpu), machine.hardware_id(cpu.index()));
        must(
            written & AFFINITY == here,
            format_args!("cpu {cpu} has {written:#x}, and wrote {here:#x}"),
        );
        // Linux used the registers that could have been the hypervisor's.
        must(
            TPIDR_EL0_CHANGES.read_remote(cpu) > 0,
            format_args!("no program used TPIDR_EL0 on cpu {cpu}"),
        );
        let el1 = GUEST_TPIDR_EL1.read_remote(cpu);
        let same = GUEST_TPIDR_EL1
            .values()
            .filter(|&(_, other)| other == el1)
            .count();
        must(
            el1 != 0 && same == 1,
            format_args!("TPIDR_EL1 of cpu {cpu} is {el1:#x}"),
        );
    }
    let expected = u64::from(machine.cpu_count() > 1);
    must(
        restarted == expected,
        format_args!("Linux took {restarted} cores offline and online again twice"),
    );
    // It asks for version and features, starts each core but one, and switches the machine off.
    must(
        PSCI.sum() >= 6 + machine.cpu_count() as u64,
        format_args!("Linux called the firmware {} times", PSCI.sum()),
    );
    for (count, place) in [
        (HYPERVISOR.sum(), "the hypervisor's memory"),
        (AREA.sum(), "an area"),
        (DEVICE.sum(), "a device that it was not given"),
    ] {
        must(
            count == 1,
            format_args!("{count} accesses to {place}, and there is one in Linux's program"),
        );
    }
    must(
        OTHER.sum() == 0,
        format_args!("{} exits that nobody knows", OTHER.sum()),
    );
    right
}
