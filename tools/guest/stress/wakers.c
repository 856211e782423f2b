// SPDX-License-Identifier: GPL-2.0
/*
 * wakers - do real-time tasks run when they should, whatever else runs?
 *
 * On each CPU five SCHED_FIFO tasks: three timer-driven ones of different
 * priorities, which burn a little time at each wakeup, and above them two that
 * only answer.  They take the CPU from all other stress programs, in the kernel
 * too where it is preemptible, and from each other.  Exact, without measuring
 * time:
 *
 *  - a task that wakes a higher one, by a pipe, a futex or a signal, finds at its
 *    next instruction that the higher one has been there;
 *  - a task that runs never sees a higher one in the middle of its work;
 *  - wakeups and timer overruns add up to the time that went by.
 *
 * Each task is bound to its CPU; where a CPU is taken away, its tasks end, and
 * that is noted.  So it is if it is gone before they are bound.  Must be root.
 * STRESS_SECONDS, SEED: see stress.h.  Exit status 0 if all is well.
 */
#include <sched.h>
#include <sys/syscall.h>

#include "../policy.h"
#include "../stress.h"

#define FUTEX_WAIT	0
#define FUTEX_WAKE	1

#define CPUS		8	/* more are left alone */
#define TIMED		3
#define HZ_MS		10	/* a tick of 2.6.12 */
#define SLACK_MS	100	/* between what clock and timer say */

/* From the lowest to the highest.  Together less than a third of a CPU. */
static const struct {
	int priority;
	int ticks;		/* period */
	int burst_us;		/* at most */
} timed[TIMED] = {
	{ 10, 5, 5000 },
	{ 20, 3, 2000 },
	{ 30, 1, 800 },
};
#define ANSWER_PRIORITY	40

enum call { BY_PIPE, BY_FUTEX, BY_SIGNAL, CALLS };

struct cpu {
	int present;
	int gone;			/* taken away meanwhile */
	int busy[TIMED];		/* in the middle of its work */
	pid_t pid[TIMED];
	/* One for each caller and way to call: they share no kernel lock. */
	struct answer {
		pid_t pid;
		int pipe[2];
		int asked, answered;
	} answer[TIMED][CALLS];
	uint32_t wakeups[TIMED], overruns[TIMED], calls[CALLS];
	uint32_t late, overtaken, miscounted;
};

static struct cpu *cpus;

struct job {
	int cpu, timed;
	enum call call;
};

/* 1 if task PID, 0 for this one, is bound to CPU and to no other. */
static int bound(pid_t pid, int cpu)
{
	cpu_set_t set, only;

	CPU_ZERO(&set);
	CPU_ZERO(&only);
	CPU_SET(cpu, &only);
	return !sched_getaffinity(pid, sizeof(set), &set) &&
		CPU_EQUAL(&set, &only);
}

/* This task to its CPU; false if that has been taken away. */
static int bind_here(const struct job *job)
{
	if (!bind_to(0, job->cpu))
		return 1;
	if (errno != EINVAL)
		bail("bind to CPU %d: %m", job->cpu);
	cpus[job->cpu].gone = 1;
	return 0;
}

static void be_urgent(int priority)
{
	if (set_policy(SCHED_FIFO, priority))
		bail("SCHED_FIFO: %m");
}

static long futex(int *word, int op, int value)
{
	return syscall(SYS_futex, word, op, value, NULL, NULL, 0);
}

static int answerer(void *arg)
{
	const struct job *job = arg;
	struct answer *a = &cpus[job->cpu].answer[job->timed][job->call];
	sigset_t set;
	char c;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	close(a->pipe[1]);
	if (!bind_here(job))
		return 0;
	be_urgent(ANSWER_PRIORITY);
	for (;;) {
		int asked = __atomic_load_n(&a->asked, __ATOMIC_SEQ_CST);

		__atomic_store_n(&a->answered, asked, __ATOMIC_SEQ_CST);
		if (asked < 0)
			return 0;
		if (job->call == BY_PIPE) {
			if (read(a->pipe[0], &c, 1) != 1)
				return a->asked >= 0;
		} else if (job->call == BY_FUTEX) {
			futex(&a->asked, FUTEX_WAIT, asked);
		} else if (sigwaitinfo(&set, NULL) < 0) {
			return 1;
		}
	}
}

