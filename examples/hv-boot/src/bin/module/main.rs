//! A hypervisor that loads a module while it runs, with per-CPU variables of the module's own.
//!
//! The module is `examples/hv-module`, one relocatable object, which the boot loader passes as its initrd. This image
//! puts the module's code into memory, and its per-CPU section into the reserve of every CPU's area. It resolves the
//! module's symbols, and runs the module on all cores. Then it unloads the module, and loads it again.
//!
//! | file in `hypervisor` | |
//! |---|---|
//! | `mod.rs` | the boot core's `main` |
//! | `loader.rs` | from an object to code that runs |
//! | `relocation.rs` | the relocations of AArch64 |
//! | `exports.rs` | what a module may call |
//! | `error.rs` | why an object is no module |
//! | `refusals.rs` | a test: objects that the loader refuses |
//!
//! `scripts/qemu-virt.sh --bin module` builds both, and boots the image with the module.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(all(target_os = "none", target_arch = "aarch64", not(feature = "sp-naive")))]
mod hypervisor;

#[cfg(all(target_os = "none", target_arch = "aarch64", not(feature = "sp-naive")))]
hv_boot::main!(hypervisor::main);

#[cfg(not(all(target_os = "none", target_arch = "aarch64", not(feature = "sp-naive"))))]
hv_boot::main!(|_| {
    hv_boot::println!("hv-boot: this image loads modules on AArch64 only, and not with `sp-naive`");
    hv_boot::ExitCode::FAILURE
});
