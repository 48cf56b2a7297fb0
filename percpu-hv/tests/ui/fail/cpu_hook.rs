percpu_hv::cpu_hook!(timer, up = |_| Ok(()), down = |_| (), order = 1);
percpu_hv::cpu_hook!(timer, order = 1, up = |_| Ok(()));

fn main() {}
