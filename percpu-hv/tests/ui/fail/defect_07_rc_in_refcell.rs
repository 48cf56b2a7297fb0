//! Without `T: Send`, `borrow_mut` could store an `Rc` whose clone stays here.

use std::cell::RefCell;
use std::rc::Rc;

#[percpu_hv::def_percpu]
static SHARED: RefCell<Option<Rc<u8>>> = RefCell::new(None);

fn main() {
    let irq = percpu_hv::IrqOff::new();
    let own = Rc::new(1);
    *SHARED.borrow_mut(&irq) = Some(own.clone());
}
