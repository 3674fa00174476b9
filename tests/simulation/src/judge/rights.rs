//! `I9`: nothing of a project reaches a connection whose token does not name it, and nothing at all one whose token is over.

use super::Violation;
use crate::network::Grant;

/// How long what was decided in time may take to leave, ms.
const LEAVING_MS: u64 = 10;
/// All projects that events are of, as their fields show them.
const PROJECTS: [(&str, &str); 4] = [
    ("p0", "\"projectId\":\"p0\""),
    ("p1", "\"projectId\":\"p1\""),
    ("px", "\"projectId\":\"px\""),
    ("default", "\"projectId\":\"default\""),
];

/// Looks through a frame that leaves for a connection with `grant`, or with none.
pub(crate) fn check(grant: Option<&Grant>, frame: &str, now: u64) -> Result<(), Violation> {
    // That it is over is said to it, after a pause as late as it may be.
    let says_so = frame.contains("\"token_expired\"") && !frame.contains("\"seq\":");
    if let Some(grant) = grant.filter(|grant| now > grant.until + LEAVING_MS && !says_so) {
        let what = format!("a connection whose token was over at {} gets {frame}", grant.until);
        return Err(Violation::new("I9", what));
    }
    let hidden =
        PROJECTS.iter().filter(|(project, _)| !grant.is_some_and(|grant| grant.projects.contains(*project)));
    for (project, field) in hidden {
        if frame.contains(field) {
            return Err(Violation::new("I9", format!("{grant:?} does not name {project}: {frame}")));
        }
    }
    Ok(())
}
