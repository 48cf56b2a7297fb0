// What crates published for percpu do with variables. Included once per line, which is `percpu` here.

use std::cell::{Cell, OnceCell};
use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::rc::Rc;

use consumer::{on_cpu, CPUS};

macro_rules! percpu_static {
    ($(
        $(#[$comment:meta])*
        $name:ident: $ty:ty = $init:expr
    ),* $(,)?) => {
        $(
            $(#[$comment])*
            #[percpu::def_percpu]
            static $name: $ty = $init;
        )*
    };
}

percpu_static! {
    /// With documentation.
    TIMERS: usize = 7,
    #[cfg(any())]
    NOT_THERE: NoSuchType = 0,
    #[cfg(all())]
    QUEUE: VecDeque<Rc<u8>> = VecDeque::new(),
    TASKS: VecDeque<Rc<u8>> = VecDeque::new(),
    ENDED: VecDeque<Rc<u8>> = VecDeque::new(),
}

#[percpu::def_percpu]
static mut CURRENT: Option<*mut u8> = None;

#[percpu::def_percpu]
pub static HANDLER: OnceCell<&(dyn Fn() -> u8 + Send + Sync)> = OnceCell::new();

#[percpu::def_percpu]
pub(crate) static CALLS: Vec<Box<dyn FnOnce() -> u8>> = Vec::new();

#[percpu::def_percpu]
static DEPTH: Cell<u32> = Cell::new(0);

#[percpu::def_percpu]
static SCOPE: usize = 0;

mod visible {
    use super::percpu;

    #[percpu::def_percpu]
    pub(super) static SEEN: bool = true;
}

// As visible as the static.
const _: fn(&visible::SEEN_WRAPPER) -> usize = visible::SEEN_WRAPPER::offset;

fn answer() -> u8 {
    42
}

#[test]
fn mutable_statics_hold_what_is_not_send() {
    // SAFETY: rule 5: only this test uses these variables, on this CPU.
    on_cpu(0, || unsafe {
        let mut value = 5;
        assert!(CURRENT.current_ref_raw().is_none());
        assert!(CURRENT.current_ref_mut_raw().replace(&mut value).is_none());
        assert_eq!(CURRENT.current_ref_mut_raw().take(), Some(&raw mut value));

        assert!(HANDLER.current_ref_mut_raw().set(&answer).is_ok());
        assert_eq!(HANDLER.current_ref_raw().get().unwrap()(), 42);
    });
}

#[test]
fn with_current_asks_nothing_of_the_type() {
    on_cpu(1, || {
        QUEUE.with_current(|queue| queue.push_back(Rc::new(3)));
        assert_eq!(QUEUE.with_current(|queue| queue.pop_front()).as_deref(), Some(&3));
        CALLS.with_current(|calls| calls.push(Box::new(answer)));
        let call = CALLS.with_current(|calls| calls.pop().unwrap());
        assert_eq!(call(), 42);
    });
}

#[test]
fn with_current_nests() {
    on_cpu(1, || {
        let deepest = DEPTH.with_current(|depth| {
            depth.set(1);
            DEPTH.with_current(|depth| depth.get() + 1)
        });
        assert_eq!(deepest, 2);
        DEPTH.with_current(|depth| depth.set(0));
    });
}

#[test]
fn raw_references_are_static() {
    struct Owner {
        tasks: &'static mut VecDeque<Rc<u8>>,
        ended: &'static VecDeque<Rc<u8>>,
    }
    // SAFETY: rules 5 and 6: only this test uses these variables.
    on_cpu(2, || unsafe {
        let owner = Owner {
            tasks: TASKS.current_ref_mut_raw(),
            ended: ENDED.remote_ref_raw(3),
        };
        owner.tasks.push_back(Rc::new(1));
        assert!(owner.ended.is_empty());
        owner.tasks.clear();
    });
}

#[test]
fn the_argument_is_inferred_and_so_is_the_result() {
    on_cpu(2, || {
        SCOPE.write_current(NonZeroUsize::new(0x1000).unwrap().into());
        assert_eq!(SCOPE.read_current() as *const u8 as usize, 0x1000);
        // SAFETY: rule 5: only this test uses the variable.
        let pointer = unsafe { SCOPE.read_current_raw() as *const u8 };
        assert_eq!(pointer.addr(), 0x1000);
        SCOPE.write_current(0);
    });
}

#[test]
fn a_function_has_variables_of_its_own() {
    fn count() -> u32 {
        let step = 1;
        #[percpu::def_percpu]
        static COUNT: u32 = 10;
        COUNT.write_current(COUNT.read_current() + step);
        COUNT.read_current()
    }
    assert_eq!(on_cpu(3, || (count(), count())), (11, 12));
}

#[test]
fn every_cpu_has_a_copy() {
    #[percpu::def_percpu]
    static ID: usize = usize::MAX;

    for cpu in 0..CPUS {
        on_cpu(cpu, || {
            assert!(visible::SEEN.read_current());
            assert_eq!(TIMERS.read_current(), 7);
            if !cfg!(feature = "sp-naive") {
                assert_eq!(ID.read_current(), usize::MAX);
            }
            ID.write_current(cpu);
        });
    }
    if cfg!(feature = "sp-naive") {
        return;
    }
    for cpu in 0..CPUS {
        // SAFETY: rule 6: no thread is that CPU now.
        unsafe {
            assert_eq!(*ID.remote_ptr(cpu), cpu);
            assert_eq!(ID.remote_ptr(cpu).addr(), percpu::percpu_area_base(cpu) + ID.offset());
            *ID.remote_ref_mut_raw(cpu) += 1;
        }
        assert_eq!(on_cpu(cpu, || ID.read_current()), cpu + 1);
    }
}
