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
    .looker_create = ownvm_looker_create,
    .looker_destroy = ownvm_looker_destroy,
    .look = ownvm_look,
    .look_gil = ownvm_look_gil,
    .look_pools = ownvm_look_pools,
    .probe_core = ownvm_probe_core,
    .read_core = ownvm_read_core,
    .core_stacks = ownvm_core_stacks,
    .replay = ownvm_replay,
};
