//! What several platforms have in common.

#[cfg(any(target_arch = "aarch64", target_arch = "arm"))]
pub(super) mod arm;
#[cfg(any(target_arch = "aarch64", target_arch = "arm"))]
pub(super) mod arm_virt;
#[cfg(not(target_arch = "x86_64"))]
pub(super) mod device_tree;
#[allow(dead_code, reason = "platforms without paging need a part of it")]
pub(super) mod image;
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
mod psci;
#[cfg(not(target_arch = "x86_64"))]
pub(super) mod reserve;
#[allow(dead_code, reason = "platforms without paging need a part of it")]
pub(super) mod stacks;
#[cfg(any(target_arch = "aarch64", target_arch = "arm"))]
#[cfg_attr(
    target_arch = "arm",
    allow(unreachable_pub, reason = "only AArch64 exports them")
)]
pub(super) mod tables;

/// `step` of a platform that reports debug exceptions, as it does all others.
#[cfg(not(target_arch = "aarch64"))]
pub(crate) fn no_steps(_: &mut dyn FnMut()) -> Option<bool> {
    None
}

/// `send_nmi` of a platform whose interrupts can all be masked.
#[cfg(any(target_arch = "arm", target_arch = "loongarch64"))]
pub(crate) fn no_nmi() -> bool {
    false
}

/// `virtualizations` of a platform whose emulator has none.
#[cfg(target_arch = "loongarch64")]
pub(crate) fn no_guests() -> &'static [super::Virtualization] {
    &[]
}
