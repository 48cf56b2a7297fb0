//! What the file of the image says of a variable, for debuggers and core dumps. It is not loaded.

/// Returns whether a text can stand between quotes in a template of `asm!`, as `def_percpu` escapes it.
pub const fn is_escaped(text: &str) -> bool {
    let text = text.as_bytes();
    let mut at = 0;
    while at < text.len() {
        let next = if at + 1 < text.len() { text[at + 1] } else { 0 };
        at += match (text[at], next) {
            (b'\\', b'"' | b'\\') | (b'{', b'{') | (b'}', b'}') => 2,
            (b'\\' | b'"' | b'{' | b'}' | b'\n' | b'\r' | 0, _) => return false,
            _ => 1,
        };
    }
    true
}

/// Emits the description of a variable in the section `percpu_info`, whose layout is in `guide::dumps`.
///
/// * No `a` in the flags: the section is not loaded, and linkers place it behind what is. So no script names it.
/// * No `.debug` in the name: cargo strips such sections in release builds.
/// * `R` is `SHF_GNU_RETAIN`: the description stays, and the variable with it, whose address would else be 0.
/// * The code stands in a function, and `#[used]` compiles it, as in `__record!`.
#[cfg(all(feature = "dump-section", any(target_os = "linux", target_os = "none")))]
#[doc(hidden)]
#[macro_export]
macro_rules! __inform {
    ($storage:ident, $ty:ty; $name:ident, $text:literal) => {
        const _: () = {
            $crate::__core::assert!(
                $crate::__priv::is_escaped($text),
                "percpu-hv: the text of a type has a quote, a line break or a brace that the assembler would interpret"
            );

            #[used]
            static _PERCPU_EMIT: fn() = _percpu_emit;

            fn _percpu_emit() {
                // SAFETY: rule 10, the text stays between its quotes; there is no instruction, so all of the options hold.
                unsafe {
                    $crate::__core::arch::asm!(
                        $crate::__core::concat!(".pushsection ", $crate::__record_section!(info), ",\"R\",%progbits"),
                        ".balign {word}",
                        ".if {word} == 8",
                        ".quad {storage}, {size}, {align}",
                        ".else",
                        ".long {storage}, {size}, {align}",
                        ".endif",
                        $crate::__core::concat!(".asciz \"", $crate::__core::module_path!(), "\""),
                        $crate::__core::concat!(".asciz \"", $crate::__core::stringify!($name), "\""),
                        $crate::__core::concat!(".asciz \"", $text, "\""),
                        ".popsection",
                        word = const $crate::__core::mem::size_of::<$crate::__core::primitive::usize>(),
                        storage = sym $storage,
                        size = const $crate::__core::mem::size_of::<$ty>(),
                        align = const $crate::__core::mem::align_of::<$ty>(),
                        options(nomem, nostack, preserves_flags)
                    );
                }
            }
        };
    };
}

/// Expands to nothing: the file says nothing.
#[cfg(not(all(feature = "dump-section", any(target_os = "linux", target_os = "none"))))]
#[doc(hidden)]
#[macro_export]
macro_rules! __inform {
    ($($variable:tt)*) => {};
}

#[cfg(test)]
mod tests {
    use super::is_escaped;

    #[test]
    fn what_would_leave_the_quotes_is_no_text() {
        for text in ["", "& 'static [u64 ; {{ N }}]", r#"Of < '\"' , '\\' >"#] {
            assert!(is_escaped(text), "{text}");
        }
        for text in [
            "\"", "\\", r"\n", r#"\\""#, "a\nb", "a\rb", "{size}", "}", "{{{",
        ] {
            assert!(!is_escaped(text), "{text}");
        }
    }
}
