//! A JavaScript value, as far as a configuration needs it.

/// What an option was given.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `undefined` or `null`: the default.
    Absent,
    /// A truth value.
    Bool(bool),
    /// A number, not finite ones included, and how JavaScript spells it: formatting one costs ten kilobytes here.
    Number(f64, String),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Self>),
    /// A plain object.
    Object(Vec<(String, Self)>),
    /// Something that can be called.
    Function,
    /// Anything else, with a word for it.
    Other(String),
}

impl Value {
    /// The value in a fault's words, cut to a readable length and never a token.
    pub fn shown(&self) -> String {
        match self {
            Self::Absent => "nothing".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Number(_, text) => text.clone(),
            Self::Text(value) => {
                let cut: String = value.chars().take(60).collect();
                if cut.len() < value.len() { format!("'{cut}…'") } else { format!("'{cut}'") }
            }
            Self::List(_) => "an array".to_owned(),
            Self::Object(_) => "an object".to_owned(),
            Self::Function => "a function".to_owned(),
            Self::Other(word) => word.clone(),
        }
    }
}
