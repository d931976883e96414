import type { Role } from '../wire';

/** Where each role starts. */
export const START: Record<Role, string> = { agent: '/', supervisor: '/live', admin: '/live' };
