//! The CRC of EN 13757-4: polynomial 0x3D65, start 0, the result inverted. It guards the
//! blocks of the radio's link layer, the extended link layer's content and the compact frames.

/// The CRC over these bytes.
pub(super) fn crc(bytes: &[u8]) -> u16 {
    !bytes.iter().fold(0_u16, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x3d65 })
    })
}

/// Whether a block ends with its own CRC, most significant byte first, as the link layer writes it.
pub(super) fn ends_with_crc(block: &[u8]) -> bool {
    block.split_last_chunk::<2>().is_some_and(|(data, sent)| crc(data) == u16::from_be_bytes(*sent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crc_is_the_one_of_the_catalogue() {
        // CRC-16/EN-13757 of "123456789" in the catalogue of parametrised CRC algorithms.
        assert_eq!(crc(b"123456789"), 0xc2b7);
        assert!(ends_with_crc(b"123456789\xc2\xb7"));
        assert!(!ends_with_crc(b"123456788\xc2\xb7"));
        assert!(!ends_with_crc(&[0xff]));
    }
}
