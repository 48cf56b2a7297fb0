/* The same operations on thread-local variables of C, in the model local-exec, as a kernel has them that keeps the address
   of this CPU's area in the thread pointer. The compiler may keep that address over a move to another CPU. The compiler's
   option -mtls-size says how far the variables may be from it: HOT is defined where that is 4 KiB. */

typedef unsigned long word;

#ifdef HOT
#define SUFFIX "_hot"
#else
#define SUFFIX ""
#endif

#define FUNCTION(type, name, ...) \
	type name(__VA_ARGS__) asm("c_thread_local." #name SUFFIX); \
	type name(__VA_ARGS__)

extern _Thread_local word variable, a, b, c, table[8];
extern _Thread_local _Bool flag;

FUNCTION(word, read, void)
{
	return variable;
}

FUNCTION(void, write, word value)
{
	variable = value;
}

FUNCTION(_Bool, read_flag, void)
{
	return flag;
}

FUNCTION(void, write_flag, _Bool value)
{
	flag = value;
}

FUNCTION(void, increment, void)
{
	variable += 1;
}

FUNCTION(void, add, word operand)
{
	__atomic_fetch_add(&variable, operand, __ATOMIC_RELAXED);
}

FUNCTION(void, add_one, void)
{
	__atomic_fetch_add(&variable, 1, __ATOMIC_RELAXED);
}

FUNCTION(word *, pointer, void)
{
	return table;
}

FUNCTION(word, read_three, void)
{
	return a ^ b ^ c;
}

FUNCTION(void, increment_masked, void)
{
	word masks;

	asm volatile("mrs %0, daif\n"
		     "msr daifset, #3"
		     : "=r"(masks) : : "memory");
	variable += 1;
	asm volatile("msr daif, %0" : : "r"(masks) : "memory");
}
