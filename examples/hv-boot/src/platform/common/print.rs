//! Printing through a 16550, wherever its registers are.

use core::fmt::{self, Write};

use uart_16550::{Uart16550, backend::Backend};

/// Prints. Writing to the UART cannot fail; an error comes from a `Display` of the text, and ends it there.
pub(in crate::platform) fn print<B: Backend>(uart: &mut Uart16550<B>, text: fmt::Arguments<'_>) {
    let _ = Writer(uart).write_fmt(text);
}

struct Writer<'a, B: Backend>(&'a mut Uart16550<B>);

impl<B: Backend> Write for Writer<'_, B> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.send_bytes_exact(text.as_bytes());
        Ok(())
    }
}
