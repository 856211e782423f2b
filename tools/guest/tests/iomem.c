// SPDX-License-Identifier: GPL-2.0
/*
 * iomem - does domain 0 know the machine's memory map?
 *
 * It gets the map from the hypervisor, by a call that changed after Xen 3.0.0,
 * and enters it into the resource tree: without it a PCI device could be given
 * an address where there is memory.  Elsewhere than in a domain 0: skipped.
 * Exit status 0 if all is well.
 */
#include "../tap.h"
#include "../xen.h"

int main(void)
{
	unsigned long long from, to, ram = 0, last = 0;
	unsigned int regions = 0, disorder = 0;
	char line[256];
	FILE *f;

	if (!is_domain0())
		skip_all("not domain 0");

	f = fopen("/proc/iomem", "r");
	if (!f)
		bail("/proc/iomem: %m");
	plan(3);
	while (fgets(line, sizeof(line), f)) {
		/* What is inside a region is indented. */
		if (line[0] == ' ' ||
		    sscanf(line, "%llx-%llx", &from, &to) != 2)
			continue;
		regions++;
		disorder += from > to || (last && from <= last);
		last = to;
		if (strstr(line, "System RAM"))
			ram += to - from + 1;
	}
	fclose(f);
	diag("%u regions, %llu MB of RAM", regions, ram >> 20);
	ok(regions > 1, "/proc/iomem has regions");
	ok(!disorder, "they are in order and do not overlap");
	/* The lab's machines have 256 MB at least. */
	ok(ram >= 128ULL << 20, "among them the machine's RAM");
	return done();
}
