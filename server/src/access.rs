//! Who somebody is and which projects are his.
//!
//! Owns users as others see them, the claims of a token, and the one question "may he?". Guarantees that nothing in a
//! [`User`] can break out of text, an attribute or a style. Knows nothing of how a token is verified.

use std::collections::BTreeSet;
use std::sync::Arc;

use baro_realtime::core::json::{Fields, as_string};
use baro_realtime::core::model::DEFAULT_PROJECT;

use crate::object::Object;

/// Bytes of a name that are kept.
const NAME_BYTES_MAX: usize = 64;
/// Bytes of an avatar's address that are kept; a longer one is dropped, for half an address is none.
const AVATAR_BYTES_MAX: usize = 2048;
/// Bytes of a user's id; a longer one is no id.
pub const USER_ID_BYTES_MAX: usize = 256;

/// Colours for people who chose none: readable on white and on black, told apart by the colour-blind.
const PALETTE: [&str; 10] = [
    "#2563eb", "#d97706", "#059669", "#dc2626", "#7c3aed", "#0891b2", "#c026d3", "#65a30d", "#e11d48",
    "#4f46e5",
];

/// A user as others see him.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The id.
    pub id: Arc<str>,
    /// The name, the id if he gave none.
    pub name: String,
    /// Where his picture is.
    pub avatar: Option<String>,
    /// His colour, `#rrggbb`.
    pub color: String,
}

impl User {
    /// A user with what he says of himself, made harmless.
    pub fn new(id: &str, name: Option<&str>, avatar: Option<&str>, color: Option<&str>) -> Self {
        let name = clean_name(name.unwrap_or_default());
        let name = if name.is_empty() { clean_name(id) } else { name };
        let color =
            color.filter(|color| is_color(color)).map_or_else(|| color_of(id), str::to_ascii_lowercase);
        let avatar = avatar.filter(|avatar| is_avatar(avatar)).map(str::to_owned);
        Self { id: Arc::from(id), name, avatar, color }
    }

    /// The user that a `hello` names; `None` if that is no object with a usable id.
    pub fn from_json(raw: &str) -> Option<Self> {
        let fields = Fields::parse(raw).ok()?;
        let id = fields.string("id").filter(|id| is_user_id(id))?;
        let text = |key| fields.string(key);
        Some(Self::new(&id, text("name").as_deref(), text("avatar").as_deref(), text("color").as_deref()))
    }

    /// `{id, name, avatar?, color}`.
    pub fn to_object(&self) -> Object {
        Object::new()
            .string("id", &self.id)
            .string("name", &self.name)
            .maybe("avatar", self.avatar.as_deref())
            .string("color", &self.color)
    }
}

/// Whether `id` may be a user's id.
pub fn is_user_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= USER_ID_BYTES_MAX
}

/// Removes what is no visible text (control characters, changes of writing direction) and cuts at a character.
fn clean_name(text: &str) -> String {
    let mut name = String::new();
    for character in text.trim().chars() {
        let hidden = character.is_control()
            || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if hidden {
            continue;
        }
        if name.len() + character.len_utf8() > NAME_BYTES_MAX {
            break;
        }
        name.push(character);
    }
    name
}

fn is_color(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|hex| hex.len() == 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The same colour for the same id on every server (FNV-1a).
fn color_of(id: &str) -> String {
    let hash = id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let at = usize::try_from(hash % PALETTE.len() as u64).unwrap_or(0);
    PALETTE.get(at).copied().unwrap_or("#2563eb").to_owned()
}

fn is_avatar(text: &str) -> bool {
    if text.is_empty()
        || text.len() > AVATAR_BYTES_MAX
        || text.chars().any(|c| c.is_control() || c.is_whitespace())
    {
        return false;
    }
    if text.starts_with("https://") {
        return true;
    }
    let image = ["data:image/png;", "data:image/jpeg;", "data:image/gif;", "data:image/webp;"];
    if image.iter().any(|prefix| text.starts_with(prefix)) {
        return true;
    }
    // A relative address names no scheme, and no other host either.
    let before_path = text.split(['/', '?', '#']).next().unwrap_or_default();
    !before_path.contains(':') && !text.starts_with("//") && !text.contains('\\')
}

/// The projects that somebody may read and write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// All of them.
    All,
    /// These.
    Projects(Arc<BTreeSet<String>>),
}

impl Access {
    /// Whether `project` is one of them.
    pub fn allows(&self, project: &str) -> bool {
        match self {
            Self::All => true,
            Self::Projects(projects) => projects.contains(project),
        }
    }

    /// Whether he may listen to `channel`: a project's only with the project, any other with whatever he has.
    pub fn allows_channel(&self, channel: &str) -> bool {
        channel.strip_prefix("project:").is_none_or(|project| self.allows(project))
    }
}

/// What a verified token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Who.
    pub user: User,
    /// What he may.
    pub access: Access,
    /// Until when, seconds since 1970.
    pub expires_s: u64,
}

/// The project of a raw `projectId`, `default` if it names none.
pub fn project_of(raw: Option<&str>) -> String {
    raw.and_then(as_string).map_or_else(|| DEFAULT_PROJECT.to_owned(), std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_user_says_of_himself_is_made_harmless() {
        let user = User::new(
            "ana",
            Some(" A\u{0}n\u{202e}a\n "),
            Some("javascript:alert(1)"),
            Some("red;background:url(//x)"),
        );
        assert_eq!((user.name.as_str(), user.avatar.as_deref()), ("Ana", None));
        assert!(is_color(&user.color));
        assert_eq!(User::new("ana", None, None, None).name, "ana");
        assert_eq!(User::new("x", Some(&"é".repeat(100)), None, None).name.len(), NAME_BYTES_MAX);
        assert_eq!(User::new("x", None, None, Some("#ABCDEF")).color, "#abcdef");
    }

    #[test]
    fn avatars_are_pictures_or_relative() {
        for good in ["https://a.example/p.png", "/p.png", "p.png", "./a:b.png", "data:image/png;base64,AA"] {
            assert!(is_avatar(good), "{good}");
        }
        for bad in
            ["//evil", "http://a", "data:text/html,x", "data:image/svg+xml;x", "blob:x", "a b", "/\\evil", ""]
        {
            assert!(!is_avatar(bad), "{bad}");
        }
    }

    #[test]
    fn a_project_channel_needs_its_project() {
        let access = Access::Projects(Arc::new(BTreeSet::from(["p".to_owned()])));
        assert!(access.allows_channel("project:p") && access.allows_channel("calendar:x"));
        assert!(!access.allows_channel("project:q") && !access.allows_channel("project:"));
    }

    #[test]
    fn a_hello_without_a_usable_id_names_nobody() {
        for raw in ["null", "5", "{}", r#"{"id":7}"#, r#"{"id":""}"#, "[]"] {
            assert_eq!(User::from_json(raw), None, "{raw}");
        }
    }
}
