//! Values that a function makes for each CPU: when it runs, and what it may do. One test, since it makes the areas.
#![cfg(target_os = "linux")]

use std::panic::{self, AssertUnwindSafe};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use percpu_hv::{CpuId, def_percpu};

/// The CPUs for which the function ran, in order.
static MADE: Mutex<Vec<usize>> = Mutex::new(Vec::new());
static FAILS: AtomicBool = AtomicBool::new(true);

#[def_percpu(init = list)]
static LIST: Vec<usize>;
#[def_percpu]
static WORD: u64 = 1;

fn list(cpu: usize) -> Vec<usize> {
    MADE.lock().unwrap().push(cpu);
    // No area is there to be reached, of this CPU or another one.
    if cfg!(not(feature = "sp-naive")) && CpuId::all().len() == 0 {
        assert_eq!(refusal(|| WORD.read_current()), "this thread is no CPU yet");
        // SAFETY: rule 6, the id is refused.
        let remote = || unsafe { *WORD.remote_ref_raw(cpu) };
        assert_eq!(refusal(remote), "there are no per-CPU areas yet");
    }
    assert!(
        cpu + 1 < percpus() || !FAILS.load(Ordering::Relaxed),
        "the last one fails"
    );
    vec![cpu; 3]
}

const fn percpus() -> usize {
    if cfg!(feature = "sp-naive") { 1 } else { 3 }
}

/// Returns the first part of what a call panics with.
fn refusal<R>(call: impl FnOnce() -> R) -> String {
    let Err(panic) = panic::catch_unwind(AssertUnwindSafe(call)) else {
        panic!("it is not refused");
    };
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    let text = text.unwrap_or_else(|| *panic.downcast::<String>().unwrap());
    text.split(';').next().unwrap().to_owned()
}

fn take_made() -> Vec<usize> {
    std::mem::take(&mut MADE.lock().unwrap())
}

#[cfg_attr(miri, ignore = "Miri has no linker, which collects the functions")]
#[test]
fn a_function_makes_each_value_before_the_areas_are_published() {
    let all: Vec<usize> = (0..percpus()).collect();
    let init = || percpu_hv::init_hosted(percpus());

    if cfg!(feature = "sp-naive") {
        let early = refusal(|| LIST.with_current(|list| list.len()));
        assert_eq!(
            early,
            "the values of per-CPU variables with the option `init` are not made yet"
        );
    }
    // A function that panics leaves nothing published, and the next init free.
    assert_eq!(refusal(init), "the last one fails");
    assert_eq!(take_made(), all);
    if cfg!(not(feature = "sp-naive")) {
        assert_eq!(CpuId::all().len(), 0);
    }

    FAILS.store(false, Ordering::Relaxed);
    assert_eq!(init(), Ok(percpus()));
    assert_eq!(take_made(), all);
    assert_eq!(init(), Ok(percpus()));
    assert_eq!(take_made(), [], "values are made once");

    for cpu in all {
        let job = move || {
            percpu_hv::init_percpu_reg(cpu);
            LIST.with_current(|list| {
                assert_eq!(*list, [cpu; 3]);
                list.clear();
            });
            LIST.reset_to_init();
            assert_eq!(LIST.with_current(|list| list.clone()), [cpu; 3]);
        };
        thread::spawn(job).join().unwrap();
        assert_eq!(take_made(), [cpu]);
    }

    let last = CpuId::new(percpus() - 1).unwrap();
    // SAFETY: rule 6, the thread that played this CPU has ended.
    unsafe { LIST.reset_remote(last) };
    assert_eq!(take_made(), [last.index()]);
    if cfg!(not(feature = "sp-naive")) {
        // SAFETY: rules 6 and 17, as above. It forgets a list.
        assert_eq!(unsafe { percpu_hv::reinit_percpu_area(last) }, Ok(()));
        assert_eq!(take_made(), [last.index()]);
    }
}
