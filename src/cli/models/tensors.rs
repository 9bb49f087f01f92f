//! `lmscope models --tensors`: every tensor of a file.

use super::super::Failure;
use super::super::output::{Column, Output, thousands};
use crate::model::Description;
use crate::ui::{Message, safe};

/// A table of a file's tensors.
pub(super) fn table(description: &Description, output: &mut Output<'_>) -> Result<(), Failure> {
    let rows: Vec<Vec<String>> = description
        .tensors
        .iter()
        .map(|tensor| {
            let shape = tensor.shape.iter().map(usize::to_string).collect::<Vec<_>>().join(" × ");
            vec![safe::visible(&tensor.name), safe::visible(&tensor.dtype), shape, thousands(tensor.bytes)]
        })
        .collect();
    let columns = [
        Column::Left(Message::CliTensor),
        Column::Left(Message::CliType),
        Column::Right(Message::CliShape),
        Column::Right(Message::CliBytes),
    ];
    output.line("")?;
    output.table(&columns, &rows)
}
