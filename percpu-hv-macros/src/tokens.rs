//! Sequences of tokens that the macro copies without parsing them.

use proc_macro2::{TokenStream, TokenTree};
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
