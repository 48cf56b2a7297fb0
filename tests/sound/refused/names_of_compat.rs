//! Rule 16: the variables of the crates called `percpu`, whose references safe code may form twice, without these crates.
//!
//! must not compile: could not find `def_percpu_compat` in `__priv`
#![forbid(unsafe_code)]

#[percpu_hv::__priv::def_percpu_compat(crate = percpu_hv)] //~
static NAMES: Vec<String> = Vec::new();

fn main() {
    percpu_hv::init_hosted(1).unwrap();
    percpu_hv::init_percpu_reg(0);
    NAMES.with_current(|names| {
        //~^
        names.push("a text".into());
        let first = &names[0];
        NAMES.with_current(|again| *again = Vec::new()); //~
        println!("{first}");
    });
}
