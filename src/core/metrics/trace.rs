//! The last steps of the protocol, one by one, in a ring.
//!
//! A step is a word of this program and up to four numbers. Nothing that came from outside is kept as text: channels and
//! streams are told by the order in which they came up, types and codes that this program does not know are `other`.
//! What came from outside stands before what it caused, so that the steps can be gone through again
//! (`docs/DIAGNOSTICS.md`).

use std::collections::VecDeque;

use super::report::number;

/// Most steps that are kept.
pub const STEPS_MAX: usize = 256;
/// How long messages of one type that nothing comes of are one step, ms.
const RUN_MS: u64 = 10_000;
/// The wall clock counts as set when it is off by this, ms.
const CLOCK_SET_MS: u64 = 500;
/// Most names that are told apart.
const NAMES_MAX: usize = 64;

macro_rules! steps {
    ($($(#[$doc:meta])* $step:ident $name:literal $word:literal [$($number:literal),*];)*) => {
        /// What a step is. `docs/DIAGNOSTICS.md` says what each tells.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Step {
            $($(#[$doc])* $step,)*
        }

        impl Step {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$step),*];

            /// Its public name, the name of its word (empty if it has none) and those of its numbers: one text
            /// for each step, which takes a third of what lists of names take.
            fn layout(self) -> &'static str {
                match self {
                    $(Self::$step => concat!($name, ",", $word $(, ",", $number)*),)*
                }
            }
        }
    };
}

steps! {
    // What comes from outside.
    /// The calendar was made, with this seed.
    Started "started" "" [];
    /// Somebody set the wall clock.
    ClockSet "clock-set" "" ["wallMs"];
    /// The program called.
    Called "call" "call" ["channel", "bytes", "ackMs", "number"];
    /// A signal of the surroundings.
    Signalled "signal" "signal" [];
    /// A socket opened.
    Opened "opened" "" ["pipe"];
    /// A socket closed.
    Closed "closed" "" ["pipe", "code"];
    /// The socket's own buffer still holds so much.
    Buffered "buffered" "" ["pipe", "bytes"];
    /// A message arrived, or a run of them.
    Received "received" "type" ["channel", "seq", "messages", "bytes"];
    /// A frame came on a socket that is not in use.
    Aside "aside" "" ["pipe"];
    /// The program made a token, or could not.
    TokenGiven "token" "token" ["expiresMs"];
    /// The database was read.
    Loaded "loaded" "" ["rows", "failed"];
    /// What was stored is gone.
    Lost "lost" "" [];
    /// Of all tabs this one keeps what the server confirmed.
    Keeper "keeper" "" [];
    /// Another tab logged the user out.
    Left "left" "" [];
    /// What was stored of the user is deleted.
    Wiped "wiped" "" [];
    /// It is not.
    NotWiped "not-wiped" "" ["pending"];
    /// The database cannot be opened.
    Unavailable "unavailable" "trouble" [];
    /// A batch is stored.
    Committed "committed" "" ["batch"];
    /// A batch is not stored.
    Aborted "aborted" "trouble" ["batch"];

    // What came of it.
    /// The public state changed.
    State "state" "state" [];
    /// A socket is opened.
    Attempt "attempt" "cause" ["pipe", "polling"];
    /// The next attempt comes later.
    Retry "retry" "" ["attempt", "delayMs"];
    /// A socket is closed by us.
    Closing "closing" "" ["pipe", "code"];
    /// A run of messages in a frame was sent.
    Sent "sent" "type" ["messages", "bytes"];
    /// A token is wanted.
    TokenWanted "token-wanted" "" [];
    /// The server refused the token.
    SignInRefused "sign-in-refused" "code" [];
    /// The server speaks `baro.v1`.
    Welcome "welcome" "" ["intervalMs", "timeoutMs", "frameBytes"];
    /// The server said what time it is.
    ServerTime "server-time" "" ["wallMs"];
    /// The server is taken for a plain one.
    Plain "plain" "" [];
    /// The server is about to close.
    Drain "drain" "" ["windowMs"];
    /// A channel was subscribed to.
    Subscribed "subscribed" "" ["channel", "seq", "recovered", "epoch"];
    /// A part of a channel's content came.
    Content "content" "" ["channel", "events", "more"];
    /// A change of a channel is missing.
    Gap "gap" "" ["channel", "seq"];
    /// A change of a channel came again.
    Repeated "repeated" "" ["channel", "seq"];
    /// The server is further in a channel than we are.
    Behind "behind" "" ["channel", "head"];
    /// The server's content of a channel is another than ours at the same position.
    Diverged "diverged" "" ["channel", "head"];
    /// A subscription was refused.
    ChannelRefused "channel-refused" "code" ["channel", "retryable", "retryMs"];
    /// A write is sent past the socket.
    Uploading "uploading" "" ["upload", "stream", "seq", "retries"];
    /// It was answered.
    Uploaded "uploaded" "outcome" ["upload", "status", "retryMs"];
    /// An edit became part of a write that waits, or took it back.
    Squashed "squashed" "" ["seq", "takenBack"];
    /// A write that met another one is written again, on top of that one.
    Rewritten "rewritten" "" [];
    /// An edit became part of one that waits for somebody to decide.
    Folded "folded" "" [];
    /// The event of an edit that waits for somebody to decide is another one by now.
    Contested "contested" "" [];
    /// An earlier program left an edit that waits for somebody to decide.
    Unresolved "unresolved" "" [];
    /// The server did a write.
    Acknowledged "acknowledged" "" ["stream", "seq"];
    /// The server did not do a write.
    Refused "refused" "code" ["stream", "seq", "retryable", "retryMs"];
    /// A message of the program's own was answered.
    Answered "answered" "code" ["number"];
    /// A message of the program's own was not answered in time.
    TimedOut "timed-out" "" ["sent"];
    /// The oldest write is undecided for so long that the link is doubted.
    Overdue "overdue" "" [];
    /// Writes begin to wait for each other.
    Collecting "collecting" "" ["writes"];
    /// An earlier program found that WebSockets do not get through.
    Remembered "remembered" "" ["pollingMs"];
    /// Who leads among the tabs, as far as it concerns this one.
    Standing "standing" "standing" [];
    /// Writes of an earlier program are taken over.
    Adopted "adopted" "" ["stream", "first", "last", "writes"];
    /// A batch goes to storage.
    Storing "storing" "" ["batch", "rows"];
    /// The database is opened once more.
    Reopening "reopening" "" [];
    /// What an earlier program kept of a channel is shown.
    Restored "restored" "" ["channel", "seq", "epoch"];
    /// What is stored of the user is to be deleted.
    Wiping "wiping" "pending" [];
    /// The token, or the database, is another user's.
    Stranger "stranger" "" [];
    /// Something arrived that was no message.
    Malformed "malformed" "" [];
}

