// SPDX-License-Identifier: GPL-2.0
/*
 * modules - load and unload modules of this kernel, over and over
 *
 * Each load takes memory from vmalloc and changes kernel code; each unload waits
 * until no CPU is in the module.  What a module brings must be there when it is
 * loaded, and gone when it is not, and /proc/modules must agree, which others
 * read meanwhile, as they do /proc/kallsyms.  The modules are in /modules; skipped
 * if there are none.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "../stress.h"

#define DIR	"/modules"
#define LARGEST	(1 << 20)
#define UNLOADS	1000		/* tries; with HZ=100 each takes two ticks */

/* Has FILE a line that contains TEXT? */
static int has_line(const char *file, const char *text)
{
	char line[512];
	FILE *f = fopen(file, "r");
	int found = 0;

	if (!f)
		return stress_bad("%s: %m", file);
	while (!found && fgets(line, sizeof(line), f))
		found = strstr(line, text) != NULL;
	fclose(f);
	return found;
}

struct module {
	const char *name, *file;
	const char *proc, *line;	/* what loading it brings, and where */
	int (*use)(void);		/* while it is loaded */
};

static int is_there(const struct module *m, int expected)
{
	char line[64];

	snprintf(line, sizeof(line), "%s ", m->name);
	if (has_line("/proc/modules", line) != expected)
		return stress_bad("%s is %sin /proc/modules", m->name,
				  expected ? "not " : "");
	if (has_line(m->proc, m->line) != expected)
		return stress_bad("%s is %sin %s", m->line,
				  expected ? "not " : "", m->proc);
	return 0;
}

/* The contents of the module's file, and how many bytes. */
static void *read_module(const struct module *m, size_t *size)
{
	int fd = open(m->file, O_RDONLY);
	void *image = malloc(LARGEST);
	ssize_t n;

	if (fd < 0 || !image)
		return NULL;
	n = read(fd, image, LARGEST);
	close(fd);
	*size = n > 0 ? n : 0;
	return image;
}

/* Unload MODULE.  While another process is in exec, it keeps those that are
 * binary formats. */
static int unload(const struct module *m)
{
	unsigned int tries = 0;

	while (syscall(SYS_delete_module, m->name, O_NONBLOCK)) {
		if (errno != EWOULDBLOCK || tries++ == UNLOADS)
			return stress_bad("unload %s: %m", m->name);
		usleep(1000);
	}
	return 0;
}

static int load_and_unload(const struct module *m, unsigned long *rounds)
{
	size_t size;
	void *image = read_module(m, &size);

	if (!image)
		return stress_bad("%s: %m", m->file);
	do {
		if (is_there(m, 0))
			return 1;
		if (syscall(SYS_init_module, image, size, ""))
			return stress_bad("load %s: %m", m->name);
		if (is_there(m, 1) || m->use())
			return 1;
		if (!syscall(SYS_init_module, image, size, "") ||
		    errno != EEXIST)
			return stress_bad("%s is loaded twice: %m", m->name);
		usleep(stress_random(30000));
		if (unload(m))
			return 1;
		if (!syscall(SYS_delete_module, m->name, O_NONBLOCK) ||
		    errno != ENOENT)
			return stress_bad("%s is unloaded twice: %m", m->name);
		++*rounds;
	} while (stress_on());
	return is_there(m, 0);
}

static int no_use(void)
{
	return 0;
}

static int dummy(void *rounds)
{
	static const struct module m = {
		"dummy", DIR "/dummy.ko", "/proc/net/dev", "dummy0:", no_use
	};

	return load_and_unload(&m, rounds);
}

/* A mounted file system keeps its module. */
static int mount_misc(void)
{
	char where[] = "/tmp/modules.XXXXXX";
	int bad = 0;

	if (!mkdtemp(where) || mount("none", where, "binfmt_misc", 0, NULL))
		return stress_bad("mount on %s: %m", where);
	if (!syscall(SYS_delete_module, "binfmt_misc", O_NONBLOCK) ||
	    errno != EWOULDBLOCK)
		bad = stress_bad("binfmt_misc is unloaded while in use: %m");
	if (umount(where) || rmdir(where))
		bad = stress_bad("unmount: %m");
	return bad;
}

static int binfmt_misc(void *rounds)
{
	static const struct module m = {
		"binfmt_misc", DIR "/binfmt_misc.ko", "/proc/filesystems",
		"binfmt_misc", mount_misc
	};

	return load_and_unload(&m, rounds);
}

/* Each line of /proc/modules is whole, whatever comes and goes. */
static int read_list(void *rounds)
{
	char line[512], name[64], state[16];
	unsigned long size;
	int users;
	FILE *f;

	do {
		f = fopen("/proc/modules", "r");
		if (!f)
			return stress_bad("/proc/modules: %m");
		while (fgets(line, sizeof(line), f))
			if (sscanf(line, "%63s %lu %d %*s %15s", name, &size,
				   &users, state) != 4 || !size ||
			    (strcmp(state, "Live") &&
			     strcmp(state, "Loading") &&
			     strcmp(state, "Unloading")))
				return stress_bad("/proc/modules: %s", line);
		fclose(f);
		++*(unsigned long *)rounds;
	} while (stress_on());
	return 0;
}

/* The symbols come one by one, those of modules last, whatever comes and goes. */
static int read_symbols(void *rounds)
{
	char line[512], symbol[256], module[64], kind;
	unsigned long value;
	FILE *f;
	int n;

	do {
		f = fopen("/proc/kallsyms", "r");
		if (!f)
			return errno == ENOENT ? 0 :
				stress_bad("/proc/kallsyms: %m");
		while (fgets(line, sizeof(line), f)) {
			n = sscanf(line, "%lx %c %255s [%63[a-z0-9_]]", &value,
				   &kind, symbol, module);
			if (n < 3 || (strchr(line, '[') && n != 4))
				return stress_bad("/proc/kallsyms: %s", line);
		}
		fclose(f);
		++*(unsigned long *)rounds;
	} while (stress_on());
	return 0;
}

int main(void)
{
	static const struct stress_task tasks[] = {
		{ "dummy is loaded and unloaded", dummy },
		{ "binfmt_misc is loaded, mounted and unloaded", binfmt_misc },
		{ "/proc/modules can be read", read_list },
		{ "/proc/kallsyms can be read", read_symbols },
	};

	if (access(DIR "/dummy.ko", R_OK) || access(DIR "/binfmt_misc.ko", R_OK))
		skip_all("no dummy.ko and binfmt_misc.ko in " DIR);
	return stress_run(tasks, sizeof(tasks) / sizeof(*tasks));
}
