//! From the items of a cell to definitions: an `impl` becomes one per method, a `use` one per name.

use super::*;

/// The definitions of one item of a cell: several for a `use` with a group and for an inherent `impl`.
///
/// `includes` are edits of the whole cell, see [`parse::includes`].
pub fn definitions(
    item: &Item,
    range: Range<usize>,
    text: &RustText,
    execution: ExecutionId,
    includes: &[Edit],
) -> Vec<Definition> {
    let mut all = unshaped(item, range, text, execution, includes);
    for definition in &mut all {
        definition.shaping = shaping(definition);
    }
    all
}

fn unshaped(
    item: &Item,
    range: Range<usize>,
    text: &RustText,
    execution: ExecutionId,
    includes: &[Edit],
) -> Vec<Definition> {
    let (mut edits, loops) = parse::item_loops(item);
    edits.extend(visibility_edits(item));
    edits.extend(includes.iter().cloned());
    match item {
        Item::Use(item) => return uses(item, range, text, execution),
        Item::Impl(item) if item.trait_.is_none() => return methods(item, range, text, execution, &edits),
        _ => {}
    }
    let mut idents = BTreeSet::new();
    parse::idents_of(quote::ToTokens::to_token_stream(item), &mut idents);
    let (kind, name) = kind_and_name(item);
    let mut definition = Definition {
        key: Key { kind, name },
        execution,
        text: text.text[range.clone()].to_owned(),
        pieces: text.pieces(range, &edits),
        idents,
        header: BTreeSet::new(),
        methods: BTreeSet::new(),
        of_trait: None,
        shape: None,
        loops,
        static_type: None,
        declared: BTreeSet::new(),
        own_types: false,
        shaping: BTreeSet::new(),
    };
    match item {
        Item::Trait(item) => definition.methods = trait_methods(item),
        Item::Impl(item) => trait_impl(item, &mut definition),
        Item::Fn(item) => definition.own_types = has_types(item),
        Item::Mod(item) => declared(item, &mut definition.declared),
        Item::Enum(item) => definition.declared = item.variants.iter().map(|v| v.ident.to_string()).collect(),
        Item::Static(item) => {
            let mutable = matches!(item.mutability, syn::StaticMutability::Mut(_));
            definition.static_type = Some((lasting(&item.ty), mutable));
        }
        _ => {}
    }
    vec![definition]
}

fn kind_and_name(item: &Item) -> (Kind, String) {
    match item {
        Item::Const(i) => (Kind::Const, i.ident.to_string()),
        Item::Enum(i) => (Kind::Type, i.ident.to_string()),
        Item::Fn(i) => (Kind::Function, i.sig.ident.to_string()),
        Item::Macro(i) => match &i.ident {
            Some(name) => (Kind::Macro, name.to_string()),
            None => (Kind::Other, call_key(&i.mac)),
        },
        Item::Mod(i) => (Kind::Module, i.ident.to_string()),
        Item::Static(i) => (Kind::Static, i.ident.to_string()),
        Item::Struct(i) => (Kind::Type, i.ident.to_string()),
        Item::Trait(i) => (Kind::Trait, i.ident.to_string()),
        Item::TraitAlias(i) => (Kind::Trait, i.ident.to_string()),
        Item::Type(i) => (Kind::Alias, i.ident.to_string()),
        Item::Union(i) => (Kind::Type, i.ident.to_string()),
        Item::Impl(i) => (Kind::Impl, impl_header(i)),
        other => (Kind::Other, tokens(other)),
    }
}

/// Whether a function defines types in its body.
fn has_types(item: &syn::ItemFn) -> bool {
    struct Types(bool);
    impl<'ast> syn::visit::Visit<'ast> for Types {
        fn visit_item(&mut self, item: &'ast Item) {
            self.0 |= matches!(
                item,
                Item::Struct(_) | Item::Enum(_) | Item::Union(_) | Item::Trait(_) | Item::Mod(_) | Item::Macro(_)
            );
            syn::visit::visit_item(self, item);
        }
    }
    let mut types = Types(false);
    syn::visit::Visit::visit_block(&mut types, &item.block);
    types.0
}

/// Names that a glob of a module, or of one inside it, may bring in.
fn declared(module: &syn::ItemMod, names: &mut BTreeSet<String>) {
    for item in module.content.iter().flat_map(|(_, items)| items) {
        match item {
            Item::Mod(inner) => declared(inner, names),
            Item::Use(_) | Item::Macro(_) => parse::idents_of(quote::ToTokens::to_token_stream(item), names),
            _ => {}
        }
        names.insert(kind_and_name(item).1);
    }
}

