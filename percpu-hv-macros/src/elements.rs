//! `#[derive(Elements)]`: the fields of a struct, as places in every area.

use proc_macro2::{Group, Literal, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::{
    Attribute, Data, DeriveInput, Error, Fields, Lifetime, Member, Result, Type, Visibility, parse2,
};

use crate::lints;
use crate::repr::packed;

/// A field of the struct.
struct Field<'item> {
    member: Member,
    /// Says that the field is deprecated, and so its place.
    deprecated: Option<&'item Attribute>,
    vis: &'item Visibility,
    ty: &'item Type,
}

/// Expands the derive on `item`.
pub(crate) fn expand(item: &DeriveInput, runtime: &TokenStream) -> TokenStream {
    let expansion = || {
        let item = without_self(item)?;
        let fields = fields(&item)?;
        if let Some(packed) = packed(&item.attrs) {
            let text = "the fields of a packed struct may be misaligned, and no load or store moves them; remove \
                        `packed`";
            return Err(Error::new(packed, text));
        }
        Ok(implementation(&item, &fields, runtime))
    };
    expansion().unwrap_or_else(|error| error.to_compile_error())
}

/// Returns the struct with its own name in place of `Self`, which is another type in the struct of places.
fn without_self(item: &DeriveInput) -> Result<DeriveInput> {
    let name = &item.ident;
    let (_, arguments, _) = item.generics.split_for_impl();
    let arguments = arguments.as_turbofish();
    parse2(replace_self(item.to_token_stream(), &|span| {
        let mut name = name.clone();
        name.set_span(name.span().located_at(span));
        quote!(#name #arguments)
    }))
}

/// Returns the tokens with another type in place of each `Self`.
fn replace_self(tokens: TokenStream, by: &dyn Fn(Span) -> TokenStream) -> TokenStream {
    let replaced = tokens.into_iter().map(|token| match token {
        TokenTree::Ident(name) if name == "Self" => by(name.span()),
        TokenTree::Group(group) => {
            let mut replaced = Group::new(group.delimiter(), replace_self(group.stream(), by));
            replaced.set_span(group.span());
            replaced.into_token_stream()
        }
        token => token.into(),
    });
    replaced.collect()
}

/// Returns the fields.
fn fields(item: &DeriveInput) -> Result<Vec<Field<'_>>> {
    let no_parts = |token: Span, what, way_out| {
        let text = format!("`Elements` is for a struct with fields; {what}, {way_out}");
        Err(Error::new(token, text))
    };
    let fields = match &item.data {
        Data::Struct(item) => &item.fields,
        Data::Enum(item) => {
            let way_out = "so derive `percpu_hv::Scalar` for an enum without fields";
            return no_parts(
                item.enum_token.span,
                "which fields an enum has depends on its value",
                way_out,
            );
        }
        Data::Union(item) => {
            let way_out = "so make it a struct";
            return no_parts(
                item.union_token.span,
                "the fields of a union share their bytes",
                way_out,
            );
        }
    };
    if fields.is_empty() {
        return no_parts(
            item.ident.span(),
            "this one has none",
            "so there is nothing to access",
        );
    }
    let members = fields.members().zip(fields.iter());
    Ok(members
        .map(|(member, field)| Field {
            member,
            deprecated: lints::deprecated(&field.attrs),
            vis: &field.vis,
            ty: &field.ty,
        })
        .collect())
}

