//! What a module may call.

use core::{slice, str};

use hv_boot::println;

unsafe extern "C" {
    // The compiler calls them.
    fn memcmp();
    fn memcpy();
    fn memmove();
    fn memset();
}

/// Returns the address of a symbol that this image exports: a function of the hypervisor, or what the module's
/// operations on variables share with the image's.
pub(super) fn find(name: &str) -> Option<usize> {
    match name {
        "hypervisor_print" => Some(hypervisor_print as *const () as usize),
        "memcmp" => Some(memcmp as *const () as usize),
        "memcpy" => Some(memcpy as *const () as usize),
        "memmove" => Some(memmove as *const () as usize),
        "memset" => Some(memset as *const () as usize),
        _ => percpu_hv::module_symbols().find_map(|(symbol, at)| (symbol == name).then_some(at)),
    }
}

/// Prints a line.
///
/// # Safety
///
/// There are `length` bytes of UTF-8 at `text`, which nothing writes.
unsafe extern "C" fn hypervisor_print(text: *const u8, length: usize) {
    // SAFETY: rule 23: the caller's promise.
    let bytes = unsafe { slice::from_raw_parts(text, length) };
    println!(
        "{}",
        str::from_utf8(bytes).unwrap_or("a line that is no text")
    );
}