/// A call that makes items is known by its macro and the first name in it, so that a changed call replaces the old one.
fn call_key(mac: &syn::Macro) -> String {
    let path = tokens(&mac.path);
    let words = ["pub", "crate", "static", "const", "struct", "enum", "fn", "trait", "type", "mod", "mut", "ref"];
    let mut names = mac.tokens.clone().into_iter().filter_map(|tree| match tree {
        proc_macro2::TokenTree::Ident(name) => Some(name.to_string()).filter(|name| !words.contains(&name.as_str())),
        _ => None,
    });
    names.next().map_or_else(|| tokens(mac), |name| format!("{path}! {name}"))
}

fn tokens<T: quote::ToTokens>(item: &T) -> String {
    item.to_token_stream().to_string()
}

fn impl_header(item: &syn::ItemImpl) -> String {
    let of_trait = item.trait_.as_ref().map(|(path, _)| format!("{} for ", tokens(path)));
    format!("{}{}", of_trait.unwrap_or_default(), tokens(&item.self_ty))
}

fn trait_methods(item: &syn::ItemTrait) -> BTreeSet<String> {
    let methods = item.items.iter().filter_map(|item| match item {
        syn::TraitItem::Fn(f) => Some(f.sig.ident.to_string()),
        syn::TraitItem::Const(c) => Some(c.ident.to_string()),
        _ => None,
    });
    methods.collect()
}

fn trait_impl(item: &syn::ItemImpl, definition: &mut Definition) {
    parse::idents_of(quote::ToTokens::to_token_stream(&item.self_ty), &mut definition.header);
    if let Some((path, _)) = &item.trait_ {
        parse::idents_of(quote::ToTokens::to_token_stream(path), &mut definition.header);
        definition.of_trait = path.segments.last().map(|s| s.ident.to_string());
    }
    let shaping = |item: &&syn::ImplItem| {
        matches!(item, syn::ImplItem::Type(_) | syn::ImplItem::Const(_) | syn::ImplItem::Macro(_))
    };
    let shape: Vec<String> = item.items.iter().filter(shaping).map(tokens).collect();
    let generics = tokens(&item.generics.where_clause);
    definition.shape =
        (!shape.is_empty()).then(|| format!("{} {generics} {}", tokens(&item.generics), shape.join(" ")));
}

/// An inherent `impl` becomes one per item, so that a cell that is run again replaces just what it redefines.
fn methods(
    item: &syn::ItemImpl,
    range: Range<usize>,
    text: &RustText,
    execution: ExecutionId,
    edits: &[Edit],
) -> Vec<Definition> {
    let open = item.brace_token.span.open().byte_range().end;
    let mut header = BTreeSet::new();
    parse::idents_of(quote::ToTokens::to_token_stream(&item.self_ty), &mut header);
    let mut header_idents = BTreeSet::new();
    parse::idents_of(quote::ToTokens::to_token_stream(&item.generics), &mut header_idents);
    header_idents.extend(header.iter().cloned());
    let mut out = Vec::new();
    for member in &item.items {
        let name = match member {
            syn::ImplItem::Fn(f) => f.sig.ident.to_string(),
            syn::ImplItem::Const(c) => c.ident.to_string(),
            other => tokens(other),
        };
        let member_range = member.span().byte_range();
        let mut pieces = text.pieces(range.start..open, &[]);
        pieces.push(Piece::glue(" "));
        pieces.extend(text.pieces(member_range.clone(), edits));
        pieces.push(Piece::glue(" }"));
        let mut idents = header_idents.clone();
        parse::idents_of(quote::ToTokens::to_token_stream(member), &mut idents);
        let mut only = item.clone();
        only.items = vec![member.clone()];
        out.push(Definition {
            key: Key { kind: Kind::Impl, name: format!("{}::{name}", tokens(&item.self_ty)) },
            execution,
            text: format!("{} {}", &text.text[range.start..open], &text.text[member_range]),
            pieces,
            idents,
            header: header.clone(),
            methods: BTreeSet::from([name]),
            of_trait: None,
            shape: (!matches!(member, syn::ImplItem::Fn(f) if f.sig.constness.is_none())).then(|| tokens(member)),
            loops: parse::item_loops(&Item::Impl(only)).1,
            static_type: None,
            declared: BTreeSet::new(),
            own_types: false,
            shaping: BTreeSet::new(),
        });
    }
    out
}

