//! As much of an MQTT 3.1.1 broker as takes a publish; it can forget to acknowledge.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Topic, payload and whether it is to be kept.
pub(super) type Published = (String, Vec<u8>, bool);

pub(super) struct Broker {
    pub(super) address: SocketAddr,
    published: Arc<Mutex<Vec<Published>>>,
    /// Publishes that are taken without an answer, after which the connection ends.
    rude: Arc<Mutex<u32>>,
    task: JoinHandle<()>,
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Broker {
    pub(super) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (published, rude) = (Arc::<Mutex<Vec<Published>>>::default(), Arc::new(Mutex::new(0)));
        let (book, rudeness) = (Arc::clone(&published), Arc::clone(&rude));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&book), Arc::clone(&rudeness)));
            }
        });
        Self { address, published, rude, task }
    }

    pub(super) fn be_rude(&self, times: u32) {
        *self.rude.lock().unwrap() = times;
    }

    pub(super) fn published(&self) -> Vec<Published> {
        self.published.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, book: Arc<Mutex<Vec<Published>>>, rude: Arc<Mutex<u32>>) -> std::io::Result<()> {
    loop {
        let first = stream.read_u8().await?;
        let (mut length, mut shift) = (0usize, 0);
        loop {
            let byte = stream.read_u8().await?;
            length |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        match first >> 4 {
            1 => stream.write_all(&[0x20, 2, 0, 0]).await?,
            3 => {
                let end = 2 + usize::from(u16::from_be_bytes([body[0], body[1]]));
                let topic = String::from_utf8(body[2..end].to_vec()).unwrap();
                book.lock().unwrap().push((topic, body[end + 2..].to_vec(), first & 1 == 1));
                let skip = {
                    let mut left = rude.lock().unwrap();
                    let skip = *left > 0;
                    *left = left.saturating_sub(1);
                    skip
                };
                if skip {
                    return Ok(());
                }
                stream.write_all(&[0x40, 2, body[end], body[end + 1]]).await?;
            }
            12 => stream.write_all(&[0xd0, 0]).await?,
            _ => return Ok(()),
        }
    }
}
