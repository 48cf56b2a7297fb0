//! Functions to be disassembled, also for a package that stands alone.

/// Operations of a crate that are disassembled, but not repeated.
macro_rules! functions {
    ($crate_name:literal: $(
        $operation:literal($($argument:ident: $type:ty),*) $(-> $result:ty)? { $($body:tt)* }
    )*) => {$(
        const _: () = {
            #[unsafe(export_name = concat!($crate_name, ".", $operation))]
            extern "C" fn function($($argument: $type),*) $(-> $result)? {
                $($body)*
            }
        };
    )*};
}
