//! Operations by what a type is, not by how it is spelled: aliases, newtypes, enums, pointers.

use std::ptr::NonNull;

use percpu_hv::{Bits, Integer, Scalar, def_percpu};

type Ticks = core::ffi::c_ulong;

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(transparent)]
struct Flags(u16);
// SAFETY: rule 7: a transparent `u16`, of which any bits are a value.
unsafe impl Scalar for Flags {}
// SAFETY: rule 7: as above.
unsafe impl Bits for Flags {}
// SAFETY: rule 7: as above.
unsafe impl Integer for Flags {}

#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(u8)]
enum State {
    Off,
    On,
}
// SAFETY: rule 7: one byte, and `Send`.
unsafe impl Scalar for State {}

#[def_percpu]
static TICKS: Ticks = 1;
#[def_percpu]
static FLAGS: Flags = Flags(0b1100);
#[def_percpu]
static STATE: State = State::Off;
#[def_percpu]
static HANDLER: Option<extern "C" fn(u8) -> u8> = None;
#[def_percpu]
static NEXT: Option<NonNull<list::List>> = None;
#[def_percpu]
static NAME: Option<&'static String> = None;
#[def_percpu]
static BUSY: bool = false;

mod list {
    // A raw pointer is a scalar whatever it points to.
    pub struct List(#[allow(dead_code)] std::rc::Rc<u8>);
}

extern "C" fn next(byte: u8) -> u8 {
    byte + 1
}

fn main() {
    percpu_hv::init_hosted(2).unwrap();
    percpu_hv::init_percpu_reg(1);
    TICKS.inc_current();
    assert_eq!(TICKS.fetch_sub_current(3), 2);
    assert_eq!(TICKS.read_current(), Ticks::MAX);
    assert_eq!(FLAGS.fetch_and_current(Flags(0b0101)), Flags(0b1100));
    FLAGS.add_current(Flags(1));
    assert_eq!(FLAGS.read_current(), Flags(0b0101));
    assert_eq!(FLAGS.sum(), Flags(0b1100 + 0b0101));
    assert_eq!(
        STATE.compare_exchange_current(State::On, State::Off),
        Err(State::Off)
    );
    assert_eq!(STATE.swap_current(State::On), State::Off);
    assert!(HANDLER.swap_current(Some(next)).is_none());
    assert_eq!(HANDLER.read_current().unwrap()(1), 2);
    assert!(NEXT.swap_current_unprotected(None).is_none());
    assert!(NAME.read_current().is_none());
    BUSY.xor_current(true);
    assert!(BUSY.read_current());
}
