//! Reading what nobody wants, so that the connection can be used again.

use reqwest::Response;

/// So much is read: a new connection costs less than more.
const MOST: usize = 64 << 10;

/// Reads the rest of a short answer; a long one costs its connection.
pub async fn drain(mut answer: Response) {
    let mut read = 0;
    while let Ok(Some(chunk)) = answer.chunk().await {
        read += chunk.len();
        if read > MOST {
            return;
        }
    }
}
