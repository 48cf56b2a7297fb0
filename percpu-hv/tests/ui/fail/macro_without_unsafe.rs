//! A hidden macro that relies on what it is given is not invoked without `unsafe`.

#[percpu_hv::def_percpu]
static WORD: u64 = 7;

percpu_hv::__define! {
    [] [] [] static TEXT: &'static str;
    storage = __PERCPU_TEXT: &'static str = "";
    symbol = Symbol, alias = Alias, text = "TEXT", kind = exclusive, group = variables
    {} {} {}
}

fn not_of_the_section() -> u64 {
    7
}

percpu_hv::__record! { make, not_of_the_section }

fn main() {}
