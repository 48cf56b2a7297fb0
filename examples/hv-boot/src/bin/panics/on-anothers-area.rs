//! A CPU that has an area takes that of another CPU: the panic says what to do.
#![cfg_attr(target_os = "none", no_std, no_main)]

hv_boot::main!(|machine| {
    percpu_hv::init_in_place().expect("image.ld includes percpu.x");
    // Twice: a CPU may ask for its own again.
    for _ in 0..2 {
        machine.run_on_all(|cpu| percpu_hv::init_percpu_reg(cpu.id()));
    }
    machine.run_on_all(|cpu| {
        if cpu.id() == 1 {
            percpu_hv::init_percpu_reg(0);
        }
    });
    hv_boot::ExitCode::SUCCESS
});
