//! The globals that a pickle may name: those with which torch rebuilds tensors.

use crate::model::checkpoint::Parse;
use crate::model::checkpoint::quote::quote;
use crate::runtime::tensors::Dtype;

/// A supported global. None is ever looked up anywhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Global {
    /// `collections.OrderedDict`: a dictionary.
    OrderedDict,
    /// `torch._utils._rebuild_tensor_v2`: a tensor from storage, offset, shape, strides.
    RebuildTensorV2,
    /// `torch._utils._rebuild_tensor`: the same in early versions.
    RebuildTensor,
    /// `torch._utils._rebuild_parameter`: its first argument.
    RebuildParameter,
    /// `torch.FloatStorage` and the like.
    Storage(Dtype),
    /// `torch.float32` and the like, as values next to the tensors.
    ElementType,
}

/// The meaning of `module.name`.
///
/// # Errors
/// A sentence with the global's name if it is not supported.
pub(crate) fn lookup(module: &str, name: &str) -> Parse<Global> {
    let found = match module {
        "collections" if name == "OrderedDict" => Some(Global::OrderedDict),
        "torch._utils" => rebuild(name),
        "torch" => storage(name),
        _ => None,
    };
    found.ok_or_else(|| {
        let (module, name) = (quote(module), quote(name));
        format!("global {module}.{name} is not allowed: only what rebuilds tensors is")
    })
}

fn rebuild(name: &str) -> Option<Global> {
    match name {
        "_rebuild_tensor_v2" => Some(Global::RebuildTensorV2),
        "_rebuild_tensor" => Some(Global::RebuildTensor),
        "_rebuild_parameter" => Some(Global::RebuildParameter),
        _ => None,
    }
}

fn storage(name: &str) -> Option<Global> {
    match name {
        "HalfStorage" => Some(Global::Storage(Dtype::F16)),
        "BFloat16Storage" => Some(Global::Storage(Dtype::Bf16)),
        "FloatStorage" => Some(Global::Storage(Dtype::F32)),
        "DoubleStorage" => Some(Global::Storage(Dtype::F64)),
        "LongStorage" => Some(Global::Storage(Dtype::I64)),
        "float16" | "bfloat16" | "float32" | "float64" | "int64" => Some(Global::ElementType),
        _ => None,
    }
}
