//! If a safe `impl` could name the storage: a variable of a type that is not there.

use percpu_hv::PerCpu;

enum Symbol {}

impl percpu_hv::__priv::Symbol<u64> for Symbol {
    type Kind = percpu_hv::kind::Value;

    const HOT: bool = false;

    fn address() -> usize {
        0x1000
    }

    fn displacement() -> usize {
        0x1000
    }

    fn initial() -> u64 {
        0
    }

    fn flag() -> percpu_hv::__priv::Flag {
        (0x1000, "MADE_UP")
    }
}

fn main() {
    let made_up: PerCpu<Symbol, u64> = PerCpu::__new();
    made_up.write_current(1);
}
