//! Counts the instructions of every operation at EL2. QEMU's option `-icount shift=0` lets one nanosecond pass with each
//! instruction, and the counter of `-cpu max` counts nanoseconds.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod image {
    use core::{cell::UnsafeCell, num::NonZeroU32, ptr::NonNull};

    use aarch64_cpu::{
        asm::barrier,
        registers::{CNTFRQ_EL0, CNTPCT_EL0, TPIDR_EL2},
    };
    use ax_percpu::{CpuIndex, PerCpuRegion};
    use hv_boot::{ExitCode, Machine, println};
    use peers::Loop;
    use tock_registers::interfaces::{Readable, Writeable};

    hv_boot::main!(main);

    /// How often each operation is repeated.
    const REPETITIONS: u64 = 1_000_000;

    /// The area of the one CPU for ax-percpu, which has no memory of its own.
    #[repr(align(4096))]
    struct Area(UnsafeCell<[u8; 4096]>);

    // SAFETY: rule 9, given away once.
    unsafe impl Sync for Area {}

    static AREA: Area = Area(UnsafeCell::new([0; 4096]));

    fn main(_machine: &'static Machine) -> ExitCode {
        assert_eq!(
            CNTFRQ_EL0.get(),
            1_000_000_000,
            "the counter counts nanoseconds with `-cpu max`"
        );
        let own = own_base();
        percpu::init_in_place().expect("the areas of percpu.x");
        let ax = ax_base();
        for Loop { name, run } in peers::loops() {
            let base = match name.split('.').next() {
                Some("ax-percpu") => ax,
                // The offset of the primary core.
                Some("percore") => 0,
                _ => own,
            };
            TPIDR_EL2.set(base as u64);
            let count = measure(run);
            println!("{name} {count}");
        }
        TPIDR_EL2.set(own as u64);
        ExitCode::SUCCESS
    }

    fn measure(run: fn(u64)) -> u64 {
        let now = || {
            barrier::isb(barrier::SY);
            CNTPCT_EL0.get()
        };
        let start = now();
        run(REPETITIONS);
        now() - start
    }

    fn own_base() -> usize {
        percpu_hv::init_in_place().expect("the areas of percpu.x");
        percpu_hv::init_percpu_reg(0);
        percpu_hv::percpu_area_base(0)
    }

    fn ax_base() -> usize {
        let memory = NonNull::new(AREA.0.get().cast::<u8>()).expect("a static has an address");
        let region = PerCpuRegion::new(memory, 4096, NonZeroU32::MIN);
        // SAFETY: rule 9, the memory is used by nobody else, and for ever.
        unsafe { ax_percpu::initialize_layout(region) }.expect("the sections of the linker script");
        // Its own function would also write SP_EL0, which is the stack pointer here.
        let boot = CpuIndex::from_u32(0).expect("0 is an index");
        ax_percpu::area(boot)
            .expect("CPU 0 has an area")
            .runtime_base()
    }
}

#[cfg(not(target_os = "none"))]
fn main() {
    eprintln!("el2 is a bare-metal image: cargo run --package bench -- measure executed");
    std::process::exit(2);
}
