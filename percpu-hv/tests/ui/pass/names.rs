//! Names of every shape; the made-up ones resolve beside them.

#![allow(non_upper_case_globals)]

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use percpu_hv::{CpuId, CpuPin, cpu_hook, def_percpu};

#[def_percpu]
static exits: u8 = 1;

#[def_percpu]
static r#type: u8 = 2;

#[def_percpu]
static r#plain: u8 = 3;

#[def_percpu]
static _LEADING: u8 = 4;

#[def_percpu]
static __: u8 = 5;

#[def_percpu]
static größe: u8 = 6;

#[def_percpu]
static X: u16 = 7;

#[def_percpu]
static X_: u32 = 8;

// What expansions call their own.
#[def_percpu(init = of)]
static cpu: u64;
#[def_percpu(init = of)]
static make: u64;
#[def_percpu]
static distance: AtomicU64 = AtomicU64::new(10);
#[def_percpu]
static SYM_X: u8 = 11;
#[def_percpu]
static EMIT: u8 = 12;
#[def_percpu]
static INITIAL: [u8; 1] = [13];
#[def_percpu]
static TOTALS: AtomicU64 = AtomicU64::new(14);
#[derive(percpu_hv::Elements)]
struct O(u8);
struct Q;
#[def_percpu(elements)]
static OF_O: O = O(15);
#[def_percpu(elements)]
static OF_Q: [(Q, u64); 1] = [(Q, 0)];

cpu_hook!(hook, order = 0, up = hook, down = HOOK);

fn hook(_: CpuId) -> Result<(), &'static str> {
    EMIT.add_current(100);
    Ok(())
}

#[allow(non_snake_case)]
fn HOOK(_: CpuId) {}

fn of(index: usize) -> u64 {
    index as u64
}

fn id(variable: &'static type_WRAPPER) -> u8 {
    variable.read_current()
}

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::bring_up(0).unwrap();
    assert_eq!(id(&r#type), 2);
    let of = [
        &exits.read_current(),
        &plain.read_current(),
        &_LEADING.read_current(),
    ];
    assert_eq!(of, [&1, &3, &4]);
    assert_eq!((__.read_current(), größe.read_current()), (5, 6));
    let (x, x_): (&X_WRAPPER, &X__WRAPPER) = (&X, &X_);
    assert_eq!((x.read_current(), x_.read_current()), (7, 8));
    assert_eq!((cpu.read_current(), make.read_current()), (0, 0));
    let pin = CpuPin::new();
    assert_eq!(distance.get(&pin).load(Relaxed), 10);
    assert_eq!(TOTALS.get(&pin).load(Relaxed), 14);
    assert_eq!((SYM_X.read(&pin), EMIT.read(&pin)), (11, 112));
    assert_eq!(INITIAL.with_current(|array| *array), [13]);
    assert_eq!(OF_O.fields().0.read(&pin), 15);
    let Q = Q;
    let _ = OF_Q.at(0);
}