static int call_answerer(struct answer *a, enum call call, int what)
{
	__atomic_store_n(&a->asked, what, __ATOMIC_SEQ_CST);
	if (call == BY_PIPE)
		return write(a->pipe[1], "", 1) == 1 ? 0 : -1;
	if (call == BY_FUTEX)
		return futex(&a->asked, FUTEX_WAKE, 1) < 0 ? -1 : 0;
	return kill(a->pid, SIGRTMIN);
}

/* Wake a higher one: it must have been there when we are back. */
static void wake_higher(struct cpu *cpu, const struct job *job)
{
	enum call call = stress_random(CALLS);
	struct answer *a = &cpu->answer[job->timed][call];
	int what = (a->asked + 1) & 0x3fffffff, answered;

	if (call_answerer(a, call, what))
		bail("cannot wake task %d: %m", a->pid);
	answered = __atomic_load_n(&a->answered, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&cpu->calls[call], 1, __ATOMIC_RELAXED);
	if (answered == what)
		return;
	if (!bound(0, job->cpu) || !bound(a->pid, job->cpu))
		cpu->gone = 1;
	else if (!cpu->late++)
		diag("CPU %d, priority %d: task %d, woken by call %d, has not run",
		     job->cpu, timed[job->timed].priority, a->pid, call);
}

/* We run, so none above us may have work. */
static void look_up(struct cpu *cpu, const struct job *job)
{
	for (int i = job->timed + 1; i < TIMED; i++) {
		if (!__atomic_load_n(&cpu->busy[i], __ATOMIC_SEQ_CST))
			continue;
		if (!bound(0, job->cpu) || !bound(cpu->pid[i], job->cpu))
			cpu->gone = 1;
		else if (!cpu->overtaken++)
			diag("CPU %d: priority %d runs, %d has work", job->cpu,
			     timed[job->timed].priority, timed[i].priority);
	}
}

static void burn(struct cpu *cpu, const struct job *job)
{
	long long end = now_us() + stress_random(timed[job->timed].burst_us);
	int calls = stress_random(4);

	__atomic_store_n(&cpu->busy[job->timed], 1, __ATOMIC_SEQ_CST);
	do {
		for (int n = 0; n < 200; n++)
			look_up(cpu, job);
		if (calls-- > 0)
			wake_higher(cpu, job);
	} while (now_us() < end);
	__atomic_store_n(&cpu->busy[job->timed], 0, __ATOMIC_SEQ_CST);
}

/* Did as many periods end as there are in SPENT? */
static int adds_up(const struct cpu *cpu, const struct job *job, long long spent,
		   long long period)
{
	uint32_t count = cpu->wakeups[job->timed] + cpu->overruns[job->timed];
	long long slack = SLACK_MS * 1000 + period;

	/* The clock is corrected now and then, the tick is not: 1 %. */
	slack += spent / 100;
	return count * period >= spent - slack && count * period <= spent + slack;
}

/* Wait for the timer; returns when that was. */
static long long next_wakeup(struct cpu *cpu, const struct job *job,
			     const sigset_t *set)
{
	siginfo_t info;
	long long woken;

	if (sigwaitinfo(set, &info) < 0)
		bail("sigwaitinfo: %m");
	woken = now_us();
	cpu->wakeups[job->timed]++;
	cpu->overruns[job->timed] += info.si_overrun;
	return woken;
}

static int waker(void *arg)
{
	const struct job *job = arg;
	struct cpu *cpu = &cpus[job->cpu];
	struct itimerspec every = { 0 };
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGALRM,
	};
	long long start, woken, period;
	timer_t timer;
	sigset_t set;

	every.it_interval.tv_nsec = timed[job->timed].ticks * HZ_MS * 1000000;
	every.it_value = every.it_interval;
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (!bind_here(job))
		return 0;
	if (timer_create(CLOCK_MONOTONIC, &event, &timer))
		bail("timer_create: %m");
	be_urgent(timed[job->timed].priority);
	start = now_us();
	/* The kernel rounds the period up to its ticks: ask. */
	if (timer_settime(timer, 0, &every, NULL) ||
	    timer_gettime(timer, &every))
		bail("timer_settime: %m");

	period = every.it_interval.tv_sec * 1000000LL +
		every.it_interval.tv_nsec / 1000;
	do {
		woken = next_wakeup(cpu, job, &set);
		burn(cpu, job);
	} while (stress_on() && !cpu->gone);
	/* The domain may be paused before the clock is read: the next one has it. */
	if (!adds_up(cpu, job, woken - start, period))
		woken = next_wakeup(cpu, job, &set);
	if (!adds_up(cpu, job, woken - start, period)) {
		cpu->miscounted++;
		diag("CPU %d, priority %d: %u wakeups, %u overruns of %lld us in %lld us",
		     job->cpu, timed[job->timed].priority,
		     cpu->wakeups[job->timed], cpu->overruns[job->timed],
		     period, woken - start);
	}
	return 0;
}

