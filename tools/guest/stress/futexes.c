// SPDX-License-Identifier: GPL-2.0
/*
 * futexes - do locks made of futexes exclude, and are no wakeups lost?
 *
 * Three things at once, in memory that all workers share: mutexes, each with a
 * pair of sums under it; a queue between producers and consumers, with condition
 * variables that move their waiters to the mutex (FUTEX_CMP_REQUEUE); and pairs
 * that pass a token to and fro, where one lost wakeup stops both.  Whoever waits
 * longer than STRESS_STALL seconds fails and says for what.
 *
 * STRESS_SECONDS, SEED: see stress.h.  Exit status 0 if all is well.
 */
#include <sched.h>
#include <sys/syscall.h>

#include "../stress.h"

#define FUTEX_WAIT		0
#define FUTEX_WAKE		1
#define FUTEX_CMP_REQUEUE	4

#define MUTEXES		3
#define LOCKERS		4
#define PRODUCERS	2
#define CONSUMERS	3
#define PAIRS		2
#define QUEUE		8	/* items it holds */

/* In a cache line of its own. */
struct mutex {
	int word;		/* 0 free, 1 held, 2 held and perhaps wanted */
	pid_t holder;
} __attribute__((aligned(64)));

struct condition {
	int sequence;
} __attribute__((aligned(64)));

static struct shared {
	int stalled;		/* somebody gave up: all end */
	struct guarded {
		struct mutex mutex;
		uint32_t sum, twice;	/* twice == 2 * sum outside the lock */
		uint32_t locked;
	} guarded[MUTEXES];
	struct queue {
		struct mutex mutex;
		struct condition filled, drained;
		uint32_t item[QUEUE], first, count;
		uint32_t put, got, put_sum, got_sum;
		int producers;
	} queue;
	struct token {
		int turn;
	} __attribute__((aligned(64))) token[PAIRS];
	uint32_t locks[LOCKERS], passes[PAIRS][2];
	int intruded;		/* times a lock did not exclude */
} *shared;

/* The kernel's struct on 32 and 64 bits alike, whatever time_t is. */
struct kernel_timespec {
	long tv_sec, tv_nsec;
};

static long futex(int *word, int op, int value, unsigned long arg, int *other,
		  int expected)
{
	return syscall(SYS_futex, word, op, value, arg, other, expected);
}

/* Sleep while *WORD is VALUE; -1 after STRESS_STALL seconds, or if others did. */
static int sleep_on(int *word, int value, const char *what, pid_t holder)
{
	struct kernel_timespec limit = { .tv_sec = STRESS_STALL };

	if (__atomic_load_n(&shared->stalled, __ATOMIC_SEQ_CST))
		return -1;
	if (futex(word, FUTEX_WAIT, value, (unsigned long)&limit, NULL, 0) &&
	    errno == ETIMEDOUT) {
		diag("%d waits in vain for %s: the word was %d, is %d; holder %d",
		     getpid(), what, value, *word, holder);
		shared->stalled = 1;
		return -1;
	}
	return 0;
}

static int lock_as(struct mutex *m, int word, const char *what)
{
	int old = 0;

	if (word == 1 &&
	    __atomic_compare_exchange_n(&m->word, &old, 1, 0, __ATOMIC_SEQ_CST,
					__ATOMIC_SEQ_CST))
		goto locked;
	while (__atomic_exchange_n(&m->word, 2, __ATOMIC_SEQ_CST))
		if (sleep_on(&m->word, 2, what, m->holder))
			return -1;
locked:
	if (m->holder)
		__atomic_add_fetch(&shared->intruded, 1, __ATOMIC_SEQ_CST);
	m->holder = getpid();
	return 0;
}

static int lock(struct mutex *m, const char *what)
{
	return lock_as(m, 1, what);
}

static void unlock(struct mutex *m)
{
	if (m->holder != getpid())
		__atomic_add_fetch(&shared->intruded, 1, __ATOMIC_SEQ_CST);
	m->holder = 0;
	if (__atomic_exchange_n(&m->word, 0, __ATOMIC_SEQ_CST) == 2)
		futex(&m->word, FUTEX_WAKE, 1, 0, NULL, 0);
}

/* Give up M, wait for a signal on C, take M again. */
static int wait_for(struct condition *c, struct mutex *m, const char *what)
{
	int sequence = __atomic_load_n(&c->sequence, __ATOMIC_SEQ_CST);

	unlock(m);
	if (sleep_on(&c->sequence, sequence, what, 0))
		return -1;
	/* Others may have been moved to M with us: it is wanted. */
	return lock_as(m, 2, what);
}

/* With M held: wake one waiter of C, move all others to M. */
static void broadcast(struct condition *c, struct mutex *m)
{
	int sequence = __atomic_add_fetch(&c->sequence, 1, __ATOMIC_SEQ_CST);

	/* The moved ones are woken only by whoever finds a 2 at unlocking. */
	__atomic_store_n(&m->word, 2, __ATOMIC_SEQ_CST);
	if (futex(&c->sequence, FUTEX_CMP_REQUEUE, 1, 1 << 30, &m->word,
		  sequence) < 0)
		bail("FUTEX_CMP_REQUEUE: %m");
}

