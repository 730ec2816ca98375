/* SPDX-License-Identifier: MIT */

/* alarms.c - a timing wheel over the whole of time.
 *
 * An alarm lies in the slot that belongs to the highest byte in which its time
 * differs from `base`, and to the value of that byte:
 *
 *     byte   a slot is   all of them
 *     0           1 ns        256 ns
 *     1         256 ns       65.5 us
 *     2        65.5 us       16.8 ms
 *     3        16.8 ms         4.3 s
 *     4          4.3 s        18 min
 *     5         18 min       78 hours, and so on to 292 years
 *
 * Base is never later than an alarm in the wheel, so what differs in a lower
 * byte is due earlier, and the first slot that is not empty has the earliest.
 * Alarms of the same time share a slot, in the order of arming: where they lie
 * depends on nothing but that time and base, and every move keeps the order.
 *
 * Base follows ili_alarms_fire().  A slot that it enters is *spread* over the
 * slots of the bytes below, which are empty then: what was due there has fired.
 * So an alarm moves seven times at most before it fires, and most never move,
 * since most timeouts are disarmed.
 *
 * Slots are not sorted.  Of what is due, an alarm that is alone in its slot
 * fires from there, and so does a list that happens to be in order, as timeouts
 * of one length are; any other is spread around its earliest.
 *
 * When the next one is due must be known exactly, because loops sleep so long
 * and virtual time jumps there.  Each slot knows its earliest until that is
 * disarmed; the next one in a list in order follows it, else somebody has to
 * look for it, but only in the first slot and when asked.  A few are looked
 * through.  A longer list is spread, which moves base beyond the present, and
 * it will not have to be looked through again.  What is armed before base then
 * goes to a list of its own, `before`, as does what is past when it is armed.
 * That list is sorted when somebody asks.  When many lie there that are not
 * past, the wheel is turned back: whole slots are *gathered* in the slot where
 * they would be, seen from the present, list by list.
 *
 * Between any two calls:
 *   - what is in `before` is due before base, what is in the wheel is not;
 *   - no alarm in the wheel but those of byte 0 agrees with base in the byte
 *     of its slot;
 *   - `earliest` is that of its slot or, if the slot is unsure, before it; the
 *     same holds for `next`, if it is not exact, and all of them.
 *
 * What it costs: arming 42 instructions, disarming 30 and, with a million others,
 * rarely a cache miss.  Spreading is a walk through a list: where all of 100,000
 * alarms or more fire, in no order, each is met in two such walks and that is
 * most of the cost.  The worst known case is a long first slot of timeouts of
 * several lengths, whose earliest goes again and again, in turns with bursts of
 * more than FEW alarms before it: then it is spread and gathered in each turn.
 *
 * Rejected: a heap in an array, which may have to grow, and waiting must not
 * have an out-of-memory path; a pairing heap, three to ten times slower here;
 * digits of six bits, whose slots are so wide that most timeouts share one;
 * sleeping until a time at which nothing may be due any more. */

#include "config.h"

#include "base/alarms.h"

#include <string.h>

/* So many are looked through, or stay before base; more are worth a move. */
#define FEW 32u

static il_alarm *alarm_of(il_link *link)
{
    return ILI_CONTAINER(link, il_alarm, link);
}

static il_alarm *first_of(const ili_slot *slot)
{
    return alarm_of(slot->list.next);
}

static bool is_single(const ili_slot *slot)
{
    return slot->list.next == slot->list.prev;
}

/* Whether the list is in the order of deadlines. */
static bool is_in_order(const ili_slot *slot)
{
    return slot->latest != IL_FOREVER;
}

/* The first slot of the wheel that is not empty; there is one. */
static unsigned first_slot(const ili_alarms *alarms)
{
    unsigned word = (unsigned)__builtin_ctz(alarms->words);

    return word * 64 + (unsigned)__builtin_ctzll(alarms->occupied[word]);
}

