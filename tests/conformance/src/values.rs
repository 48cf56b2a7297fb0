//! Every kind of value through every method, on all CPUs at once.

use core::fmt::Debug;
use core::num::NonZeroU32;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering};

use percpu_hv::{CpuPin, PerCpu, Scalar, def_percpu};

use crate::{Bench, Test};

pub(crate) const TESTS: &[Test] = &[
    ("unsigned integers", unsigned),
    ("signed integers", signed),
    ("bool, char and floating point", others),
    ("pointers", pointers),
    ("newtypes", newtypes),
    ("aliases", aliases),
    ("types with the names of scalars", namesakes),
    ("a struct", structure),
    ("an array", array),
    ("an enum", enumeration),
    ("an atomic, written from another CPU", atomic),
    ("a type without size", sizeless),
    ("over-aligned types", over_aligned),
    ("reset_to_init", reset),
];

/// Every method of a scalar; `of` gives each CPU a value of its own.
pub(crate) fn scalar<S, T>(
    bench: &Bench<'_>,
    variable: &PerCpu<S, T>,
    initial: T,
    of: impl Fn(usize) -> T + Sync,
) where
    S: percpu_hv::Place<T, Kind = percpu_hv::kind::Value> + Sync,
    T: Scalar + PartialEq + Debug + Sync,
{
    bench.on_all(|cpu| {
        bench.equal(cpu, variable.read_current(), initial);
        variable.write_current(of(cpu));
        bench.equal(cpu, variable.read_current(), of(cpu));
        // SAFETY: rule 5, only this CPU uses its copy in this phase.
        unsafe {
            bench.equal(cpu, variable.read_current_raw(), of(cpu));
            bench.equal(cpu, *variable.current_ref_raw(), of(cpu));
            *variable.current_ref_mut_raw() = initial;
            bench.equal(cpu, variable.read_current(), initial);
            variable.write_current_raw(of(cpu));
        }
    });
    bench.on_all(|cpu| {
        for other in 0..bench.cpus() {
            // SAFETY: rule 6, all CPUs only read in this phase.
            bench.equal(cpu, unsafe { *variable.remote_ref_raw(other) }, of(other));
        }
    });
}

/// Types of one's own with the names of scalars: the type counts. By a path, as a name alone is the language's.
fn namesakes(bench: &Bench<'_>) {
    #[allow(non_camel_case_types, reason = "so are scalars")]
    mod names {
        #[derive(Clone, Copy, Debug, PartialEq, percpu_hv::Scalar)]
        #[repr(transparent)]
        pub(super) struct u16(core::primitive::u16);

        impl u16 {
            pub(super) const fn new(of: usize) -> Self {
                Self(of as core::primitive::u16)
            }
        }

        pub(super) struct u64(pub(super) [u8; 3]);
    }

    #[def_percpu]
    static NEWTYPE: names::u16 = names::u16::new(1);
    scalar(bench, &NEWTYPE, names::u16::new(1), names::u16::new);

    #[def_percpu]
    static ONE: names::u64 = names::u64([1; 3]);
    #[def_percpu]
    static OTHER: names::u64 = names::u64([2; 3]);

    bench.on_all(|cpu| {
        ONE.with_current(|_| {
            bench.holds(cpu, ONE.try_with_current(|_| ()).is_err());
            bench.equal(cpu, OTHER.try_with_current(|other| other.0), Ok([2; 3]));
        });
    });
}

macro_rules! scalars {
    ($($test:ident: { $($name:ident: $ty:ty = $initial:expr, |$cpu:ident| $of:expr;)* })*) => {$(
        fn $test(bench: &Bench<'_>) {
            $({
                #[def_percpu]
                static $name: $ty = $initial;
                scalar(bench, &$name, $initial, |$cpu| $of);
            })*
        }
    )*};
}