/// Emits the struct of places, and how it is made.
fn implementation(item: &DeriveInput, fields: &[Field], runtime: &TokenStream) -> TokenStream {
    let DeriveInput {
        vis, ident: name, ..
    } = item;
    let (in_impl, arguments, bounds) = item.generics.split_for_impl();
    let whole = quote!(#name #arguments);

    // Names that no user's parameter, constant or static has: none of these can be shadowed.
    let place = format_ident!("__Place");
    let lifetime = Lifetime::new("'__whole", Span::call_site());
    let mut generics = item.generics.clone();
    generics.params.insert(0, syn::parse_quote!(#lifetime));
    generics
        .params
        .push(syn::parse_quote!(#place: #runtime::Place<#whole> + #lifetime));
    for parameter in generics.type_params_mut() {
        parameter.default = None;
    }
    let (parameters, all, _) = generics.split_for_impl();
    let lints = lints::of(item);
    let places = format_ident!("__PERCPU_FIELDS_{}", name);

    let numbers = || (0..fields.len()).map(Literal::usize_unsuffixed);
    let members: Vec<_> = fields.iter().map(|field| &field.member).collect();
    let (deprecated, visible): (Vec<_>, Vec<_>) =
        (fields.iter().map(|field| (field.deprecated, field.vis))).unzip();
    let types: Vec<_> = fields.iter().map(|field| field.ty).collect();
    let paths: Vec<_> = types
        .iter()
        .zip(numbers())
        .map(|(ty, number)| quote!(#runtime::__priv::Field<#whole, #ty, #number>))
        .collect();
    let handles: Vec<_> = types
        .iter()
        .zip(&paths)
        .map(|(ty, path)| {
            quote!(#runtime::PerCpu<<#place as #runtime::Place<#whole>>::Part<#lifetime, #path>, #ty>)
        })
        .collect();
    let (definition, tuple_bounds, how) = match item.data {
        Data::Struct(syn::DataStruct {
            fields: Fields::Unnamed(_),
            ..
        }) => (
            quote!((#(#deprecated #visible #handles),*)),
            quote!(;),
            quote!(debug_tuple),
        ),
        _ => (
            quote!({ #(#deprecated #visible #members: #handles),* }),
            quote!(),
            quote!(debug_struct),
        ),
    };
    let (before, after) = if tuple_bounds.is_empty() {
        (quote!(#bounds #definition), quote!())
    } else {
        (definition, quote!(#bounds;))
    };
    let numbers = numbers();
    // What a parameter or a bound stands for may be a counter, which the probe does not see.
    let is_concrete = item.generics.params.is_empty() && item.generics.where_clause.is_none();
    let has_counter = if is_concrete {
        quote!({
            use #runtime::__priv::Otherwise as _;
            0 #(+ #runtime::__priv::Probe::<#types>::__PERCPU_COUNTERS)* != 0
        })
    } else {
        quote!(true)
    };
    quote! {
        #lints
        #[doc(hidden)]
        #[allow(non_camel_case_types, non_snake_case, dead_code, private_interfaces, clippy::exhaustive_structs)]
        #vis struct #places #parameters #before #after

        #(
            // SAFETY: rule 21, the offset and the type are those of the field, and the struct is not packed.
            #lints #[automatically_derived]
            unsafe impl #in_impl #runtime::__priv::HasField<#types, #numbers> for #whole #bounds {
                const OFFSET: #runtime::__core::primitive::usize = {
                    // Another attribute macro may change the struct after this derive, and a macro in the type may expand to
                    // another one here. A pattern is a field of the struct itself, and of no union. Neither an array's
                    // type nor that behind `*mut` is coerced.
                    let _: fn(&mut Self) = |Self { #members: __field, .. }| {
                        let __field = [&raw mut *__field];
                        #runtime::__priv::is_field::<Self, _, #numbers>(__field);
                    };
                    #runtime::__core::mem::offset_of!(Self, #members)
                };
            }
        )*

        #lints #[automatically_derived]
        impl #in_impl #runtime::__priv::Counters for #whole #bounds {
            const HAS_ONE: #runtime::__core::primitive::bool = #has_counter;
        }

        #lints #[automatically_derived]
        impl #in_impl #runtime::Elements for #whole #bounds {
            type __Fields<#lifetime, #place: #runtime::Place<Self> + #lifetime> = #places #all;

            #[inline(always)]
            fn __fields<#lifetime, #place: #runtime::Place<Self, Kind: #runtime::kind::Parts>>(
                __whole: &#lifetime #place
            ) -> Self::__Fields<#lifetime, #place> {
                #places { #(#members: {
                    // A path may hold a user's expressions, which are no part of an `unsafe` block.
                    let __part = #runtime::__priv::part::<#place, #paths>;
                    // SAFETY: rule 21, the field is there, and is as visible here as in the struct.
                    unsafe { __part(__whole) }
                }),* }
            }
        }

        #runtime::__list_fields! {
            [#lints] [#in_impl] #name [#whole] [#bounds] #how #(#members: #types = #paths,)*
        }
    }
}

#[cfg(test)]
mod tests {
    use quote::quote;
    use syn::parse2;

    #[test]
    fn what_another_macro_changes_afterwards_is_checked() {
        let item = parse2(quote!(
            struct Stats {
                exits: u64,
            }
        ));
        let expanded = super::expand(&item.unwrap(), &quote!(::runtime)).to_string();
        assert!(
            expanded.contains("is_field :: < Self , _ , 0 > (__field)"),
            "{expanded}"
        );
    }

    #[test]
    fn a_struct_is_named_in_place_of_self() {
        let item = parse2(quote!(
            struct Ring<'a, T: Copy = u8, const N: usize = 4>(
                [T; <Self>::LENGTH + 1],
                fn(&'a Self),
            )
            where
                Self: Sized;
        ));
        let named = super::without_self(&item.unwrap()).unwrap();
        let expected = "struct Ring<'a, T: Copy = u8, const N: usize = 4>(
            [T; <Ring::<'a, T, N>>::LENGTH + 1],
            fn(&'a Ring::<'a, T, N>),
        ) where Ring::<'a, T, N>: Sized;";
        let expected: super::DeriveInput = syn::parse_str(expected).unwrap();
        assert_eq!(quote!(#named).to_string(), quote!(#expected).to_string());
    }
}
