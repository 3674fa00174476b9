//! What tells two copies of a channel apart.

/// What an event adds to the digest of every channel that shows it. The digest of a channel is the exclusive or of all of
/// them, so that a change costs one step whatever the channel's size (as in TinyBase's hash trees and Dexie Cloud's realm
/// hashes). FNV-1a over the id and the version, finished by SplitMix64's mixer, which spreads every bit.
pub fn digest_of(id: &str, version: u64) -> u64 {
    let bytes = id.bytes().chain(version.to_le_bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_versions_are_told_apart() {
        let mut seen = std::collections::BTreeSet::new();
        for event in 0..1_000 {
            for version in 1..=100 {
                assert!(seen.insert(digest_of(&format!("e{event}"), version)), "e{event} {version}");
            }
        }
    }

    #[test]
    fn the_value_is_that_of_the_protocol() {
        assert_eq!(format!("{:016x}", digest_of("e1", 1)), "7fb9676e06a2a253");
    }
}
