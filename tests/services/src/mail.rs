//! The least of a mail server (RFC 5321): it hears whole mails and says what a test wants.

use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;

/// Talks with one client. `answer` is shown each mail as it was sent and gives the line that is said, such as `250 taken`;
/// none: the connection falls without a word.
///
/// # Errors
/// The client went.
pub fn converse(mut stream: TcpStream, mut answer: impl FnMut(&str) -> Option<&'static str>) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    stream.write_all(b"220 here\r\n")?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.starts_with("QUIT") {
            return Ok(());
        }
        if !line.starts_with("DATA") {
            stream.write_all(b"250 ok\r\n")?;
            continue;
        }
        stream.write_all(b"354 go on\r\n")?;
        let (mut mail, mut line) = (String::new(), String::new());
        while line.trim_end() != "." {
            mail.push_str(&line);
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
        }
        let Some(said) = answer(&mail) else { return Ok(()) };
        stream.write_all(format!("{said}\r\n").as_bytes())?;
    }
}
