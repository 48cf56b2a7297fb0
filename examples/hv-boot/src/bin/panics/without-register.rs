//! A CPU makes a guard before it has an area: in debug builds, a panic at the place of the call that says what to call.
#![cfg_attr(target_os = "none", no_std, no_main)]

hv_boot::main!(|_| {
    percpu_hv::init_in_place().expect("image.ld includes percpu.x");
    drop(percpu_hv::IrqOff::new());
    hv_boot::ExitCode::SUCCESS
});
