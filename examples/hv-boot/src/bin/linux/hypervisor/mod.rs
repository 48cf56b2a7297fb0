//! The boot core's `main`, and what each core does.

mod counters;
mod el1;
mod exits;
mod guest;
mod psci;
mod report;
mod stage2;
mod traps;
mod vcpu;

use hv_boot::{Cpu, ExitCode, Machine, println};

use self::{guest::Guest, psci::End, vcpu::Vcpu};

/// Runs on the boot core.
pub(crate) fn main(machine: &'static Machine) -> ExitCode {
    let guest = Guest::find(machine);
    println!(
        "hv-boot: Linux gets memory from {:#x} to {:#x}, {}",
        guest.memory.start,
        guest.memory.end,
        traps::host_extensions()
    );
    stage2::build(&guest);
    // Once, before any access: each CPU gets a copy of every variable.
    percpu_hv::init_in_place().expect("image.ld includes percpu.x");
    let boot_cpu = machine.boot_cpu();
    psci::start_boot_core(&guest);
    run_guest(boot_cpu)
}

percpu_hv::cpu_hook!(
    guest,
    order = 10,
    up = |_| {
        counters::started();
        stage2::enable();
        traps::enable();
        el1::reset();
        Ok(())
    },
    // A core that is off has no guest.
    down = |_| {},
);

/// Runs on each core whenever the guest starts it: on the boot core after `main`, on the others by PSCI's CPU_ON.
fn run_guest(cpu: Cpu) -> ! {
    // Before any access. A core that was off asks for its own id again, and finds its variables as it left them.
    percpu_hv::bring_up(cpu.id()).expect("a core that is offline");
    let handle = |vcpu: &mut Vcpu| {
        let flow = exits::handle(vcpu, run_guest);
        report::stop_if_over();
        flow
    };
    let mut end = vcpu::run(|vcpu| *vcpu = psci::take_start(), handle);
    // This core borrows no variable any more: it may leave its stack.
    loop {
        match end {
            End::CoreOff => {
                let this = percpu_hv::retire().expect("a core that is online");
                let refusal = psci::switch_off();
                percpu_hv::bring_up(this.index()).expect("the core that was to go");
                end = vcpu::run(|vcpu| vcpu.x[0] = refusal, handle);
            }
            End::SystemOff => report::finish(Ok(())),
            End::SystemReset => report::finish(Err("Linux asked for a reset")),
        }
    }
}
