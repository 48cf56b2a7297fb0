//! Defect 33, rule 5: the old value's `drop` borrows while the new value is assigned.
//!
//! must print: assigned: refused, dropped
//! must print: reset: refused, dropped
//! must print: 0 left
#![forbid(unsafe_code)]

#[percpu_hv::def_percpu]
static OWNER: Option<Owner> = None;

struct Owner(String);

impl Drop for Owner {
    fn drop(&mut self) {
        let entered = OWNER.try_with_current(|owner| owner.take());
        println!(
            "{}: {}, dropped",
            self.0,
            if entered.is_ok() {
                "entered"
            } else {
                "refused"
            }
        );
    }
}

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    OWNER.with_current(|owner| *owner = Some(Owner("assigned".into())));
    OWNER.with_current(|owner| *owner = Some(Owner("reset".into())));
    OWNER.reset_to_init();
    println!(
        "{} left",
        OWNER.with_current(|owner| usize::from(owner.is_some()))
    );
}