impl Step {
    /// Its public name, and those of what is told of it.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        self.layout().split(',').filter(|name| !name.is_empty())
    }
}

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// When, ms on the monotonic clock.
    pub at: u64,
    /// When the last of a run.
    pub until: u64,
    /// What.
    pub step: Step,
    /// Its word.
    pub word: &'static str,
    /// Its numbers, 0 for those that there are not.
    pub numbers: [u64; 4],
}

/// The ring.
#[derive(Debug)]
pub struct Trace {
    entries: VecDeque<Entry>,
    most: usize,
    dropped: u64,
    now: u64,
    /// The wall clock when the trace began, and what it is ahead of the monotonic one.
    began_wall_ms: u64,
    ahead_ms: u64,
    channels: Vec<u32>,
    streams: Vec<u32>,
}

impl Trace {
    /// A trace that begins now.
    pub fn new(now: u64, wall_ms: u64, seed: [u64; 4]) -> Self {
        let mut trace = Self {
            entries: VecDeque::new(),
            most: STEPS_MAX,
            dropped: 0,
            now,
            began_wall_ms: wall_ms,
            ahead_ms: wall_ms.wrapping_sub(now),
            channels: Vec::new(),
            streams: Vec::new(),
        };
        trace.note(Step::Started, "", seed);
        trace
    }

    /// Keeps as many steps from now on.
    pub fn keep(&mut self, most: usize) {
        self.most = most.max(1);
    }

    /// The time of the steps that follow, ms.
    pub fn set_now(&mut self, now: u64, wall_ms: u64) {
        self.now = now;
        let ahead_ms = wall_ms.wrapping_sub(now);
        // Both are rounded: a millisecond is nothing.
        if (ahead_ms.wrapping_sub(self.ahead_ms) as i64).unsigned_abs() >= CLOCK_SET_MS {
            self.ahead_ms = ahead_ms;
            self.note(Step::ClockSet, "", [wall_ms, 0, 0, 0]);
        }
    }

    /// That time.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// Takes a step down.
    #[inline(always)]
    pub fn note(&mut self, step: Step, word: &'static str, [a, b, c, d]: [u64; 4]) {
        self.push(step, word, a, b, c, d);
    }

