// SPDX-License-Identifier: GPL-2.0
/*
 * net - does what is sent over network devices come back as it was sent?
 *
 * For each device of NET (../net.h) a task makes one TCP connection after the other
 * to its echo, and compares what comes back; now and then it keeps one for many
 * rounds.  Another takes the last device down and up again, mostly once it has
 * received something: a card needs seconds for its link, and up to twenty where
 * dozens of tasks are at work.  That may cost a connection that is about to be made,
 * but no byte.  A third one changes how many receive buffers netfront keeps, where it
 * lets one.
 *
 * Each end of a connection waits twice as long each time it sends in vain, as it does
 * while the device has no link or the domain is saved.  So a connection may stay silent
 * after that, but not the next; and for that the device is left up.
 *
 * A kernel that is busy may not see in time, three seconds, that its peer says where it
 * is.  Then there is no route for once, as there is none while the device is down; but
 * not for longer than a connection may take to be made.
 *
 * STRESS_SECONDS, SEED: see stress.h.  Exit status 0 if all is well.
 */
#include <time.h>

#include "../net.h"
#include "../store.h"
#include "../stress.h"

#define AMOUNT	(256 << 10)	/* bytes in a round, at most */
#define LIMIT	(STRESS_STALL * 1000)
/* A SYN goes out after 0, 3, 9, 21 and 45 s, and the last must have its answer, too. */
#define CONNECT	60000		/* ms, at most */
#define DOWN	50		/* ms, at most */
#define UP	1500		/* ms, at most */

static struct shared {
	unsigned long long bytes[NETS_MOST];
	uint32_t connections[NETS_MOST], silent[NETS_MOST];
	uint32_t downs, tunings;
	int left_up;			/* until a connection has been good */
	int flapping;			/* on its way down and up */
} *shared;

static void pause_ms(uint32_t most)
{
	uint32_t ms = 1 + stress_random(most);
	const struct timespec time = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&time, NULL);
}

/* The device that is taken down. */
static int is_flapping(const struct net *net)
{
	return net == &nets[net_count - 1];
}

/* May no connection be made to NET, for the REFUSED time since SINCE, with this errno? */
static int excused(const struct net *net, int disturbed, int refused, time_t since)
{
	/* No route while the device is down. */
	if (is_flapping(net))
		return refused <= 1000 && (disturbed || errno != ETIMEDOUT);
	return errno == EHOSTUNREACH && time(NULL) - since <= STRESS_STALL;
}

/* Leave the device up from now on, or no longer.  Where dozens of tasks are at work one
 * that takes it down may be at that for a minute. */
static void leave_up(int yes)
{
	shared->left_up = yes;
	__sync_synchronize();
	while (yes && shared->flapping)
		pause_ms(20);
}

static int echo(void *arg)
{
	const unsigned int number = *(unsigned int *)arg;
	const struct net *net = &nets[number];
	int refused = 0, bad = 0;
	time_t since = 0;

	do {
		uint32_t rounds = stress_random(4) ? 1 : stress_random(20);
		int disturbed = is_flapping(net) && !shared->left_up;
		int domain = domain_number(), fd = net_connect(net, CONNECT);

		if (fd < 0) {
			if (is_flapping(net) && shared->flapping)
				refused = 0;
			if (!refused++)
				since = time(NULL);
			if (!excused(net, disturbed, refused, since)) {
				bad = stress_bad("%s: connect: %m", net->name);
				net_note(net);
				return bad;
			}
			pause_ms(20);
			continue;
		}
		refused = 0;
		while (!bad && rounds--) {
			uint32_t amount = 1 + stress_random(
				AMOUNT >> stress_random(4) * 4);

			bad = net_echo(fd, net->name, stress_random(0), amount,
				       LIMIT);
			if (!bad)
				shared->bytes[number] += amount;
			if (!stress_on())
				break;
		}
		close(fd);
		shared->connections[number] += !bad;
		if (is_flapping(net))
			leave_up(bad);
		if (bad)
			net_note(net);
		if (bad > 0 && (disturbed || domain_number() != domain)) {
			shared->silent[number]++;
			bad = 0;
		}
	} while (!bad && (stress_on() || (is_flapping(net) && shared->left_up)));
	return !!bad;
}

/* Take NET down and up, unless it is to be left up. */
static int down_and_up(const struct net *net)
{
	int bad = 0;

	shared->flapping = 1;
	__sync_synchronize();
	if (!shared->left_up) {
		if (net_flags(net, 0, IFF_UP))
			bad = stress_bad("%s down: %m", net->name);
		pause_ms(DOWN);
		if (net_flags(net, IFF_UP, 0))
			bad = stress_bad("%s up: %m", net->name);
		shared->downs += !bad;
	}
	shared->flapping = 0;
	return bad;
}

static int flap(void *arg)
{
	const struct net *net = &nets[net_count - 1];
	struct net_count up, now;

	(void)arg;
	while (stress_on()) {
		int wait = stress_random(4) && net_counted(net, &up);

		while (wait && stress_on() && net_counted(net, &now) &&
		       now.rx_bytes == up.rx_bytes)
			pause_ms(20);
		pause_ms(UP);
		if (down_and_up(net))
			return 1;
	}
	return 0;
}

/* The file of netfront for NET; a driver of today has none. */
static int open_target(const struct net *net)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/xen/net/%s/rxbuf_min", net->name);
	return open(path, O_WRONLY);
}

static int tune(void *arg)
{
	(void)arg;
	while (stress_on()) {
		const struct net *net = &nets[stress_random(net_count)];
		int fd = open_target(net), bad;
		char text[16];

		if (fd < 0)
			return stress_bad("%s's target: %m", net->name);
		snprintf(text, sizeof(text), "%u\n", 8 + stress_random(120));
		bad = write(fd, text, strlen(text)) != (ssize_t)strlen(text);
		if (bad)
			diag("%s's target: %m", net->name);
		close(fd);
		if (bad)
			return 1;
		shared->tunings++;
		pause_ms(10);
	}
	return 0;
}

int main(void)
{
	unsigned int numbers[NETS_MOST];
	pid_t pids[NETS_MOST], flapper, tuner = 0;
	int target;

	nets_begin();
	plan(net_count + 2);
	stress_begin();
	shared = stress_shared(sizeof(*shared));
	for (unsigned int i = 0; i < net_count; i++) {
		numbers[i] = i;
		pids[i] = stress_worker(i + 1, echo, &numbers[i]);
	}
	flapper = stress_worker(net_count + 1, flap, NULL);
	target = open_target(&nets[0]);
	if (target >= 0) {
		close(target);
		tuner = stress_worker(net_count + 2, tune, NULL);
	}
	for (unsigned int i = 0; i < net_count; i++) {
		int good = !stress_wait(pids[i]);

		ok(good && shared->bytes[i], "%s: what is sent comes back",
		   nets[i].name);
		diag("%llu bytes in %u connections, %u silent for a time",
		     shared->bytes[i], shared->connections[i],
		     shared->silent[i]);
	}
	ok(!stress_wait(flapper) && shared->downs, "%s: down and up %u times",
	   nets[net_count - 1].name, shared->downs);
	if (tuner)
		ok(!stress_wait(tuner) && shared->tunings,
		   "other numbers of buffers, %u times", shared->tunings);
	else
		skip("no file for that", "other numbers of buffers");
	return done();
}