static void dawdle(void)
{
	uint32_t turns = stress_random(2000);

	if (!stress_random(16))
		sched_yield();
	while (turns--)
		__asm__ volatile("");
}

static int locker(void *arg)
{
	uint32_t *locks = arg;

	do {
		struct guarded *g = &shared->guarded[stress_random(MUTEXES)];
		uint32_t more = stress_random(1000), sum;

		if (lock(&g->mutex, "a mutex"))
			return 1;
		sum = __atomic_load_n(&g->sum, __ATOMIC_RELAXED);
		if (g->twice != 2 * sum)
			__atomic_add_fetch(&shared->intruded, 1,
					   __ATOMIC_SEQ_CST);
		g->sum = sum + more;
		dawdle();
		g->twice = 2 * (sum + more);
		g->locked++;
		unlock(&g->mutex);
		++*locks;
	} while (stress_on() && !shared->stalled);
	return 0;
}

static int producer(void *arg)
{
	struct queue *q = &shared->queue;

	(void)arg;
	do {
		uint32_t item = stress_random(1U << 31);

		if (lock(&q->mutex, "the queue's mutex"))
			return 1;
		while (q->count == QUEUE)
			if (wait_for(&q->drained, &q->mutex, "room"))
				return 1;
		q->item[(q->first + q->count++) % QUEUE] = item;
		q->put++;
		q->put_sum += item;
		broadcast(&q->filled, &q->mutex);
		unlock(&q->mutex);
		if (!stress_random(8))
			dawdle();
	} while (stress_on());
	if (lock(&q->mutex, "the queue's mutex"))
		return 1;
	q->producers--;
	broadcast(&q->filled, &q->mutex);
	unlock(&q->mutex);
	return 0;
}

static int consumer(void *arg)
{
	struct queue *q = &shared->queue;

	(void)arg;
	for (;;) {
		if (lock(&q->mutex, "the queue's mutex"))
			return 1;
		while (!q->count && q->producers)
			if (wait_for(&q->filled, &q->mutex, "an item"))
				return 1;
		if (!q->count)
			break;
		q->got_sum += q->item[q->first++ % QUEUE];
		q->got++;
		q->count--;
		broadcast(&q->drained, &q->mutex);
		unlock(&q->mutex);
	}
	unlock(&q->mutex);
	return 0;
}

/* Side NUMBER % 2 of pair NUMBER / 2.  A turn of -1 ends it. */
static int passer(void *arg)
{
	uint32_t *passes = arg;
	unsigned int number = passes - &shared->passes[0][0];
	struct token *t = &shared->token[number / 2];
	int me = number % 2, turn;

	for (;;) {
		while ((turn = __atomic_load_n(&t->turn, __ATOMIC_SEQ_CST)) ==
		       !me)
			if (sleep_on(&t->turn, turn, "the token", 0))
				return 1;
		if (turn < 0)
			return 0;
		++*passes;
		turn = stress_on() ? !me : -1;
		__atomic_store_n(&t->turn, turn, __ATOMIC_SEQ_CST);
		futex(&t->turn, FUTEX_WAKE, 1, 0, NULL, 0);
	}
}

int main(void)
{
	pid_t workers[LOCKERS + PRODUCERS + CONSUMERS + 2 * PAIRS];
	uint32_t locks = 0, locked = 0, passes = 0;
	unsigned int count = 0, i;
	int bad = 0, apart = 0;
	struct queue *q;

	plan(4);
	stress_begin();
	shared = stress_shared(sizeof(*shared));
	q = &shared->queue;
	q->producers = PRODUCERS;
	for (i = 0; i < LOCKERS; i++, count++)
		workers[count] = stress_worker(count + 1, locker,
					       &shared->locks[i]);
	for (i = 0; i < PRODUCERS; i++, count++)
		workers[count] = stress_worker(count + 1, producer, NULL);
	for (i = 0; i < CONSUMERS; i++, count++)
		workers[count] = stress_worker(count + 1, consumer, NULL);
	for (i = 0; i < 2 * PAIRS; i++, count++)
		workers[count] = stress_worker(count + 1, passer,
					       &shared->passes[0][i]);
	for (i = 0; i < count; i++)
		bad += !!stress_wait(workers[i]);

	for (i = 0; i < LOCKERS; i++)
		locks += shared->locks[i];
	for (i = 0; i < MUTEXES; i++) {
		locked += shared->guarded[i].locked;
		bad += shared->guarded[i].twice != 2 * shared->guarded[i].sum;
	}
	for (i = 0; i < PAIRS; i++) {
		passes += shared->passes[i][0] + shared->passes[i][1];
		apart += shared->passes[i][0] - shared->passes[i][1] > 1;
	}
	diag("%u locks, %u items, %u passes", locks, q->put, passes);
	ok(!bad && !shared->stalled, "no worker fails or waits in vain");
	if (!ok(locks && locks == locked && !shared->intruded,
		"mutexes exclude"))
		diag("%u locks, %u counted under them, %d intrusions", locks,
		     locked, shared->intruded);
	if (!ok(q->put && q->put == q->got && q->put_sum == q->got_sum,
		"each item that is put is got, once"))
		diag("put %u (sum %08x), got %u (sum %08x)", q->put, q->put_sum,
		     q->got, q->got_sum);
	ok(passes && !apart, "tokens are passed in turn");
	return done();
}
