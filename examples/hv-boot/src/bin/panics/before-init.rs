//! A CPU takes its area before there are areas: the panic says what to call.
#![cfg_attr(target_os = "none", no_std, no_main)]

hv_boot::main!(|_| {
    percpu_hv::init_percpu_reg(0);
    hv_boot::ExitCode::SUCCESS
});
