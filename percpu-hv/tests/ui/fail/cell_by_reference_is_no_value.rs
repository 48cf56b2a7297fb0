//! Without `T: Sync` for `&'static T`, a handler that stored the reference would write the `Cell` that
//! this context reads.

use std::cell::Cell;

#[percpu_hv::def_percpu]
static STATE: Option<&'static Cell<u8>> = None;

fn main() {
    let _state = STATE.read_current();
    STATE.with_current(|state| drop(state.take()));
}
