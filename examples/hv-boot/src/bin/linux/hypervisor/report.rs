//! The table at the end, and whether it shows what it should.

use core::sync::atomic::{AtomicBool, Ordering};

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

/// Whether the guest has ended: its cores stop at their next exit.
static OVER: AtomicBool = AtomicBool::new(false);

/// Stops this core if the guest has ended on another one.
pub(super) fn stop_if_over() {
    while OVER.load(Ordering::Relaxed) {
        asm::wfi();
    }
}

/// Ends the machine: prints the table of all cores on this one, and checks it.
pub(super) fn finish(end: Result<(), &'static str>) -> ! {
    if OVER.swap(true, Ordering::Relaxed) {
        // Two cores end the guest at once: the other one prints.
        stop_if_over();
    }
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
    check_table(machine);
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

/// Checks that the table is that of a guest on all cores, which kept to what it was given.
///
/// # Panics
///
/// If it is not.
fn check_table(machine: &Machine) {
    let mut restarted = 0;
    for cpu in cpus(machine) {
        let starts = STARTS.read_remote(cpu);
        assert!([1, 3].contains(&starts), "cpu {cpu} started {starts} times");
        restarted += u64::from(starts == 3);
        let (written, here) = (MPIDR.read_remote(cpu), machine.hardware_id(cpu.index()));
        assert_eq!(
            written & AFFINITY,
            here,
            "MPIDR in the variables of cpu {cpu}"
        );
        assert!(WFI.read_remote(cpu) > 0, "cpu {cpu} never waited");
        assert!(
            REGISTER.read_remote(cpu) > 0,
            "cpu {cpu} read no trapped register"
        );
        // Linux used the registers that could have been the hypervisor's.
        assert!(
            TPIDR_EL0_CHANGES.read_remote(cpu) > 0,
            "no program used TPIDR_EL0 on cpu {cpu}"
        );
        let el1 = GUEST_TPIDR_EL1.read_remote(cpu);
        let same = GUEST_TPIDR_EL1.values().filter(|&(_, other)| other == el1);
        assert!(
            el1 != 0 && same.count() == 1,
            "TPIDR_EL1 of cpu {cpu} is {el1:#x}"
        );
    }
    // What examples/hv-boot/guest/init.c does.
    let expected = u64::from(machine.cpu_count() > 1);
    assert_eq!(
        restarted, expected,
        "cores that Linux took offline and online again twice"
    );
    assert_eq!(HYPERVISOR.sum(), 1, "accesses to the hypervisor's memory");
    assert_eq!(AREA.sum(), 1, "accesses to an area");
    assert_eq!(
        DEVICE.sum(),
        2,
        "accesses to devices that Linux was not given"
    );
    assert_eq!(OTHER.sum(), 0, "exits that nobody knows");
    // Linux asks for version and features, starts each core but one, and switches the machine off.
    let calls = PSCI.sum();
    assert!(
        calls >= 6 + machine.cpu_count() as u64,
        "only {calls} calls of the firmware"
    );
}
