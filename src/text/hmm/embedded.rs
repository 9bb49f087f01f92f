//! jieba's parameters: the emissions as counts in `assets/hmm-zh.bin`, the rest as the logarithms below.

use super::ByTag;
use super::Hmm;
use super::IMPOSSIBLE;
use super::Tag;
use crate::text::bpe::FoldMap;
use crate::text::packed::Packed;

static FILE: &[u8] = include_bytes!("../../../assets/hmm-zh.bin");
const MOST_BYTES: u64 = 1 << 20;

const START: ByTag = [-0.262_686_608_092_500_16, IMPOSSIBLE, IMPOSSIBLE, -1.465_263_339_853_767_8];

/// From begin, end, middle, single to begin, end, middle, single.
const STEPS: [ByTag; 4] = [
    [IMPOSSIBLE, -0.510_825_623_765_99, -0.916_290_731_874_155, IMPOSSIBLE],
    [-0.589_714_973_685_451_3, IMPOSSIBLE, IMPOSSIBLE, -0.808_525_047_466_993_7],
    [IMPOSSIBLE, -0.333_448_568_119_485_14, -1.260_362_382_026_822_6, IMPOSSIBLE],
    [-0.721_196_565_466_984_1, IMPOSSIBLE, IMPOSSIBLE, -0.665_863_144_879_821_2],
];

pub(super) fn hmm() -> Hmm {
    Hmm { start: START, steps: STEPS, emissions: emissions().unwrap_or_default().into_iter().collect() }
}

/// Unpacked, the file holds for each tag the number of its characters, and the total of its counts; for each character how
/// far its code is from the one before and its count; all in LEB128.
fn emissions() -> Option<FoldMap<char, ByTag>> {
    let bytes = Packed::inflate(FILE, MOST_BYTES)?;
    let mut packed = Packed::new(&bytes);
    let mut table: FoldMap<char, ByTag> = FoldMap::default();
    for tag in Tag::ALL {
        let characters = packed.number()?;
        let total = packed.number()? as f64;
        let mut code = 0_u32;
        for _ in 0..characters {
            code = code.checked_add(u32::try_from(packed.number()?).ok()?)?;
            let count = packed.number()? as f64;
            let row = table.entry(char::from_u32(code)?).or_insert([IMPOSSIBLE; 4]);
            *row.get_mut(tag as usize)? = (count / total).ln();
        }
    }
    Some(table)
}