    #[inline(never)]
    #[expect(
        clippy::too_many_arguments,
        reason = "a list would be put together in memory at each of fifty places"
    )]
    fn push(&mut self, step: Step, word: &'static str, a: u64, b: u64, c: u64, d: u64) {
        let numbers = [a, b, c, d];
        if self.entries.len() >= self.most {
            self.entries.pop_front();
            self.dropped += 1;
        }
        self.entries.push_back(Entry { at: self.now, until: self.now, step, word, numbers });
    }

    /// Takes down that a message arrived: with the one before, if nothing came of that and this continues it.
    pub fn received(&mut self, word: &'static str, channel: u64, seq: u64, bytes: u64) {
        let now = self.now;
        if let Some(last) = self.entries.back_mut()
            && (last.step, last.word) == (Step::Received, word)
            && now.saturating_sub(last.at) <= RUN_MS
        {
            let [of_channel, from, messages, so_far] = &mut last.numbers;
            if *of_channel == channel && (if seq == 0 { *from == 0 } else { *from + *messages == seq }) {
                *messages += 1;
                *so_far += bytes;
                last.until = now;
                return;
            }
        }
        self.note(Step::Received, word, [channel, seq, 1, bytes]);
    }

    /// Takes the last step back: the call was refused and changed nothing.
    pub fn take_back(&mut self) {
        self.entries.pop_back();
    }

    /// The number of a channel, from 1 in the order in which they came up.
    pub fn channel(&mut self, name: &str) -> u64 {
        number_of(&mut self.channels, name)
    }

    /// The number of a stream that an earlier program left, from 1 in the order in which they came up.
    pub fn stream(&mut self, name: &str) -> u64 {
        number_of(&mut self.streams, name)
    }

    /// How many steps there were.
    pub fn count(&self) -> u64 {
        self.dropped + self.entries.len() as u64
    }

    /// A list of objects as JSON text.
    pub fn to_json(&self) -> String {
        let mut out = String::from("[");
        for (at, entry) in self.entries.iter().enumerate() {
            out.push_str(if at == 0 { "{" } else { ",{" });
            entry.write(&mut out, self.dropped + at as u64);
            if entry.step == Step::Started {
                number(&mut out, "wallMs", self.began_wall_ms);
            }
            out.push('}');
        }
        out.push(']');
        out
    }
}

impl Entry {
    fn write(&self, out: &mut String, n: u64) {
        let mut names = self.step.layout().split(',');
        let (name, word) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
        out.push_str("\"n\":");
        out.push_str(&n.to_string());
        number(out, "at", self.at);
        if self.until > self.at {
            number(out, "until", self.until);
        }
        text(out, "kind", name);
        if !self.word.is_empty() {
            text(out, word, self.word);
        }
        for (name, value) in names.zip(self.numbers).filter(|(_, value)| *value > 0) {
            number(out, name, value);
        }
        if self.step == Step::Started {
            // As text, being beyond what a JavaScript number holds.
            out.push_str(",\"seed\":[\"");
            for (at, number) in self.numbers.iter().enumerate() {
                out.push_str(if at == 0 { "" } else { "\",\"" });
                out.push_str(&number.to_string());
            }
            out.push_str("\"]");
        }
    }
}

fn text(out: &mut String, name: &str, value: &str) {
    out.push_str(",\"");
    out.push_str(name);
    out.push_str("\":\"");
    out.push_str(value);
    out.push('"');
}

/// FNV-1a: tells names apart without keeping them.
pub fn hash_of(name: &str) -> u32 {
    name.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

fn number_of(names: &mut Vec<u32>, name: &str) -> u64 {
    let hash = hash_of(name);
    let at = names.iter().position(|known| *known == hash).unwrap_or_else(|| {
        if names.len() < NAMES_MAX {
            names.push(hash);
        }
        names.len() - 1
    });
    at as u64 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ring_keeps_the_last_steps_and_their_numbers() {
        let mut trace = Trace::new(5, 7, [u64::MAX, 2, 3, 4]);
        assert_eq!(
            trace.to_json(),
            r#"[{"n":0,"at":5,"kind":"started","seed":["18446744073709551615","2","3","4"],"wallMs":7}]"#
        );
        for pipe in 1..=STEPS_MAX as u64 + 3 {
            trace.set_now(pipe * 10, pipe * 10 + 2);
            trace.note(Step::Opened, "", [pipe, 0, 0, 0]);
        }
        assert_eq!(trace.entries.len(), STEPS_MAX);
        assert!(trace.to_json().starts_with(r#"[{"n":4,"at":40,"kind":"opened","pipe":4},"#));
    }

    #[test]
    fn a_flood_of_one_type_is_one_step() {
        let mut trace = Trace::new(0, 0, [1; 4]);
        for ms in 0..500 {
            trace.set_now(ms * 10, ms * 10);
            trace.received("cursors", 0, 0, 100);
        }
        assert_eq!(trace.entries.len(), 2);
        assert!(trace.to_json().ends_with(
            r#""at":0,"until":4990,"kind":"received","type":"cursors","messages":500,"bytes":50000}]"#
        ));
        trace.set_now(20_000, 20_000);
        trace.received("cursors", 0, 0, 100);
        assert_eq!(trace.entries.len(), 3, "a later one is a step of its own");
    }

    #[test]
    fn changes_of_a_channel_are_one_step_as_long_as_they_follow_each_other() {
        let mut trace = Trace::new(0, 0, [1; 4]);
        let channel = trace.channel("project:p");
        for seq in [4, 5, 6, 8] {
            trace.received("event:updated", channel, seq, 10);
        }
        let runs: Vec<[u64; 4]> = trace.entries.iter().skip(1).map(|entry| entry.numbers).collect();
        assert_eq!(runs, [[1, 4, 3, 30], [1, 8, 1, 10]]);
    }

    #[test]
    fn names_are_numbers() {
        let mut trace = Trace::new(0, 0, [1; 4]);
        assert_eq!([trace.channel("a"), trace.channel("b"), trace.channel("a")], [1, 2, 1]);
        (0..1_000).for_each(|n| assert!(trace.channel(&n.to_string()) <= NAMES_MAX as u64));
    }
}