/// A `use` becomes one per name, so that a later import or definition of the name replaces just that.
fn uses(item: &syn::ItemUse, range: Range<usize>, text: &RustText, execution: ExecutionId) -> Vec<Definition> {
    let mut leaves = Vec::new();
    let root = if item.leading_colon.is_some() { "::" } else { "" };
    flatten(&item.tree, root, &mut leaves);
    let origin = text.whole(range);
    let define = |(name, path): (String, String)| {
        let mut idents = BTreeSet::new();
        let first = path.trim_start_matches("::").split("::").next().unwrap_or("").to_owned();
        idents.insert(first);
        let line = format!("#[allow(unused_imports)] use {path};");
        Definition {
            key: Key { kind: Kind::Use, name },
            execution,
            text: line.clone(),
            pieces: vec![Piece { text: line, origin: origin.clone() }],
            idents,
            header: BTreeSet::new(),
            methods: BTreeSet::new(),
            of_trait: None,
            shape: None,
            loops: Loops::default(),
            static_type: None,
            declared: BTreeSet::new(),
            own_types: false,
            shaping: BTreeSet::new(),
        }
    };
    leaves.into_iter().map(define).collect()
}

/// The leaves of a use tree as (bound name, path with renaming).
fn flatten(tree: &UseTree, prefix: &str, leaves: &mut Vec<(String, String)>) {
    match tree {
        UseTree::Path(path) => flatten(&path.tree, &format!("{prefix}{}::", path.ident), leaves),
        UseTree::Name(name) if name.ident == "self" => {
            let path = prefix.trim_end_matches("::").to_owned();
            let bound = path.rsplit("::").next().unwrap_or("").to_owned();
            leaves.push((bound, path));
        }
        UseTree::Name(name) => leaves.push((name.ident.to_string(), format!("{prefix}{}", name.ident))),
        UseTree::Rename(rename) => {
            let path = match rename.ident == "self" {
                true => prefix.trim_end_matches("::").to_owned(),
                false => format!("{prefix}{}", rename.ident),
            };
            let bound = rename.rename.to_string();
            let name = if bound == "_" { format!("_ {path}") } else { bound.clone() };
            leaves.push((name, format!("{path} as {bound}")));
        }
        UseTree::Glob(_) => leaves.push((format!("{prefix}*"), format!("{prefix}*"))),
        UseTree::Group(group) => {
            for tree in &group.items {
                flatten(tree, prefix, leaves);
            }
        }
    }
}

/// An item in a module of its own must stay visible outside of it, and so must its private fields.
fn visibility_edits(item: &Item) -> Vec<Edit> {
    fn inherited(vis: &syn::Visibility, at: usize) -> Option<Edit> {
        matches!(vis, syn::Visibility::Inherited).then(|| Edit::insert(at, "pub(crate) "))
    }
    fn start<T: Spanned>(tokens: &T) -> usize {
        tokens.span().byte_range().start
    }
    fn fields(fields: &syn::Fields) -> Vec<Edit> {
        let edit = |f: &syn::Field| match &f.ident {
            Some(name) => inherited(&f.vis, start(name)),
            None => inherited(&f.vis, start(&f.ty)),
        };
        fields.iter().filter_map(edit).collect()
    }
    match item {
        Item::Struct(i) => {
            let mut edits = fields(&i.fields);
            edits.extend(inherited(&i.vis, start(&i.struct_token)));
            edits
        }
        Item::Enum(i) => inherited(&i.vis, start(&i.enum_token)).into_iter().collect(),
        Item::Union(i) => {
            let mut edits: Vec<Edit> =
                i.fields.named.iter().filter_map(|f| inherited(&f.vis, start(&f.ident))).collect();
            edits.extend(inherited(&i.vis, start(&i.union_token)));
            edits
        }
        Item::Trait(i) => {
            let first = i.unsafety.as_ref().map_or_else(|| start(&i.trait_token), start);
            inherited(&i.vis, first).into_iter().collect()
        }
        Item::Mod(i) => inherited(&i.vis, start(&i.mod_token)).into_iter().collect(),
        Item::Fn(i) if has_types(i) => inherited(&i.vis, start(&i.sig)).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// What of a definition does not last from cell to cell, in words.
pub fn caveat(definition: &Definition) -> Option<String> {
    let name = &definition.key.name;
    match definition.key.kind {
        Kind::Other if definition.text.starts_with("thread_local") => Some(
            "a thread-local starts anew in every cell; a `static` with a `Mutex` or an atomic keeps its value"
                .to_owned(),
        ),
        Kind::Function | Kind::Impl if has_local_static(&definition.text) => Some(format!(
            "the `static` inside of a function (`{name}`) starts anew in every cell; make it an item of the cell to keep its value"
        )),
        _ => None,
    }
}

fn has_local_static(text: &str) -> bool {
    text.match_indices("static ").any(|(at, word)| {
        let before = text[..at].chars().next_back();
        let rest = text[at + word.len()..].trim_start_matches("mut ");
        before.is_some_and(|c| c.is_whitespace() || matches!(c, '{' | ';')) && rest.starts_with(char::is_uppercase)
    })
}
