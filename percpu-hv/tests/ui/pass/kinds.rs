//! The kind of each variable, by its type or an option: what it can do shows it.

use std::cell::{Cell, OnceCell, RefCell};
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock};

use percpu_hv::{
    CpuId, CpuPin, IrqOff, PerCpu, PerCpuCounter, PerCpuOnce, Scalar, def_percpu, kind,
};

/// The type and the kind of each variable.
macro_rules! assert_kinds {
    ($($name:ident: $ty:ty = $kind:ident),* $(,)?) => {$(
        is::<_, $ty, kind::$kind>(&$name);
    )*};
}

fn is<S: percpu_hv::Place<T, Kind = K>, T, K>(_: &PerCpu<S, T>) {}

mod values {
    use super::*;

    pub type Id = u32;
    pub type Own = super::Vmid;

    #[def_percpu]
    pub static ID: Id = 1;
    #[def_percpu]
    pub static OWN: Own = super::Vmid(2);
    #[def_percpu]
    pub static NAME: Option<&'static u32> = Some(&3);
    #[def_percpu]
    pub static HANDLER: fn(u8) -> u8 = super::next;
    #[def_percpu]
    pub static HOOK: Option<unsafe extern "C" fn(*mut u8, usize)> = None;
    #[def_percpu]
    pub static VISITOR: super::Visitor = super::Visitor(super::first);
    #[def_percpu]
    pub static PAGE: *mut [u8; 4096] = std::ptr::null_mut();
    #[def_percpu]
    pub static PROJECTED: <[u16; 4] as IntoIterator>::Item = 4;
    #[def_percpu]
    pub static ARGUMENT: Option<NonZero<u8>> = NonZero::new(5);
}

mod shareds {
    use super::*;

    pub type Count = AtomicU64;

    #[def_percpu]
    pub static COUNT: Count = AtomicU64::new(1);
    #[def_percpu]
    pub static BY_REASON: [AtomicU64; 3] = [const { AtomicU64::new(2) }; 3];
    #[def_percpu]
    pub static PAIR: (AtomicU32, [AtomicBool; 2]) = (
        AtomicU32::new(3),
        [AtomicBool::new(true), AtomicBool::new(false)],
    );
    #[def_percpu]
    pub static POINTER: AtomicPtr<Cell<u8>> = AtomicPtr::new(std::ptr::null_mut());
    #[def_percpu]
    pub static LOAD: super::Load = super::Load {
        running: AtomicU32::new(4),
    };
    #[def_percpu]
    pub static LOADS: ([super::Load; 1], Cell<u8>) = (
        [super::Load {
            running: AtomicU32::new(5),
        }],
        Cell::new(6),
    );
    #[def_percpu]
    pub static STATE: Cell<Option<Box<u8>>> = Cell::new(None);
    #[def_percpu]
    pub static QUEUE: RefCell<Vec<u8>> = RefCell::new(Vec::new());
    #[def_percpu]
    pub static ONCE: OnceCell<String> = OnceCell::new();
    #[def_percpu]
    pub static TEXT: PerCpuOnce<String> = PerCpuOnce::new();
    #[def_percpu]
    pub static PAGES: PerCpuCounter<8> = PerCpuCounter::new();
    #[def_percpu(shared)]
    pub static MAIL: Mutex<Vec<u8>> = Mutex::new(Vec::new());
    #[def_percpu(shared)]
    pub static LOCK: OnceLock<String> = OnceLock::new();
    // A scalar, too.
    #[def_percpu(shared)]
    pub static READ_ONLY: u64 = 7;
}

mod exclusives {
    use super::*;

    #[def_percpu]
    pub static PAIR: (u64, u64) = (1, 2);
    #[def_percpu]
    pub static BYTES: [u8; 4] = [3; 4];
    #[def_percpu]
    pub static NAMES: Vec<String> = Vec::new();
    #[def_percpu]
    pub static LOCK: Mutex<u8> = Mutex::new(4);
    // Not of atomics alone.
    #[def_percpu]
    pub static MIXED: (AtomicU32, u32) = (AtomicU32::new(5), 6);
    #[def_percpu]
    pub static NONE: [Vec<u8>; 0] = [];
    // What is not `Send` is nobody's but for `unsafe`.
    #[def_percpu]
    pub static OWNER: Option<std::rc::Rc<u8>> = None;
    #[def_percpu(exclusive)]
    pub static COUNT: AtomicU64 = AtomicU64::new(7);
    #[def_percpu(exclusive)]
    pub static ID: u32 = 8;
    // A function of every lifetime is no scalar by itself: its impls would overlap.
    #[def_percpu]
    pub static VISIT: fn(&mut [u8]) -> &u8 = super::first;
}

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(transparent)]
pub struct Vmid(u16);
// SAFETY: rule 14: a transparent `u16`, which is `Send`.
unsafe impl Scalar for Vmid {}

