// The target as the rest of the inspector sees it.
#include "inspector/target/ownvm/ownvm.h"

extern const struct target_ops ownvm_target;

const struct target_ops ownvm_target = {
    .name = "ownvm",
    .probe = ownvm_probe,
    .capture = ownvm_capture,
    .stacks = ownvm_stacks,
    .replay = ownvm_replay,
};
