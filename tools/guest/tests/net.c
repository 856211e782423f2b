// SPDX-License-Identifier: GPL-2.0
/*
 * net - does what is sent over a network device come back as it was sent?
 *
 * Over each device of NET (net.h) a TCP connection to its echo.  The device must
 * have counted at least what was sent and what came.  Down and up again it must
 * work as before.  Exit status 0 if all is well.
 */
#include "../net.h"

#define AMOUNT	300000	/* bytes */
#define LIMIT	10000	/* ms without a byte */

static int echo(const struct net *net, uint32_t seed)
{
	int fd = net_connect(net, LIMIT), bad;

	if (fd < 0) {
		diag("%s: connect: %m", net->name);
		return -1;
	}
	bad = net_echo(fd, net->name, seed, AMOUNT, LIMIT);
	close(fd);
	return bad;
}

int main(void)
{
	nets_begin();
	plan(3 * net_count);
	for (unsigned int i = 0; i < net_count; i++) {
		struct net_count before = { 0, 0 }, after = { 0, 0 };
		const struct net *net = &nets[i];
		int counted = net_counted(net, &before);

		ok(!echo(net, i), "%s: what is sent comes back", net->name);
		counted = counted && net_counted(net, &after);
		if (!ok(counted && after.rx_bytes - before.rx_bytes >= AMOUNT &&
			after.tx_bytes - before.tx_bytes >= AMOUNT,
			"%s: and is counted", net->name))
			diag("received %llu to %llu, sent %llu to %llu",
			     before.rx_bytes, after.rx_bytes, before.tx_bytes,
			     after.tx_bytes);
		ok(!net_flags(net, 0, IFF_UP) && !net_flags(net, IFF_UP, 0) &&
		   !echo(net, ~i), "%s: down and up again, too", net->name);
	}
	return done();
}
