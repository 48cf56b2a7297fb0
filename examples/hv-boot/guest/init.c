/*
 * The only program of the guest that src/bin/linux runs: it uses all CPUs, takes one of them offline and online again,
 * writes where the guest may not write, and switches the machine off. If anything is not as it should be it says so,
 * and asks for a reset instead.
 *
 * HYPERVISOR, AREA, DEVICE and ITS in its environment, which the kernel fills from its command line, are the physical
 * addresses to write to.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CPUS = 512, PAGES = 16, PAGE = 4096 };

static void end(int how)
{
	fflush(stdout);
	tcdrain(STDOUT_FILENO);
	reboot(how);
	_exit(1);
}

static void die(const char *what)
{
	printf("init: wrong: %s (%s)\n", what, strerror(errno));
	end(RB_AUTOBOOT);
}

static void check(int holds, const char *what)
{
	if (!holds)
		die(what);
}

static void pin_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	check(!sched_setaffinity(0, sizeof set, &set), "sched_setaffinity");
}

/* What every thread does until a point in time, on a CPU of its own. */

struct worker {
	pthread_t thread;
	int cpu;
	unsigned long rounds;
};

static struct worker workers[MAX_CPUS];
static int cpus;
static struct timespec deadline;
/* Where each thread sleeps until the one before it wakes it. */
static _Atomic unsigned wakes[MAX_CPUS];
static _Thread_local struct worker *self;

static int is_over(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > deadline.tv_sec || (now.tv_sec == deadline.tv_sec && now.tv_nsec >= deadline.tv_nsec);
}

static void take_page_faults(void)
{
	/* munmap shoots the pages down in the TLBs of all CPUs, since threads share the address space. */
	char *pages = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	check(pages != MAP_FAILED, "mmap");
	for (int page = 0; page < PAGES; page++)
		pages[page * PAGE] = self->cpu + page;
	for (int page = 0; page < PAGES; page++)
		check(pages[page * PAGE] == (char)(self->cpu + page), "a page that keeps what was written");
	check(!munmap(pages, PAGES * PAGE), "munmap");
}

static void wake_next_and_sleep(void)
{
	_Atomic unsigned *next = &wakes[(self->cpu + 1) % cpus];
	struct timespec patience = { .tv_nsec = 2000000 };

	atomic_fetch_add(next, 1);
	syscall(SYS_futex, next, FUTEX_WAKE_PRIVATE, 1);
	syscall(SYS_futex, &wakes[self->cpu], FUTEX_WAIT_PRIVATE, wakes[self->cpu], &patience);
}

static void *work(void *argument)
{
	self = argument;
	pin_to(self->cpu);
	/* Once at least: a busy machine may start this thread late. */
	do {
		unsigned long cache_type;

		take_page_faults();
		check(!syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0), "membarrier");
		/* The hypervisor traps it, while this thread's TPIDR_EL0 is live. */
		asm volatile("mrs %0, ctr_el0" : "=r"(cache_type));
		wake_next_and_sleep();
		check(self == argument && sched_getcpu() == self->cpu, "thread-local storage");
		self->rounds++;
	} while (!is_over());
	return NULL;
}

static void use_all_cpus(long milliseconds)
{
	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_nsec += milliseconds * 1000000;
	deadline.tv_sec += deadline.tv_nsec / 1000000000;
	deadline.tv_nsec %= 1000000000;
	for (int cpu = 0; cpu < cpus; cpu++) {
		workers[cpu] = (struct worker){ .cpu = cpu };
		errno = pthread_create(&workers[cpu].thread, NULL, work, &workers[cpu]);
		check(!errno, "pthread_create");
	}
	for (int cpu = 0; cpu < cpus; cpu++) {
		pthread_join(workers[cpu].thread, NULL);
		printf("init: cpu %d: %lu rounds\n", cpu, workers[cpu].rounds);
	}
}

/* CPU hotplug. */

static void set_online(int cpu, const char *online)
{
	char path[64];
	int file;

	snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/online", cpu);
	file = open(path, O_WRONLY);
	check(file >= 0 && write(file, online, 1) == 1, path);
	close(file);
}

/* Writes to physical memory. */

static void write_in_vain(int cpu, const char *name)
{
	const char *text = getenv(name);
	off_t address;
	int status;
	pid_t child;

	check(text != NULL, name);
	address = strtoul(text, NULL, 0);
	printf("init: cpu %d writes to %s at %#lx\n", cpu, name, (unsigned long)address);
	fflush(stdout);
	tcdrain(STDOUT_FILENO);
	child = fork();
	if (child == 0) {
		int memory;
		char *page;

		pin_to(cpu);
		memory = open("/dev/mem", O_RDWR | O_SYNC);
		check(memory >= 0, "/dev/mem");
		page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memory, address & -PAGE);
		check(page != MAP_FAILED, "mmap of /dev/mem");
		*(volatile unsigned *)(page + (address & (PAGE - 1))) = 0xdeadbeef;
		_exit(0);
	}
	check(child > 0 && waitpid(child, &status, 0) == child, "fork");
	check(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS, "SIGBUS");
}

int main(void)
{
	check(!mkdir("/sys", 0755) && !mount("sysfs", "/sys", "sysfs", 0, NULL), "/sys");
	check(!mknod("/dev/mem", S_IFCHR | 0600, makedev(1, 1)), "/dev/mem");
	check(!syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0), "membarrier");
	cpus = sysconf(_SC_NPROCESSORS_ONLN);
	check(cpus > 0 && cpus <= MAX_CPUS, "CPUs");
	printf("init: %d CPUs\n", cpus);

	use_all_cpus(1000);
	for (int time = 0; time < 2 && cpus > 1; time++) {
		set_online(cpus - 1, "0");
		set_online(cpus - 1, "1");
	}
	/* The hypervisor writes to the console too: only errors of the kernel from here on. */
	check(!klogctl(8, NULL, 4), "klogctl");
	write_in_vain(0, "HYPERVISOR");
	write_in_vain(1 % cpus, "AREA");
	write_in_vain(2 % cpus, "DEVICE");
	write_in_vain(3 % cpus, "ITS");
	use_all_cpus(100);

	printf("init: done\n");
	end(RB_POWER_OFF);
}
