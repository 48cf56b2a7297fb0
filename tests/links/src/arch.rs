//! The architectures that images are compiled for.

/// An architecture, with a byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "they are called as everywhere")]
pub enum Arch {
    Aarch64,
    Aarch64BigEndian,
    Arm,
    LoongArch64,
    RiscV64,
    X86_64,
}

impl Arch {
    /// Those that hv-boot runs on.
    pub const ALL: [Self; 5] = [
        Self::Aarch64,
        Self::Arm,
        Self::LoongArch64,
        Self::RiscV64,
        Self::X86_64,
    ];

    /// What the scripts call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aarch64 => "aarch64",
            Self::Aarch64BigEndian => "aarch64_be",
            Self::Arm => "arm",
            Self::LoongArch64 => "loongarch64",
            Self::RiscV64 => "riscv64",
            Self::X86_64 => "x86_64",
        }
    }

    /// Where hv-boot has its platform, below `src/platform`.
    pub(crate) fn platform(self) -> &'static str {
        match self {
            Self::RiscV64 => "riscv",
            other => other.name(),
        }
    }

    /// The Rust target of its images.
    pub fn target(self) -> &'static str {
        match self {
            Self::Aarch64 => "aarch64-unknown-none-softfloat",
            Self::Aarch64BigEndian => "aarch64_be-unknown-none-softfloat",
            Self::Arm => "armv7a-none-eabi",
            Self::LoongArch64 => "loongarch64-unknown-none-softfloat",
            Self::RiscV64 => "riscv64gc-unknown-none-elf",
            Self::X86_64 => "x86_64-unknown-none",
        }
    }
}
