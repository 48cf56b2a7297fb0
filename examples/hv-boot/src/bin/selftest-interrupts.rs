//! Additions and attacks by a real timer interrupt, which may come between any two instructions.
#![cfg_attr(target_os = "none", no_std, no_main)]

hv_boot::main!(hv_boot::selftest::run_interrupts);
