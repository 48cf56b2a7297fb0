//! The status with which the machine stops.

/// The status with which the machine stops; 0 is success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExitCode(u8);

impl ExitCode {
    /// Success.
    pub const SUCCESS: Self = Self(0);
    /// `main` found an error, which it has printed.
    pub const FAILURE: Self = Self(1);
    /// A panic, as in a Rust program on a host.
    pub const PANIC: Self = Self(101);
    /// An exception that nothing handles.
    pub const EXCEPTION: Self = Self(102);
    /// The image cannot run on this machine.
    pub const BOOT: Self = Self(103);

    /// The status as a number.
    pub const fn value(self) -> u8 {
        self.0
    }
}

impl From<u8> for ExitCode {
    fn from(status: u8) -> Self {
        Self(status)
    }
}
