//! The expansion: one call of the runtime's hidden macro, and the errors.

use proc_macro2::{Delimiter, Literal, TokenStream, TokenTree};
use quote::{format_ident, quote};
use syn::{Error, Ident, parse2};

use crate::attrs::Routed;
use crate::item::{Item, NO_VALUE, Static};
use crate::options::Options;
use crate::tokens::has_macro;

/// The runtime's macro that an expansion calls.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    /// `__variable!`, with a kind of percpu-hv, or `__elements!`.
    Checked,
    /// `__variable!`, with the kind of `percpu`.
    Percpu,
    /// `__data!`: the static itself is the storage.
    Data,
}

/// Expands `#[def_percpu(options)] item`. `runtime` finds the runtime's path if no option gives it.
pub(crate) fn expand(
    form: Form,
    options: TokenStream,
    item: TokenStream,
    runtime: fn() -> TokenStream,
) -> TokenStream {
    let Options {
        runtime: given,
        group,
        kind,
        init,
        mut errors,
    } = parse2(options).unwrap_or_else(Options::from);
    let expansion = match parse2(item.clone()) {
        Ok(Item::Static(item)) => {
            // An error in an option or an attribute still defines the variable, so that its uses are no further errors.
            call(
                form,
                group,
                kind,
                init,
                item,
                &given.unwrap_or_else(runtime),
                &mut errors,
            )
        }
        Ok(Item::Other(error)) => {
            errors.extend(error);
            item
        }
        Err(error) => {
            errors.push(error);
            TokenStream::new()
        }
    };
    let errors = errors.iter().map(Error::to_compile_error);
    quote!(#(#errors)* #expansion)
}

fn call(
    form: Form,
    group: Option<Ident>,
    kind: Option<Ident>,
    init: Option<TokenStream>,
    item: Static,
    runtime: &TokenStream,
    errors: &mut Vec<Error>,
) -> TokenStream {
    let Static {
        attributes,
        vis,
        name,
        ty,
        value,
    } = item;
    let routed = Routed::new(attributes);
    errors.extend(routed.errors);
    let (on_call, on_variable, on_storage, lints) =
        (routed.call, routed.variable, routed.storage, routed.lints);
    if let (Form::Percpu | Form::Data, Some(kind)) = (form, &kind) {
        let text = format!("there is no `{kind}` in the crates called `percpu`; remove it");
        errors.push(Error::new(kind.span(), text));
    }
    if let (Form::Percpu | Form::Data, Some(init)) = (form, &init) {
        let text =
            "there is no `init` in the crates called `percpu`; remove it, and write `= value`";
        errors.push(Error::new_spanned(init, text));
        return TokenStream::new();
    }
    if let Some(way_out) = of_any_size(&ty) {
        let text = format!(
            "a per-CPU variable has a size that is known, and `{ty}` has none; write {way_out}"
        );
        errors.push(Error::new_spanned(ty, text));
        return TokenStream::new();
    }
    let value = match (init, value) {
        (None, Some(value)) => quote!(= #value;),
        (Some(init), None) => quote!(; init = #init;),
        (Some(init), Some(value)) => {
            let text = "with the option `init` a variable has no other value; remove `= value`, or the option";
            errors.push(Error::new_spanned(value, text));
            quote!(; init = #init;)
        }
        (None, None) => {
            // The value may be missing because of a mistake in `init`.
            if errors.is_empty() {
                errors.push(Error::new(name.span(), NO_VALUE));
            }
            return TokenStream::new();
        }
    };
    let (text, spelling) = (text(&ty), spelling(&ty));
    // Each place of the expansion that has the type would expand a macro again, maybe to another type.
    let (alias_of_type, ty) = if has_macro(&ty) {
        let once = format_ident!("__PerCpuType_{}", name);
        let alias = quote! {
            #on_call
            #lints
            #[doc(hidden)]
            #[allow(non_camel_case_types, private_interfaces, clippy::type_complexity)]
            #vis type #once = #ty;
        };
        (alias, quote!(#once))
    } else {
        (TokenStream::new(), ty)
    };
    let kind = match form {
        Form::Checked => {
            let kind = kind.unwrap_or_else(|| format_ident!("{spelling}"));
            quote!(#kind)
        }
        // This kind has no option.
        Form::Percpu => quote!((#runtime::__priv::Percpu)),
        Form::Data => {
            if let Some(group) = group {
                let text =
                    format!("there is no `{group}` with the feature `custom-base`; remove it");
                errors.push(Error::new(group.span(), text));
            }
            return quote! {
                #alias_of_type
                #on_call
                #runtime::__data! {
                    [#on_storage #on_variable]
                    #vis static #name: #ty #value
                }
            };
        }
    };
    let definition = match kind.to_string().as_str() {
        "elements" => format_ident!("__elements"),
        _ => format_ident!("__variable"),
    };
    let group = group.unwrap_or_else(|| format_ident!("variables"));
    let storage = format_ident!("__PERCPU_{}", name);
    let symbol = format_ident!("__PerCpu_{}", name);
    let alias = format_ident!("{}_WRAPPER", name);
    quote! {
        #alias_of_type
        #on_call
        #runtime::#definition! {
            [#on_variable] [#on_storage] [#lints]
            #vis static #name: #ty #value
            storage = #storage, symbol = #symbol, alias = #alias, text = #text, kind = #kind,
            group = #group
        }
    }
}

/// The scalars that the language has on every target.
const SCALARS: [&str; 14] = [
    "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "isize", "u8", "u16", "u32", "u64",
    "usize",
];

/// Returns what the spelling of a type tells: from that of scalars and their arrays percpu-hv knows the kind, which saves
/// the compiler to find it by the type of each variable.
fn spelling(ty: &TokenStream) -> &'static str {
    let is_scalar = |token: Option<TokenTree>| matches!(token, Some(TokenTree::Ident(name)) if SCALARS.iter().any(|scalar| name == scalar));
    let mut tokens = ty.clone().into_iter();
    let (first, rest) = (tokens.next(), tokens.next());
    match (first, rest) {
        (Some(TokenTree::Group(array)), None) if array.delimiter() == Delimiter::Bracket => {
            let mut tokens = array.stream().into_iter();
            let of_scalars = is_scalar(tokens.next());
            match tokens.next() {
                Some(TokenTree::Punct(next)) if of_scalars && next.as_char() == ';' => "scalars",
                _ => "by_type",
            }
        }
        (first, None) if is_scalar(first.clone()) => "scalar",
        _ => "by_type",
    }
}

/// Returns what to write in place of a type, if its spelling tells that it has no size.
fn of_any_size(ty: &TokenStream) -> Option<&'static str> {
    let mut tokens = ty.clone().into_iter();
    match (tokens.next(), tokens.next()) {
        (Some(TokenTree::Group(slice)), None) if slice.delimiter() == Delimiter::Bracket => {
            let is_semicolon =
                |token| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ';');
            let is_array = slice.stream().into_iter().any(is_semicolon);
            (!is_array).then_some("an array, as `[T; N]`, or a reference")
        }
        (Some(TokenTree::Ident(name)), None) if name == "str" => Some("`&str`"),
        (Some(TokenTree::Ident(name)), Some(TokenTree::Ident(_))) if name == "dyn" => {
            Some("a reference, as `&dyn Trait`")
        }
        _ => None,
    }
}

/// Returns the text of a type, as a part of a string in a template of `asm!`.
fn text(ty: &TokenStream) -> Literal {
    let mut text = String::new();
    for character in ty.to_string().chars() {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            '{' | '}' => text.extend([character; 2]),
            '\n' => text.push(' '),
            _ => text.push(character),
        }
    }
    Literal::string(&text)
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;
    use quote::quote;

    use super::{Form, expand, spelling};

    #[track_caller]
    fn expands(options: TokenStream, item: TokenStream, expansion: TokenStream) {
        let expanded = expand(Form::Checked, options, item, || quote!(::found));
        assert_eq!(expanded.to_string(), expansion.to_string());
    }

    #[test]
    fn a_variable_is_one_call() {
        expands(
            quote!(),
            quote! {
                #[doc = "Exits."]
                #[cfg(smp)]
                #[unsafe(no_mangle)]
                pub(crate) static mut EXITS: &[u64] = &[1 + 1];
            },
            quote! {
                #[cfg(smp)]
                ::found::__variable! {
                    [#[doc = "Exits."]] [#[unsafe(no_mangle)]] []
                    pub(crate) static EXITS: &'static [u64] = &[1 + 1];
                    storage = __PERCPU_EXITS, symbol = __PerCpu_EXITS, alias = EXITS_WRAPPER,
                    text = "& 'static [u64]", kind = by_type,
                    group = variables
                }
            },
        );
    }

    #[test]
    fn scalars_and_their_arrays_are_known_by_their_spelling() {
        for (ty, known) in [
            (quote!(usize), "scalar"),
            (quote!([u8; N + 1]), "scalars"),
            (quote!([u8]), "by_type"),
            (quote!([[u8; 2]; 2]), "by_type"),
            (quote!([Cell<u8>; 2]), "by_type"),
            (quote!(u128), "by_type"),
            (quote!(my::u8), "by_type"),
            (quote!(&u8), "by_type"),
            (quote!(Vec<u8>), "by_type"),
        ] {
            assert_eq!(spelling(&ty), known, "{ty}");
        }
    }

    #[test]
    fn a_type_without_a_size_is_one_error() {
        for (ty, way_out) in [
            (quote!([u64]), "[T; N]"),
            (quote!(str), "&str"),
            (quote!(dyn Fn() + Send), "&dyn Trait"),
        ] {
            let item = quote!(static X: #ty = value(););
            let expanded = expand(Form::Checked, quote!(), item, || quote!(::found)).to_string();
            assert!(
                expanded.starts_with(":: core :: compile_error !"),
                "{expanded}"
            );
            assert!(
                expanded.contains(way_out) && !expanded.contains("found"),
                "{expanded}"
            );
        }
    }

    #[test]
    fn a_macro_in_a_type_stands_once() {
        for (ty, kind) in [
            (quote!([u8; length!()]), "scalars"),
            (
                quote!(
                    #[a]
                    T
                ),
                "by_type",
            ),
        ] {
            let item = quote! {
                #[cfg(smp)]
                pub static X: #ty = value();
            };
            let expanded = expand(Form::Checked, quote!(), item, || quote!(::found)).to_string();
            let starts = quote! {
                #[cfg(smp)]
                #[doc(hidden)]
                #[allow(non_camel_case_types, private_interfaces, clippy::type_complexity)]
                pub type __PerCpuType_X = #ty;
                #[cfg(smp)]
                ::found::__variable!
            };
            assert!(expanded.starts_with(&starts.to_string()), "{expanded}");
            assert!(
                expanded.contains("static X : __PerCpuType_X = value () ;"),
                "{expanded}"
            );
            assert!(expanded.contains(&format!("kind = {kind} ,")), "{expanded}");
        }
    }

    #[test]
    fn raw_names_lose_their_prefix_where_they_are_a_part() {
        expands(
            quote!(crate = self::runtime),
            quote!(
                static r#type: u8 = 0;
            ),
            quote! {
                self::runtime::__variable! {
                    [] [] []
                    static r#type: u8 = 0;
                    storage = __PERCPU_type, symbol = __PerCpu_type, alias = type_WRAPPER, text = "u8", kind = scalar,
                    group = variables
                }
            },
        );
    }

    #[test]
    fn forms_differ_in_the_call_only() {
        let item = quote! {
            #[cfg(smp)]
            #[no_mangle]
            #[expect(unused)]
            pub static mut X: u8 = 1;
        };
        let expanded = |form| expand(form, quote!(), item.clone(), || quote!(::found)).to_string();
        assert_eq!(
            expanded(Form::Percpu),
            expanded(Form::Checked)
                .replace("kind = scalar", "kind = (:: found :: __priv :: Percpu)")
        );
        // The last of two lint levels on an item counts.
        let data = quote! {
            #[cfg(smp)]
            ::found::__data! {
                [#[no_mangle] #[allow(unused)] #[expect(unused)]]
                pub static X: u8 = 1;
            }
        };
        assert_eq!(expanded(Form::Data), data.to_string());
    }

    #[test]
    fn the_text_of_a_type_is_a_string_of_the_assembler() {
        let ty = quote!([Of<'"', '\\'>; { N }]);
        assert_eq!(
            super::text(&ty).to_string(),
            r#""[Of < '\\\"' , '\\\\\\\\' > ; {{ N }}]""#
        );
    }

    #[test]
    fn a_group_is_part_of_the_call() {
        let item = quote!(
            static X: u8 = 0;
        );
        for group in [
            "hot",
            "cold",
            "read_mostly",
            "page_aligned",
            "cache_aligned",
        ] {
            let name = quote::format_ident!("{group}");
            let runtime = || quote!(::found);
            let expanded = expand(Form::Checked, quote!(#name), item.clone(), runtime).to_string();
            assert!(
                expanded.contains(&format!("group = {group} }}")),
                "{expanded}"
            );
        }
    }

    #[test]
    fn a_kind_is_part_of_the_call() {
        let item = quote!(
            static X: u8 = 0;
        );
        for kind in ["shared", "exclusive"] {
            let name = quote::format_ident!("{kind}");
            let expanded = |form| {
                let runtime = || quote!(::found);
                expand(form, quote!(#name, hot), item.clone(), runtime).to_string()
            };
            let checked = expanded(Form::Checked);
            assert!(
                checked.contains(&format!("kind = {kind} , group = hot }}")),
                "{checked}"
            );
            assert_eq!(expanded(Form::Percpu).matches("compile_error").count(), 1);
        }
    }

    #[test]
    fn a_function_replaces_the_value() {
        expands(
            quote!(init = stacks::<A, B>::of, exclusive),
            quote!(
                static X: Stack;
            ),
            quote! {
                ::found::__variable! {
                    [] [] []
                    static X: Stack; init = stacks::<A, B>::of;
                    storage = __PERCPU_X, symbol = __PerCpu_X, alias = X_WRAPPER, text = "Stack", kind = exclusive,
                    group = variables
                }
            },
        );
    }

    #[test]
    fn there_is_one_value() {
        let errors = |form, options, item| {
            let expanded = expand(form, options, item, || quote!(::found)).to_string();
            expanded.matches("compile_error").count()
        };
        let (with, without) = (
            quote!(
                static X: u8 = 0;
            ),
            quote!(
                static X: u8;
            ),
        );
        assert_eq!(errors(Form::Checked, quote!(), without.clone()), 1);
        assert_eq!(errors(Form::Checked, quote!(init = f), with), 1);
        for form in [Form::Percpu, Form::Data] {
            assert_eq!(errors(form, quote!(init = f), without.clone()), 1);
        }
        for options in [quote!(init), quote!(init =), quote!(init = f, init = g)] {
            assert_eq!(errors(Form::Checked, options, without.clone()), 1);
        }
    }

    #[test]
    fn mistakes_beside_a_static_leave_it_in_place() {
        let expanded = expand(
            Form::Checked,
            quote!(warm),
            quote!(
                #[link_section = "x"]
                static X: u8 = 0;
            ),
            || quote!(::found),
        )
        .to_string();
        assert_eq!(expanded.matches("compile_error").count(), 2);
        assert!(expanded.ends_with(&{
            let call = quote! {
                ::found::__variable! {
                    [] [] []
                    static X: u8 = 0;
                    storage = __PERCPU_X, symbol = __PerCpu_X, alias = X_WRAPPER, text = "u8", kind = scalar,
                    group = variables
                }
            };
            call.to_string()
        }));
    }

    #[test]
    fn other_items_are_given_back() {
        let item = quote!(
            pub const X: u8 = 0;
        );
        let expanded =
            expand(Form::Checked, quote!(), item.clone(), || quote!(::found)).to_string();
        assert_eq!(expanded.matches("compile_error").count(), 1);
        assert!(expanded.ends_with(&item.to_string()));
        expands(quote!(), quote!(static X = 0;), quote!(static X = 0;));
    }
}
