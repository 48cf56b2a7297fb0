//! No area is in the image: all are anywhere in memory, and the linker reserves a table of them. With the entry
//! `early_start` the MMU stays off.
#![cfg_attr(target_os = "none", no_std)]
#![cfg(target_os = "none")]

use hv_boot::{ExitCode, Machine, println};
use percpu_hv::{
    CpuId, add_area_from, current_cpu, def_percpu, init_from_each, init_in_place, maintenance,
    percpu_area_base, percpu_area_layout_expected, percpu_area_num, reserved_table, split_areas,
};

hv_boot::main!(main);

#[def_percpu]
static WORD: u64 = 0x0123_4567_89ab_cdef;
// So that the template does not end with a whole word.
#[def_percpu]
static ODD: [u8; 13] = *b"thirteen byte";

/// What the linker reserves, and what is said to that.
fn report_reserved() {
    let (areas, slots) = (percpu_area_num(), reserved_table().len());
    println!("reserved: {areas} areas, {slots} slots");
    let table = maintenance::table();
    println!("table: {:#x} {:#x}", table.start, table.end);
    println!("in place: {:?}", init_in_place());
}

fn main(machine: &'static Machine) -> ExitCode {
    report_reserved();
    let cpus = machine.cpu_count();
    let node = || {
        let layout = percpu_area_layout_expected(cpus);
        split_areas(machine.take_memory(layout).expect("memory for a few areas"))
    };
    let mut nodes = [node(), node()];
    // From node to node, in each from the highest address down.
    let mut next = |cpu: usize| nodes[cpu % 2].next_back().expect("an area of the node");
    let initialized = init_from_each(reserved_table(), (0..cpus - 1).map(&mut next));
    if let Err(status) = images::report(initialized) {
        return status;
    }
    println!("late: {:?}", add_area_from(next(cpus - 1)));
    machine.run_on_all(|cpu| {
        percpu_hv::init_percpu_reg(cpu.id());
        assert_eq!(current_cpu().index(), cpu.id());
        assert_eq!(WORD.read_current(), 0x0123_4567_89ab_cdef);
        WORD.write_current(cpu.id() as u64);
        ODD.with_current(|odd| assert!(odd.iter().eq(b"thirteen byte")));
    });
    let values = WORD
        .values()
        .map(|(cpu, word)| (cpu.index(), word as usize));
    assert!(values.eq((0..cpus).map(|cpu| (cpu, cpu))));
    assert!(percpu_area_base(0) > percpu_area_base(2));
    println!("{cpus} CPUs anywhere: ok");
    for more in 0.. {
        let layout = percpu_area_layout_expected(1);
        let memory = machine.take_memory(layout).expect("memory for an area");
        if let Err(error) = add_area_from(memory) {
            println!("{more} more: {error:?}");
            break;
        }
    }
    ExitCode::SUCCESS
}

#[cfg(target_arch = "aarch64")]
mod early {
    use core::ptr;

    use percpu_hv::{InitError, add_area, init_each};

    use super::*;

    images::early_start!(early);

    /// Memory of this image for a few areas.
    #[repr(align(4096))]
    struct Memory([u8; 1 << 16]);

    static mut MEMORY: Memory = Memory([0; 1 << 16]);

    /// Areas of three CPUs, in the order of these places.
    fn init(places: [usize; 3]) -> Result<usize, InitError> {
        // SAFETY: rule 9, memory that nothing else uses.
        unsafe { init_each(reserved_table(), (0..3).map(|cpu| place(places[cpu]))) }
    }

    fn place(number: usize) -> *mut u8 {
        let stride = percpu_area_layout_expected(1).size();
        // SAFETY: rule 9, only an address is taken.
        let memory = unsafe { &raw mut MEMORY.0 };
        memory.cast::<u8>().wrapping_add(number * stride)
    }

    extern "C" fn early() -> ! {
        report_reserved();
        println!("twice: {:?}", init([3, 1, 3]));
        if let Err(status) = images::report(init([5, 1, 3])) {
            status.exit();
        }
        // SAFETY: rule 9, memory that nothing else uses, but for the first call, which is refused.
        let add = |base| unsafe { add_area(base) };
        println!("late and null: {:?}", add(ptr::null_mut()));
        println!("late: {:?}", add(place(0)));
        for cpu in CpuId::all() {
            // SAFETY: rule 2, no other CPU runs.
            unsafe { percpu_hv::write_percpu_reg(percpu_area_base(cpu.index())) };
            assert_eq!(current_cpu(), cpu);
            assert_eq!(WORD.read_current(), 0x0123_4567_89ab_cdef);
            ODD.with_current(|odd| {
                assert!(odd.iter().eq(b"thirteen byte"));
                odd[12] = cpu.index() as u8;
            });
            WORD.write_current(cpu.index() as u64);
        }
        let bases = [5, 1, 3, 0].map(|number| place(number).addr());
        assert!(
            CpuId::all()
                .map(|cpu| percpu_area_base(cpu.index()))
                .eq(bases)
        );
        assert!(WORD.values().all(|(cpu, word)| word == cpu.index() as u64));
        println!("{} areas anywhere with the MMU off: ok", percpu_area_num());
        ExitCode::SUCCESS.exit()
    }
}
