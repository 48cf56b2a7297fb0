//! Runs of tokens that nothing here looks into.

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::ParseStream;
use syn::{Result, Token, token};

/// The tokens before the one that `stop` sees.
pub(crate) fn until(input: ParseStream, stop: fn(ParseStream) -> bool) -> Result<TokenStream> {
    let mut tokens = TokenStream::new();
    while !input.is_empty() && !stop(input) {
        tokens.extend([input.parse::<TokenTree>()?]);
    }
    Ok(tokens)
}

/// The same outside of `<...>`, and at the latest before a `>` that closes what is around.
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
        // `peek` looks into a group without delimiters, of which the angles are balanced.
        if !input.peek(token::Group) {
            depth += usize::from(input.peek(Token![<]));
            depth -= usize::from(input.peek(Token![>]));
        }
        tokens.extend([input.parse::<TokenTree>()?]);
    }
    Ok(tokens)
}
