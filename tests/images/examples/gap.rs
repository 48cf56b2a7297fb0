//! Areas with gaps behind them. Nothing touches a gap, whatever areas are used for; the image prints where the gaps are.
#![cfg_attr(target_os = "none", no_std)]
#![cfg(target_os = "none")]

use core::{ops::Range, ptr};

use hv_boot::{ExitCode, Machine, println};
use percpu_hv::{
    CpuId, DynPerCpu, def_percpu, kind, maintenance, percpu_area_base, percpu_area_gap,
    percpu_area_num,
};

hv_boot::main!(main);

#[def_percpu]
static WORD: u64 = 7;
#[def_percpu]
static ODD: [u8; 77] = [3; 77];

/// What the gaps hold.
const FILL: u8 = 0xa5;

fn is_untouched(gap: Range<usize>) -> bool {
    gap.into_iter().all(|address| {
        let byte: *const u8 = ptr::with_exposed_provenance(address);
        // SAFETY: rule 9, memory behind an area, which was filled.
        unsafe { byte.read_volatile() == FILL }
    })
}

fn main(machine: &'static Machine) -> ExitCode {
    let block = maintenance::areas().next().unwrap_or_default();
    let start: *mut u8 = ptr::with_exposed_provenance_mut(block.start);
    // SAFETY: rule 9, memory for areas, of which there are none yet.
    unsafe { start.write_bytes(FILL, block.len()) };
    if let Err(status) = images::report(percpu_hv::init_in_place()) {
        return status;
    }
    // With the borrow flag, all of the reserve.
    let whole = DynPerCpu::<[u8; 0xff0], kind::Exclusive>::new([1; 0xff0]);
    let whole = whole.expect("the reserve has 4 KiB");
    machine.run_on_all(|cpu| {
        percpu_hv::init_percpu_reg(cpu.id());
        WORD.write_current(cpu.id() as u64);
        ODD.with_current(|odd| odd.fill(4));
        whole.with_current(|whole| whole.fill(2));
    });
    // An area that no CPU took.
    let last = CpuId::new(percpu_area_num() - 1).expect("there are areas");
    assert!(last.index() >= machine.cpu_count());
    // SAFETY: rules 6 and 17, no CPU uses it, and nothing refers to it.
    unsafe {
        percpu_hv::poison_percpu_area(last).expect("the template is loaded");
        percpu_hv::reinit_percpu_area(last).expect("the template is loaded");
    }
    drop(whole);

    for cpu in 0..machine.cpu_count() {
        let (area, gap) = (maintenance::area(cpu), percpu_area_gap(cpu));
        assert_eq!(area.end, gap.start);
        assert_eq!(gap.end, percpu_area_base(cpu + 1));
        println!("gap of {cpu}: {:#x} {:#x}", gap.start, gap.end);
    }
    println!("ranges: {}", maintenance::areas().count());
    let touched = (0..percpu_area_num()).find(|&cpu| !is_untouched(percpu_area_gap(cpu)));
    println!("touched: {touched:?}");
    ExitCode::SUCCESS
}
