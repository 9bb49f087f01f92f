//! Beam searches that cannot be.

use super::Say;
use crate::lm::beam::{Rules, RulesError};

impl Say for RulesError {
    fn chinese(&self) -> String {
        match self {
            Self::Width(width) => format!("束宽不能是 {width}：请选 1 到 {}", Rules::WIDEST),
            Self::Groups { groups, width } => format!("{groups} 组不能整分宽 {width} 的束：请选能整除的组数"),
            Self::Diversity(penalty) => format!("多样性代价不能是 {penalty}：请选不小于 0 的数"),
            Self::LengthPenalty(penalty) => format!("长度惩罚不能是 {penalty}：请选 −10 到 10 的数"),
        }
    }
}
