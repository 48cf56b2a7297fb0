//! Sequences of tokens that the macro copies without parsing them.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::ParseStream;
use syn::{Result, Token, token};

/// Returns the tokens before the first one for which `stop` is true.
pub(crate) fn until(input: ParseStream, stop: fn(ParseStream) -> bool) -> Result<TokenStream> {
    let mut tokens = TokenStream::new();
    while !input.is_empty() && !stop(input) {
        tokens.extend([input.parse::<TokenTree>()?]);
    }
    Ok(tokens)
}

/// As [`until`], but calls `stop` only outside of `<...>`. Also stops before a `>` that has no `<`.
pub(crate) fn outside_angles(
    input: ParseStream,
    stop: fn(ParseStream) -> bool,
) -> Result<TokenStream> {
    let mut tokens = TokenStream::new();
    let mut depth = 0_usize;
    while !input.is_empty() && !(depth == 0 && (stop(input) || input.peek(Token![>]))) {
        if let Some(arrow) = input.parse::<Option<Token![->]>>()? {
            arrow.to_tokens(&mut tokens);
            continue;
        }
        // `peek` looks into a group without delimiters, whose angles are balanced.
        if !input.peek(token::Group) {
            depth += usize::from(input.peek(Token![<]));
            depth -= usize::from(input.peek(Token![>]));
        }
        tokens.extend([input.parse::<TokenTree>()?]);
    }
    Ok(tokens)
}

/// Returns whether tokens call a macro or have an attribute, which may expand differently each time.
pub(crate) fn has_macro(tokens: &TokenStream) -> bool {
    let mut before_is_mark = false;
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Group(group) => {
            // `name!(...)`
            before_is_mark && group.delimiter() != Delimiter::None || has_macro(&group.stream())
        }
        TokenTree::Punct(mark) => {
            before_is_mark = mark.as_char() == '!';
            mark.as_char() == '#'
        }
        _ => {
            before_is_mark = false;
            false
        }
    })
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::has_macro;

    #[test]
    fn macros_are_found_wherever_they_are() {
        for tokens in [
            quote!(next!()),
            quote!(&'static [path::to::next![a]]),
            quote!(
                [u8; {
                    length! {}
                }]
            ),
            quote!(
                [u8; {
                    #[count]
                    const N: usize = 1;
                    N
                }]
            ),
        ] {
            assert!(has_macro(&tokens), "{tokens}");
        }
        for tokens in [
            quote!(fn(&u8) -> !),
            quote!(Option<fn() -> !>),
            quote!([u8; N]),
        ] {
            assert!(!has_macro(&tokens), "{tokens}");
        }
    }
}