scalars! {
    unsigned: {
        U8: u8 = 0xa1, |cpu| cpu as u8;
        U16: u16 = 0xa1b2, |cpu| !(cpu as u16);
        U32: u32 = 0xa1b2_c3d4, |cpu| 0x8000_0000 + cpu as u32;
        U64: u64 = 0xa1b2_c3d4_e5f6_0718, |cpu| 0x8000_0000_0000_0000 + cpu as u64;
        USIZE: usize = usize::MAX / 3, |cpu| usize::MAX - cpu;
    }
    signed: {
        I8: i8 = -0x51, |cpu| -1 - (cpu % 100) as i8;
        I16: i16 = -0x51b2, |cpu| -1 - cpu as i16;
        I32: i32 = i32::MIN, |cpu| -1 - cpu as i32;
        I64: i64 = i64::MIN + 1, |cpu| -1 - cpu as i64;
        ISIZE: isize = -7, |cpu| isize::MIN + cpu as isize;
    }
    others: {
        BOOL: bool = true, |cpu| cpu % 2 == 0;
        CHAR: char = '\u{10ffff}', |cpu| char::from_u32(0x100 + cpu as u32).unwrap_or('?');
        F32: f32 = 0.5, |cpu| cpu as f32;
        F64: f64 = -0.25, |cpu| cpu as f64;
    }
}

fn pointers(bench: &Bench<'_>) {
    #[def_percpu]
    static NEXT: Option<NonNull<u64>> = None;
    #[def_percpu]
    static RAW: *const u64 = core::ptr::null();

    bench.on_all(|cpu| {
        bench.equal(cpu, NEXT.read_current(), None);
        bench.holds(cpu, RAW.read_current().is_null());
        let mut own = cpu as u64;
        NEXT.write_current(Some(NonNull::from(&mut own)));
        RAW.write_current(
            NEXT.read_current()
                .map_or(core::ptr::null(), |own| own.as_ptr()),
        );
        // SAFETY: rule 5: `own` is alive, and reached only through the pointer.
        bench.equal(cpu, unsafe { RAW.read_current().read() }, cpu as u64);
        NEXT.write_current(None);
    });
}

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(transparent)]
struct VcpuId(NonZeroU32);

// SAFETY: rule 7: a transparent `u32`, which is `Send`.
unsafe impl Scalar for VcpuId {}

fn newtypes(bench: &Bench<'_>) {
    const fn id(number: u32) -> VcpuId {
        match NonZeroU32::new(number) {
            Some(number) => VcpuId(number),
            None => VcpuId(NonZeroU32::MIN),
        }
    }
    #[def_percpu]
    static ID: VcpuId = id(7);
    scalar(bench, &ID, id(7), |cpu| id(1 + cpu as u32));
}

type Ticks = u64;

fn aliases(bench: &Bench<'_>) {
    #[def_percpu]
    static TICKS: Ticks = 9;
    scalar(bench, &TICKS, 9, |cpu| 1 << (cpu % 64));
}

#[derive(Clone, Debug, PartialEq)]
struct Vcpu {
    id: usize,
    exits: [u64; 3],
    flags: (u8, bool),
}

const IDLE: Vcpu = Vcpu {
    id: 99,
    exits: [1, 2, 3],
    flags: (4, true),
};

fn structure(bench: &Bench<'_>) {
    #[def_percpu]
    static VCPU: Vcpu = IDLE;
    let of = |cpu| Vcpu {
        id: cpu,
        exits: [cpu as u64, 2, !(cpu as u64)],
        flags: (cpu as u8, false),
    };
    bench.on_all(|cpu| {
        VCPU.with_current(|vcpu| bench.equal(cpu, vcpu.clone(), IDLE));
        VCPU.with_current(|vcpu| *vcpu = of(cpu));
    });
    bench.on_all(|cpu| {
        for other in 0..bench.cpus() {
            // SAFETY: rule 6, all CPUs only read in this phase.
            bench.equal(
                cpu,
                unsafe { VCPU.remote_ref_raw(other) }.clone(),
                of(other),
            );
        }
    });
}

