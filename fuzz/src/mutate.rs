//! Inputs made of other inputs, from a seed: what a stable compiler drives the same doors with where libFuzzer is not at hand.
//! Tests of the house take this file by its path.

use std::fs;
use std::path::Path;

/// Makes inputs without end. The same seed over the same corpus makes the same ones.
pub struct Mutator {
    state: u64,
    corpus: Vec<Vec<u8>>,
}

/// What ends of numbers, texts and lengths look like in bytes.
const ODD: [&[u8]; 10] =
    [b"\0", b"\xff", b"\x7f", b"\x80", b"\xff\xff\xff\xff", b"\x00\x00", b"%00", b"\r\n", b"\xc3\x28", b"999999999999999999999"];

impl Mutator {
    /// Of the files of a directory. Says the seed, so that a failure can be had again with it.
    pub fn new(directory: &Path, seed: u64) -> Self {
        let entries = fs::read_dir(directory).expect("a corpus").flatten().map(|entry| entry.path());
        let mut files: Vec<_> = entries.filter(|path| path.is_file()).collect();
        files.sort();
        let corpus: Vec<Vec<u8>> = files.iter().map(|path| fs::read(path).expect("an input")).collect();
        assert!(!corpus.is_empty(), "{} holds no inputs", directory.display());
        println!("{} inputs of {}, seed {seed} (MARSAD_SEED)", corpus.len(), directory.display());
        Self { state: seed, corpus }
    }

    /// The seed of `MARSAD_SEED`, or this one.
    pub fn seed(or: u64) -> u64 {
        std::env::var("MARSAD_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(or)
    }

    /// SplitMix64.
    fn chance(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.chance() % end as u64).expect("below a usize")
    }

    /// An input of the corpus, changed in one to eight places, `most` bytes at most.
    pub fn input(&mut self, most: usize) -> Vec<u8> {
        let chosen = self.below(self.corpus.len());
        let mut input = self.corpus[chosen].clone();
        for _ in 0..=self.below(8) {
            self.change(&mut input);
        }
        input.truncate(most);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>) {
        let at = self.below(input.len() + 1);
        match self.below(8) {
            0 | 1 if at < input.len() => input[at] ^= 1 << self.below(8),
            2 if at < input.len() => input[at] = u8::try_from(self.below(256)).expect("a byte"),
            3 => {
                let end = at + self.below(input.len() - at + 1).min(16);
                input.drain(at..end);
            }
            4 => {
                let odd = ODD[self.below(ODD.len())];
                input.splice(at..at, odd.iter().copied());
            }
            5 => input.truncate(at),
            6 => {
                let other = self.below(self.corpus.len());
                let from = self.below(self.corpus[other].len() + 1);
                let tail = self.corpus[other][from..].to_vec();
                input.truncate(at);
                input.extend(tail);
            }
            _ => {
                let end = at + self.below(input.len() - at + 1).min(32);
                let again = input[at..end].to_vec();
                input.splice(at..at, again);
            }
        }
    }
}
