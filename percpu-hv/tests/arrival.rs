//! What functions that make values may do while the area of a CPU that arrives is built. One test, since it makes the
//! areas.
#![cfg(all(target_os = "linux", not(feature = "sp-naive")))]

use std::mem::MaybeUninit;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{array, panic, thread};

use percpu_hv::{
    AreaSlot, CpuId, DynPerCpu, InitError, add_area_from, def_percpu, init_from_each, init_hosted,
    percpu_area_layout_expected,
};

static TABLE: [AreaSlot; 8] = [const { AreaSlot::new() }; 8];

/// What the function below does, for each value.
static DOES: Mutex<fn(usize) -> usize> = Mutex::new(|cpu| cpu);

#[def_percpu(init = made)]
static MADE: usize;

fn made(cpu: usize) -> usize {
    let does = *DOES.lock().unwrap();
    does(cpu)
}

fn memory() -> &'static mut [MaybeUninit<u8>] {
    let layout = percpu_area_layout_expected(1);
    vec![MaybeUninit::new(0xc5); layout.size() + layout.align()].leak()
}

fn add() -> Result<usize, InitError> {
    add_area_from(memory()).map(CpuId::index)
}

fn add_while(does: fn(usize) -> usize) -> Result<usize, InitError> {
    *DOES.lock().unwrap() = does;
    add()
}

/// Asks for areas in each way, while this thread builds some.
fn refused() {
    let busy = Some(InitError::Busy);
    assert_eq!(add().err(), busy);
    if CpuId::all().len() == 0 {
        assert_eq!(init_hosted(2).err(), busy);
        assert_eq!(init_from_each(&TABLE, [memory()]).err(), busy);
        let block = vec![MaybeUninit::uninit(); 3 * percpu_area_layout_expected(2).size()].leak();
        let start = block
            .as_ptr()
            .align_offset(percpu_area_layout_expected(1).align());
        assert_eq!(percpu_hv::init_from(&mut block[start..], 2).err(), busy);
    }
}

/// Keeps a variable that was made at run time.
static KEPT: Mutex<Option<DynPerCpu<u64>>> = Mutex::new(None);
/// How many values were made.
static VALUES: AtomicUsize = AtomicUsize::new(0);

#[cfg_attr(miri, ignore = "Miri has no linker, which collects the functions")]
#[test]
fn an_area_is_published_when_its_values_are_made() {
    *DOES.lock().unwrap() = |cpu| {
        refused();
        cpu + 10
    };
    let memories = array::from_fn::<_, 2, _>(|_| memory());
    assert_eq!(init_from_each(&TABLE, memories), Ok(2));

    // The area is known to nobody while its values are made; other areas are used as ever.
    let added = add_while(|cpu| {
        refused();
        assert_eq!((cpu, CpuId::all().len(), CpuId::new(cpu)), (2, 2, None));
        let own = DynPerCpu::<u64>::new(5).unwrap();
        assert_eq!(own.values().len(), 2);
        cpu + 10
    });
    assert_eq!(added, Ok(2));
    assert_eq!(
        MADE.values().map(|(_, value)| value).collect::<Vec<_>>(),
        [10, 11, 12]
    );

    // A variable that is made meanwhile, by whomever, has no value there.
    for does in [
        |cpu| {
            *KEPT.lock().unwrap() = Some(DynPerCpu::new(6).unwrap());
            VALUES.fetch_add(1, Ordering::Relaxed);
            cpu
        },
        |cpu| {
            let keep = || *KEPT.lock().unwrap() = Some(DynPerCpu::new(7).unwrap());
            thread::scope(|scope| scope.spawn(keep).join().unwrap());
            VALUES.fetch_add(1, Ordering::Relaxed);
            cpu
        },
    ] {
        assert_eq!(add_while(does), Err(InitError::VariablesLive));
        assert_eq!(CpuId::all().len(), 3);
        // It is found before a value is made.
        assert_eq!(add(), Err(InitError::VariablesLive));
        *KEPT.lock().unwrap() = None;
    }
    assert_eq!(VALUES.load(Ordering::Relaxed), 2);

    // A function that panics leaves the next addition free.
    let panics = panic::catch_unwind(|| add_while(|_| panic!("ours")));
    assert!(panics.is_err());
    DOES.clear_poison();
    assert_eq!(add_while(|cpu| cpu + 20), Ok(3));
    assert_eq!(MADE.read_remote(CpuId::new(3).unwrap()), 23);
}
