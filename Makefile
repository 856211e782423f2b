# xen-preempt: the front door.  Each target is one line of intent; the work is in
# tools/, and every tool says at its top what it takes and gives.

export TOOLCHAIN CROSS_COMPILE LINUX_GIT XEN_GIT LINUX_SRC XEN_SRC OUT JOBS TESTS
export XEN_PREEMPT_CACHE TREE CPUS PROGRAMS T SEED EVENTS TORTURE REPLAY PHASE FROM TO STEP KERNELS
export SOURCE SAMPLES LOADS OVER BESIDE LAVA LAVA_USER LAVA_TOKEN LAVA_TOKEN_FILE LAVA_FILES

.PHONY: all help setup base base-status tree kernel boot shell stress sweep list driver demo
.PHONY: matrix scale lava lava-submit latency latency-why cost cost-why report results series-check defconfig check mutants check-hazard bisect-check noop-check soak record clean

all: setup		## everything for xen0 and xenU: base, series, kernels, boots, table
	@tools/job main

help:			## this list
	@awk -F ':.*## *' '/^[a-z0-9-]+:.*##/ { printf "make %-14s %s\n", $$1, $$2 }' Makefile

setup:			## install the Debian packages that are missing
	@tools/setup --quiet

base:			## get, verify and assemble the vanilla tree into the cache
	@tools/base/get

base-status:		## exit 0 if the cache holds the base
	@tools/base/get --status

tree:			## out/tree: the base with the series pushed
	@tools/job tree

series-check:		## check the patches' form, push and pop them; with a base on its files
	@tools/job series

list:			## the kernels K, a line each
	@tools/job list

defconfig:		## print the defconfig of K=
	@tools/kernel/configure --print $(K) out/tree

kernel:			## build the kernel K=, TOOLCHAIN=gcc12 or gcc34
	@tools/job kernel $(K)

boot:			## build and boot K=, run the guest's tests (TESTS=a,b; CPUS=n; PROGRAMS=x86_32)
	@tools/job boot $(K)

sweep:			## boot K= at PHASE= from FROM= to TO= by STEP=, until one fails; with symbols over code
	@tools/job sweep $(K)

results:		## the last results of every K; JUNIT=file, TAP=file write those
	@tools/report/results $(if $(JUNIT),--junit '$(JUNIT)') $(if $(TAP),--tap '$(TAP)')

shell:			## build and boot K= to a prompt on this terminal
	@tools/job shell $(K)

stress:			## build and boot K=, stress it: T=60 seconds, SEED=1, EVENTS=all, TORTURE=n
	@tools/job stress $(K)

soak:			## HOURS=4 of stress of KS= (K or K:CPUS; default: all with checks), recorded
	@tools/soak "$(HOURS)" $(KS)

matrix:			## all that is in ci/matrix, or in FILE=, as many at once as this machine bears
	@tools/matrix $(FILE)

scale:			## how long FILE= or ci/matrix takes with more workers, by what make matrix took
	@tools/report/scale $(FILE)

lava:			## build K= and write a job of LAVA's that boots it
	@tools/job lava $(K)

lava-submit:		## the matrix, booted by the workers of the LAVA server SERVER=
	@LAVA='$(or $(SERVER),$(error SERVER= names no LAVA server))' tools/matrix $(FILE)

latency:		## how late a waking task is, for K= or all, SOURCE=, LOADS=, BESIDE=, in docs/latency.md
	@tools/measure latency $(K)

cost:			## what preemption costs, for K= or all, LOADS=, in docs/cost.md; the targets
	@tools/measure cost $(K)

latency-why:		## what had the CPU meanwhile: K=, LOAD=, SOURCE=, OVER=us
	@LOADS='$(LOAD)' tools/job why $(K)

cost-why:		## which functions of K= take more than without preemption: K=, LOAD=
	@LOADS='$(LOAD)' tools/job cost-why $(K)

report:			## docs/latency.md and the page out/report/index.html, of what was measured
	@tools/report/latency
	@tools/report/page "$${OUT:-out}/report/index.html"

record:			## keep the figures of the last stress of every K, in docs/results.md
	@tools/report/record

driver:			## boot the guest K= with a disk that a domain of DRIVER= serves
	@tools/job driver $(K)

demo:			## the lab with Debian's own kernel; needs no base
	@tools/job demo

check: setup		## run the tests: offline ones, then with a base the boots
	@ci/check

mutants:		## build and boot broken kernels: is each found? (M=NAME: that one)
	@ci/mutants/run $(M)

check-hazard:		## races without their fixes and with them (H=row or file of ci/hazards)
	@ci/hazards/run $(H)

bisect-check:		## build after each patch, boot after each section (KERNELS="K...")
	@ci/bisect

noop-check:		## what the series changes without PREEMPT, object by object; EACH=1: by each patch
	@ci/noop $(if $(EACH),--each)

clean:			## remove out/; the cache stays
	rm -rf out
