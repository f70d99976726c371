//! Bytes that look random, depend on their offset only, and cost no more than a copy.

use std::sync::Arc;

use super::content::index;

/// Length of the table, and of the blocks cut from it.
const BLOCK: usize = 64 * 1024;

/// An endless file. Block `n` is the table, rotated by an amount that depends on `n` and stamped
/// with `n`, so that no block can pass for another.
#[derive(Clone, Debug)]
pub(super) struct Noise(Arc<[u8]>);

impl Noise {
    pub(super) fn new(seed: u64) -> Self {
        let mut state = seed;
        let table: Vec<u8> = (0..BLOCK / 8)
            .flat_map(|_| {
                state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
                mix(state).to_le_bytes()
            })
            .collect();
        Self(table.into())
    }

    /// Fills `buffer` with the bytes from `offset` on.
    pub(super) fn fill(&self, mut offset: u64, mut buffer: &mut [u8]) {
        let table = &self.0;
        while !buffer.is_empty() {
            let number = offset / BLOCK as u64;
            let within = index(offset % BLOCK as u64);
            let piece = buffer.len().min(BLOCK - within);
            let (head, rest) = buffer.split_at_mut(piece);
            let turned = (index(mix(number) % BLOCK as u64) + within) % BLOCK;
            let first = piece.min(BLOCK - turned);
            head[..first].copy_from_slice(&table[turned..turned + first]);
            head[first..].copy_from_slice(&table[..piece - first]);
            for (place, byte) in number.to_le_bytes().iter().enumerate().skip(within) {
                if let Some(target) = head.get_mut(place - within) {
                    *target ^= byte;
                }
            }
            offset += piece as u64;
            buffer = rest;
        }
    }
}

/// The finaliser of `SplitMix64`.
fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}
