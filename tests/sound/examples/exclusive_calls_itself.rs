//! Defect 33, rule 5: a function that the variable owns, and replaces while it runs.
//!
//! must panic: the per-CPU variable `CALL` is borrowed on this CPU already
#![forbid(unsafe_code)]

#[percpu_hv::def_percpu]
static CALL: Option<Box<dyn FnMut() -> String + Send>> = None;

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    let text = String::from("a text that is long enough to be on the heap");
    CALL.with_current(|call| {
        *call = Some(Box::new(move || {
            let own = &text;
            CALL.with_current(|call| *call = None);
            own.clone()
        }));
    });
    println!("{}", CALL.with_current(|call| call.as_mut().unwrap()()));
}
