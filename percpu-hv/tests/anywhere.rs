//! 4,096 CPUs whose areas are anywhere: the last of them arrive while the others count. A binary of its own, as a
//! process has one init.
#![cfg(all(target_os = "linux", not(feature = "sp-naive")))]

use std::collections::BTreeSet;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::{ptr, thread};

use percpu_hv::{
    AreaFault, AreaSlot, CpuId, DynPerCpu, InitError, add_area, add_area_from, def_percpu,
    init_each, init_from_each, maintenance, percpu_area_base, percpu_area_layout_expected,
    percpu_area_num, split_areas,
};

const CPUS: usize = 4096;
/// Areas of a node are in one block.
const NODES: usize = 60;
const CPUS_OF_A_NODE: usize = 64;
/// Those that are there at init; the others arrive later.
const FIRST: usize = NODES * CPUS_OF_A_NODE;

static TABLE: [AreaSlot; CPUS] = [const { AreaSlot::new() }; CPUS];

#[def_percpu]
static COUNT: usize = 7;

#[def_percpu(shared)]
static SEEN: AtomicUsize = AtomicUsize::new(0);

type Memory = &'static mut [MaybeUninit<u8>];

/// Memory whose first aligned address is not its first one, with room for so many areas.
fn memory(areas: usize) -> Memory {
    let layout = percpu_area_layout_expected(areas);
    let memory = vec![MaybeUninit::new(0xc5); layout.size() + 2 * layout.align()].leak();
    let start = memory.as_ptr().align_offset(layout.align());
    &mut memory[start + 1..]
}

/// The base of an area in memory that is forgotten otherwise.
fn base() -> *mut u8 {
    let memory = memory(1);
    let align = percpu_area_layout_expected(1).align();
    let aligned = &mut memory[align - 1..];
    aligned.as_mut_ptr().cast()
}

/// What an init with an area at each of `bases` says.
fn init(table: &'static [AreaSlot], bases: &[*mut u8]) -> Result<usize, InitError> {
    // SAFETY: rule 9, memory that nobody uses, or a base that is refused.
    unsafe { init_each(table, bases.iter().copied()) }
}

fn refused(cpu_id: usize, fault: AreaFault) -> Result<usize, InitError> {
    Err(InitError::Area { cpu_id, fault })
}

fn what_is_wrong_is_refused_and_names_the_cpu() {
    let layout = percpu_area_layout_expected(1);
    let (needed, align) = (layout.size(), layout.align());
    let [one, two] = [base(), base()];

    let null = init(&TABLE, &[one, two, ptr::null_mut()]);
    assert_eq!(null, refused(2, AreaFault::Null));
    let odd = two.wrapping_add(8);
    let address = odd.addr();
    let fault = AreaFault::Unaligned { address, align };
    assert_eq!(init(&TABLE, &[one, odd]), refused(1, fault));
    let last = ptr::without_provenance_mut::<u8>(usize::MAX - (align - 1));
    let address = last.addr();
    assert_eq!(
        init(&TABLE, &[last]),
        refused(0, AreaFault::Wraps { address })
    );
    let template = COUNT.symbol_vma() - COUNT.offset();
    let over = ptr::without_provenance_mut::<u8>(template & !(align - 1));
    let address = over.addr();
    let fault = AreaFault::OverTemplate { address };
    assert_eq!(init(&TABLE, &[one, over]), refused(1, fault));
    let fault = AreaFault::Overlaps { other_id: 0 };
    assert_eq!(init(&TABLE, &[one, two, one]), refused(2, fault));
    let slots = 1;
    let text = init(&TABLE[..slots], &[one, two]);
    assert_eq!(text, Err(InitError::TableTooSmall { slots }));
    assert_eq!(init(&TABLE, &[]), Err(InitError::NoCpus));

    let small = memory(1);
    let given = needed - 1;
    let small = &mut small[..align - 1 + given];
    let fault = AreaFault::TooSmall { needed, given };
    let result = init_from_each(&TABLE, [memory(1), memory(1), memory(1), small]);
    assert_eq!(result, refused(3, fault));
    assert_eq!(
        result.unwrap_err().to_string(),
        format!(
            "no per-CPU area for CPU id 3: an area takes {needed} bytes, but from the first aligned address on there \
             are {given}; size and align the memory as `percpu_area_layout_expected(1)` states"
        )
    );
    let nothing: Memory = &mut [];
    let fault = AreaFault::TooSmall { needed, given: 0 };
    assert_eq!(init_from_each(&TABLE, [nothing]), refused(0, fault));

    // An iterator that panics leaves the next init free.
    let panics = || {
        init_from_each(
            &TABLE,
            (0..3).map(|cpu| if cpu == 2 { panic!("ours") } else { memory(1) }),
        )
    };
    assert!(std::panic::catch_unwind(panics).is_err());

    assert_eq!(add_area_from(memory(1)), Err(InitError::NotInitialized));
    assert_eq!((percpu_area_num(), CpuId::all().len()), (0, 0));
    assert_eq!(
        (CpuId::new(0), maintenance::table()),
        (None, {
            let none: &[AreaSlot] = percpu_hv::reserved_table();
            let start = none.as_ptr().addr();
            start..start
        })
    );
}

