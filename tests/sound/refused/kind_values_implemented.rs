//! Rule 14: safe code says that an exclusive variable of its own type is a scalar of another type.
//!
//! must not compile: E0200
#![forbid(unsafe_code)]

use percpu_hv::kind;

struct Owner(Option<Box<u64>>);
impl kind::Values<Owner> for kind::Exclusive {
    //~^
    type As = usize;
    fn to(_: Owner) -> usize {
        0x4000
    }
    fn from(_: usize) -> Owner {
        Owner(None)
    }
}

#[percpu_hv::def_percpu]
static OWNER: Owner = Owner(None);

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    OWNER.write_current(Owner(None));
    println!("{:?}", OWNER.with_current(|owner| owner.0.clone()));
}
