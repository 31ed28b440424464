/* The body of the merge sort, expanded once for each way to compare keys (list_sort.c says which).
 *
 * Before each inclusion define SORT(name), which makes the expansion's names, and LESS(a, b) on
 * struct sort_slot values: 1, 0, or -1 with an exception. LESS that never answers -1 lets the
 * compiler drop all error paths. There is no include guard, on purpose.
 *
 * Every function leaves the slots a permutation of what they were, on errors too.
 */

/* Elements of a[0..n) that are < key (LEFT), found from hint outwards. -1: error. */
static int64_t SORT(gallop_left)(struct sort_slot key, const struct sort_slot *a, int64_t n,
                                 int64_t hint)
{
    int64_t lo = 0, hi = n;
    int less = LESS(a[hint], key);
    if (less < 0)
        return -1;
    if (less) {
        lo = hint + 1;
        for (int64_t step = 1; hint + step < n; step = step * 2 + 1) {
            if ((less = LESS(a[hint + step], key)) < 0)
                return -1;
            if (!less) {
                hi = hint + step;
                break;
            }
            lo = hint + step + 1;
        }
    } else {
        hi = hint;
        for (int64_t step = 1; hint - step >= 0; step = step * 2 + 1) {
            if ((less = LESS(a[hint - step], key)) < 0)
                return -1;
            if (less) {
                lo = hint - step + 1;
                break;
            }
            hi = hint - step;
        }
    }
    while (lo < hi) {
        const int64_t middle = lo + ((hi - lo) >> 1);
        if ((less = LESS(a[middle], key)) < 0)
            return -1;
        if (less)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}

/* Elements of a[0..n) that are <= key. -1: error. */
static int64_t SORT(gallop_right)(struct sort_slot key, const struct sort_slot *a, int64_t n,
                                  int64_t hint)
{
    int64_t lo = 0, hi = n;
    int less = LESS(key, a[hint]);
    if (less < 0)
        return -1;
    if (!less) {
        lo = hint + 1;
        for (int64_t step = 1; hint + step < n; step = step * 2 + 1) {
            if ((less = LESS(key, a[hint + step])) < 0)
                return -1;
            if (less) {
                hi = hint + step;
                break;
            }
            lo = hint + step + 1;
        }
    } else {
        hi = hint;
        for (int64_t step = 1; hint - step >= 0; step = step * 2 + 1) {
            if ((less = LESS(key, a[hint - step])) < 0)
                return -1;
            if (!less) {
                lo = hint - step + 1;
                break;
            }
            hi = hint - step;
        }
    }
    while (lo < hi) {
        const int64_t middle = lo + ((hi - lo) >> 1);
        if ((less = LESS(key, a[middle])) < 0)
            return -1;
        if (less)
            hi = middle;
        else
            lo = middle + 1;
    }
    return lo;
}

/* Merges the neighbours a[0..na) and b[0..nb), na <= nb, from the left; b[0] < a[0] and the last
 * of a is > the last of b, so the first and last moves are known. */
static int SORT(merge_low)(struct sort_state *state, struct sort_slot *a, int64_t na,
                           struct sort_slot *b, int64_t nb)
{
    struct sort_slot *out = a;
    memcpy(state->temp, a, (size_t)na * sizeof *a);
    a = state->temp;
    *out++ = *b++;
    nb--;
    int result = 0;
    int64_t min_gallop = state->min_gallop;
    while (nb > 0 && na > 1) {
        int64_t a_wins = 0, b_wins = 0;
        while (a_wins < min_gallop && b_wins < min_gallop) {
            const int less = LESS(*b, *a);
            if (less < 0)
                goto fail;
            if (less) {
                *out++ = *b++;
                b_wins++;
                a_wins = 0;
                if (--nb == 0)
                    goto finish;
            } else {
                *out++ = *a++;
                a_wins++;
                b_wins = 0;
                if (--na == 1)
                    goto finish;
            }
        }
        min_gallop++;
        do {
            min_gallop -= min_gallop > 1;
            state->min_gallop = min_gallop;
            a_wins = SORT(gallop_right)(*b, a, na, 0);
            if (a_wins < 0)
                goto fail;
            memcpy(out, a, (size_t)a_wins * sizeof *a);
            out += a_wins, a += a_wins, na -= a_wins;
            if (na <= 1)
                goto finish;
            *out++ = *b++;
            if (--nb == 0)
                goto finish;
            b_wins = SORT(gallop_left)(*a, b, nb, 0);
            if (b_wins < 0)
                goto fail;
            memmove(out, b, (size_t)b_wins * sizeof *b);
            out += b_wins, b += b_wins, nb -= b_wins;
            if (nb == 0)
                goto finish;
            *out++ = *a++;
            if (--na == 1)
                goto finish;
        } while (a_wins >= SORT_MIN_GALLOP || b_wins >= SORT_MIN_GALLOP);
        state->min_gallop = ++min_gallop;
    }
finish:
    if (na == 1 && nb > 0) { /* the last of a is greater than all that is left of b */
        memmove(out, b, (size_t)nb * sizeof *b);
        out[nb] = *a;
        return 0;
    }
    memcpy(out, a, (size_t)na * sizeof *a);
    return result;
fail:
    result = -1;
    memcpy(out, a, (size_t)na * sizeof *a);
    return result;
}

/* The same from the right, for na > nb. */
static int SORT(merge_high)(struct sort_state *state, struct sort_slot *a, int64_t na,
                            struct sort_slot *b, int64_t nb)
{
    struct sort_slot *const first_a = a, *const first_b = state->temp;
    struct sort_slot *out = b + nb - 1; /* where the next one goes, from the right */
    memcpy(state->temp, b, (size_t)nb * sizeof *b);
    a += na - 1;
    b = state->temp + nb - 1;
    *out-- = *a--;
    na--;
    int64_t min_gallop = state->min_gallop;
    while (na > 0 && nb > 1) {
        int64_t a_wins = 0, b_wins = 0;
        while (a_wins < min_gallop && b_wins < min_gallop) {
            const int less = LESS(*b, *a);
            if (less < 0)
                goto fail;
            if (less) {
                *out-- = *a--;
                a_wins++;
                b_wins = 0;
                if (--na == 0)
                    goto finish;
            } else {
                *out-- = *b--;
                b_wins++;
                a_wins = 0;
                if (--nb == 1)
                    goto finish;
            }
        }
        min_gallop++;
        do {
            min_gallop -= min_gallop > 1;
            state->min_gallop = min_gallop;
            int64_t k = SORT(gallop_right)(*b, first_a, na, na - 1);
            if (k < 0)
                goto fail;
            a_wins = na - k;
            out -= a_wins, a -= a_wins, na = k;
            memmove(out + 1, a + 1, (size_t)a_wins * sizeof *a);
            if (na == 0)
                goto finish;
            *out-- = *b--;
            if (--nb == 1)
                goto finish;
            k = SORT(gallop_left)(*a, first_b, nb, nb - 1);
            if (k < 0)
                goto fail;
            b_wins = nb - k;
            out -= b_wins, b -= b_wins, nb = k;
            memcpy(out + 1, b + 1, (size_t)b_wins * sizeof *b);
            if (nb <= 1)
                goto finish;
            *out-- = *a--;
            if (--na == 0)
                goto finish;
        } while (a_wins >= SORT_MIN_GALLOP || b_wins >= SORT_MIN_GALLOP);
        state->min_gallop = ++min_gallop;
    }
finish:
    if (nb == 1 && na > 0) { /* the first of b is smaller than all that is left of a */
        out -= na, a -= na;
        memmove(out + 1, a + 1, (size_t)na * sizeof *a);
        *out = *b;
        return 0;
    }
    memcpy(out - nb + 1, first_b, (size_t)nb * sizeof *b);
    return 0;
fail:
    memcpy(out - nb + 1, first_b, (size_t)nb * sizeof *b);
    return -1;
}

/* Merges the two topmost runs of the stack. */
static int SORT(merge_top)(struct sort_state *state)
{
    struct sort_run *left = &state->runs[state->run_count - 2], *right = left + 1;
    struct sort_slot *a = left->start, *b = right->start;
    int64_t na = left->length, nb = right->length;
    left->length += right->length;
    state->run_count--;
    /* What is already in place at either end needs no merging. */
    const int64_t skip = SORT(gallop_right)(*b, a, na, 0);
    if (skip < 0)
        return -1;
    a += skip;
    na -= skip;
    if (na == 0)
        return 0;
    nb = SORT(gallop_left)(a[na - 1], b, nb, nb - 1);
    if (nb <= 0)
        return nb < 0 ? -1 : 0;
    if (sort_reserve(state, na < nb ? na : nb) < 0)
        return -1;
    return na <= nb ? SORT(merge_low)(state, a, na, b, nb) : SORT(merge_high)(state, a, na, b, nb);
}

/* Length of the run at lo; a strictly descending one is reversed. -1: error. */
static int64_t SORT(count_run)(struct sort_slot *lo, struct sort_slot *hi)
{
    if (hi - lo < 2)
        return hi - lo;
    int less = LESS(lo[1], lo[0]);
    if (less < 0)
        return -1;
    const bool descending = less;
    int64_t n = 2;
    for (; lo + n < hi; n++) {
        if ((less = LESS(lo[n], lo[n - 1])) < 0)
            return -1;
        if ((less != 0) != descending)
            break;
    }
    if (descending)
        sort_reverse(lo, n);
    return n;
}

/* Makes lo[0..n) sorted when lo[0..sorted) already is. */
static int SORT(insertion)(struct sort_slot *lo, int64_t n, int64_t sorted)
{
    for (int64_t i = sorted ? sorted : 1; i < n; i++) {
        const struct sort_slot pivot = lo[i];
        int64_t left = 0, right = i;
        while (left < right) {
            const int64_t middle = left + ((right - left) >> 1);
            const int less = LESS(pivot, lo[middle]);
            if (less < 0)
                return -1;
            if (less)
                right = middle;
            else
                left = middle + 1;
        }
        for (int64_t k = i; k > left; k--)
            lo[k] = lo[k - 1];
        lo[left] = pivot;
    }
    return 0;
}

static int SORT(sort)(struct sort_state *state)
{
    struct sort_slot *lo = state->slots, *const end = lo + state->count;
    const int64_t min_run = sort_min_run(state->count);
    while (lo < end) {
        int64_t n = SORT(count_run)(lo, end);
        if (n < 0)
            return -1;
        if (n < min_run) {
            const int64_t forced = end - lo < min_run ? end - lo : min_run;
            if (SORT(insertion)(lo, forced, n) < 0)
                return -1;
            n = forced;
        }
        if (state->run_count > 0) {
            const int power = sort_power(state, n);
            while (state->run_count > 1 && state->runs[state->run_count - 2].power > power) {
                if (SORT(merge_top)(state) < 0)
                    return -1;
            }
            state->runs[state->run_count - 1].power = power;
        }
        state->runs[state->run_count++] = (struct sort_run){.start = lo, .length = n};
        lo += n;
    }
    while (state->run_count > 1)
        if (SORT(merge_top)(state) < 0)
            return -1;
    return 0;
}

#undef SORT
#undef LESS