fn array(bench: &Bench<'_>) {
    #[def_percpu(cold)]
    static TABLE: [u16; 300] = [0x55aa; 300];
    bench.on_all(|cpu| {
        TABLE.with_current(|table| {
            bench.holds(cpu, table.iter().all(|&entry| entry == 0x55aa));
            table[cpu % 300] = cpu as u16;
            table[299] = !(cpu as u16);
        });
    });
    bench.on_all(|cpu| {
        let last = TABLE.with_current(|table| table[299]);
        bench.equal(cpu, last, !(cpu as u16));
    });
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    Idle,
    Guest { vm: u16, vcpu: u64 },
}

fn enumeration(bench: &Bench<'_>) {
    #[def_percpu]
    static STATE: State = State::Idle;
    bench.on_all(|cpu| {
        let guest = State::Guest {
            vm: cpu as u16,
            vcpu: !0,
        };
        let before = STATE.with_current(|state| core::mem::replace(state, guest));
        bench.equal(cpu, before, State::Idle);
        bench.equal(cpu, STATE.with_current(|state| *state), guest);
    });
}

fn atomic(bench: &Bench<'_>) {
    #[def_percpu]
    static COUNT: AtomicUsize = AtomicUsize::new(1_000);
    bench.on_all(|_| {
        for other in 0..bench.cpus() {
            // SAFETY: rule 6, `AtomicUsize` is `Sync`.
            unsafe { COUNT.remote_ref_raw(other) }.fetch_add(1, Ordering::Relaxed);
        }
    });
    bench.on_all(|cpu| {
        let count = COUNT.get(&CpuPin::new()).load(Ordering::Relaxed);
        bench.equal(cpu, count, 1_000 + bench.cpus());
    });
}

fn sizeless(bench: &Bench<'_>) {
    #[def_percpu]
    static NOTHING: [u64; 0] = [];
    bench.on_all(|cpu| {
        NOTHING.with_current(|nothing| bench.equal(cpu, nothing.len(), 0));
        // SAFETY: rule 3: nothing is read.
        bench.equal(cpu, unsafe { NOTHING.current_ptr() }.addr() % 8, 0);
    });
}

#[repr(align(256))]
struct Slots([u8; 3]);

#[repr(align(4096))]
struct Page([u8; 4096]);

fn over_aligned(bench: &Bench<'_>) {
    #[def_percpu(cold)]
    static SLOTS: Slots = Slots([1, 2, 3]);
    #[def_percpu(cold)]
    static PAGE: Page = Page([5; 4096]);
    bench.on_all(|cpu| {
        // SAFETY: rule 3: nothing is read.
        let (slots, page) = unsafe { (SLOTS.current_ptr(), PAGE.current_ptr()) };
        bench.equal(cpu, slots.addr() % 256, 0);
        bench.equal(cpu, page.addr() % 4096, 0);
        SLOTS.with_current(|slots| bench.equal(cpu, slots.0, [1, 2, 3]));
        PAGE.with_current(|page| {
            bench.holds(cpu, page.0.iter().all(|&byte| byte == 5));
            page.0.fill(cpu as u8);
        });
    });
    bench.on_all(|cpu| {
        PAGE.with_current(|page| bench.holds(cpu, page.0.iter().all(|&byte| byte == cpu as u8)));
    });
}

fn reset(bench: &Bench<'_>) {
    // A static may read a static that has a cell in it, and a constant may not.
    struct Defaults {
        ticks: u32,
        _used: AtomicUsize,
    }
    static DEFAULTS: Defaults = Defaults {
        ticks: 1000,
        _used: AtomicUsize::new(0),
    };
    #[def_percpu]
    static TICKS: u32 = DEFAULTS.ticks;
    bench.on_all(|cpu| {
        TICKS.write_current(cpu as u32);
        TICKS.reset_to_init();
        bench.equal(cpu, TICKS.read_current(), 1000);
    });

    #[def_percpu]
    static SMALL: u16 = 0x1234;
    #[def_percpu]
    static LARGE: Vcpu = IDLE;
    bench.on_all(|cpu| {
        SMALL.write_current(cpu as u16);
        LARGE.with_current(|large| large.id = cpu);
        SMALL.reset_to_init();
        LARGE.reset_to_init();
        bench.equal(cpu, SMALL.read_current(), 0x1234);
        LARGE.with_current(|large| bench.equal(cpu, large.clone(), IDLE));
    });
}
