//! What several platforms have in common.

#[cfg(not(target_arch = "x86_64"))]
pub(super) mod device_tree;
#[cfg(any(
    target_arch = "loongarch64",
    target_arch = "riscv32",
    target_arch = "riscv64"
))]
pub(super) mod ns16550;
#[cfg(any(target_arch = "aarch64", target_arch = "arm"))]
pub(super) mod pl011;
#[cfg(not(any(target_arch = "aarch64", target_arch = "arm")))]
pub(super) mod print;
#[cfg(any(target_arch = "aarch64", target_arch = "arm"))]
pub(super) mod psci;
#[cfg(any(target_arch = "aarch64", target_arch = "arm"))]
pub(super) mod tables;