static bool is_marked(const uint64_t *words, unsigned i)
{
    return words[i / 64] >> i % 64 & 1;
}

static void mark(uint64_t *words, unsigned i)
{
    words[i / 64] |= (uint64_t)1 << i % 64;
}

static void unmark(uint64_t *words, unsigned i)
{
    words[i / 64] &= ~((uint64_t)1 << i % 64);
}

static void init_slot(ili_slot *slot)
{
    ili_list_init(&slot->list);
    ili_slot_reset(slot);
}

/* The slots are 64 KiB, which a loop without alarms need not touch.  So base is
 * the end of time until the first alarm that is due before comes and makes them
 * ready.  Not before is what is never due, and that goes to the one slot here
 * that is. */
#define SLOT_OF_NEVER 255

void ili_alarms_init(ili_alarms *alarms)
{
    const size_t rest = offsetof(ili_alarms, next); /* behind the slots */

    memset((char *)alarms + rest, 0, sizeof *alarms - rest);
    alarms->next = IL_FOREVER;
    alarms->is_exact = true;
    alarms->base = IL_FOREVER;
    init_slot(&alarms->before);
    init_slot(&alarms->slots[SLOT_OF_NEVER]);
}

il_alarm *ili_alarms_any(const ili_alarms *alarms)
{
    if (!ili_list_empty(&alarms->before.list))
        return first_of(&alarms->before);
    return alarms->words ? first_of(&alarms->slots[first_slot(alarms)]) : NULL;
}

void ili_alarms_clear(ili_alarms *alarms)
{
    while (ili_list_pop(&alarms->before.list))
        ;
    while (alarms->words) {
        unsigned i = first_slot(alarms);

        while (ili_list_pop(&alarms->slots[i].list))
            ;
        ili_alarms_vacate(alarms, i);
    }
    ili_alarms_init(alarms);
}

/* --- Spreading ------------------------------------------------------------ */

/* Move base into slot i, and spread what is there over the slots below, which
 * are empty.  A list that was not touched for long is not in the cache, and its
 * nodes can only be fetched one after the other, but from both ends. */
static void spread(ili_alarms *alarms, unsigned i, il_time base)
{
    il_link *head = &alarms->slots[i].list;
    il_link *link = head->next;
    il_link *other_end = head->prev;

    ili_list_init(head);
    ili_alarms_vacate(alarms, i);
    alarms->base = base;
    while (link != head) {
        il_link *next = link->next;

        other_end = other_end->prev;
        __builtin_prefetch(other_end);
        ili_alarms_place(alarms, alarm_of(link));
        link = next;
    }
}

/* Nothing is due until `now`: move base there. */
static void advance(ili_alarms *alarms, il_time now)
{
    unsigned i = ili_alarms_slot_of(alarms, now);

    if (now <= alarms->base)
        return;
    if (ILI_UNLIKELY(is_marked(alarms->occupied, i)))
        spread(alarms, i, now);
    else
        alarms->base = now;
}

/* Append all of slot i to another one, whose alarms are due earlier. */
static void gather_slot(ili_alarms *alarms, unsigned i, unsigned into)
{
    ili_slot *from = &alarms->slots[i];
    ili_slot *to = &alarms->slots[into];

    if (!is_marked(alarms->occupied, into)) {
        to->earliest = from->earliest;
        if (is_marked(alarms->unsure, i))
            mark(alarms->unsure, into);
        mark(alarms->occupied, into);
        alarms->words |= 1u << into / 64;
    }
    if (from->latest > to->latest)
        to->latest = from->latest;
    from->list.next->prev = to->list.prev;
    from->list.prev->next = &to->list;
    to->list.prev->next = from->list.next;
    to->list.prev = from->list.prev;
    ili_list_init(&from->list);
    ili_alarms_vacate(alarms, i);
}

