//! The console's PL011.

use core::{
    fmt::{self, Write},
    ptr::{self, NonNull},
    sync::atomic::{AtomicUsize, Ordering},
};

use arm_pl011_uart::{
    DataBits, LineConfig, PL011Registers, Parity, StopBits, Uart, UniqueMmioPointer,
};

/// Where QEMU's `virt` machines have their first PL011, for messages from before the device tree is read.
const VIRT_UART: usize = 0x0900_0000;

/// The clock of that PL011 in hertz (`apb-pclk` of the device tree).
const VIRT_UART_CLOCK: u32 = 24_000_000;

static ADDRESS: AtomicUsize = AtomicUsize::new(VIRT_UART);

/// Prints through `address` from now on. One core runs, so a plain store is enough.
pub(in crate::platform) fn move_to(address: usize) {
    ADDRESS.store(address, Ordering::Relaxed);
}

/// Sets the UART to 115200 baud, 8N1, and switches its transmitter on.
pub(in crate::platform) fn enable() {
    let line = LineConfig {
        data_bits: DataBits::Bits8,
        parity: Parity::None,
        stop_bits: StopBits::One,
    };
    with(|uart| {
        uart.enable(line, 115_200, VIRT_UART_CLOCK)
            .expect("24 MHz divides to 115200 baud")
    });
}

/// Prints. It takes no lock: the caller holds it, or runs alone, or reports a failure.
pub(crate) fn write(text: fmt::Arguments<'_>) {
    // Writing to the UART cannot fail; an error comes from a `Display` of the text, and ends it there.
    let _ = with(|uart| uart.write_fmt(text));
}

fn with<R>(use_uart: impl FnOnce(&mut Uart<'_>) -> R) -> R {
    let registers =
        ptr::with_exposed_provenance_mut::<PL011Registers>(ADDRESS.load(Ordering::Relaxed));
    let registers = NonNull::new(registers).expect("device_tree refuses a UART at 0");
    // SAFETY: rule 12: the device tree, or the `virt` machine's manual, names a PL011 here; the console's
    // lock makes this core the only user.
    let registers = unsafe { UniqueMmioPointer::new(registers) };
    use_uart(&mut Uart::new(registers))
}
