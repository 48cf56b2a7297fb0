//! The conformance suite, with the areas that the linker script reserves.
#![cfg_attr(target_os = "none", no_std, no_main)]

hv_boot::main!(|machine| hv_boot::selftest::run(machine, hv_boot::Areas::InPlace));
