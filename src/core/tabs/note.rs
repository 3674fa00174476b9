//! What tabs say to each other: a line, and behind it a text that is not read here.

/// What a note is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// A tab leads, under the epoch that the number is. To all.
    Lead,
    /// The leader's connection is usable. To all.
    Ready,
    /// A pipe is wanted; the text says whose it is, the number whether its page is out of sight. To whoever leads.
    Open,
    /// The leader is there, its connection is not yet: the pipe opens with it.
    Wait,
    /// The pipe is open; the text is `baro` if the server speaks `baro.v1`, the number that of frames as below.
    Opened,
    /// The pipe is not for this user.
    Refused,
    /// What was written is wanted. To all.
    Ask,
    /// Rows of the outbox, stored or dropped, behind the line of whose they are. To all, or to who asked.
    Wrote,
    /// The stream that the text is ended, and is the sender's. To all.
    Gone,
    /// A frame. From the leader to all, it is for every pipe. The number counts: browsers have been seen to drop what is
    /// said to a page that does not run ([`Count`]).
    Frame,
    /// The pipe is closed: the number is a close code, the text a reason.
    Close,
}

const VERBS: [(Verb, &str); 11] = [
    (Verb::Lead, "lead"),
    (Verb::Ready, "ready"),
    (Verb::Open, "open"),
    (Verb::Wait, "wait"),
    (Verb::Opened, "opened"),
    (Verb::Refused, "refused"),
    (Verb::Ask, "ask"),
    (Verb::Wrote, "wrote"),
    (Verb::Gone, "gone"),
    (Verb::Frame, "frame"),
    (Verb::Close, "close"),
];

/// Frames to a tab alone, and those to all, as their number tells them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    own: u32,
    all: u32,
}

impl Count {
    /// The count that a number tells.
    pub fn of(number: u64) -> Self {
        Self { own: (number >> 32) as u32, all: number as u32 }
    }

    /// The number that tells it.
    pub fn number(self) -> u64 {
        u64::from(self.own) << 32 | u64::from(self.all)
    }

    /// One more, to a tab alone or to all.
    #[must_use]
    pub fn next(self, to_all: bool) -> Self {
        Self { own: self.own.wrapping_add(u32::from(!to_all)), all: self.all.wrapping_add(u32::from(to_all)) }
    }

    /// The count of a frame to all, which tells nothing of those to a tab alone.
    #[must_use]
    pub fn of_all(self, number: u64) -> Self {
        Self { own: self.own, ..Self::of(number) }
    }
}

/// One note. `to` is empty for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Note<'a> {
    /// What it is about.
    pub verb: Verb,
    /// The tab that says it.
    pub from: &'a str,
    /// The tab that it is for.
    pub to: &'a str,
    /// The pipe of the follower.
    pub pipe: u64,
    /// A number.
    pub number: u64,
    /// A text.
    pub text: &'a str,
}

impl<'a> Note<'a> {
    /// A note to all, about nothing in particular.
    pub fn new(verb: Verb, from: &'a str) -> Self {
        Self { verb, from, to: "", pipe: 0, number: 0, text: "" }
    }

    /// Reads one. Another version of this program may write others, which are none to us.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (line, text) = text.split_once('\n')?;
        let mut parts = line.split(' ');
        let word = parts.next()?;
        let verb = VERBS.iter().find(|(_, known)| *known == word)?.0;
        let (from, to) = (parts.next()?, parts.next()?);
        let (pipe, number) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        (parts.next().is_none() && !from.is_empty()).then_some(Self { verb, from, to, pipe, number, text })
    }

    /// The note as text.
    pub fn write(&self) -> String {
        let word = VERBS.iter().find(|(verb, _)| *verb == self.verb).map_or("", |(_, word)| *word);
        let numbers = [self.pipe.to_string(), self.number.to_string()].join(" ");
        let line = [word, self.from, self.to, &numbers].join(" ");
        [&line, self.text].join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_read_as_it_was_written_whatever_its_text_holds() {
        for (verb, _) in VERBS {
            let note = Note {
                to: "b",
                pipe: 7,
                number: 1_001,
                text: "[{\"x\": \"\\n\"}]\n ä",
                ..Note::new(verb, "a")
            };
            assert_eq!(Note::parse(&note.write()), Some(note));
        }
        let all = Note::new(Verb::Lead, "a");
        assert_eq!(Note::parse(&all.write()), Some(all));
    }

    #[test]
    fn frames_to_one_and_to_all_are_counted_apart() {
        let count = Count::default().next(true).next(true).next(false);
        assert_eq!(Count::of(count.number()), count);
        assert_eq!((count.own, count.all), (1, 2));
        assert_eq!(count.of_all(Count { own: 0, all: 3 }.number()), count.next(true));
    }

    #[test]
    fn what_is_no_note_is_none() {
        for text in [
            "",
            "\n",
            "lead",
            "lead a  0 0",
            "lead a  0\n",
            "lead a  0 0 0\n",
            "led a  0 0\n",
            "lead   0 0\n",
            "lead a  x 0\n",
        ] {
            assert_eq!(Note::parse(text), None, "{text:?}");
        }
    }
}
