//! How a hypervisor uses percpu-hv: boot, a variable of each kind, and the copies of other cores.
//!
//! The guest is a stand-in that counts. The pages `in_a_hypervisor` and `trap_handlers` of the guide say what a real one needs.
#![cfg_attr(target_os = "none", no_std, no_main)]

hv_boot::main!(image::main);

#[cfg(target_os = "none")]
mod image {
    use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

    use hv_boot::{Cpu, ExitCode, Machine, println, wait_until};
    use percpu_hv::{CpuId, CpuPin, def_percpu};

    /// A value: each core counts in its own copy, without a lock.
    #[def_percpu]
    static EXITS: usize = 0;

    /// Shared: an atomic; a core reaches its own copy and those of the other cores.
    #[def_percpu]
    static KICKS: AtomicUsize = AtomicUsize::new(0);

    /// Exclusive: a struct; a core borrows its own copy, and no other core reaches it.
    #[def_percpu]
    static VCPU: Vcpu = Vcpu { pc: 0 };

    /// Runs on the boot core.
    pub(super) fn main(machine: &'static Machine) -> ExitCode {
        let cpus = machine.cpu_count();
        // Once, before any access: each CPU gets a copy of every variable.
        percpu_hv::init_in_place().expect("image.ld includes percpu.x");
        // Starts the other cores, and returns when all cores have returned from the closure.
        machine.run_on_all(|cpu| {
            // On each core, before any access: its per-CPU register leads to its copies.
            percpu_hv::init_percpu_reg(cpu.id());
            run_guest(&cpu, cpus);
        });
        // image.ld reserves more areas than there are cores.
        for cpu in CpuId::all().take(cpus) {
            let base = percpu_hv::percpu_area_base(cpu.index());
            let exits = EXITS.read_remote(cpu);
            let kicks = KICKS.on(cpu).load(Relaxed);
            println!("cpu {cpu}: copies at {base:#x}, {exits} exits, {kicks} kicks");
        }
        assert_eq!(EXITS.sum(), cpus * Vcpu::HYPERCALLS, "lost exits");
        #[cfg(feature = "dump")]
        print_variables(cpus);
        let level = machine.boot_cpu().level();
        println!("hv-boot: {cpus} CPUs at {level}, ok");
        ExitCode::SUCCESS
    }

    /// Prints the copies of all variables.
    #[cfg(feature = "dump")]
    fn print_variables(cpus: usize) {
        for variable in percpu_hv::variables() {
            let (offset, size) = (variable.offset(), variable.size());
            println!(
                "{variable}: {}, {size} bytes at {offset:#x}",
                variable.kind()
            );
            for cpu in CpuId::all().take(cpus) {
                println!("    cpu {cpu}: {}", variable.on(cpu));
            }
        }
    }

    /// Runs this core's guest, and kicks the next core at each of its hypercalls.
    fn run_guest(cpu: &Cpu, cpus: usize) {
        let next = CpuId::new((cpu.id() + 1) % cpus).expect("a copy for each core");
        // The borrow lasts while the guest runs: a handler that needs the vCPU takes `try_with_current`.
        while VCPU.with_current(Vcpu::run) {
            EXITS.inc_current();
            KICKS.on(next).fetch_add(1, Relaxed);
        }
        // The previous core kicks this one as often. While `pin` lives, this code stays on its core.
        let pin = CpuPin::new();
        let kicked = || KICKS.get(&pin).load(Relaxed) == Vcpu::HYPERCALLS;
        wait_until("the kicks of the previous core", kicked);
    }

    /// A guest that does nothing but hypercalls.
    struct Vcpu {
        pc: usize,
    }

    impl Vcpu {
        const HYPERCALLS: usize = 10_000;

        /// Runs the guest until its next hypercall; false if it halts instead.
        fn run(&mut self) -> bool {
            self.pc += 1;
            self.pc <= Self::HYPERCALLS
        }
    }
}