/// What the type of the function alone is not.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Visitor(fn(&mut [u8]) -> &u8);
// SAFETY: rule 14: the address of a function, which is `Send`.
unsafe impl Scalar for Visitor {}

pub struct Load {
    running: AtomicU32,
}
impl percpu_hv::Shared for Load {}

fn next(byte: u8) -> u8 {
    byte + 1
}

fn first(bytes: &mut [u8]) -> &u8 {
    &bytes[0]
}

fn main() {
    percpu_hv::init_hosted(2).unwrap();
    percpu_hv::init_percpu_reg(1);
    let pin = CpuPin::new();
    let irq = IrqOff::new();
    let cpu = CpuId::new(0).unwrap();

    {
        use values::*;
        assert_kinds! {
            ID: u32 = Value, OWN: Vmid = Value, NAME: Option<&'static u32> = Value, HANDLER: fn(u8) -> u8 = Value,
            HOOK: Option<unsafe extern "C" fn(*mut u8, usize)> = Value, VISITOR: Visitor = Value,
            PAGE: *mut [u8; 4096] = Value, PROJECTED: u16 = Value, ARGUMENT: Option<NonZero<u8>> = Value,
        }
        ID.add_current(1);
        assert_eq!(
            (ID.sum(), OWN.read_current(), NAME.read(&pin)),
            (3, Vmid(2), Some(&3))
        );
        assert_eq!(HANDLER.read_current()(3), 4);
        assert_eq!(VISITOR.read_current().0(&mut [9]), &9);
        assert!(HOOK.swap_current(None).is_none() && PAGE.read_remote(cpu).is_null());
    }
    {
        use shareds::*;
        assert_kinds! {
            COUNT: AtomicU64 = Shared, BY_REASON: [AtomicU64; 3] = Shared,
            PAIR: (AtomicU32, [AtomicBool; 2]) = Shared, POINTER: AtomicPtr<Cell<u8>> = Shared, LOAD: Load = Shared,
            LOADS: ([Load; 1], Cell<u8>) = Shared, STATE: Cell<Option<Box<u8>>> = Shared,
            QUEUE: RefCell<Vec<u8>> = Shared, ONCE: OnceCell<String> = Shared, TEXT: PerCpuOnce<String> = Shared,
            PAGES: PerCpuCounter<8> = Shared, MAIL: Mutex<Vec<u8>> = Shared, LOCK: OnceLock<String> = Shared,
            READ_ONLY: u64 = Shared,
        }
        assert_eq!(BY_REASON.get(&pin)[2].fetch_add(1, Relaxed), 2);
        assert_eq!(PAIR.on(cpu).0.load(Relaxed), 3);
        assert_eq!(
            LOAD.fold(0, |sum, load| sum + load.running.load(Relaxed)),
            8
        );
        assert_eq!(LOADS.get_local(&irq).0[0].running.load(Relaxed), 5);
        assert!(STATE.get_local(&irq).replace(Some(Box::new(1))).is_none());
        MAIL.on(cpu).lock().unwrap().push(1);
        assert_eq!(LOCK.get(&pin).get_or_init(String::new), "");
        assert_eq!(*READ_ONLY.get(&pin), 7);
    }
    {
        use exclusives::*;
        assert_kinds! {
            PAIR: (u64, u64) = Exclusive, BYTES: [u8; 4] = Exclusive, NAMES: Vec<String> = Exclusive,
            LOCK: Mutex<u8> = Exclusive, MIXED: (AtomicU32, u32) = Exclusive, NONE: [Vec<u8>; 0] = Exclusive,
            OWNER: Option<std::rc::Rc<u8>> = Exclusive, COUNT: AtomicU64 = Exclusive, ID: u32 = Exclusive,
            VISIT: fn(&mut [u8]) -> &u8 = Exclusive,
        }
        PAIR.with_current(|pair| pair.0 += pair.1);
        assert_eq!(PAIR.try_with_current(|pair| *pair), Ok((3, 2)));
        COUNT.with_current(|count| *count.get_mut() += 1);
        COUNT.reset_to_init();
        assert_eq!(COUNT.with_current(|count| *count.get_mut()), 7);
        assert_eq!(VISIT.with_current(|visit| *visit(&mut [8])), 8);
    }
}
