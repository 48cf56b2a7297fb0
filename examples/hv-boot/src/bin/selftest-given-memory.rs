//! The conformance suite, with the areas in memory that the firmware's tables name.
#![cfg_attr(target_os = "none", no_std, no_main)]

hv_boot::main!(|machine| hv_boot::selftest::run(machine, hv_boot::Areas::Given));
