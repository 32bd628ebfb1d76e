//! The methods that people who work with data call most, of the types that they call them on.

/// Types and their usual methods, most usual first.
const USUAL: &[(&str, &str)] = &[
    (
        "DataFrame",
        "lazy head column height shape clone select filter group_by sort join drop tail width get_column_names \
            schema unique drop_nulls vstack with_column slice sample_n floats strings null_count column_as describe \
            rename",
    ),
    (
        "LazyFrame",
        "filter select with_columns group_by agg join sort collect limit drop rename drop_nulls unique \
            with_column explode collect_schema explain clone slice tail fill_null",
    ),
    ("LazyGroupBy", "agg head tail"),
    (
        "Expr",
        "alias mean sum eq gt lt gt_eq lt_eq neq count min max is_null is_not_null cast str dt over fill_null \
            median std n_unique quantile round and or first last sort shift cum_sum rank is_in is_between not abs \
            log sqrt clip",
    ),
    ("Series", "name len dtype mean sum min max f64 i64 str cast null_count unique head"),
    ("Column", "name len dtype mean_reduce f64 i64 str cast null_count unique head as_materialized_series"),
    ("Vec", "iter len push into_iter iter_mut is_empty extend sort first last clone pop contains get"),
    ("slice", "iter len is_empty first last get windows chunks to_vec contains sort"),
    (
        "Iterator",
        "map filter collect sum enumerate zip for_each fold take rev max min count any all filter_map cloned \
            copied skip next",
    ),
    (
        "String",
        "len push_str as_str to_uppercase to_lowercase trim split contains replace starts_with is_empty chars \
            lines parse",
    ),
    ("str", "len to_owned to_string trim split contains replace starts_with ends_with chars lines parse is_empty"),
    ("Option", "unwrap unwrap_or is_some is_none map ok_or unwrap_or_default and_then as_ref expect"),
    ("Result", "unwrap ok is_ok is_err map map_err unwrap_or expect and_then"),
    ("HashMap", "get insert entry contains_key iter keys values len remove get_mut is_empty"),
    (
        "Tensor",
        "shape dims matmul sum mean reshape to_vec1 to_vec2 to_scalar transpose t unsqueeze squeeze dtype device \
            clone narrow broadcast_add broadcast_mul relu exp log sqr",
    ),
    ("f64", "sqrt powi powf abs round ln exp floor ceil max min is_nan log10 hypot"),
    ("Trial", "float int log_float categorical log_int float_step int_step step report"),
];

/// How usual a method of a type is: its place from 0; nothing if it is not usual.
pub fn place(type_name: &str, method: &str) -> Option<usize> {
    let name = match type_name {
        "Iter" | "IntoIter" | "IterMut" | "Map" | "Filter" | "Enumerate" | "Zip" | "Range" | "Chars" | "Rev" => {
            "Iterator"
        }
        "array" => "slice",
        "BTreeMap" => "HashMap",
        "f32" => "f64",
        name => name,
    };
    let methods = USUAL.iter().find(|(of, _)| *of == name)?.1;
    methods.split(' ').position(|of| of == method)
}
