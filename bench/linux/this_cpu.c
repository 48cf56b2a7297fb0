/* The same operations in C, as a Linux kernel for AArch64 with VHE and without kernel preemption compiles its
   this_cpu operations: an offset per CPU in TPIDR_EL2 that is added to the variable's address, plain accesses that the
   compiler neither splits nor merges, and one exclusive or LSE sequence for an addition. Where the kernel chooses LSE
   at boot, by patching, this file chooses it when it is compiled. */

typedef unsigned long word;

#define FUNCTION(type, name, symbol, ...) \
	type name(__VA_ARGS__) asm("linux." symbol); \
	type name(__VA_ARGS__)
#define ACCESS(place) (*(volatile __typeof__(place) *)&(place))

extern word variable, a, b, c, table[8];
extern _Bool flag;
extern word offsets[];
/* nr_cpu_ids */
extern unsigned int cpus;

/* The memory operand orders the read with the compiler's barriers, which a volatile asm would not need to be merged. */
static inline word offset(void)
{
	register const word *stack asm("sp");
	word value;

	asm("mrs %0, tpidr_el2" : "=r"(value) : "Q"(*stack));
	return value;
}

#define THIS_CPU(place) ((__typeof__(&(place)))((word)hide(&(place)) + offset()))

/* Keeps the compiler from reasoning about an object that the result is not in. */
static inline const void *hide(const volatile void *address)
{
	asm("" : "+r"(address));
	return (const void *)address;
}

static inline void barrier(void)
{
	asm volatile("" : : : "memory");
}

FUNCTION(word, read_word, "read", void)
{
	barrier();
	word value = ACCESS(*THIS_CPU(variable));
	barrier();
	return value;
}

FUNCTION(void, write_word, "write", word value)
{
	barrier();
	ACCESS(*THIS_CPU(variable)) = value;
	barrier();
}

FUNCTION(_Bool, read_flag, "read_flag", void)
{
	barrier();
	_Bool value = ACCESS(*THIS_CPU(flag));
	barrier();
	return value;
}

FUNCTION(void, write_flag, "write_flag", _Bool value)
{
	barrier();
	ACCESS(*THIS_CPU(flag)) = value;
	barrier();
}

FUNCTION(void, increment, "increment", void)
{
	*THIS_CPU(variable) += 1;
}

static inline void add_to(word *place, word operand)
{
#ifdef __ARM_FEATURE_ATOMICS
	asm volatile("stadd %1, %0" : "+Q"(*place) : "r"(operand));
#else
	word value;
	unsigned int failed;

	asm volatile("1: ldxr %0, %2\n"
		     "add %0, %0, %3\n"
		     "stxr %w1, %0, %2\n"
		     "cbnz %w1, 1b"
		     : "=&r"(value), "=&r"(failed), "+Q"(*place)
		     : "r"(operand));
#endif
}

FUNCTION(void, add, "add", word operand)
{
	barrier();
	add_to(THIS_CPU(variable), operand);
	barrier();
}

FUNCTION(void, add_one, "add_one", void)
{
	barrier();
	add_to(THIS_CPU(variable), 1);
	barrier();
}

FUNCTION(word *, pointer, "pointer", void)
{
	return *THIS_CPU(table);
}

FUNCTION(word, read_three, "read_three", void)
{
	barrier();
	word value = ACCESS(*THIS_CPU(a)) ^ ACCESS(*THIS_CPU(b)) ^ ACCESS(*THIS_CPU(c));
	barrier();
	return value;
}

FUNCTION(word, read_remote_unchecked, "read_remote_unchecked", word cpu)
{
	return ACCESS(*(word *)((word)hide(&variable) + offsets[cpu]));
}

FUNCTION(word, read_remote_checked, "read_remote_checked", word cpu)
{
	if (cpu >= cpus)
		__builtin_trap();
	return ACCESS(*(word *)((word)hide(&variable) + offsets[cpu]));
}

FUNCTION(void, increment_masked, "increment_masked", void)
{
	word masks;

	asm volatile("mrs %0, daif\n"
		     "msr daifset, #3"
		     : "=r"(masks) : : "memory");
	*THIS_CPU(variable) += 1;
	asm volatile("msr daif, %0" : : "r"(masks) : "memory");
}

/* What alloc_percpu returned, in the object that has the variable: the caller has a pointer to the object. */
#define THIS_CPU_OF(pointer) ((__typeof__(pointer))((word)hide(pointer) + offset()))

FUNCTION(word, read_dynamic, "read_dynamic", word *const *handle)
{
	barrier();
	word value = ACCESS(*THIS_CPU_OF(*handle));
	barrier();
	return value;
}

FUNCTION(void, write_dynamic, "write_dynamic", word value, word *const *handle)
{
	barrier();
	ACCESS(*THIS_CPU_OF(*handle)) = value;
	barrier();
}

FUNCTION(void, increment_dynamic, "increment_dynamic", word *const *handle)
{
	*THIS_CPU_OF(*handle) += 1;
}

FUNCTION(void, add_dynamic, "add_dynamic", word operand, word *const *handle)
{
	barrier();
	add_to(THIS_CPU_OF(*handle), operand);
	barrier();
}

FUNCTION(void, add_one_dynamic, "add_one_dynamic", word *const *handle)
{
	barrier();
	add_to(THIS_CPU_OF(*handle), 1);
	barrier();
}

FUNCTION(word, read_remote_dynamic, "read_remote_dynamic", word cpu, word *const *handle)
{
	return ACCESS(*(word *)((word)hide(*handle) + offsets[cpu]));
}
