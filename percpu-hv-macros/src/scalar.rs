//! `#[derive(Scalar)]`: newtypes of scalars, and enums without fields.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, DataEnum, DataStruct, DeriveInput, Error, Result, Type, Visibility};

use crate::lints;
use crate::repr::names;

/// The representations of an enum that are integers.
const INTEGERS: [&str; 10] = [
    "u8", "u16", "u32", "u64", "usize", "i8", "i16", "i32", "i64", "isize",
];

/// Expands the derive on `item`.
pub(crate) fn expand(item: &DeriveInput, runtime: &TokenStream) -> TokenStream {
    let expansion = match &item.data {
        Data::Struct(data) => newtype(item, data, runtime),
        Data::Enum(data) => number(item, data, runtime),
        Data::Union(data) => Err(Error::new(
            data.union_token.span,
            "`Scalar` is for newtypes and enums; a union may have uninitialized bytes",
        )),
    };
    expansion.unwrap_or_else(|error| error.to_compile_error())
}

/// Emits the impl for a newtype, which is a scalar as its field is one.
fn newtype(item: &DeriveInput, data: &DataStruct, runtime: &TokenStream) -> Result<TokenStream> {
    let mut fields = data.fields.iter().filter(|field| !is_phantom(&field.ty));
    let (Some(field), None) = (fields.next(), fields.next()) else {
        return Err(Error::new(
            item.ident.span(),
            "`Scalar` is for a struct with one field, beside `PhantomData`; several are accessed one by one in a \
             variable with `#[def_percpu(elements)]`",
        ));
    };
    if !names(&item.attrs).any(|name| name == "transparent") {
        let text = "a `Scalar` is loaded and stored as its field is; add `#[repr(transparent)]`";
        return Err(Error::new(item.ident.span(), text));
    }
    let ty = &field.ty;
    let (member, _) = (data.fields.members().zip(&data.fields))
        .find(|(_, other)| core::ptr::eq(*other, field))
        .expect("the field is one of the struct's");
    let scalar = spanned(quote!(#runtime::Scalar), ty.span());
    let scalar = quote_spanned!(ty.span()=> #ty: #scalar);
    // With a `pub` field no code relies on what the newtype holds, as code of any module makes it.
    let is_public = matches!(field.vis, Visibility::Public(_));
    let core = quote!(#runtime::__core);
    // Another attribute macro may change the struct after this derive, and a macro in the type may expand to another one
    // here: the compiler tells the type. A pattern is a field of the struct itself, which `.` need not be.
    let inside = quote! {
        #runtime::__priv::Inside::of(|Self { #member: __field, .. }: Self| [__field])
    };
    let body = quote! {
        const __ANY_BITS: #core::primitive::bool = {
            use #runtime::__priv::Otherwise as _;
            #is_public && #runtime::__priv::Inside::any_bits(&#inside) || #runtime::__priv::Probe::<Self>::__PERCPU_INTEGER
        };
        const __BITS_ARE_ALL: #core::primitive::bool =
            #runtime::__priv::Inside::bits_are_all(&#inside);

        #[inline(always)]
        unsafe fn __loaded(__byte: #core::primitive::usize) {
            let __inside = #inside;
            // SAFETY: rule 14, the bytes of the newtype are those of its field.
            unsafe { #runtime::__priv::Inside::loaded(&__inside, __byte) }
        }
    };
    Ok(implementation(item, Some(scalar), &body, runtime))
}

/// Emits the impl for an enum, whose discriminant is all that it is.
fn number(item: &DeriveInput, data: &DataEnum, runtime: &TokenStream) -> Result<TokenStream> {
    if let Some(variant) = data
        .variants
        .iter()
        .find(|variant| !variant.fields.is_empty())
    {
        let text = "a `Scalar` is an enum without fields, since a value of another variant leaves their bytes \
                    uninitialized";
        return Err(Error::new(variant.fields.span(), text));
    }
    if let Some(align) = names(&item.attrs).find(|name| name == "align") {
        let text = "a `Scalar` has no padding, whose bytes are uninitialized; remove `align`, and give the enum a wider \
                    integer";
        return Err(Error::new(align.span(), text));
    }
    let Some(integer) =
        names(&item.attrs).find(|name| INTEGERS.iter().any(|integer| name == integer))
    else {
        let text = "one load or store moves a `Scalar`; give the enum the size of an integer, as in `#[repr(u8)]`";
        return Err(Error::new(item.ident.span(), text));
    };
    let core = quote!(#runtime::__core);
    let body = quote! {
        // Another attribute macro may change the enum after this derive. One with fields has no such cast.
        const __ANY_BITS: #core::primitive::bool = {
            #runtime::__priv::Inside::of(|__value: Self| [__value as #core::primitive::#integer]);
            false
        };
        const __BITS_ARE_ALL: #core::primitive::bool = true;
        const HOLDS_REFERENCES: #core::primitive::bool = false;
    };
    Ok(implementation(item, None, &body, runtime))
}

/// Emits an impl with the bounds that a trait's contract adds to those of the type.
fn implementation(
    item: &DeriveInput,
    bound: Option<TokenStream>,
    body: &TokenStream,
    runtime: &TokenStream,
) -> TokenStream {
    let name = &item.ident;
    let (parameters, arguments, bounds) = item.generics.split_for_impl();
    let bounds = bounds
        .map(|bounds| bounds.predicates.iter())
        .into_iter()
        .flatten();
    let own = |bound| spanned(bound, name.span());
    let (copy, send) = (
        own(quote!(#runtime::__core::marker::Copy)),
        own(quote!(#runtime::__core::marker::Send)),
    );
    let own = quote_spanned!(name.span()=> #name #arguments: 'static + #copy + #send);
    let bound = bound.into_iter();
    let lints = lints::of(item);
    quote! {
        // SAFETY: rule 14, an integer's size and alignment and no padding, by the `repr`; the bounds say the rest.
        #lints #[automatically_derived]
        unsafe impl #parameters #runtime::Scalar for #name #arguments
        where
            #(#bounds,)*
            #(#bound,)*
            #own,
        {
            #body
        }
    }
}

/// Returns a path whose errors are at the span, and which means what it did.
fn spanned(path: TokenStream, span: Span) -> TokenStream {
    path.into_iter()
        .map(|mut token| {
            token.set_span(token.span().located_at(span));
            token
        })
        .collect()
}

/// Returns whether a type is `PhantomData`, as far as its name tells.
fn is_phantom(ty: &Type) -> bool {
    let Type::Path(ty) = ty else { return false };
    ty.path
        .segments
        .last()
        .is_some_and(|last| last.ident == "PhantomData")
}

#[cfg(test)]
mod tests {
    use quote::quote;
    use syn::parse2;

    use super::expand;

    fn error(item: proc_macro2::TokenStream) -> String {
        expand(&parse2(item).unwrap(), &quote!(::runtime)).to_string()
    }

    #[test]
    fn what_may_have_padding_is_refused() {
        for (item, text) in [
            (
                quote!(
                    struct Pair(u32, u32);
                ),
                "several are accessed one by one",
            ),
            (
                quote!(
                    struct Nothing;
                ),
                "a struct with one field",
            ),
            (
                quote!(
                    struct Plain(u32);
                ),
                "repr(transparent)",
            ),
            (
                quote!(
                    enum Free {
                        A,
                        B,
                    }
                ),
                "repr(u8)",
            ),
            (
                quote!(
                    #[repr(u8)]
                    enum Some {
                        A(u8),
                        B,
                    }
                ),
                "without fields",
            ),
            (
                quote!(
                    #[repr(u8, align(4))]
                    enum Wide {
                        A,
                        B,
                    }
                ),
                "remove `align`",
            ),
            (quote!(union Both { a: u8, b: u16 }), "uninitialized"),
        ] {
            let error = error(item.clone());
            assert_eq!(error.matches("compile_error").count(), 1, "{item}");
            assert!(error.contains(text), "{error}");
        }
    }

    #[test]
    fn what_another_macro_changes_afterwards_is_checked() {
        let newtype = error(quote!(
            #[repr(transparent)]
            struct Id(u32);
        ));
        assert!(
            newtype.contains("Inside :: of (| Self { 0 : __field , .. } : Self | [__field])"),
            "{newtype}"
        );
        let number = error(quote!(
            #[repr(u16)]
            enum World {
                Host,
            }
        ));
        assert!(
            number.contains("__value as :: runtime :: __core :: primitive :: u16"),
            "{number}"
        );
    }

    #[test]
    fn a_phantom_is_no_field() {
        let expanded = error(quote!(
            #[repr(transparent)]
            struct Id<T>(u32, core::marker::PhantomData<T>);
        ));
        assert!(
            expanded.contains("u32 : :: runtime :: Scalar"),
            "{expanded}"
        );
    }
}
