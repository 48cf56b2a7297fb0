//! Every core with its own area; the areas are in RAM that the firmware names.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod image {
    use hv_boot::{ExitCode, Machine, demo};

    hv_boot::main!(main);

    fn main(machine: &'static Machine) -> ExitCode {
        let cpus = machine.cpu_count();
        let layout = percpu_hv::percpu_area_layout_expected(cpus);
        let Some(memory) = machine.take_memory(layout) else {
            panic!(
                "no {} bytes of free memory for the areas of {cpus} cpus",
                layout.size()
            );
        };
        // SAFETY: rule 9, memory of the machine, which is taken for good.
        unsafe { percpu_hv::init(memory.as_mut_ptr().cast(), cpus) }
            .expect("memory of the expected layout");
        demo::run(machine)
    }
}

#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!(
        "hv-boot-given-memory is a bare-metal image: scripts/qemu-virt.sh --bin hv-boot-given-memory"
    );
    std::process::exit(2);
}
