//! A variable made at run time is of a kind that its type can have.
use std::cell::Cell;
use std::rc::Rc;

use percpu_hv::{DynPerCpu, kind};

fn main() {
    let _ = DynPerCpu::<Vec<u8>, kind::Value>::new(Vec::new());
    let _ = DynPerCpu::<*mut u8, kind::Value>::new(core::ptr::null_mut());
    let _ = DynPerCpu::<Rc<u8>, kind::Exclusive>::new(Rc::new(0));
    let _ = DynPerCpu::<Cell<Rc<u8>>, kind::Shared>::new_with(|_| Cell::new(Rc::new(0)));
    let value: DynPerCpu<u64> = DynPerCpu::new(0).unwrap();
    value.symbol_vma();
    value.reset_to_init();
    value.try_with_current(|_| ());
}
