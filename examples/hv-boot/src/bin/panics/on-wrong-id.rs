//! A CPU takes the area of a CPU that does not exist: the panic says how many there are.
#![cfg_attr(target_os = "none", no_std, no_main)]

hv_boot::main!(|_| {
    let count = percpu_hv::init_in_place().expect("image.ld includes percpu.x");
    percpu_hv::init_percpu_reg(count);
    hv_boot::ExitCode::SUCCESS
});
