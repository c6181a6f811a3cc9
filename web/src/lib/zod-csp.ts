import { z } from 'zod';

// zod probes `Function('')` to see whether it may compile its checks, which a strict script-src
// reports as a violation.  Schemas are built while modules load, so this module is imported first.
z.config({ jitless: true });
