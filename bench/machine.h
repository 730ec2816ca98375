/* SPDX-License-Identifier: MIT */
#ifndef IL_BENCH_MACHINE_H
#define IL_BENCH_MACHINE_H

/* machine.h - what benchmarks want of the machine. */

/* Keep the calling thread on one processor.  Where there is only one, all stay
 * where they are. */
void bench_pin_to(int cpu);

/* Allow so many descriptors besides a program's usual ones. */
void bench_allow_descriptors(long n);

/* One that is never ready to be read. */
int bench_new_descriptor(void);

#endif
