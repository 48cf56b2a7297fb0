//! Rule 14: safe code says that an exclusive variable of its own type is a scalar of another type.
//!
//! must not compile: E0200
#![forbid(unsafe_code)]

use percpu_hv::kind;

struct Owner(Box<u64>);
impl kind::Values<Owner> for kind::Exclusive { //~
    type As = usize;
    fn to(_: Owner) -> usize {
        0x4000
    }
    fn from(_: usize) -> Owner {
        Owner(Box::new(0))
    }
}

fn main() {}