/* Move base back to `to`.  What differs from it in a higher byte now than it
 * did before goes to one slot there: list by list, the earlier ones first. */
static void gather(ili_alarms *alarms, il_time to)
{
    il_time base = alarms->base;
    unsigned into;

    alarms->base = to;
    into = ili_alarms_slot_of(alarms, base);
    while (alarms->words && first_slot(alarms) < (into & ~255u))
        gather_slot(alarms, first_slot(alarms), into);
}

/* --- What is due before base ---------------------------------------------- */

/* Two lists in order that end with NULL; of equals those of `a` come first. */
static il_link *merge(il_link *a, il_link *b)
{
    il_link *merged = NULL;
    il_link **end = &merged;

    while (a && b) {
        il_link **from = alarm_of(b)->at < alarm_of(a)->at ? &b : &a;

        *end = *from;
        end = &(*from)->next;
        *from = *end;
    }
    *end = a ? a : b;
    return merged;
}

/* Put a list that ends with NULL in order: bin i holds 2^i of it or none. */
static il_link *sort(il_link *link)
{
    il_link *bins[64] = { NULL };
    il_link *sorted = NULL;

    while (link) {
        il_link *carry = link;
        unsigned i = 0;

        link = link->next;
        carry->next = NULL;
        for (; bins[i]; i++) {
            carry = merge(bins[i], carry);
            bins[i] = NULL;
        }
        bins[i] = carry;
    }
    for (unsigned i = 0; i < 64; i++)
        sorted = merge(bins[i], sorted);
    return sorted;
}

/* Turn the wheel back and give `first` and all behind it to it. */
static void give_to_wheel(ili_alarms *alarms, il_link *first)
{
    ili_slot *before = &alarms->before;
    il_link *last = first->prev;

    gather(alarms, alarms->now);
    last->next = &before->list;
    before->list.prev = last;
    while (first != &before->list) {
        il_link *next = first->next;

        ili_alarms_place(alarms, alarm_of(first));
        first = next;
    }
    ili_slot_reset(before);
    if (!ili_list_empty(&before->list)) {
        before->earliest = first_of(before)->at;
        before->latest = alarm_of(last)->at;
    }
}

static void sort_before(ili_alarms *alarms)
{
    ili_slot *before = &alarms->before;
    il_link *prev = &before->list;
    il_link *ahead = NULL; /* the first that was not due yet */
    unsigned n_ahead = 0;

    before->list.prev->next = NULL;
    before->list.next = sort(before->list.next);
    for (il_link *link = prev->next; link; link = link->next) {
        link->prev = prev;
        prev = link;
        if (alarm_of(link)->at > alarms->now && n_ahead++ == 0)
            ahead = link;
    }
    prev->next = &before->list;
    before->list.prev = prev;
    before->earliest = first_of(before)->at;
    before->latest = alarm_of(prev)->at;
    if (n_ahead > FEW)
        give_to_wheel(alarms, ahead);
}

static void make_ready(ili_alarms *alarms)
{
    for (unsigned i = 0; i < ILI_N_SLOTS; i++)
        if (i != SLOT_OF_NEVER)
            init_slot(&alarms->slots[i]);
    gather(alarms, alarms->now);
    alarms->is_ready = true;
}

void ili_alarms_place_before(ili_alarms *alarms, il_alarm *alarm)
{
    if (!alarms->is_ready)
        make_ready(alarms);
    if (alarm->at < alarms->base)
        ili_slot_append(&alarms->before, alarm);
    else
        ili_alarms_place(alarms, alarm);
}

void ili_alarms_lost_before(ili_alarms *alarms, il_time at)
{
    ili_slot *before = &alarms->before;

    if (ili_list_empty(&before->list))
        ili_slot_reset(before);
    else if (at == before->earliest && is_in_order(before))
        before->earliest = first_of(before)->at;
}

/* --- The earliest --------------------------------------------------------- */

