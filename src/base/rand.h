/* rand - octets from the CSPRNG; aborts when there are none, for nothing may go on without. */
#ifndef BASE_RAND_H
#define BASE_RAND_H

#include <stddef.h>
#include <stdint.h>

void rand_octets(void *, size_t);
/* A random 128-bit id as 32 lower-case hex digits. */
void rand_id(char out[33]);

#endif