/// The ids go from node to node, and in each node from the highest address down.
fn init_by_nodes() {
    let mut nodes: Vec<_> = (0..NODES)
        .map(|_| split_areas(memory(CPUS_OF_A_NODE)).rev())
        .collect();
    assert!(nodes.iter().all(|node| node.len() == CPUS_OF_A_NODE));
    let memories = (0..FIRST).map(|cpu| nodes[cpu % NODES].next().unwrap());
    assert_eq!(init_from_each(&TABLE, memories), Ok(FIRST));
}

/// What CPU `cpu` does: its own copy is one that nobody used.
fn run(cpu: usize) {
    percpu_hv::init_percpu_reg(cpu);
    assert_eq!(percpu_hv::current_cpu().index(), cpu);
    assert_eq!(percpu_hv::read_percpu_reg(), percpu_area_base(cpu));
    assert_eq!(COUNT.read_current(), 7);
    COUNT.add_current(cpu);
    let next = CpuId::new((cpu + 1) % FIRST).unwrap();
    SEEN.on(next).fetch_add(1, Ordering::Relaxed);
}

#[test]
fn cpus_with_areas_anywhere() {
    what_is_wrong_is_refused_and_names_the_cpu();
    init_by_nodes();

    let again = init_from_each(&TABLE, [memory(1)]);
    let cpu_count = FIRST;
    let live = Err(InitError::AlreadyInitialized { cpu_count });
    assert_eq!((again, init(&TABLE, &[base()])), (live, live));
    assert_eq!(percpu_hv::init_hosted(4), live);
    // SAFETY: rule 4, it is refused.
    let rebased = unsafe { percpu_hv::rebase_areas(base()) };
    assert_eq!(rebased, Err(InitError::AreasInTable));

    // CPUs arrive while others look at all that are there.
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Acquire) {
                let all: Vec<_> = CpuId::all().collect();
                let sum: usize = all.iter().map(|&cpu| COUNT.read_remote(cpu)).sum();
                assert_eq!(sum, 7 * all.len());
            }
        });
        let late: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let add = |_| add_area_from(memory(1)).unwrap().index();
                    (0..(CPUS - FIRST) / 2 - 1).map(add).collect::<Vec<_>>()
                })
            })
            .collect();
        let ids: BTreeSet<_> = late
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect();
        assert!(ids.into_iter().eq(FIRST..CPUS - 2));
        done.store(true, Ordering::Release);
    });
    // SAFETY: rule 9, memory that nobody else uses, or a base that is refused.
    let add = |base| unsafe { add_area(base) }.map(CpuId::index);
    let own = percpu_area_base(9);
    let fault = AreaFault::Overlaps { other_id: 9 };
    let over = ptr::with_exposed_provenance_mut(own);
    assert_eq!(add(over), refused(CPUS - 2, fault));
    assert_eq!(add(ptr::null_mut()), refused(CPUS - 2, AreaFault::Null));
    // A variable that was made at run time would have no value there.
    let living = DynPerCpu::<u64>::new(0).unwrap();
    assert_eq!(add(base()), Err(InitError::VariablesLive));
    assert_eq!(add_area_from(memory(1)), Err(InitError::VariablesLive));
    drop(living);
    assert_eq!((add(base()), add(base())), (Ok(CPUS - 2), Ok(CPUS - 1)));
    let full = Err(InitError::TableTooSmall { slots: CPUS });
    assert_eq!(add(base()), full);
    assert_eq!(add_area_from(memory(1)).map(CpuId::index), full);

    // Each CPU is a thread.
    for cpu in 0..CPUS {
        thread::scope(|scope| scope.spawn(|| run(cpu)).join().unwrap());
    }
    let expected = (0..CPUS).map(|cpu| (cpu, 7 + cpu));
    assert!(
        COUNT
            .values()
            .map(|(cpu, value)| (cpu.index(), value))
            .eq(expected)
    );
    assert!(CpuId::all().rev().map(CpuId::index).eq((0..CPUS).rev()));
    let seen: usize = SEEN
        .iter()
        .map(|(_, seen)| seen.load(Ordering::Relaxed))
        .sum();
    assert_eq!(seen, CPUS);

    // Each area is where its memory is, and no two share a byte.
    let areas: Vec<_> = maintenance::areas().collect();
    let bases: BTreeSet<_> = (0..CPUS).map(percpu_area_base).collect();
    assert_eq!(
        (areas.len(), bases.len(), percpu_area_num()),
        (CPUS, CPUS, CPUS)
    );
    let size = percpu_area_layout_expected(1).size();
    let sorted: Vec<_> = bases.iter().collect();
    assert!(sorted.windows(2).all(|two| two[1] - two[0] >= size));
    assert!((0..CPUS).all(|cpu| areas[cpu] == maintenance::area(cpu)));
    assert!(
        percpu_area_base(0) > percpu_area_base(NODES),
        "from the highest down"
    );
    assert_eq!(
        maintenance::table(),
        TABLE.as_ptr_range().start.addr()..TABLE.as_ptr_range().end.addr()
    );

    // An area is built anew where it is.
    let cpu = CpuId::new(3000).unwrap();
    let before = (percpu_area_base(3000), COUNT.read_remote(cpu));
    // SAFETY: rules 6 and 17, the thread of this CPU has ended.
    assert_eq!(unsafe { percpu_hv::reinit_percpu_area(cpu) }, Ok(()));
    assert_eq!((before.1, COUNT.read_remote(cpu)), (3007, 7));
    assert_eq!(percpu_area_base(3000), before.0);
}
