//! One core goes off and comes back a thousand times, while the others count (AArch64, PSCI).
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(all(target_os = "none", target_arch = "aarch64"))]
hv_boot::main!(image::main);

#[cfg(not(all(target_os = "none", target_arch = "aarch64")))]
hv_boot::main!(|_| {
    hv_boot::println!("hv-boot: cores go off on AArch64 only");
    hv_boot::ExitCode::FAILURE
});

#[cfg(all(target_os = "none", target_arch = "aarch64"))]
mod image {
    use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

    use hv_boot::{Cpu, ExitCode, Machine, println, wait_until};
    use percpu_hv::{CpuId, PerCpuCounter, cpu_hook, def_percpu};

    const TIMES: i64 = 1_000;
    /// The area of the core that comes and goes is built anew once in so many times.
    const REBUILT_EVERY: i64 = 50;
    const COMES_AND_GOES: usize = 1;

    /// What all cores count, also across rebuilds.
    #[def_percpu]
    static EVENTS: PerCpuCounter = PerCpuCounter::new();
    /// What each core counts of its own.
    #[def_percpu]
    static COUNTED: i64 = 0;
    /// How often this core came, since its area was built.
    #[def_percpu]
    static COMINGS: i64 = 0;
    /// Which hooks ran for the core that is up: bit 0 for the first one, bit 1 for the second.
    #[def_percpu]
    static HOOKS: u8 = 0;

    static STOP: AtomicBool = AtomicBool::new(false);
    static WRONG_ORDER: AtomicUsize = AtomicUsize::new(0);

    // Registered in this order, to run in the other.
    cpu_hook!(second, order = 20, up = second_up, down = second_down);
    cpu_hook!(first, order = 10, up = first_up, down = first_down);

    fn step(from: u8, to: u8) {
        if HOOKS.swap_current(to) != from {
            WRONG_ORDER.fetch_add(1, Relaxed);
        }
    }

    fn first_up(cpu: CpuId) -> Result<(), &'static str> {
        COMINGS.inc_current();
        // A rebuilt area, and one that kept its values, begin alike.
        step(0b00, 0b01);
        if cpu.is_online() {
            Err("online too early")
        } else {
            Ok(())
        }
    }

    fn second_up(_: CpuId) -> Result<(), &'static str> {
        step(0b01, 0b11);
        Ok(())
    }

    fn second_down(cpu: CpuId) {
        step(0b11, 0b01);
        assert!(!cpu.is_online(), "online too late");
    }

    fn first_down(_: CpuId) {
        step(0b01, 0b00);
    }

    /// Runs on the boot core.
    pub(super) fn main(machine: &'static Machine) -> ExitCode {
        let cpus = machine.cpu_count();
        assert!(
            cpus > COMES_AND_GOES,
            "one core that stays and one that goes: --smp 2 or more"
        );
        percpu_hv::init_in_place().expect("image.ld includes percpu.x");
        percpu_hv::bring_up(0).expect("the boot core");
        for cpu in (0..cpus).filter(|&cpu| cpu > COMES_AND_GOES) {
            machine.start_core(cpu, run).expect("a core that is off");
        }
        let goes = CpuId::new(COMES_AND_GOES).expect("an area for each core");
        let stay = cpus - 1;
        wait_until("the cores that stay", || CpuId::online().count() == stay);
        let mut comings = 0;
        for time in 1..=TIMES {
            // The firmware refuses until the core is off.
            wait_until("the core that goes to be off", || {
                machine.start_core(COMES_AND_GOES, run).is_ok()
            });
            // It counts one event and goes.
            wait_until("the core that comes to count", || {
                COUNTED.read_remote(goes) == comings + 1
            });
            wait_until("the core to be offline", || !goes.is_online());
            comings += 1;
            assert_eq!(
                COMINGS.read_remote(goes),
                comings,
                "values of a core that came back"
            );
            assert_eq!(
                CpuId::online().count(),
                stay,
                "the core that went is not online"
            );
            assert!(
                COUNTED.sum_online() <= EVENTS.sum(),
                "counted before the event"
            );
            if time % REBUILT_EVERY == 0 {
                wait_until("the core that goes to be off", || {
                    machine.is_off(COMES_AND_GOES)
                });
                // SAFETY: rule 17, the core is off, and no reference into its area was made.
                unsafe { percpu_hv::reinit_percpu_area(goes) }.expect("a pristine template");
                comings = 0;
            }
        }
        STOP.store(true, Relaxed);
        let boot = CpuId::new(0).expect("an area for each core");
        wait_until("the cores that stay to end", || {
            CpuId::online().all(|cpu| cpu == boot)
        });
        let counted: i64 = CpuId::all().map(|cpu| COUNTED.read_remote(cpu)).sum();
        assert_eq!(
            EVENTS.sum(),
            counted + TIMES - comings,
            "lost or doubled events"
        );
        assert_eq!(WRONG_ORDER.load(Relaxed), 0, "hooks in a wrong order");
        let level = machine.boot_cpu().level();
        println!(
            "hv-boot: a core came and went {TIMES} times, {counted} events of {cpus} CPUs at {level}, ok"
        );
        ExitCode::SUCCESS
    }

    /// Runs on each other core, from its beginning, whenever the boot core starts it.
    fn run(cpu: Cpu) -> ! {
        percpu_hv::bring_up(cpu.id()).expect("a core that is not online");
        let mut goes = cpu.id() == COMES_AND_GOES;
        loop {
            // The event first: whoever sees what this core counted finds the event too.
            EVENTS.add(1);
            COUNTED.inc_current();
            goes |= STOP.load(Relaxed);
            if goes {
                percpu_hv::retire().expect("this core is online");
                panic!("the firmware keeps this core on: {:?}", cpu.switch_off());
            }
        }
    }
}
