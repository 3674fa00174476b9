//! A socket that does not take its last words back.
//!
//! Closing a TCP socket while bytes of the peer are unread resets it, and the peer may lose what was sent before, the close
//! code above all. So when one is dropped before its peer has ended, the rest is read and thrown away for a moment.
//!
//! Nor one that waits for ever: a peer that leaves its window closed holds what is to be written and all behind it, so
//! writing fails when nothing could be written for a while. Holds the connection's place among those of its address.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use super::peers::Seat;

/// How long the rest is read.
const LINGER: Duration = Duration::from_secs(1);

/// A TCP stream with a graceful end.
#[derive(Debug)]
pub(super) struct Lingering {
    /// `None` only while it is dropped.
    stream: Option<TcpStream>,
    peer_ended: bool,
    /// Runs while the kernel takes nothing.
    stalled: Option<Pin<Box<Sleep>>>,
    /// How long nothing may be taken of what is written.
    write_timeout: Duration,
    /// `None` only while it is dropped.
    seat: Option<Seat>,
}

impl Lingering {
    pub(super) fn new(stream: TcpStream, seat: Seat, write_timeout: Duration) -> Self {
        Self { stream: Some(stream), peer_ended: false, stalled: None, write_timeout, seat: Some(seat) }
    }

    /// Lets a write that does not get on fail in the end.
    fn watch<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(self.write_timeout)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn stream(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        self.stream.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        let (Some(stream), false) = (self.stream.take(), self.peer_ended) else { return };
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(end(stream, self.seat.take()));
        }
    }
}

async fn end(mut stream: TcpStream, _seat: Option<Seat>) {
    let drain = async {
        stream.shutdown().await?;
        let mut rest = [0; 4096];
        while stream.read(&mut rest).await? > 0 {}
        Ok::<(), io::Error>(())
    };
    // Whatever happens here, the connection is over.
    let _over = tokio::time::timeout(LINGER, drain).await;
}

impl AsyncRead for Lingering {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let read = ready!(this.stream()?.poll_read(cx, buf));
        this.peer_ended |= read.is_err() || (buf.filled().len() == before && buf.remaining() > 0);
        Poll::Ready(read)
    }
}

impl AsyncWrite for Lingering {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = this.stream()?.poll_write(cx, buf);
        this.watch(cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = this.stream()?.poll_write_vectored(cx, bufs);
        this.watch(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().stream()?.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().stream()?.poll_shutdown(cx)
    }
}
