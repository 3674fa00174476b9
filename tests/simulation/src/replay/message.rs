//! What a replay makes up of what arrived: messages that lead to the steps that were taken.

use serde_json::{Value, json};

use super::{Replay, event, number, text};

impl Replay {
    /// The event of an edit that waits for somebody, and what is there of it.
    pub(super) fn parked(&self, at: usize) -> Option<(String, Option<String>)> {
        let conflict = self.client.conflicts().nth(at)?;
        let there = self.client.store().confirmed(&conflict.event).map(|doc| doc.text.to_string());
        Some((conflict.event.to_string(), there))
    }

    /// A new version of each event that a message changed under an edit that waits for somebody.
    fn contested(&self, then: &[Value]) -> Vec<Value> {
        let of_this = then.iter().take_while(|step| step["kind"] != "received");
        let count = of_this.filter(|step| step["kind"] == "contested").count();
        let newer = |at| {
            let (id, _) = self.parked(at)?;
            let held = self.client.store().confirmed(&id).map_or(0, |doc| doc.version);
            let mut event = event(&id);
            event["version"] = json!(held + 1);
            Some(event)
        };
        (0..count).filter_map(newer).collect()
    }

    /// A message that leads to the steps that follow.
    pub(super) fn message(&self, entry: &Value, nth: u64, then: &[Value]) -> Value {
        let kind = text(entry, "type");
        // A first word that is no welcome makes the server a plain one before it is read.
        let then = then.get(usize::from(then.first().is_some_and(|step| step["kind"] == "plain"))..);
        let then = then.unwrap_or_default();
        let next = then.first().unwrap_or(&Value::Null);
        let time = |place: usize| {
            then.get(place).filter(|step| step["kind"] == "server-time").map(|step| number(step, "wallMs"))
        };
        let client = |step: &Value| match number(step, "stream") {
            0 => Value::Null,
            stream => json!(format!("stream{stream}")),
        };
        let own_id = |step: &Value| format!("{}/{}", self.own, number(step, "number"));
        match (kind, text(next, "kind")) {
            ("welcome", "welcome") => json!({ "type": kind, "payload": {
                "heartbeat": { "interval": next["intervalMs"], "timeout": next["timeoutMs"] },
                "limits": { "frame": next["frameBytes"] },
                "time": time(1),
            }}),
            ("ack", "acknowledged") => {
                let payload = self.contested(then).into_iter().next().unwrap_or_else(|| json!({}));
                json!({ "type": kind, "seq": number(next, "seq"), "client": client(next), "payload": payload })
            }
            ("ack", "answered") => json!({ "type": kind, "id": own_id(next), "payload": null }),
            ("error", _) => {
                let (wait, code) = (next["retryMs"].as_u64(), text(next, "code"));
                let mut details = json!({ "expected": wait.filter(|_| code == "sequence_gap") });
                // Of a write that nothing is left of, what it met is what it meant.
                if code == "conflict" && then.get(1).is_none_or(|step| step["kind"] != "rewritten") {
                    let write = self.client.pending().find(|write| write.id.seq == number(next, "seq"));
                    let event = write.and_then(|write| serde_json::from_str::<Value>(&write.body).ok());
                    details = json!({ "event": event });
                }
                let payload = json!({
                    "code": if code.is_empty() { "other" } else { code },
                    "message": "",
                    "retryable": number(next, "retryable") == 1,
                    "retryAfter": wait,
                    "details": details,
                });
                match text(next, "kind") {
                    "refused" => {
                        let (seq, client) = (number(next, "seq"), client(next));
                        json!({ "type": kind, "seq": seq, "client": client, "payload": payload })
                    }
                    "answered" => json!({ "type": kind, "id": own_id(next), "payload": payload }),
                    "channel-refused" => {
                        let id = self.requests.get(&self.channel(number(next, "channel")));
                        json!({ "type": kind, "id": id, "payload": payload })
                    }
                    "sign-in-refused" => json!({ "type": kind, "payload": payload }),
                    _ => json!({ "type": kind, "payload": { "code": "other" } }),
                }
            }
            ("pong", _) => {
                let told = then.iter().skip(usize::from(time(0).is_some()));
                let told: Vec<_> =
                    told.take_while(|step| step["kind"] == "behind" || step["kind"] == "diverged").collect();
                let heads: serde_json::Map<String, Value> = told
                    .iter()
                    .map(|step| (self.channel(number(step, "channel")), json!(number(step, "head"))))
                    .collect();
                // Any digest but the one of what was made up here.
                let digests: serde_json::Map<String, Value> = told
                    .iter()
                    .filter(|step| step["kind"] == "diverged")
                    .map(|step| {
                        (
                            self.channel(number(step, "channel")),
                            json!(format!("{:016x}", number(step, "head"))),
                        )
                    })
                    .collect();
                json!({ "type": kind, "payload": { "heads": heads, "digests": digests, "time": time(0) } })
            }
            ("subscribed", "subscribed") => {
                let content = then.get(1).filter(|step| step["kind"] == "content");
                json!({ "type": kind, "payload": {
                    "channel": self.channel(number(next, "channel")),
                    "epoch": format!("e{}", number(next, "epoch")),
                    "seq": number(next, "seq"),
                    "recovered": number(next, "recovered") == 1,
                    "more": content.is_some_and(|step| number(step, "more") == 1),
                    "events": self.contested(then),
                }})
            }
            // Of a channel that was left meanwhile.
            ("subscribed", step) if step != "malformed" => {
                json!({ "type": kind, "payload": { "channel": "left", "epoch": "e", "seq": 0 } })
            }
            ("snapshot", "content") => json!({ "type": kind, "payload": {
                "channel": self.channel(number(next, "channel")),
                "more": number(next, "more") == 1,
                "events": self.contested(then),
            }}),
            ("drain", "drain") => json!({ "type": kind, "payload": { "windowMs": next["windowMs"] } }),
            ("event:created" | "event:updated" | "event:deleted" | "skip", step) => {
                let own = (step == "acknowledged").then(|| self.created.get(&number(next, "seq"))).flatten();
                let event = event(own.map_or("somebody", String::as_str));
                let event = self.contested(then).into_iter().next().unwrap_or(event);
                let payload = if kind == "skip" { Value::Null } else { event };
                match number(entry, "channel") {
                    0 => json!({ "type": kind, "payload": payload, "id": format!("m{}", entry["n"]) }),
                    channel => json!({
                        "type": kind,
                        "channel": self.channel(channel),
                        "seq": number(entry, "seq") + nth,
                        "payload": payload,
                    }),
                }
            }
            ("conflict:detected", "refused") => {
                let write = self.client.pending().find(|write| write.id.seq == number(next, "seq"));
                json!({ "type": kind, "payload": { "eventId": write.map(|write| write.event.to_string()) } })
            }
            ("other", _) => json!({ "type": "note", "payload": {}, "id": format!("m{}", entry["n"]) }),
            _ => json!({ "type": kind, "payload": {} }),
        }
    }
}
