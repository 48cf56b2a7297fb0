//! The imports of a module, and the paths that its own code mentions.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::{
    Attribute, ImplItem, Item, ItemUse, Macro, Meta, Token, UseTree, Visibility,
    punctuated::Punctuated,
    visit::{self, Visit},
};

/// A mentioned path: `a::b`, or `a::b!` for a macro.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Mention {
    pub(crate) path: Vec<String>,
    pub(crate) is_macro: bool,
}

/// One name of a `use`.
#[derive(Clone, Debug)]
pub(crate) struct Import {
    /// The name in this module, or `*` for all names.
    pub(crate) name: String,
    pub(crate) path: Vec<String>,
    /// Whether it has `pub`, or a restricted one such as `pub(crate)`.
    pub(crate) is_public: bool,
}

impl Import {
    pub(crate) fn mention(&self) -> Mention {
        Mention {
            path: self.path.clone(),
            is_macro: false,
        }
    }
}

#[derive(Default)]
pub(crate) struct Mentions {
    pub(crate) mentions: Vec<Mention>,
    pub(crate) imports: Vec<Import>,
}

impl Mentions {
    /// Adds the imports and mentions of an item, unless it is only compiled for tests. Skips modules inside it.
    pub(crate) fn add(&mut self, item: &Item) {
        self.visit_item(item);
    }

    fn import(&mut self, tree: &UseTree, prefix: &[String], is_public: bool) {
        let mut add = |name: String, last: Option<String>| {
            let path = prefix.iter().cloned().chain(last).collect();
            self.imports.push(Import {
                name,
                path,
                is_public,
            });
        };
        match tree {
            UseTree::Path(path) => {
                let prefix = [prefix, &[plain(&path.ident)]].concat();
                self.import(&path.tree, &prefix, is_public);
            }
            UseTree::Name(name) if name.ident == "self" => {
                add(prefix.last().cloned().unwrap_or_default(), None)
            }
            UseTree::Name(name) => add(plain(&name.ident), Some(plain(&name.ident))),
            UseTree::Rename(rename) if rename.ident == "self" => add(plain(&rename.rename), None),
            UseTree::Rename(rename) => add(plain(&rename.rename), Some(plain(&rename.ident))),
            UseTree::Glob(_) => add("*".into(), None),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, prefix, is_public);
                }
            }
        }
    }

    /// Adds the paths in tokens. `prefix` precedes each of them.
    fn scan(&mut self, tokens: TokenStream, prefix: &[String]) {
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < trees.len() {
            match &trees[at] {
                TokenTree::Group(group) => self.scan(group.stream(), prefix),
                // Skip a variable of the macro, but not `$crate`.
                TokenTree::Punct(dollar)
                    if dollar.as_char() == '$' && !is(&trees, at + 1, "crate") =>
                {
                    at += 1
                }
                TokenTree::Ident(_) => {
                    at = self.scan_path(&trees, at, prefix);
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// Adds the path that begins at `start`. Returns where it ends.
    fn scan_path(&mut self, trees: &[TokenTree], start: usize, prefix: &[String]) -> usize {
        let mut path = prefix.to_vec();
        let mut at = start;
        while let Some(TokenTree::Ident(ident)) = trees.get(at) {
            path.push(plain(ident));
            at += 1;
            if !(punct(trees, at, ':') && punct(trees, at + 1, ':')) {
                break;
            }
            at += 2;
        }
        if let Some(TokenTree::Group(group)) = trees.get(at)
            && group.delimiter() == Delimiter::Brace
            && punct(trees, at - 1, ':')
        {
            // `use a::{...}`
            self.scan(group.stream(), &path);
            return at + 1;
        }
        let is_macro = punct(trees, at, '!') && !punct(trees, at + 1, '=');
        self.mentions.push(Mention { path, is_macro });
        // Skip the name after `as` in the braces of a `use`.
        if !prefix.is_empty() && is(trees, at, "as") {
            at + 2
        } else {
            at
        }
    }
}

impl<'ast> Visit<'ast> for Mentions {
    fn visit_item(&mut self, item: &'ast Item) {
        if !matches!(item, Item::Mod(_)) && !is_test(attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let attributes = match item {
            ImplItem::Fn(item) => &item.attrs,
            ImplItem::Const(item) => &item.attrs,
            _ => return visit::visit_impl_item(self, item),
        };
        if !is_test(attributes) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.import(&item.tree, &[], !matches!(item.vis, Visibility::Inherited));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.mentions.push(Mention {
            path: segments(path),
            is_macro: false,
        });
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.mentions.push(Mention {
            path: segments(&call.path),
            is_macro: true,
        });
        self.scan(call.tokens.clone(), &[]);
    }

    // A link in documentation may lead anywhere, and the path in a visibility is not a use.
    fn visit_attribute(&mut self, _: &'ast Attribute) {}
    fn visit_visibility(&mut self, _: &'ast Visibility) {}
}

fn segments(path: &syn::Path) -> Vec<String> {
    path.segments
        .iter()
        .map(|segment| plain(&segment.ident))
        .collect()
}

/// Returns the name without `r#`.
pub(crate) fn plain(ident: &proc_macro2::Ident) -> String {
    ident.to_string().trim_start_matches("r#").to_owned()
}

fn is(trees: &[TokenTree], at: usize, name: &str) -> bool {
    matches!(trees.get(at), Some(TokenTree::Ident(ident)) if ident == name)
}

fn punct(trees: &[TokenTree], at: usize, character: char) -> bool {
    matches!(trees.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == character)
}

pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::TraitAlias(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Returns whether an item with these attributes is only compiled for tests.
pub(crate) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute
                    .parse_args()
                    .is_ok_and(|meta| asks_for_test(&meta))
    })
}

fn asks_for_test(meta: &Meta) -> bool {
    let nested = |meta: &syn::MetaList| {
        meta.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
            .unwrap_or_default()
    };
    match meta {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("all") => nested(list).iter().any(asks_for_test),
        Meta::List(list) if list.path.is_ident("any") => nested(list).iter().all(asks_for_test),
        _ => false,
    }
}
