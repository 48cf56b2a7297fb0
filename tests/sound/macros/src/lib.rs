//! Macros that expand to something else each time.

use std::sync::atomic::{AtomicUsize, Ordering};

use proc_macro::{Literal, TokenStream};

/// Expands to `u8`, `u16`, `u32` and `u64` in turn.
#[proc_macro]
pub fn next_type(_: TokenStream) -> TokenStream {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let types = ["u8", "u16", "u32", "u64"];
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    types[call % types.len()].parse().expect("a type's name")
}

/// Expands to 1, 2, 3 and so on.
#[proc_macro]
pub fn next_length(_: TokenStream) -> TokenStream {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    let length: proc_macro::TokenTree = Literal::usize_unsuffixed(call + 1).into();
    length.into()
}

/// Replaces an item by what is in the parentheses, after the derives above have seen it.
#[proc_macro_attribute]
pub fn becomes(item: TokenStream, _: TokenStream) -> TokenStream {
    item
}