static int count_cpus(void)
{
	cpu_set_t set;
	int count = 0;

	if (sched_getaffinity(0, sizeof(set), &set))
		bail("sched_getaffinity: %m");
	for (int i = 0; i < CPUS; i++)
		count += cpus[i].present = !!CPU_ISSET(i, &set);
	return count;
}

static int start_cpu(int number, struct job *job, pid_t *workers)
{
	struct cpu *cpu = &cpus[number];
	int count = 0, i, call;

	for (i = 0; i < TIMED; i++) {
		for (call = 0; call < CALLS; call++, count++) {
			struct answer *a = &cpu->answer[i][call];

			if (pipe(a->pipe))
				bail("pipe: %m");
			a->asked = 1;
			job[count] = (struct job){ number, i, call };
			a->pid = stress_worker(count + 1, answerer, &job[count]);
			workers[count] = a->pid;
		}
	}
	return count;
}

/* Until all answerers of CPU have been there once, or it is gone. */
static void wait_for_answerers(struct cpu *cpu)
{
	for (int i = 0; i < TIMED * CALLS; i++) {
		struct answer *a = &cpu->answer[i / CALLS][i % CALLS];

		while (!__atomic_load_n(&a->answered, __ATOMIC_SEQ_CST) &&
		       !cpu->gone) {
			siginfo_t ended = { 0 };

			/* Not reaped: that is for who counts the bad ones. */
			if (!waitid(P_PID, a->pid, &ended,
				    WEXITED | WNOHANG | WNOWAIT) &&
			    ended.si_pid && !cpu->gone)
				bail("task %d does not answer", a->pid);
			usleep(1000);
		}
	}
}

int main(void)
{
	static struct job jobs[CPUS][TIMED * CALLS + TIMED];
	pid_t answerers[CPUS][TIMED * CALLS];
	uint32_t wakeups = 0, overruns = 0, calls = 0;
	uint32_t late = 0, overtaken = 0, miscounted = 0;
	int bad = 0, idle = 0, gone = 0, count = 0, i, n;
	sigset_t set;

	plan(4);
	stress_begin();
	cpus = stress_shared(CPUS * sizeof(*cpus));
	n = count_cpus();
	/* For all to come: they ask for it by sigwaitinfo(). */
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (i = 0; i < CPUS; i++)
		if (cpus[i].present)
			count = start_cpu(i, jobs[i], answerers[i]);
	for (i = 0; i < CPUS; i++)
		if (cpus[i].present)
			wait_for_answerers(&cpus[i]);
	for (i = 0; i < CPUS; i++) {
		for (int t = 0; cpus[i].present && t < TIMED; t++) {
			struct job *job = &jobs[i][count + t];

			*job = (struct job){ .cpu = i, .timed = t };
			cpus[i].pid[t] = stress_worker(100 + i * TIMED + t,
						       waker, job);
		}
	}

	for (i = 0; i < CPUS; i++) {
		struct cpu *cpu = &cpus[i];

		if (!cpu->present)
			continue;
		for (int t = 0; t < TIMED; t++) {
			bad += !!stress_wait(cpu->pid[t]);
			wakeups += cpu->wakeups[t];
			overruns += cpu->overruns[t];
			for (int call = 0; call < CALLS; call++)
				call_answerer(&cpu->answer[t][call], call, -1);
			idle |= !cpu->wakeups[t] && !cpu->gone;
		}
		for (int a = 0; a < count; a++)
			bad += !!stress_wait(answerers[i][a]);
		for (int call = 0; call < CALLS; call++)
			calls += cpu->calls[call];
		late += cpu->late;
		overtaken += cpu->overtaken;
		miscounted += cpu->miscounted;
		gone += cpu->gone;
	}
	diag("%d CPUs: %u wakeups, %u overruns, %u calls", n, wakeups, overruns,
	     calls);
	if (gone)
		diag("%d CPUs were taken away", gone);
	ok(!bad && calls && !idle, "all wake and call");
	ok(!late, "one who wakes a higher one runs after it (%u did not)", late);
	ok(!overtaken, "nobody runs while a higher one has work (%u did)",
	   overtaken);
	ok(!miscounted, "wakeups and overruns add up to the time");
	return done();
}
