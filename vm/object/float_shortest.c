/* The shortest decimal that reads back as a given double, and the closest one of that length.
 *
 * This is Raffaello Giulietti's Schubfach ("The Schubfach way to render doubles", 2021). A double
 * v = c * 2^q owns the interval of reals that round to it, from half a gap below to half a gap
 * above (a quarter below, when c is a power of two). With 10^k the largest power of ten that is not
 * wider than the interval, the interval holds one or more multiples of 10^k and at most one of
 * 10^(k+1): if there is one of the latter it is shortest, else the multiple of 10^k nearest to v.
 *
 * All is done in integers: v and the ends of its interval, times four, are multiplied by a 128-bit
 * approximation g of 10^-k. The product is rounded to odd (its lowest bit says that something was
 * cut off), which is enough for every comparison to come out as with exact arithmetic.
 *
 * g is computed with GMP when a power is first needed and kept; ties in the last place go to the
 * even digit.
 */
#include <math.h>
#include <string.h>

#include <gmp.h>

#include "vm/object/float_impl.h"

#define POWER_MIN (-292)
#define POWER_MAX 324

struct power {
    uint64_t high, low; /* high has its top bit set; 0: not computed yet */
};
static struct power powers[POWER_MAX - POWER_MIN + 1];

/* 10^k scaled by the power of two that makes it 128 bits long, rounded up. */
static struct power compute_power(int k)
{
    mpz_t ten, scaled;
    mpz_inits(ten, scaled, NULL);
    mpz_ui_pow_ui(ten, 10, (unsigned long)(k < 0 ? -k : k));
    const long bits = (long)mpz_sizeinbase(ten, 2);
    if (k < 0) {
        mpz_setbit(scaled, (mp_bitcnt_t)(127 + bits));
        mpz_cdiv_q(scaled, scaled, ten);
    } else if (bits <= 128) {
        mpz_mul_2exp(scaled, ten, (mp_bitcnt_t)(128 - bits));
    } else {
        mpz_cdiv_q_2exp(scaled, ten, (mp_bitcnt_t)(bits - 128));
    }
    const struct power p = {.high = mpz_getlimbn(scaled, 1), .low = mpz_getlimbn(scaled, 0)};
    mpz_clears(ten, scaled, NULL);
    return p;
}

static struct power power_of_ten(int k)
{
    struct power *p = &powers[k - POWER_MIN];
    if (!p->high)
        *p = compute_power(k);
    return *p;
}

/* floor(log2(10^e)) and floor(log10(2^e)), the latter for three quarters of 2^e if asked. */
static int log2_of_power(int e)
{
    return (e * 1741647) >> 19;
}

static int log10_of_power(int e, bool three_quarters)
{
    return (e * 1262611 - (three_quarters ? 524031 : 0)) >> 22;
}

static uint64_t round_to_odd(struct power g, uint64_t c)
{
    const unsigned __int128 low = (unsigned __int128)g.low * c;
    const unsigned __int128 high = (unsigned __int128)g.high * c + (uint64_t)(low >> 64);
    return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

/* v == c * 2^q is not zero. */
static uint64_t schubfach(uint64_t c, int q, bool closer_below, int *exponent)
{
    const bool even = (c & 1) == 0; /* then the ends of the interval round to v as well */
    const int k = log10_of_power(q, closer_below);
    const int shift = q + log2_of_power(-k) + 1;
    const struct power g = power_of_ten(-k);
    const uint64_t below = round_to_odd(g, (4 * c - 2 + closer_below) << shift) + !even;
    const uint64_t here = round_to_odd(g, (4 * c) << shift);
    const uint64_t above = round_to_odd(g, (4 * c + 2) << shift) - !even;
    const uint64_t s = here / 4;
    if (s >= 10) {
        const uint64_t tens = s / 10;
        const bool lower_in = below <= 40 * tens, upper_in = 40 * tens + 40 <= above;
        if (lower_in != upper_in) {
            *exponent = k + 1;
            return tens + upper_in;
        }
    }
    *exponent = k;
    const bool lower_in = below <= 4 * s, upper_in = 4 * s + 4 <= above;
    if (lower_in != upper_in)
        return s + upper_in;
    const uint64_t middle = 4 * s + 2;
    return s + (here > middle || (here == middle && (s & 1)));
}

uint64_t float_shortest(double v, int *exponent)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    const uint64_t fraction = bits & (((uint64_t)1 << 52) - 1);
    const int biased = (int)(bits >> 52 & 0x7ff);
    if (biased == 0)
        return schubfach(fraction, -1074, false, exponent);
    const uint64_t c = fraction | (uint64_t)1 << 52;
    const int q = biased - 1075;
    if (q <= 0 && q > -53 && (c & (((uint64_t)1 << -q) - 1)) == 0) { /* a small integer */
        *exponent = 0;
        return c >> -q;
    }
    return schubfach(c, q, fraction == 0 && biased > 1, exponent);
}
