//! Messages that are no writes: waiting to be sent, or for their answer.

use std::collections::VecDeque;

use crate::core::id::Ticket;
use crate::core::map::SortedMap;
use crate::core::time::Timestamp;

/// Most messages kept while there is no connection.
const QUEUE_MAX: usize = 1_000;
/// Most text kept while there is no connection, bytes.
const QUEUE_BYTES_MAX: usize = 8 << 20;

/// A message of the program's own.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Its id.
    pub id: String,
    /// The whole message.
    pub text: String,
    /// Who waits for it.
    pub ticket: Ticket,
    /// How long the acknowledgement may take, ms; `None` if none is wanted.
    pub ack_ms: Option<u64>,
}

#[derive(Debug)]
struct Waiting {
    ticket: Ticket,
    sent: bool,
    due: Timestamp,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Requests {
    queue: VecDeque<Request>,
    bytes: usize,
    waiting: SortedMap<String, Waiting>,
}

impl Requests {
    /// Queues a message. One that wants an acknowledgement has its time from now on, sent or not.
    ///
    /// # Errors
    /// The number of messages that wait, if that is too many.
    pub fn push(&mut self, now: Timestamp, request: Request) -> Result<(), usize> {
        if self.queue.len() >= QUEUE_MAX || self.bytes + request.text.len() > QUEUE_BYTES_MAX {
            return Err(self.queue.len());
        }
        if let Some(ms) = request.ack_ms {
            let waiting = Waiting { ticket: request.ticket, sent: false, due: now.after(ms) };
            self.waiting.insert(request.id.clone(), waiting);
        }
        self.bytes += request.text.len();
        self.queue.push_back(request);
        Ok(())
    }

    /// The next message to send.
    pub fn next_to_send(&mut self) -> Option<Request> {
        let request = self.queue.pop_front()?;
        self.bytes -= request.text.len();
        if let Some(waiting) = self.waiting.get_mut(&request.id) {
            waiting.sent = true;
        }
        Some(request)
    }

    /// Whether an answer to something that was sent is due.
    pub fn is_under_way(&self) -> bool {
        self.waiting.values().any(|waiting| waiting.sent)
    }

    /// Who waits for the answer to `id`.
    pub fn answered(&mut self, id: &str) -> Option<Ticket> {
        self.waiting.remove(id).map(|waiting| waiting.ticket)
    }

    /// When the next acknowledgement is overdue.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.waiting.values().map(|waiting| waiting.due).min()
    }

    /// Those whose time is over, and whether they were sent. One that was not will not be.
    pub fn take_overdue(&mut self, now: Timestamp) -> Vec<(Ticket, bool)> {
        let overdue: Vec<String> =
            self.waiting.iter().filter(|(_, waiting)| waiting.due <= now).map(|(id, _)| id.clone()).collect();
        let mut taken = Vec::new();
        for id in overdue {
            if let Some(waiting) = self.waiting.remove(&id) {
                taken.push((waiting.ticket, waiting.sent));
            }
            self.queue.retain(|request| request.id != id);
        }
        self.bytes = self.queue.iter().map(|request| request.text.len()).sum();
        taken
    }

    /// Everybody who waits, when nothing will come any more.
    pub fn abandon(&mut self) -> Vec<Ticket> {
        let queued = std::mem::take(&mut self.queue);
        self.bytes = 0;
        let mut tickets: Vec<Ticket> = self.waiting.take().map(|(_, waiting)| waiting.ticket).collect();
        tickets.extend(
            queued.into_iter().filter(|request| request.ack_ms.is_none()).map(|request| request.ticket),
        );
        tickets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(id: &str, ack_ms: Option<u64>) -> Request {
        Request { id: id.to_owned(), text: "{}".to_owned(), ticket: Ticket(7), ack_ms }
    }

    #[test]
    fn an_overdue_message_that_was_never_sent_never_will_be() {
        let mut requests = Requests::default();
        requests.push(Timestamp(0), request("a", Some(100))).unwrap();
        assert_eq!(requests.poll_timeout(), Some(Timestamp(100)));
        assert_eq!(requests.take_overdue(Timestamp(99)), []);
        assert_eq!(requests.take_overdue(Timestamp(100)), [(Ticket(7), false)]);
        assert_eq!(requests.next_to_send(), None);
    }

    #[test]
    fn the_queue_is_bounded() {
        let mut requests = Requests::default();
        for n in 0..QUEUE_MAX {
            requests.push(Timestamp(0), request(&n.to_string(), None)).unwrap();
        }
        assert_eq!(requests.push(Timestamp(0), request("x", None)), Err(QUEUE_MAX));
        assert_eq!(requests.abandon().len(), QUEUE_MAX);
    }
}
