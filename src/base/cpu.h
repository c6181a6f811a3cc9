/* cpu - how many there are for this process. */
#ifndef BASE_CPU_H
#define BASE_CPU_H

/* CPUs that it may run on (cpuset, taskset); at least 1. */
int cpu_count(void);

#endif
