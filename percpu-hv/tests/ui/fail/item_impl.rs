struct Cpu;

#[percpu_hv::def_percpu]
impl Cpu {
    fn id(&self) -> usize {
        0
    }
}

fn main() {
    Cpu.id();
}
