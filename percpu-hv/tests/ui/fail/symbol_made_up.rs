//! A safe `impl` that could name any storage would make a variable of a type that is not there.

use percpu_hv::PerCpu;

struct Symbol;

impl percpu_hv::__priv::Access for Symbol {
    const HOT: bool = false;

    fn displacement(&self) -> usize {
        0x1000
    }
}

impl percpu_hv::Place<u64> for Symbol {
    type Kind = percpu_hv::kind::Value;

    fn flag(&self) -> percpu_hv::__priv::Flag {
        (0x1000, "MADE_UP")
    }
}

fn main() {
    let made_up: PerCpu<Symbol, u64> = unsafe { PerCpu::__new(Symbol) };
    made_up.write_current(1);
}
