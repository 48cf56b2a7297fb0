//! CPU ids, and what other CPUs hold.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::hint::black_box;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use percpu_hv::{CpuId, IrqOff, current_cpu, def_percpu};

use crate::common::{CPUS, on_cpu, panic_text};

#[test]
fn an_id_is_made_from_a_cpu_that_there_is() {
    percpu_hv::init_hosted(CPUS).unwrap();
    for index in 0..CPUS {
        let cpu = CpuId::new(index).unwrap();
        assert_eq!((cpu.index(), cpu.to_string()), (index, index.to_string()));
    }
    assert_eq!(CpuId::new(CPUS), None);
    assert_eq!(CpuId::new(usize::MAX), None);
}

#[test]
fn an_id_that_no_cpu_has_is_refused() {
    #[def_percpu]
    static WORD: u64 = 1;

    percpu_hv::init_hosted(CPUS).unwrap();
    for id in [CPUS, CPUS + 1, usize::MAX] {
        let uses: [(&str, &(dyn Fn() + Sync)); 4] = [
            ("remote_ptr", &|| {
                // SAFETY: rule 6, the id is refused: there is no copy that another CPU uses.
                black_box(unsafe { WORD.remote_ptr(id) });
            }),
            ("remote_ref_raw", &|| {
                // SAFETY: as above.
                black_box(unsafe { WORD.remote_ref_raw(id) });
            }),
            ("remote_ref_mut_raw", &|| {
                // SAFETY: as above.
                black_box(unsafe { WORD.remote_ref_mut_raw(id) });
            }),
            ("percpu_area_base", &|| {
                black_box(percpu_hv::percpu_area_base(id));
            }),
        ];
        let sentence =
            format!("CPU id {id} is out of range: the per-CPU areas are for {CPUS} CPUs");
        for (name, f) in uses {
            let text = panic_text(f);
            assert!(text.starts_with(&sentence), "{name}({id}): {text}");
        }
    }
}

#[test]
fn all_ids_come_in_order() {
    percpu_hv::init_hosted(CPUS).unwrap();
    let ids = CpuId::all();
    assert_eq!(ids.len(), CPUS);
    assert!(ids.clone().map(CpuId::index).eq(0..CPUS));
    assert!(ids.clone().rev().map(CpuId::index).eq((0..CPUS).rev()));
    assert_eq!(ids.collect::<BTreeSet<_>>().len(), CPUS);
}

#[test]
fn a_cpu_knows_its_id() {
    for cpu in 0..CPUS {
        on_cpu(cpu, || assert_eq!(current_cpu().index(), cpu));
    }
    let text = panic_text(|| {
        current_cpu();
    });
    assert!(text.contains("init_percpu_reg(cpu_id)"), "{text}");
}

#[test]
fn other_cpus_copies_are_reached() {
    #[def_percpu]
    static EXITS: AtomicU32 = AtomicU32::new(1);
    #[def_percpu(shared)]
    static NAMES: Mutex<Vec<usize>> = Mutex::new(Vec::new());

    // From a thread that is no CPU: an id is enough.
    percpu_hv::init_hosted(CPUS).unwrap();
    for cpu in CpuId::all() {
        EXITS
            .on(cpu)
            .fetch_add(10 * cpu.index() as u32, Ordering::Relaxed);
    }
    for (cpu, names) in NAMES.iter() {
        names.lock().unwrap().push(cpu.index());
    }
    for cpu in 0..CPUS {
        on_cpu(cpu, || {
            let own = EXITS.on(current_cpu());
            // SAFETY: rule 2, this thread is a CPU; nothing is read.
            assert!(std::ptr::eq(own, unsafe { EXITS.current_ptr() }));
            assert_eq!(own.load(Ordering::Relaxed), 1 + 10 * cpu as u32);
            assert_eq!(*NAMES.on(current_cpu()).lock().unwrap(), [cpu]);
        });
    }
    let mut back = EXITS.iter().rev();
    assert_eq!(back.len(), CPUS);
    assert_eq!(back.next().unwrap().0.index(), CPUS - 1);
    let all = EXITS.fold(Vec::new(), |mut all, exits| {
        all.push(exits.load(Ordering::Relaxed));
        all
    });
    assert_eq!(all, [1, 11, 21, 31]);
}

#[test]
fn scalars_of_other_cpus_are_summed() {
    #[def_percpu]
    static BYTE: u8 = 100;
    #[def_percpu]
    static SIGNED: i64 = -1;

    percpu_hv::init_hosted(CPUS).unwrap();
    assert_eq!(BYTE.sum(), 100_u8.wrapping_mul(CPUS as u8));
    for cpu in 0..CPUS {
        on_cpu(cpu, || SIGNED.write_current(-(cpu as i64)));
    }
    let read: Vec<_> = CpuId::all().map(|cpu| SIGNED.read_remote(cpu)).collect();
    assert_eq!(read, [0, -1, -2, -3]);
    assert_eq!(SIGNED.sum(), -6);
}

/// The reader sees values that were written, whole, while the other CPU goes on.
#[test]
fn a_remote_read_is_never_torn() {
    #[def_percpu]
    static WORD: u64 = 0;
    static STOP: AtomicBool = AtomicBool::new(false);

    percpu_hv::init_hosted(CPUS).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            on_cpu(1, || {
                while !STOP.load(Ordering::Relaxed) {
                    WORD.write_current(u64::MAX);
                    WORD.xor_current(u64::MAX);
                    WORD.swap_current(u64::MAX);
                    WORD.add_current(1);
                }
            });
        });
        let one = CpuId::new(1).unwrap();
        let mut seen = BTreeSet::new();
        for _ in 0..50_000 {
            seen.insert(WORD.read_remote(one));
        }
        STOP.store(true, Ordering::Relaxed);
        assert!(seen.iter().all(|&word| word == 0 || word == u64::MAX));
    });
}

#[test]
fn another_cpus_copy_is_reset() {
    #[def_percpu]
    static STATE: Cell<u32> = Cell::new(4);
    #[def_percpu]
    static LIST: Vec<u32> = Vec::new();

    let set = |value| {
        STATE.get_local(&IrqOff::new()).set(value);
        LIST.with_current(|list| list.push(value));
    };
    let found = || {
        let list = LIST.with_current(|list| list.clone());
        (STATE.get_local(&IrqOff::new()).get(), list)
    };
    on_cpu(2, || set(5));
    on_cpu(0, || {
        set(6);
        // SAFETY: rule 6, CPU 2 does not run.
        unsafe {
            STATE.reset_remote(CpuId::new(2).unwrap());
            LIST.reset_remote(CpuId::new(2).unwrap());
        }
        assert_eq!(found(), (6, vec![6]));
    });
    on_cpu(2, || assert_eq!(found(), (4, vec![])));
}
