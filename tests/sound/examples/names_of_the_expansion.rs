//! Rule 1: types, constants and functions of the user that have the names of the expansion's own.
//!
//! must print: 1 2 3 4 5
#![forbid(unsafe_code)]

use percpu_hv::{CpuPin, def_percpu};

struct Probe<T>(T);
impl<T> percpu_hv::Shared for Probe<T> {}
trait Otherwise {
    const SCALAR: bool = true;
    const SHARED: bool = true;
}
impl<T> Otherwise for Probe<T> {}
const fn choose() -> usize {
    2
}
const INITIAL: u64 = 3;
const FLAG: u64 = 4;
struct Symbol(u64);

#[def_percpu]
static PROBE: Probe<u64> = Probe(1);
#[def_percpu]
static CHOOSE: [u8; choose()] = [0; choose()];
#[def_percpu]
static OF_INITIAL: u64 = INITIAL;
#[def_percpu]
static OF_FLAG: u64 = FLAG;
#[def_percpu]
static SYMBOL: Symbol = Symbol(5);

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    let _ = (
        <Probe<u8> as Otherwise>::SCALAR,
        <Probe<u8> as Otherwise>::SHARED,
    );
    OF_INITIAL.reset_to_init();
    println!(
        "{} {} {} {} {}",
        PROBE.get(&CpuPin::new()).0,
        CHOOSE.with_current(|array| array.len()),
        OF_INITIAL.read_current(),
        OF_FLAG.read_current(),
        SYMBOL.with_current(|symbol| symbol.0),
    );
}