void ili_alarms_lost_earliest(ili_alarms *alarms, unsigned i)
{
    ili_slot *slot = &alarms->slots[i];

    if (is_in_order(slot))
        slot->earliest = first_of(slot)->at;
    else if (slot->earliest != IL_FOREVER) /* else all are */
        mark(alarms->unsure, i);
}

/* Look for the earliest of a slot; false: there are too many. */
static bool look_through(ili_slot *slot)
{
    il_time earliest = IL_FOREVER;
    unsigned n = 0;

    for (il_link *link = slot->list.next; link != &slot->list;
         link = link->next) {
        if (++n > FEW)
            return false;
        if (alarm_of(link)->at < earliest)
            earliest = alarm_of(link)->at;
    }
    slot->earliest = earliest;
    return true;
}

/* The earliest in the wheel. */
static il_time find_in_wheel(ili_alarms *alarms)
{
    while (alarms->words) {
        unsigned i = first_slot(alarms);
        ili_slot *slot = &alarms->slots[i];

        if (!is_marked(alarms->unsure, i))
            return slot->earliest;
        if (look_through(slot)) {
            unmark(alarms->unsure, i);
            return slot->earliest;
        }
        spread(alarms, i, slot->earliest);
    }
    return IL_FOREVER;
}

il_time ili_alarms_find_next(ili_alarms *alarms)
{
    ili_slot *before = &alarms->before;

    if (!ili_list_empty(&before->list) && !is_in_order(before))
        sort_before(alarms);
    alarms->next = ili_list_empty(&before->list) ? find_in_wheel(alarms)
                                                 : before->earliest;
    alarms->is_exact = true;
    return alarms->next;
}

/* --- Firing --------------------------------------------------------------- */

static il_alarm *pop_before(ili_alarms *alarms, il_time now)
{
    ili_slot *before = &alarms->before;
    il_alarm *first;

    if (!is_in_order(before))
        sort_before(alarms);
    if (before->earliest > now) /* or empty now */
        return NULL;
    first = first_of(before);
    ili_list_remove(&first->link);
    ili_alarms_lost_before(alarms, first->at);
    return first;
}

/* Take the earliest off if it is due. */
static il_alarm *pop(ili_alarms *alarms, il_time now)
{
    if (!ili_list_empty(&alarms->before.list))
        return pop_before(alarms, now);
    while (alarms->words) {
        unsigned i = first_slot(alarms);
        ili_slot *slot = &alarms->slots[i];
        il_alarm *first = first_of(slot);

        if (slot->earliest > now)
            return NULL;
        if (is_single(slot)) {
            if (first->at > now)
                return NULL;
            ili_list_init(&slot->list);
            first->link.next = NULL;
            ili_alarms_vacate(alarms, i);
            return first;
        }
        if (is_in_order(slot) || i < 256) { /* there all are equal */
            ili_list_remove(&first->link);
            slot->earliest = first_of(slot)->at;
            return first;
        }
        spread(alarms, i, slot->earliest);
    }
    return NULL;
}

/* What can be said of the next one without looking for it. */
static void note_next(ili_alarms *alarms)
{
    const ili_slot *slot = &alarms->before;

    alarms->is_exact = is_in_order(slot);
    if (ili_list_empty(&slot->list) && alarms->words) {
        unsigned i = first_slot(alarms);

        slot = &alarms->slots[i];
        alarms->is_exact = !is_marked(alarms->unsure, i);
    }
    alarms->next = slot->earliest;
}

void ili_alarms_fire(ili_alarms *alarms, il_time now)
{
    il_alarm *due;

    if (now > alarms->now)
        alarms->now = now;
    if (alarms->next > now) {
        advance(alarms, now);
        return;
    }
    while ((due = pop(alarms, now)) != NULL) {
        alarms->is_exact = false;
        due->fire(due);
    }
    advance(alarms, now);
    note_next(alarms);
}
