/* Records become events: what merge.c shows once it has decided which comes next.
 *
 * Hot words are read where they lie in their chunk, as many at a time as the order allows; cold and
 * rare records have been decoded by their lane, which had to know their position. Each function
 * takes what it shows, notes how far its stream has come, and says whether somebody is shown it:
 * carriers, and what nobody wants (want.h), are passed over. For merge.c and
 * merge_run.c alone.
 */
#ifndef BRILLE_TRACER_READ_MERGE_SHOW_H
#define BRILLE_TRACER_READ_MERGE_SHOW_H

#include "tracer/read/merge.h"

/* Words of the present chunk of HOT that lie before `end_position`, up to one that is shown: true.
 * There is at least one. */
bool merge_run_hot(struct trace_merge *merge, uint64_t end_position, struct trace_event *event);
/* The record ahead, taken. False when it is passed over. */
bool merge_show_cold(struct trace_merge *merge, struct trace_event *event);
bool merge_show_rare(struct trace_merge *merge, struct trace_event *event);
/* Slots of the present chunk of COLD that lie before `end_position`, up to one that is shown: true;
 * or up to a carrier, which the lane must decode. Nothing is ahead; of no slot is the time wanted,
 * nor where in the code it was made. */
bool merge_run_cold(struct trace_merge *merge, uint64_t end_position, struct trace_event *event);
/* Counts slots of the present chunk of COLD that lie before `end_position`. Nothing is ahead. */
void merge_count_cold(struct trace_merge *merge, uint64_t end_position);
/* The next of snapshot_left objects. */
void merge_show_snapshot(struct trace_merge *merge, struct trace_event *event);
void merge_show_wait(struct trace_merge *merge, struct trace_event *event);
void merge_show_definition(struct trace_merge *merge, struct trace_event *event);

/* In merge.c: a wait came, or was shown, or a handoff that others saw. */
void merge_set_wait_due(struct trace_merge *merge);

static inline void merge_reach(struct trace_merge *merge, unsigned stream, uint64_t position)
{
    if (position > merge->reached[stream] && position < 1ull << 62)
        merge->reached[stream] = position;
}

static inline uint64_t merge_ns(const struct trace_merge *merge, uint64_t ticks)
{
    if (ticks <= merge->clock.origin_ticks)
        return 0;
    const int64_t since = (int64_t)(ticks - merge->clock.origin_ticks);
    const double ns = (double)since * merge->clock.ns_per_tick;
    return since >= 0 && ns < 9e18 ? (uint64_t)(int64_t)ns : (uint64_t)9e18;
}

/* The ticks of HOT and COLD are a line between the ends of a sub-buffer, in the middle of which the
 * program may have slept. RARE has its own, so what comes before its next record is not later. */
static inline uint64_t merge_bounded_ticks(const struct trace_merge *merge, uint64_t ticks)
{
    const struct lane *rare = &merge->lanes[TRACE_RARE];
    return rare->ahead && rare->record.ticks < ticks ? rare->record.ticks : ticks;
}

/* Interpolated times may run ahead of a later exact one by a little: time stands still then. */
static inline uint64_t merge_time(struct trace_merge *merge, uint64_t ticks)
{
    const uint64_t ns = merge_ns(merge, ticks);
    if (ns > merge->last_ns)
        merge->last_ns = ns;
    return merge->last_ns;
}

/* Whether nobody is shown a word, or a slot. */
static inline bool merge_passes_word(const struct trace_merge *merge, uint64_t word)
{
    const unsigned wire = TRACE_WORD_KIND(word);
    return (merge->pass_hot >> wire & 1) || (merge->want.address && wire <= TRACE_HOT_DECREF &&
                                             TRACE_WORD_ADDRESS(word) != merge->want.address);
}

static inline bool merge_passes_slot(const struct trace_merge *merge, unsigned wire, uint64_t word)
{
    return (merge->pass_cold >> wire & 1) ||
           (merge->want.address && TRACE_WORD_ADDRESS(word) != merge->want.address);
}

static inline const struct definition *merge_next_definition(const struct trace_merge *merge)
{
    if (!merge->show_definitions || merge->definitions_shown >= merge->definitions->count)
        return NULL;
    return merge->definitions->all[merge->definitions_shown];
}

#endif
