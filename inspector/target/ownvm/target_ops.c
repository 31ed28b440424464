// The target as the rest of the inspector sees it.
#include "inspector/target/ownvm/ownvm.h"

extern const struct target_ops ownvm_target;

const struct target_ops ownvm_target = {
    .name = "ownvm",
    .probe = ownvm_probe,
    .capture = ownvm_capture,
    .counts_are_exact = true,
    .stacks = ownvm_stacks,
    .object_at = ownvm_object_at,
    .probe_core = ownvm_probe_core,
    .read_core = ownvm_read_core,
    .core_stacks = ownvm_core_stacks,
    .replay = ownvm_replay,
};
