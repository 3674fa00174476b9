//! Seeds that once failed. Every run replays them first.

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The seed.
    pub seed: u64,
    /// What it showed.
    pub note: String,
}

/// All of them: a seed and a note on each line of `seeds.txt`; `#` begins a remark.
pub fn known() -> Vec<Known> {
    read(include_str!("../seeds.txt"))
}

fn read(text: &str) -> Vec<Known> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let read = lines.filter_map(|line| {
        let (seed, note) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        Some(Known { seed: seed.parse().ok()?, note: note.trim().to_owned() })
    });
    read.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_seeds_with_notes() {
        let known = read("# old\n\n7 lost a write\n8\nx y\n");
        assert_eq!(known.len(), 2);
        assert_eq!(known.first().map(|one| (one.seed, one.note.as_str())), Some((7, "lost a write")));
    }
}
