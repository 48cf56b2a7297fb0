//! A variable of a `'static` reference does not become one of a shorter reference, which another context would find.
use percpu_hv::{DynPerCpu, Dynamic, PerCpu, kind};

type Text<'a> = PerCpu<Dynamic<&'static str, kind::Exclusive>, &'a str>;

fn shorter<'a>(text: &'a DynPerCpu<&'static str, kind::Exclusive>) -> &'a DynPerCpu<&'a str, kind::Exclusive> {
    text
}

fn store<'a>(text: &Text<'a>, new: &'a str) {
    text.with_current(|text| *text = new);
}

fn main() {
    let word = 0;
    let _ = DynPerCpu::<&u8, kind::Exclusive>::new(&word);
}
