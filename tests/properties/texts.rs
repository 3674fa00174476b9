//! Generators: JSON as others write it, and what is almost JSON.

use proptest::prelude::*;

/// A JSON value with white space, escapes and spellings of every kind, at most six deep.
pub(crate) fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("false".to_owned()),
        number(),
        string(),
    ];
    leaf.prop_recursive(6, 48, 6, |inner| {
        let items = prop::collection::vec(inner.clone(), 0..6);
        let fields = prop::collection::vec((string(), inner), 0..6);
        prop_oneof![
            (items, space())
                .prop_map(|(items, space)| format!("[{space}{}{space}]", items.join(&format!("{space},")))),
            (fields, space()).prop_map(|(fields, space)| braces(&fields, &space)),
        ]
    })
}

/// A JSON object.
pub(crate) fn object() -> impl Strategy<Value = String> {
    (prop::collection::vec((string(), json()), 0..8), space())
        .prop_map(|(fields, space)| braces(&fields, &space))
}

fn braces(fields: &[(String, String)], space: &str) -> String {
    let fields: Vec<String> =
        fields.iter().map(|(key, value)| format!("{space}{key}{space}:{value}{space}")).collect();
    format!("{{{space}{}}}", fields.join(","))
}

fn space() -> impl Strategy<Value = String> {
    "[ \t\n\r]{0,2}"
}

fn number() -> impl Strategy<Value = String> {
    "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,4})?([eE][+-]?[0-9]{1,3})?"
}

/// A string literal, escapes included, half surrogates too.
pub(crate) fn string() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        "[a-zA-Z_ ]{1,4}",
        "\\\\[\"\\\\/bfnrt]",
        "\\\\u[0-9a-fA-F]{4}",
        "[^\"\\\\\\x00-\\x1f]{1,3}",
    ];
    prop::collection::vec(part, 0..5).prop_map(|parts| format!("\"{}\"", parts.concat()))
}

/// A text that was JSON until somebody changed, took or put in a few characters; or something quite different.
pub(crate) fn almost_json() -> impl Strategy<Value = String> {
    let edit = (any::<prop::sample::Index>(), "[\\[\\]{}:,\"\\\\0-9eE+\\-. tfnul\\x00-\\x1fé]", 0..3_u8);
    let edited = (json(), prop::collection::vec(edit, 1..4)).prop_map(|(text, edits)| {
        let mut characters: Vec<char> = text.chars().collect();
        for (at, put, what) in edits {
            let at = at.index(characters.len() + 1).min(characters.len());
            let put = put.chars().next().unwrap_or('x');
            match what {
                0 => characters.insert(at, put),
                1 if at < characters.len() => characters[at] = put,
                _ if at < characters.len() => drop(characters.remove(at)),
                _ => {}
            }
        }
        characters.into_iter().collect()
    });
    prop_oneof![4 => edited, 1 => "[\\[\\]{}:,\"\\\\0-9eE+\\-. tfnrualse]{0,24}", 1 => any::<String>()]
}
