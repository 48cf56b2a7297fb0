//! All CPUs take the area of CPU 0: the panic of the second one says what to do.
#![cfg_attr(target_os = "none", no_std, no_main)]

hv_boot::main!(|machine| {
    percpu_hv::init_in_place().expect("image.ld includes percpu.x");
    machine.run_on_all(|_| percpu_hv::init_percpu_reg(0));
    hv_boot::ExitCode::SUCCESS
});
